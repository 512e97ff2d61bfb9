// Images in containerd's store: from a registry, by name, and what containers need of them.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/images/image_memory.hpp"
#include "agent/images/pull_queue.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "agent/runtimes/docker/downloads.hpp"
#include "common/async/event.hpp"
#include "common/ids/random.hpp"

namespace berth::agent::containerd {

/// An image that is here.
struct LocalImage {
  std::string name;
  Descriptor target;
  std::string id;     ///< of its configuration
  std::string chain;  ///< the snapshot of all of its layers
  int64_t bytes = 0;  ///< of its layers, as they were transferred
  ImageConfig config;
};

/// Pulls go by PullBehavior as the Docker runtime has it (see ImagePuller). Requests that are alike share one
/// pull; at most `atOnce` run, the others wait in their order. Layers come one after the other.
class Images {
 public:
  struct Parts {
    Api& api;
    http::Client& client;
    ImageMemory& memory;
    const Clock& clock;
    Random& random;
    Log& log;
    std::string snapshotter;
    std::string folder;                ///< where layers lie on their way
    std::function<void()> onDiskFull;  ///< may be empty
  };

  Images(Parts parts, PullLimits limits, Launch launch, std::stop_token stop);

  void reconfigure(PullLimits limits) { limits_ = limits; }
  void pull(PullSpec spec, Callback<PullOutcome> done);
  void cancel(const std::string& wantedBy);
  std::vector<PullStatus> status() const;

  /// By any spelling of its name; nullopt: it is not here, or not whole.
  Async<Result<std::optional<LocalImage>>> find(std::string image);
  Async<Result<std::vector<StoredImage>>> list();
  Async<Status> remove(StoredImage image);

 private:
  struct Waiter {
    std::string wantedBy;
    Callback<PullOutcome> done;
  };
  struct Flight {
    PullSpec spec;
    std::string name;
    std::vector<Waiter> waiters;
    std::stop_source stop;
    PullStatus status;
    bool running = false;
    Event turn;
  };
  using FlightPtr = std::shared_ptr<Flight>;

  Async<void> fly(FlightPtr flight);
  Async<Result<PullOutcome>> reach(FlightPtr flight);
  Async<Result<LocalImage>> download(FlightPtr flight, Repository& repository,
                                     docker::ImageReference reference);
  Async<Result<LocalImage>> load(FlightPtr flight, Repository& repository, Fetched top, Fetched manifest,
                                 std::string lease);
  Async<Status> blob(FlightPtr flight, Repository& repository, Descriptor blob, std::string lease);
  Async<Status> unpack(const Manifest& manifest, const ImageConfig& config, std::string lease);
  Async<Status> unpackLayer(Descriptor layer, std::string diffId, std::string parent, std::string chain,
                            std::string lease);
  Async<Status> label(Fetched top, Fetched manifest, Manifest parsed, std::string chain);
  Async<Status> store(Fetched document, std::string lease);
  Async<Result<LocalImage>> read(NamedImage stored);
  bool localWillDo(const Flight& flight, bool byDigest) const;
  void startNext();

  Parts parts_;
  PullLimits limits_;
  Launch launch_;
  std::stop_token stop_;
  std::list<FlightPtr> flights_;
  std::map<std::string, LocalImage> known_;  ///< by the digest of their target
};

}  // namespace berth::agent::containerd
