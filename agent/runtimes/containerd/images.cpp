#include "agent/runtimes/containerd/images.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "agent/images/image_names.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/docker/errors.hpp"
#include "common/ids/id.hpp"

namespace berth::agent::containerd {
namespace {

constexpr size_t kPiece = 512 << 10;

/// A layer on its way from the registry to containerd: a file without a name, which is gone with the process.
class Parcel {
 public:
  explicit Parcel(const std::string& folder)
      : fd_(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {}
  ~Parcel() {
    if (fd_ >= 0) ::close(fd_);
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  bool ok() const { return fd_ >= 0 && fault_ == 0; }
  int64_t size() const { return size_; }
  Error error() const {
    const int fault = fault_ != 0 ? fault_ : errno;
    return makeError(fault == ENOSPC || fault == EDQUOT ? Code::ResourceExhausted : Code::Internal,
                     std::string("can't keep a layer: ") + std::strerror(fault));
  }

  bool append(std::string_view bytes) {
    while (!bytes.empty() && fault_ == 0) {
      const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), size_);
      if (count < 0) fault_ = errno;
      if (count <= 0) return false;
      size_ += count;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return fault_ == 0;
  }

  /// The next piece; empty at the end, nullopt for a fault.
  std::optional<std::string> next() {
    std::string out(kPiece, '\0');
    const ssize_t count = ::pread(fd_, out.data(), out.size(), taken_);
    if (count < 0) return std::nullopt;
    taken_ += count;
    out.resize(static_cast<size_t>(count));
    return out;
  }

 private:
  int fd_;
  int fault_ = 0;
  int64_t size_ = 0;
  int64_t taken_ = 0;
};

Error failureOf(const Error& error, const std::string& image) {
  Error out = registryFailure(0, error.message, image);
  out.code = error.code;
  out.retryable = error.retryable;
  return out;
}

PullOutcome outcomeOf(const LocalImage& image, bool downloaded) {
  return PullOutcome{image.target.digest, downloaded, image.id, image.bytes};
}

bool alike(const PullSpec& a, const PullSpec& b) {
  const auto login = [](const PullSpec& spec) {
    return spec.auth ? std::pair(spec.auth->username, spec.auth->password)
                     : std::pair<std::string, std::string>();
  };
  return a.behavior == b.behavior && login(a) == login(b) &&
         a.authFailure.has_value() == b.authFailure.has_value();
}

std::string shortLayer(const std::string& digest) { return digest.substr(digest.find(':') + 1, 12); }

}  // namespace

Images::Images(Parts parts, PullLimits limits, Launch launch, std::stop_token stop)
    : parts_(std::move(parts)), limits_(limits), launch_(std::move(launch)), stop_(std::move(stop)) {}

void Images::pull(PullSpec spec, Callback<PullOutcome> done) {
  const std::string name = canonicalImage(spec.image);
  for (const FlightPtr& flight : flights_) {
    if (flight->name != name || !alike(flight->spec, spec) || flight->stop.stop_requested()) continue;
    flight->waiters.push_back(Waiter{spec.wantedBy, std::move(done)});
    return;
  }
  const auto flight = std::make_shared<Flight>();
  flight->name = name;
  flight->status.image = spec.image;
  flight->status.since = parts_.clock.now().wall;
  flight->waiters.push_back(Waiter{spec.wantedBy, std::move(done)});
  flight->spec = std::move(spec);
  flights_.push_back(flight);
  launch_("pull " + name, [this, flight] { return fly(flight); });
}

void Images::cancel(const std::string& wantedBy) {
  if (wantedBy.empty()) return;
  for (const FlightPtr& flight : flights_) {
    std::vector<Waiter> gone;
    std::erase_if(flight->waiters, [&](Waiter& waiter) {
      const bool his = waiter.wantedBy == wantedBy;
      if (his) gone.push_back(std::move(waiter));
      return his;
    });
    if (gone.empty()) continue;
    if (flight->waiters.empty()) flight->stop.request_stop();
    launch_("cancelled pull", [gone = std::move(gone)]() -> Async<void> {
      for (const Waiter& waiter : gone)
        waiter.done(makeError(Code::Cancelled, "nobody wants the image any more"));
      co_return;
    });
  }
}

std::vector<PullStatus> Images::status() const {
  std::vector<PullStatus> out;
  for (const FlightPtr& flight : flights_) {
    if (flight->waiters.empty()) continue;
    out.push_back(flight->status);
    out.back().wanted = flight->waiters.size();
  }
  return out;
}

void Images::startNext() {
  size_t running = 0;
  for (const FlightPtr& flight : flights_) {
    if (flight->running) ++running;
  }
  for (const FlightPtr& flight : flights_) {
    if (running >= std::max<size_t>(1, limits_.atOnce)) return;
    if (flight->status.phase != PullPhase::Queued || flight->running) continue;
    flight->running = true;
    flight->turn.set();
    ++running;
  }
}

Async<void> Images::fly(FlightPtr flight) {
  Result<PullOutcome> outcome = co_await reach(flight);
  flights_.remove(flight);
  startNext();
  if (stop_.stop_requested()) co_return;
  if (!outcome && outcome.error().code == Code::ResourceExhausted && saysDiskFull(outcome.error()) &&
      parts_.onDiskFull) {
    parts_.onDiskFull();
  }
  if (outcome) {
    parts_.memory.pulled(ImageRecord{flight->name, outcome->digest, outcome->imageId, parts_.clock.now().wall,
                                     parts_.clock.now().wall, outcome->bytes});
  }
  for (const Waiter& waiter : std::exchange(flight->waiters, {})) waiter.done(outcome);
}

bool Images::localWillDo(const Flight& flight, bool byDigest) const {
  if (byDigest || flight.spec.behavior == PullBehavior::PreferCached) return true;
  return flight.spec.behavior == PullBehavior::Once && parts_.memory.pulledBefore(flight.name);
}

Async<Result<PullOutcome>> Images::reach(FlightPtr flight) {
  const PullSpec& spec = flight->spec;
  const auto reference = docker::parseImageReference(spec.image);
  if (!reference) co_return reference.error();
  const auto local = co_await find(spec.image);
  if (!local) co_return local.error();
  if (*local && localWillDo(*flight, !reference->digest.empty())) co_return outcomeOf(**local, false);
  const bool fallback = *local && spec.behavior == PullBehavior::Default;
  if (spec.authFailure)
    co_return fallback ? Result<PullOutcome>(outcomeOf(**local, false)) : *spec.authFailure;
  std::stop_source either;
  const std::stop_callback onRuntime(stop_, [&either] { either.request_stop(); });
  const std::stop_callback onCaller(flight->stop.get_token(), [&either] { either.request_stop(); });
  Repository repository(parts_.client, *reference, spec.auth, parts_.api.deadlines().manifest,
                        limits_.inactivity, either.get_token());
  Result<std::string> digest = reference->digest;
  if (reference->digest.empty()) digest = co_await repository.digestOf(reference->version());
  if (digest && *local && (*local)->target.digest == *digest) co_return outcomeOf(**local, false);
  Result<LocalImage> loaded = digest ? makeError(Code::Internal, "") : Result<LocalImage>(digest.error());
  if (digest) loaded = co_await download(flight, repository, *reference);
  if (loaded) co_return outcomeOf(*loaded, true);
  if (fallback) {
    parts_.log.warn("the image can't be refreshed: the one that is here serves",
                    {{"image", flight->name}, {"error", loaded.error().message}});
    co_return outcomeOf(**local, false);
  }
  co_return failureOf(loaded.error(), spec.image);
}

Async<Result<LocalImage>> Images::download(FlightPtr flight, Repository& repository,
                                           docker::ImageReference reference) {
  flight->status.phase = PullPhase::Queued;
  flight->status.waitingFor = "other pulls";
  startNext();
  co_await flight->turn.wait();
  flight->status.phase = PullPhase::Downloading;
  flight->status.waitingFor.clear();
  Result<Fetched> top = co_await repository.manifest(reference.version());
  if (!top) co_return top.error();
  Result<Fetched> manifest = *top;
  if (isIndex(top->mediaType)) {
    const auto chosen = chooseManifest(top->text, machine());
    if (!chosen) co_return chosen.error();
    manifest = co_await repository.manifest(chosen->digest);
    if (!manifest) co_return manifest.error();
  }
  const std::string lease = "berth-" + randomHex(parts_.random, 16);
  if (Status made = co_await parts_.api.createLease(lease, parts_.clock.now().wall); !made)
    co_return made.error();
  Result<LocalImage> loaded = co_await load(flight, repository, *top, *manifest, lease);
  // One that stays ends by itself; the image that was loaded does not depend on it any more.
  const Status removed = co_await parts_.api.removeLease(lease);
  if (!removed)
    parts_.log.warn("a lease stays for a day", {{"lease", lease}, {"error", removed.error().message}});
  co_return loaded;
}

Async<Status> Images::store(Fetched document, std::string lease) {
  Descriptor blob{document.mediaType, document.digest, static_cast<int64_t>(document.text.size())};
  const auto rest = std::make_shared<std::string>(std::move(document.text));
  return parts_.api.writeContent(
      std::move(blob), [rest]() -> std::optional<std::string> { return std::exchange(*rest, {}); }, {},
      std::move(lease));
}

Async<Result<LocalImage>> Images::load(FlightPtr flight, Repository& repository, Fetched top,
                                       Fetched manifest, std::string lease) {
  const auto parsed = parseManifest(manifest.text);
  if (!parsed) co_return parsed.error();
  flight->status.bytesTotal = parsed->bytes();
  for (const Descriptor& layer : parsed->layers) {
    flight->status.layers.push_back(LayerStatus{shortLayer(layer.digest), 0, layer.size, false});
  }
  if (Status stored = co_await store(manifest, lease); !stored) co_return stored.error();
  if (top.digest != manifest.digest) {
    if (Status stored = co_await store(top, lease); !stored) co_return stored.error();
  }
  if (Status had = co_await blob(flight, repository, parsed->config, lease); !had) co_return had.error();
  for (size_t i = 0; i < parsed->layers.size(); ++i) {
    if (Status had = co_await blob(flight, repository, parsed->layers[i], lease); !had) co_return had.error();
    flight->status.layers[i].current = parsed->layers[i].size;
    flight->status.layers[i].done = true;
  }
  flight->status.phase = PullPhase::Extracting;
  const auto text = co_await parts_.api.content(parsed->config.digest);
  if (!text) co_return text.error();
  const auto config = parseImageConfig(*text);
  if (!config) co_return config.error();
  if (config->diffIds.size() != parsed->layers.size()) {
    co_return makeError(Code::InvalidArgument,
                        "the image's manifest and configuration differ in their layers");
  }
  if (Status done = co_await unpack(*parsed, *config, lease); !done) co_return done.error();
  const std::string chain = chainId(config->diffIds, config->diffIds.size() - 1);
  if (Status labelled = co_await label(top, manifest, *parsed, chain); !labelled) co_return labelled.error();
  const Descriptor target{top.mediaType, top.digest, static_cast<int64_t>(top.text.size())};
  if (Status named = co_await parts_.api.putImage(flight->name, target); !named) co_return named.error();
  co_return LocalImage{flight->name, target, parsed->config.digest, chain, parsed->bytes(), *config};
}

Async<Status> Images::blob(FlightPtr flight, Repository& repository, Descriptor blob, std::string lease) {
  const auto nothing = []() -> std::optional<std::string> { return std::string(); };
  const auto here = co_await parts_.api.hasContent(blob.digest);
  if (!here) co_return here.error();
  // Asking for it to be written puts it under the lease.
  if (*here) co_return co_await parts_.api.writeContent(blob, nothing, {}, lease);
  const auto parcel = std::make_shared<Parcel>(parts_.folder);
  if (!parcel->ok()) co_return parcel->error();
  LayerStatus* shown = nullptr;
  for (LayerStatus& layer : flight->status.layers) {
    if (layer.id == shortLayer(blob.digest)) shown = &layer;
  }
  const auto onBytes = [this, flight, parcel, shown, &blob](std::string_view bytes) {
    if (parcel->size() + static_cast<int64_t>(bytes.size()) > blob.size) return false;
    flight->status.lastProgress = parts_.clock.now().wall;
    if (shown) {
      shown->current += static_cast<int64_t>(bytes.size());
      flight->status.bytesDone += static_cast<int64_t>(bytes.size());
    }
    return parcel->append(bytes);
  };
  Status fetched = co_await repository.blob(blob.digest, onBytes);
  if (!parcel->ok()) co_return parcel->error();
  if (!fetched && fetched.error().code == Code::Cancelled && !flight->stop.stop_requested() &&
      !stop_.stop_requested()) {
    co_return makeError(Code::DataLoss, blob.digest + " is longer than its manifest says");
  }
  if (!fetched) co_return fetched;
  if (parcel->size() != blob.size) {
    co_return makeError(Code::Unavailable, "unexpected EOF: " + std::to_string(parcel->size()) + " of " +
                                               std::to_string(blob.size) + " bytes of " + blob.digest);
  }
  Status written = co_await parts_.api.writeContent(blob, [parcel] { return parcel->next(); }, {}, lease);
  if (!written && written.error().code == Code::FailedPrecondition) {
    co_return makeError(Code::DataLoss, "verification failed for digest " + blob.digest);
  }
  co_return written;
}

Async<Status> Images::unpack(const Manifest& manifest, const ImageConfig& config, std::string lease) {
  std::string parent;
  for (size_t i = 0; i < manifest.layers.size(); ++i) {
    std::string chain = chainId(config.diffIds, i);
    const auto here = co_await parts_.api.hasSnapshot(parts_.snapshotter, chain);
    if (!here) co_return here.error();
    if (!*here) {
      Status done = co_await unpackLayer(manifest.layers[i], config.diffIds[i], parent, chain, lease);
      if (!done) co_return done;
    }
    parent = std::move(chain);
  }
  co_return Status();
}

Async<Status> Images::unpackLayer(Descriptor layer, std::string diffId, std::string parent, std::string chain,
                                  std::string lease) {
  const std::string key = "berth-unpack-" + randomHex(parts_.random, 16);
  const auto mounts = co_await parts_.api.prepareSnapshot(parts_.snapshotter, key, parent, lease);
  if (!mounts) co_return mounts.error();
  const auto applied = co_await parts_.api.apply(layer, *mounts, lease);
  Status done = applied ? Status() : Status(applied.error());
  if (applied && *applied != diffId) {
    done = makeError(Code::DataLoss, "layer " + layer.digest + " does not match provided digest " + diffId);
  }
  if (done) done = co_await parts_.api.commitSnapshot(parts_.snapshotter, chain, key, lease);
  if (done) co_return done;
  // Another pull may have been quicker.
  const bool there = done.error().code == Code::AlreadyExists;
  const Status removed = co_await parts_.api.removeSnapshot(parts_.snapshotter, key);
  if (!removed) parts_.log.warn("a snapshot stays until its lease ends", {{"key", key}});
  co_return there ? Status() : done;
}

/// What containerd's garbage collection goes by, from an image's name down to its snapshots.
Async<Status> Images::label(Fetched top, Fetched manifest, Manifest parsed, std::string chain) {
  const std::string ref = "containerd.io/gc.ref.";
  std::map<std::string, std::string> labels = {{ref + "content.config", parsed.config.digest}};
  for (size_t i = 0; i < parsed.layers.size(); ++i) {
    labels[ref + "content.l." + std::to_string(i)] = parsed.layers[i].digest;
  }
  Status done = co_await parts_.api.labelContent(manifest.digest, std::move(labels));
  std::map<std::string, std::string> ofConfig = {{ref + "snapshot." + parts_.snapshotter, chain}};
  if (done) done = co_await parts_.api.labelContent(parsed.config.digest, std::move(ofConfig));
  if (!done || top.digest == manifest.digest) co_return done;
  std::map<std::string, std::string> ofIndex = {{ref + "content.m.0", manifest.digest}};
  co_return co_await parts_.api.labelContent(top.digest, std::move(ofIndex));
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
  std::set<std::string> names;
  for (const std::string& reference : image.references) names.insert(canonicalImage(reference));
  for (const FlightPtr& flight : flights_) {
    if (names.contains(flight->name)) {
      co_return makeError(Code::FailedPrecondition, "image " + flight->name + " is being pulled");
    }
  }
  known_.clear();
  for (const std::string& name : names) {
    const bool last = name == *names.rbegin();
    if (Status removed = co_await parts_.api.removeImage(name, last); !removed) co_return removed;
  }
  co_return Status();
}

}  // namespace berth::agent::containerd
