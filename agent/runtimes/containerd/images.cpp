#include "agent/runtimes/containerd/images.hpp"

#include <algorithm>
#include <utility>

#include "agent/images/image_names.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/docker/errors.hpp"
#include "common/async/callback.hpp"

namespace berth::agent::containerd {
namespace {

Error failureOf(const Error& error, const std::string& image) {
  Error out = registryFailure(0, error.message, image);
  out.code = error.code;
  out.retryable = error.retryable;
  return out;
}

}  // namespace

Images::Images(Parts parts, PullLimits limits, BlobLimits blobs, Launch launch, std::stop_token stop)
    : parts_(std::move(parts)),
      inactivity_(limits.inactivity),
      launch_(launch),
      stop_(stop),
      blobs_(Blobs::Parts{parts_.api, parts_.random, parts_.log, parts_.folder}, blobs, launch),
      admission_(Admission::Parts{parts_.clock, parts_.log, parts_.policy}),
      puller_(ImagePuller::Parts{*this, parts_.memory, parts_.clock, parts_.log, parts_.onDiskFull}, limits,
              std::move(launch), std::move(stop)) {}

void Images::reconfigure(PullLimits limits, BlobLimits blobs) {
  inactivity_ = limits.inactivity;
  blobs_.reconfigure(blobs);
  puller_.reconfigure(limits);
}

void Images::pull(PullSpec spec, Callback<PullOutcome> done) {
  if (!admission_.active()) return puller_.pull(std::move(spec), std::move(done));
  const std::string image = spec.image;
  const std::optional<RegistryAuth> auth = spec.auth;
  puller_.pull(std::move(spec), [this, image, auth, done = std::move(done)](Result<PullOutcome> outcome) {
    if (!outcome) return done(std::move(outcome));
    launch_("image policy", [this, image, auth, done, outcome]() -> Async<void> {
      const Status admitted = co_await admit(image, auth, outcome->digest);
      if (stop_.stop_requested()) co_return;
      done(admitted ? outcome : Result<PullOutcome>(admitted.error()));
    });
  });
}

/// One that is here. Usually it was admitted when it came.
Async<Status> Images::admit(std::string image, std::optional<RegistryAuth> auth, std::string digest) {
  const auto reference = docker::parseImageReference(image);
  if (!reference) co_return reference.error();
  co_return co_await admission_.admit(repository(*reference, std::move(auth)), *reference, std::move(digest),
                                      stop_);
}

Async<Result<LocalImage>> Images::forRunning(std::string image) {
  auto local = co_await find(image);
  if (!local) co_return local.error();
  if (!*local) co_return makeError(Code::NotFound, "No such image: " + image);
  if (Status admitted = co_await admit(image, std::nullopt, (*local)->target.digest); !admitted)
    co_return admitted.error();
  co_return std::move(**local);
}

std::shared_ptr<Repository> Images::repository(docker::ImageReference reference,
                                               std::optional<RegistryAuth> auth) {
  // A connection that stalls is given up while there is time to go on by another.
  return std::make_shared<Repository>(Repository::Means{parts_.client, parts_.clock, parts_.rules},
                                      std::move(reference), std::move(auth), parts_.api.deadlines().manifest,
                                      inactivity_ / 2, stop_);
}

Async<Result<std::optional<docker::ImageInspect>>> Images::inspectImage(std::string image) {
  const auto local = co_await find(image);
  if (!local) co_return local.error();
  std::optional<docker::ImageInspect> out;
  if (!*local) co_return out;
  out.emplace();
  out->id = (*local)->id;
  out->size = (*local)->bytes;
  out->repoDigests = {std::string(repositoryOf((*local)->name)) + "@" + (*local)->target.digest};
  co_return out;
}

Async<Result<std::string>> Images::registryDigest(std::string image, docker::ImageReference reference,
                                                  std::optional<RegistryAuth> auth) {
  const auto from = repository(reference, std::move(auth));
  auto digest = co_await from->digestOf(reference.version());
  if (!digest) co_return failureOf(digest.error(), image);
  co_return digest;
}

Async<Status> Images::pullImage(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                                std::function<void(const docker::PullProgress&)> onProgress,
                                std::stop_token stop) {
  const std::string name =
      reference.repository() + (reference.digest.empty() ? ":" : "@") + reference.version();
  ImageLoad load(ImageLoad::Parts{parts_.api, blobs_, chains_, admission_, parts_.random, parts_.clock,
                                  parts_.log, parts_.snapshotter, launch_},
                 repository(reference, std::move(auth)), reference, std::move(onProgress), stop);
  const auto loaded = co_await load.run(name);
  const bool asItIs = !loaded && (loaded.error().code == Code::Cancelled || isRefusal(loaded.error()));
  if (asItIs) co_return loaded.error();
  if (!loaded) co_return failureOf(loaded.error(), name);
  known_.insert_or_assign(loaded->target.digest, *loaded);
  co_return Status();
}

Async<Status> Images::tagImage(std::string source, docker::ImageReference name) {
  const auto stored = co_await parts_.api.image(source);
  if (!stored) co_return stored.error();
  if (!*stored) co_return makeError(Code::NotFound, "there is no image " + source);
  name.digest.clear();
  co_return co_await parts_.api.putImage(name.repository() + ":" + name.version(), (*stored)->target);
}

Async<Status> Images::removeImage(std::string reference) {
  known_.clear();
  co_return co_await parts_.api.removeImage(canonicalImage(reference), true);
}

Async<Result<LocalImage>> Images::read(NamedImage stored) {
  if (const auto found = known_.find(stored.target.digest); found != known_.end()) {
    LocalImage out = found->second;
    out.name = stored.name;
    co_return out;
  }
  auto text = co_await parts_.api.content(stored.target.digest);
  if (text && isIndex(mediaTypeOf(*text))) {
    const auto chosen = chooseManifest(*text, machine());
    if (!chosen) co_return chosen.error();
    text = co_await parts_.api.content(chosen->digest);
  }
  if (!text) co_return text.error();
  const auto manifest = parseManifest(*text);
  if (!manifest) co_return manifest.error();
  const auto config = co_await parts_.api.content(manifest->config.digest);
  if (!config) co_return config.error();
  auto parsed = parseImageConfig(*config);
  if (!parsed) co_return parsed.error();
  LocalImage out{stored.name, stored.target, manifest->config.digest, "", manifest->bytes(), *parsed};
  out.chain = chainId(parsed->diffIds, parsed->diffIds.size() - 1);
  const auto whole = co_await parts_.api.hasSnapshot(parts_.snapshotter, out.chain);
  if (!whole) co_return whole.error();
  if (!*whole) co_return makeError(Code::NotFound, "image " + stored.name + " is not unpacked");
  known_.insert_or_assign(stored.target.digest, out);
  co_return out;
}

Async<Result<std::optional<LocalImage>>> Images::find(std::string image) {
  const auto stored = co_await parts_.api.image(canonicalImage(image));
  if (!stored) co_return stored.error();
  std::optional<LocalImage> out;
  if (!*stored) co_return out;
  auto local = co_await read(**stored);
  if (!local && local.error().code != Code::NotFound) co_return local.error();
  if (local) out = std::move(*local);
  co_return out;
}

Async<Result<std::vector<StoredImage>>> Images::list() {
  const auto stored = co_await parts_.api.images();
  if (!stored) co_return stored.error();
  std::map<std::string, StoredImage> byId;
  for (const NamedImage& one : *stored) {
    const auto local = co_await read(one);
    if (!local) continue;
    StoredImage& image = byId[local->id];
    image.id = local->id;
    image.bytes = local->bytes;
    image.createdAt = local->config.createdAt.value_or(one.updatedAt);
    image.references.push_back(one.name);
    const std::string digest = std::string(repositoryOf(one.name)) + "@" + one.target.digest;
    if (std::ranges::find(image.references, digest) == image.references.end())
      image.references.push_back(digest);
  }
  std::vector<StoredImage> out;
  for (auto& [id, image] : byId) out.push_back(std::move(image));
  co_return out;
}

Async<Status> Images::remove(StoredImage image) {
  const auto removed = co_await loopAwait<std::monostate>(
      [&](auto done) { puller_.removeImage(std::move(image), std::move(done)); });
  co_return removed ? Status() : Status(removed.error());
}

}  // namespace berth::agent::containerd
