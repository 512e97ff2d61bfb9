// What bringing images here needs of whoever keeps them.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "proto/docker/image_reference.hpp"
#include "proto/docker/messages.hpp"

namespace berth::agent {

class ImageEngine {
 public:
  virtual ~ImageEngine() = default;

  /// By any spelling of its name; nullopt: it is not here, or not whole.
  virtual Async<Result<std::optional<docker::ImageInspect>>> inspectImage(std::string image) = 0;
  /// Asks the registry which manifest `image` stands for: "sha256:...". Unimplemented where that can't be
  /// asked.
  virtual Async<Result<std::string>> registryDigest(std::string image, docker::ImageReference reference,
                                                    std::optional<RegistryAuth> auth) = 0;
  /// Passes on each line that tells of progress. No deadline of its own: `stop` ends it with Cancelled.
  virtual Async<Status> pullImage(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                                  std::function<void(const docker::PullProgress&)> onProgress,
                                  std::stop_token stop) = 0;
  /// Gives the image `source` one more name; the name's digest is ignored. NotFound without such an image.
  virtual Async<Status> tagImage(std::string source, docker::ImageReference name) = 0;
  /// Removes one name, with the last one the image. One that is gone is success; FailedPrecondition when a
  /// container needs it.
  virtual Async<Status> removeImage(std::string reference) = 0;
  /// Whether an error of pullImage() is this host's own word against the image: then no other will do.
  virtual bool isRefusal(const Error& error) const = 0;
};

}  // namespace berth::agent
