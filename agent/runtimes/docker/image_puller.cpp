#include "agent/runtimes/docker/image_puller.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

PullOutcome outcomeOf(const docker::ImageInspect& image, const docker::ImageReference& reference,
                      bool downloaded) {
  PullOutcome outcome;
  outcome.downloaded = downloaded;
  outcome.digest = reference.digest;
  const std::vector<std::string> digests = digestsIn(image, reference);
  if (outcome.digest.empty() && !digests.empty()) outcome.digest = digests.back();
  return outcome;
}

}  // namespace

std::vector<std::string> digestsIn(const docker::ImageInspect& image,
                                   const docker::ImageReference& reference) {
  std::vector<std::string> digests;
  for (const std::string& text : image.repoDigests) {
    const Result<docker::ImageReference> known = docker::parseImageReference(text);
    if (known && known->repository() == reference.repository()) digests.push_back(known->digest);
  }
  return digests;
}

bool ImagePuller::localWillDo(const PullSpec& spec, const docker::ImageReference& reference) const {
  if (!reference.digest.empty() || spec.behavior == PullBehavior::PreferCached) return true;
  return spec.behavior == PullBehavior::Once && pulled_.contains(spec.image);
}

Async<Result<PullOutcome>> ImagePuller::pull(PullSpec spec) {
  const Result<docker::ImageReference> reference = docker::parseImageReference(spec.image);
  if (!reference) co_return reference.error();
  const auto local = co_await api_.inspectImage(spec.image);
  if (!local) co_return local.error();
  if (*local && localWillDo(spec, *reference)) co_return outcomeOf(**local, *reference, false);

  Result<PullOutcome> outcome = co_await refresh(spec, *reference, *local);
  if (outcome) {
    pulled_.insert(spec.image);
  } else if (*local && spec.behavior == PullBehavior::Default) {
    log_.warn("using the local image, as the registry gave none",
              {{"image", spec.image}, {"error", outcome.error().message}});
    co_return outcomeOf(**local, *reference, false);
  }
  co_return outcome;
}

Async<Result<PullOutcome>> ImagePuller::refresh(PullSpec spec, docker::ImageReference reference,
                                                std::optional<docker::ImageInspect> local) {
  if (local) {
    const Result<std::string> digest = co_await api_.registryDigest(spec.image, reference, spec.auth);
    if (digest && std::ranges::count(digestsIn(*local, reference), *digest) > 0) {
      PullOutcome same;
      same.digest = *digest;
      co_return same;
    }
    // What can't be asked can't be downloaded either, and the local image is as good as that.
    const bool asked = digest || digest.error().code == Code::Unimplemented;
    if (!asked && spec.behavior == PullBehavior::Default) co_return digest.error();
  }
  const Status pulled = co_await api_.pullImage(reference, spec.auth);
  if (!pulled) co_return pulled.error();
  const auto image = co_await api_.inspectImage(spec.image);
  if (!image) co_return image.error();
  if (!*image) {
    co_return makeError(Code::Internal, "image " + spec.image + " is not there after the engine pulled it");
  }
  co_return outcomeOf(**image, reference, true);
}

}  // namespace berth::agent
