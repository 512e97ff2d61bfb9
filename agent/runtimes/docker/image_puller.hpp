// Makes images present on a host, with as little traffic as the pull behaviour allows.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/images/image_memory.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/downloads.hpp"
#include "agent/runtimes/docker/image_engine.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// What each behaviour does (Amazon's ECS_IMAGE_PULL_BEHAVIOR):
///   Default       asks the registry; when that or the download fails, a local image will do
///   Always        asks the registry; a failure is a failure
///   Once          a local image will do when this agent has got it before and not cleaned it up since
///   PreferCached  a local image will do
/// An image named by its digest can't change, so a local one always will do. "Asking" compares digests and
/// downloads only when they differ: by the digest, so that tags of one image share one download, and the tag
/// is given afterwards. Requests that are alike in everything share even the question. One whose credentials
/// could not be had fails in place of the question.
class ImagePuller {
 public:
  struct Parts {
    ImageEngine& api;
    ImageMemory& memory;
    const Clock& clock;
    Log& log;
    std::function<void()> onDiskFull;  ///< may be empty
  };

  /// Everything must outlive what `launch` starts. After `stop` no callback is called any more.
  ImagePuller(Parts parts, PullLimits limits, Launch launch, std::stop_token stop);

  /// InvalidArgument for a name that is none; else what registryFailure() tells, DeadlineExceeded as the pull
  /// queue has it, the failure of the credentials, or Cancelled. After a retryable failure the total limit of
  /// whoever asks goes on.
  void pull(PullSpec spec, Callback<PullOutcome> done);
  void cancel(const std::string& wantedBy);
  std::vector<PullStatus> status() const;
  void reconfigure(PullLimits limits) {
    limits_ = limits;
    downloads_.reconfigure(limits);
  }

  /// See Runtime::removeImage.
  void removeImage(StoredImage image, Callback<std::monostate> done);

 private:
  struct Waiter {
    std::string wantedBy;
    MonoTime since{};  ///< asked first
    Callback<PullOutcome> done;
    std::shared_ptr<Downloads::Wish> wish;  ///< while there is a download
  };
  /// Requests that are alike.
  struct Flight {
    PullSpec spec;
    std::string name;    ///< canonical
    std::string digest;  ///< canonical name by digest, once it is known
    std::vector<Waiter> waiters;
    WallTime since{};
    bool behindRemoval = false;
    bool downloaded = false;
    std::optional<PullOutcome> fallback;           ///< what serves when the registry doesn't
    std::optional<docker::ImageReference> loaded;  ///< what is downloaded, while it is
    std::shared_ptr<Event> settled;                ///< a wish of the waiters has its result
  };
  using FlightPtr = std::shared_ptr<Flight>;
  struct Removal {
    std::set<std::string> names;  ///< canonical
    Event done;
  };

  void enter(const FlightPtr& flight, Waiter waiter);
  void want(Flight& flight, Waiter& waiter);
  MonoTime firstAsked(const std::string& wantedBy);
  void answer(const Waiter& waiter, const Result<PullOutcome>& outcome);
  void answerOverdue(const FlightPtr& flight);
  Result<PullOutcome> orFallback(const Flight& flight, Error error) const;
  Async<void> fly(FlightPtr flight);
  Async<Result<PullOutcome>> reach(FlightPtr flight);
  Async<Result<PullOutcome>> refresh(FlightPtr flight, docker::ImageReference reference,
                                     std::optional<docker::ImageInspect> local);
  Async<Status> download(FlightPtr flight, docker::ImageReference reference, std::string digest);
  Async<Status> arrival(FlightPtr flight);
  Async<void> untilNotRemoved(FlightPtr flight);
  Async<Result<std::monostate>> removeAll(StoredImage image);
  bool localWillDo(const Flight& flight, const docker::ImageReference& reference) const;
  void remember(const Flight& flight, const PullOutcome& outcome);
  void forget(const FlightPtr& flight);

  Parts parts_;
  PullLimits limits_;
  Launch launch_;
  std::stop_token stop_;
  Downloads downloads_;
  std::list<FlightPtr> flights_;  ///< in the order in which they were asked for
  std::list<std::shared_ptr<Removal>> removals_;
  std::map<std::string, MonoTime> asked_;  ///< when who wants something asked first
};

/// Digests under which `image` is known in the repository of `reference`.
std::vector<std::string> digestsIn(const docker::ImageInspect& image,
                                   const docker::ImageReference& reference);

}  // namespace berth::agent
