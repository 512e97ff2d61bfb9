#include "agent/runtimes/docker/event_stream.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/runtimes/docker/translate.hpp"

namespace berth::agent {
namespace {

constexpr Duration kShortestWait = std::chrono::milliseconds(250);
constexpr Duration kLongestWait = std::chrono::seconds(10);
/// The clock of the events is that of this machine, but it may be set.
constexpr std::chrono::milliseconds kOverlap{1000};

}  // namespace

Async<Error> EventStream::follow(std::string label, std::function<void(RuntimeEvent)> listener) {
  // The answer to /events has no first byte to wait for. As it replays what happened since a moment before
  // the engine was seen to answer, Connected can be told before it is sent: nothing after it gets lost.
  const WallTime since = clock_.now().wall - kOverlap;
  const Result<docker::Version> version = co_await api_.negotiate();
  if (!version) co_return version.error();
  RuntimeEvent connected;
  connected.kind = RuntimeEvent::Kind::Connected;
  listener(connected);
  Error ended = co_await api_.events(label, changingActions(), since, [&listener](docker::Event event) {
    if (!changesContainer(event.action)) return;
    RuntimeEvent changed;
    changed.containerId = std::move(event.id);
    changed.detail = std::move(event.action);
    listener(std::move(changed));
  });
  RuntimeEvent disconnected;
  disconnected.kind = RuntimeEvent::Kind::Disconnected;
  disconnected.detail = ended.message;
  listener(disconnected);
  co_return ended;
}

Async<void> EventStream::run(std::string label, std::function<void(RuntimeEvent)> listener,
                             std::stop_token stop) {
  const auto tell = [&](RuntimeEvent event) {
    if (!stop.stop_requested()) listener(std::move(event));
  };
  Duration wait = kShortestWait;
  while (!stop.stop_requested()) {
    const MonoTime began = clock_.now().mono;
    const Error ended = co_await follow(label, tell);
    if (stop.stop_requested()) co_return;
    if (clock_.now().mono - began >= kLongestWait) wait = kShortestWait;
    const auto pause = std::chrono::duration_cast<Duration>(wait * (1 - random_.uniform() / 2));
    log_.warn("no events from the Docker Engine",
              {{"error", ended.message}, {"retry_in", formatDuration(pause)}});
    co_await sleepFor(pause, stop);
    wait = std::min(wait * 2, kLongestWait);
  }
}

}  // namespace berth::agent
