// One image from its registry into containerd's store and snapshots.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/layers/unpack.hpp"
#include "agent/runtimes/containerd/admission.hpp"
#include "agent/runtimes/containerd/blobs.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/containerd/registry.hpp"
#include "common/async/gate.hpp"
#include "proto/docker/image_reference.hpp"
#include "proto/docker/messages.hpp"

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

/// Snapshots that some pull is making, by their names. Who wants one that another makes waits for it.
using ChainsInWork = std::map<std::string, std::shared_ptr<Event>>;

/// Layers come side by side, and are unpacked while they come, into a folder beside the snapshots; each takes
/// its place when those below it have theirs. Other snapshotters than overlayfs, and layers that are unusual,
/// are left to containerd's own unpacking, afterwards. All of it is under a lease, which keeps it from
/// garbage collection until the image has its name.
class ImageLoad {
 public:
  struct Parts {
    Api& api;
    Blobs& blobs;
    ChainsInWork& chains;
    Admission& admission;
    Random& random;
    const Clock& clock;
    Log& log;
    std::string snapshotter;
    Launch launch;
  };
  using Tell = std::function<void(const docker::PullProgress&)>;

  ImageLoad(Parts parts, std::shared_ptr<Repository> from, docker::ImageReference reference, Tell tell,
            std::stop_token stop);

  /// The image gets the name `name`. Errors: those of Blobs and Repository; Unimplemented and InvalidArgument
  /// as parseManifest() has it; PermissionDenied for one that the host's policy refuses, of which nothing is
  /// loaded; DataLoss for a layer that isn't what the configuration says.
  Async<Result<LocalImage>> run(std::string name);

 private:
  struct Layer {
    Descriptor blob;
    std::string diffId;
    std::string chain;
    bool ours = false;     ///< its snapshot is to be made, by this
    bool missing = false;  ///< its snapshot is to be made, by this or another pull
    std::string folder;    ///< where it is unpacked; empty: containerd does
    std::optional<Status> here;
    std::optional<Result<layers::Unpacked>> unpacked;
    Event ready;
    int64_t bytes = 0;  ///< that have come
    int64_t told = 0;
    std::atomic<int64_t> read = 0;  ///< by what unpacks
  };

  Async<Result<LocalImage>> load(std::string name);
  Async<Result<ImageConfig>> documents();
  Async<Status> store(Fetched document);
  Async<Status> plan(const ImageConfig& config);
  Async<void> prepareFolder();
  Async<Status> layers();
  Async<void> bring(size_t index);
  Async<Status> ready(size_t index);
  Async<Status> settle(size_t index);
  Async<Status> place(size_t index);
  Async<Status> apply(size_t index);
  Async<Status> commit(std::string key, std::string chain, Status status);
  Async<Status> label(const std::string& chain);
  void release(Layer& layer);
  std::string parentOf(size_t index) const { return index == 0 ? "" : layers_[index - 1]->chain; }
  std::map<std::string, std::string> sourceLabel() const;
  void tell(const Layer& layer, const char* status, int64_t current = 0) const;
  void arrived(Layer& layer, size_t count);

  Parts parts_;
  std::shared_ptr<Repository> from_;
  docker::ImageReference reference_;
  Tell tell_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> onStop_;
  std::string lease_;
  std::string staging_;  ///< the snapshot whose folder holds what is unpacked; empty: none
  Fetched top_;
  Fetched manifest_;
  Manifest parsed_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::optional<Error> fault_;  ///< of the layer that failed first
  Gate gate_;
};

}  // namespace berth::agent::containerd
