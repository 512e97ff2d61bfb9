// Images in containerd's store: from a registry, by name, and what containers need of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/images/image_memory.hpp"
#include "agent/images/pull_queue.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/runtimes/containerd/admission.hpp"
#include "agent/runtimes/containerd/blobs.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/image_load.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "agent/runtimes/docker/image_engine.hpp"
#include "agent/runtimes/docker/image_puller.hpp"
#include "common/ids/random.hpp"

namespace berth::agent::containerd {

/// Pulls go by PullBehavior, are queued, shared and limited as the Docker runtime has it (see ImagePuller).
/// What is pulled is kept under its digest, too, as Docker does.
class Images final : private ImageEngine {
 public:
  struct Parts {
    Api& api;
    http::Client& client;
    ImageMemory& memory;
    const Clock& clock;
    Random& random;
    Log& log;
    std::string snapshotter;
    std::string folder;  ///< where layers lie if they can't lie in containerd's store
    RegistryRules rules;
    std::optional<signatures::ImagePolicy> policy;  ///< nullopt: every image may run
    std::function<void()> onDiskFull;               ///< may be empty
  };

  Images(Parts parts, PullLimits limits, BlobLimits blobs, Launch launch, std::stop_token stop);

  void reconfigure(PullLimits limits, BlobLimits blobs);
  /// Only what the host's policy lets run, also where the image is here already.
  void pull(PullSpec spec, Callback<PullOutcome> done);
  void cancel(const std::string& wantedBy) { puller_.cancel(wantedBy); }
  std::vector<PullStatus> status() const { return puller_.status(); }
  /// Ends what runs on threads of its own, once the stop was requested.
  void close() { blobs_.close(); }

  /// By any spelling of its name; nullopt: it is not here, or not whole.
  Async<Result<std::optional<LocalImage>>> find(std::string image);
  /// The same, if the host's policy lets it run; NotFound: it is not here.
  Async<Result<LocalImage>> forRunning(std::string image);
  /// Makes the image kPauseImage, unless it is there.
  Async<Result<PullOutcome>> makePause();
  Async<Result<std::vector<StoredImage>>> list();
  Async<Status> remove(StoredImage image);

 private:
  Async<Result<std::optional<docker::ImageInspect>>> inspectImage(std::string image) override;
  Async<Result<std::string>> registryDigest(std::string image, docker::ImageReference reference,
                                            std::optional<RegistryAuth> auth) override;
  Async<Status> pullImage(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                          std::function<void(const docker::PullProgress&)> onProgress,
                          std::stop_token stop) override;
  Async<Status> tagImage(std::string source, docker::ImageReference name) override;
  Async<Status> removeImage(std::string reference) override;
  bool isRefusal(const Error& error) const override { return admission_.isRefusal(error); }

  std::shared_ptr<Repository> repository(docker::ImageReference reference, std::optional<RegistryAuth> auth);
  Async<Result<LocalImage>> read(NamedImage stored);
  Async<Status> admit(std::string image, std::optional<RegistryAuth> auth, std::string digest);

  Parts parts_;
  Duration inactivity_;
  Launch launch_;
  std::stop_token stop_;
  Blobs blobs_;
  ChainsInWork chains_;
  Admission admission_;
  std::map<std::string, LocalImage> known_;  ///< by the digest of their target
  ImagePuller puller_;
};

}  // namespace berth::agent::containerd
