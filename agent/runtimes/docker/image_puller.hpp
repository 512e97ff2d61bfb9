// Makes images present on a Docker Engine, with as little traffic as the pull behaviour allows.
#pragma once

#include <set>
#include <string>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/engine_api.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// What each behaviour does (Amazon's ECS_IMAGE_PULL_BEHAVIOR):
///   Default       asks the registry; when that or the download fails, a local image will do
///   Always        asks the registry; a failure is a failure
///   Once          a local image will do when this process has got it before
///   PreferCached  a local image will do
/// An image named by its digest can't change, so a local one always will do. "Asking" compares digests and
/// downloads only when they differ.
class ImagePuller {
 public:
  /// Both must outlive the puller, and the puller its coroutines.
  ImagePuller(EngineApi& api, Log& log) : api_(api), log_(log) {}

  /// InvalidArgument for a name that is none; NotFound, PermissionDenied, Unavailable, ResourceExhausted or
  /// DeadlineExceeded as the registry or the engine has it.
  Async<Result<PullOutcome>> pull(PullSpec spec);

 private:
  bool localWillDo(const PullSpec& spec, const docker::ImageReference& reference) const;
  Async<Result<PullOutcome>> refresh(PullSpec spec, docker::ImageReference reference,
                                     std::optional<docker::ImageInspect> local);

  EngineApi& api_;
  Log& log_;
  std::set<std::string> pulled_;
};

/// Digests under which `image` is known in the repository of `reference`.
std::vector<std::string> digestsIn(const docker::ImageInspect& image,
                                   const docker::ImageReference& reference);

}  // namespace berth::agent
