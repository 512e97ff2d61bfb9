#include "controller/server/event_stream.hpp"

#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

/// What one piece may hold: a client that reads slowly must not make the controller collect much.
constexpr size_t kMostBytes = size_t{256} << 10;
/// Changes that are looked at for one piece: others have their turn in between.
constexpr int64_t kMostLooks = 4096;

std::string frame(int64_t id, std::string_view event, const Json& data) {
  return "id: " + std::to_string(id) + "\nevent: " + std::string(event) + "\ndata: " + json::dump(data) +
         "\n\n";
}

}  // namespace

std::string EventStream::gap() {
  const EventLog& log = feed_.log();
  const int64_t after = next_ - 1;
  next_ = log.begin();
  return frame(next_ - 1, "gap", Json{{"after", std::to_string(after)}, {"oldest", std::to_string(next_)}});
}

std::string EventStream::batch() {
  const EventLog& log = feed_.log();
  std::string out;
  for (int64_t looks = 0; next_ < log.end() && looks < kMostLooks && out.size() < kMostBytes; ++looks) {
    const Change& change = log.at(next_);
    if (filter_.takes(change)) out += frame(next_, "message", render_(change));
    ++next_;
  }
  return out;
}

Async<std::string> EventStream::next() {
  if (!greeted_) {
    // So that the client knows at once that it is heard, and from where on it would go on.
    greeted_ = true;
    const bool known = next_ >= feed_.log().begin() && next_ <= feed_.log().end();
    if (known) co_return ": events follow\nid: " + std::to_string(next_ - 1) + "\n\n";
  }
  const MonoTime deadline = feed_.now() + heartbeat_;
  while (!stopped_) {
    const EventLog& log = feed_.log();
    if (next_ < log.begin() || next_ > log.end()) co_return gap();
    if (std::string events = batch(); !events.empty()) co_return events;
    const MonoTime now = feed_.now();
    if (now >= deadline) co_return ": heartbeat\nid: " + std::to_string(next_ - 1) + "\n\n";
    co_await feed_.wait(next_ < log.end() ? Duration::zero() : deadline - now);
  }
  co_return "";
}

void EventStream::stop() {
  stopped_ = true;
  feed_.wake();
}

}  // namespace berth::controller
