// Runs the downloads that the pull queue decides on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/images/pull_queue.hpp"
#include "agent/runtimes/docker/image_engine.hpp"
#include "common/async/event.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

/// Starts a coroutine that keeps alive all that the runtime's parts refer to.
using Launch = std::function<void(std::string name, std::function<Async<void>()> body)>;

class Downloads {
 public:
  /// Everything must outlive what `launch` starts. `stop` ends the watch over deadlines; the downloads
  /// themselves end with the api's own.
  Downloads(ImageEngine& api, const Clock& clock, PullLimits limits, Launch launch, std::stop_token stop)
      : api_(api),
        clock_(clock),
        limits_(limits),
        queue_(limits),
        launch_(std::move(launch)),
        stop_(std::move(stop)) {}

  /// One caller's wish, until it is fulfilled or dropped by leave().
  struct Wish {
    docker::ImageReference reference;
    std::optional<RegistryAuth> auth;
    PullQueue::Wish id = 0;
    std::optional<Status> result;
    std::shared_ptr<Event> settled;  ///< set when there is a result
  };

  /// Wishes of one version of one repository with equal credentials share a download. `since` is when its
  /// caller asked first; `settled` may belong to several wishes.
  std::shared_ptr<Wish> join(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                             MonoTime since, std::shared_ptr<Event> settled);
  /// The result becomes Cancelled, unless there is one.
  void leave(const std::shared_ptr<Wish>& wish);
  void reconfigure(PullLimits limits) {
    limits_ = limits;
    queue_.reconfigure(limits);
  }
  std::optional<PullStatus> status(const Wish& wish) const { return queue_.status(wish.id, clock_.now()); }

 private:
  void pump();
  void start(const PullQueue::Start& step);
  void settle(PullQueue::Wish id, Status result);
  Async<void> transfer(PullQueue::Download download, docker::ImageReference reference,
                       std::optional<RegistryAuth> auth, std::stop_token stop);
  Async<void> watch();

  ImageEngine& api_;
  const Clock& clock_;
  PullLimits limits_;
  PullQueue queue_;
  Launch launch_;
  std::stop_token stop_;
  std::map<PullQueue::Wish, std::shared_ptr<Wish>> wishes_;
  std::map<PullQueue::Download, std::stop_source> running_;
  bool watching_ = false;
};

/// What one line of the engine's stream says of a layer; nullopt for lines about something else, and for
/// those that are no progress ("Retrying in 5 seconds").
std::optional<LayerEvent> toLayerEvent(const docker::PullProgress& line);

}  // namespace berth::agent
