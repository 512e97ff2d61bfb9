#include "agent/runtimes/containerd/image_load.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "agent/runtimes/containerd/host_files.hpp"
#include "common/ids/id.hpp"

namespace berth::agent::containerd {
namespace {

constexpr Duration kProgressPause = std::chrono::seconds(1);
constexpr int64_t kToldBytes = 64 << 10;

/// The folders that a snapshot's mount is made of.
struct SnapshotFolders {
  std::string upper;
  std::vector<std::string> lower;  ///< from the uppermost
};

std::optional<SnapshotFolders> foldersOf(const std::vector<SnapshotMount>& mounts) {
  if (mounts.size() != 1) return std::nullopt;
  SnapshotFolders out;
  if (mounts[0].type == "bind") out.upper = mounts[0].source;
  if (mounts[0].type != "bind" && mounts[0].type != "overlay") return std::nullopt;
  for (const std::string& option : mounts[0].options) {
    if (option.starts_with("upperdir=")) out.upper = option.substr(9);
    // Whiteouts and opaque folders would have to be told in another way.
    if (option == "userxattr") return std::nullopt;
    if (!option.starts_with("lowerdir=")) continue;
    std::string_view rest = std::string_view(option).substr(9);
    while (!rest.empty()) {
      out.lower.emplace_back(rest.substr(0, rest.find(':')));
      rest.remove_prefix(std::min(rest.size(), out.lower.back().size() + 1));
    }
  }
  return out.upper.empty() ? std::nullopt : std::optional(out);
}

Error otherContent(const std::string& layer, const std::string& diffId) {
  return makeError(Code::DataLoss, "layer " + layer + " does not match provided digest " + diffId);
}

std::string newKey(Random& random) { return "berth-unpack-" + randomHex(random, 16); }

std::string shortLayer(const std::string& digest) { return digest.substr(digest.find(':') + 1, 12); }

}  // namespace

ImageLoad::ImageLoad(Parts parts, std::shared_ptr<Repository> from, docker::ImageReference reference,
                     Tell tell, std::stop_token stop)
    : parts_(std::move(parts)),
      from_(std::move(from)),
      reference_(std::move(reference)),
      tell_(std::move(tell)),
      onStop_(std::move(stop), [this] { stop_.request_stop(); }) {}

void ImageLoad::tell(const Layer& layer, const char* status, int64_t current) const {
  docker::PullProgress line;
  line.status = status;
  line.id = shortLayer(layer.blob.digest);
  line.current = current;
  line.total = layer.blob.size;
  tell_(line);
}

void ImageLoad::arrived(Layer& layer, size_t count) {
  layer.bytes += static_cast<int64_t>(count);
  const bool whole = layer.bytes >= layer.blob.size;
  if (!whole && layer.told > 0 && layer.bytes - layer.told < kToldBytes) return;
  layer.told = layer.bytes;
  tell(layer, "Downloading", layer.bytes);
}

std::map<std::string, std::string> ImageLoad::sourceLabel() const {
  return {{"containerd.io/distribution.source." + reference_.domain, reference_.path}};
}

Async<Result<LocalImage>> ImageLoad::run(std::string name) {
  Result<Fetched> top = co_await from_->manifest(reference_.version(), stop_.get_token());
  if (!top) co_return top.error();
  top_ = std::move(*top);
  manifest_ = top_;
  if (isIndex(top_.mediaType)) {
    const auto chosen = chooseManifest(top_.text, machine());
    if (!chosen) co_return chosen.error();
    Result<Fetched> manifest = co_await from_->manifest(chosen->digest, stop_.get_token());
    if (!manifest) co_return manifest.error();
    manifest_ = std::move(*manifest);
  }
  // Before anything of it is here: from now on all goes by these digests.
  const Status admitted = co_await parts_.admission.admit(from_, reference_, top_.digest, stop_.get_token());
  if (!admitted) co_return admitted.error();
  auto parsed = parseManifest(manifest_.text);
  if (!parsed) co_return parsed.error();
  parsed_ = std::move(*parsed);
  lease_ = "berth-" + randomHex(parts_.random, 16);
  if (Status made = co_await parts_.api.createLease(lease_, parts_.clock.now().wall); !made)
    co_return made.error();
  Result<LocalImage> loaded = co_await load(std::move(name));
  // One that stays ends by itself; the image that was loaded does not depend on it any more.
  const Status removed = co_await parts_.api.removeLease(lease_);
  if (!removed)
    parts_.log.warn("a lease stays for a day", {{"lease", lease_}, {"error", removed.error().message}});
  co_return loaded;
}

Async<Result<LocalImage>> ImageLoad::load(std::string name) {
  const auto config = co_await documents();
  if (!config) co_return config.error();
  if (Status planned = co_await plan(*config); !planned) co_return planned.error();
  Status done = co_await layers();
  for (const auto& layer : layers_) release(*layer);
  if (!staging_.empty()) {
    const Status removed = co_await parts_.api.removeSnapshot(parts_.snapshotter, staging_);
    if (!removed) parts_.log.warn("a snapshot stays until its lease ends", {{"key", staging_}});
  }
  if (!done) co_return done.error();
  const std::string chain = layers_.back()->chain;
  if (Status labelled = co_await label(chain); !labelled) co_return labelled.error();
  const Descriptor target{top_.mediaType, top_.digest, static_cast<int64_t>(top_.text.size())};
  if (Status named = co_await parts_.api.putImage(name, target); !named) co_return named.error();
  co_return LocalImage{name, target, parsed_.config.digest, chain, parsed_.bytes(), *config};
}

/// Its snapshot is there, or will not be.
void ImageLoad::release(Layer& layer) {
  if (!std::exchange(layer.ours, false)) return;
  const auto work = parts_.chains.extract(layer.chain);
  if (!work.empty()) work.mapped()->set();
}

Async<Status> ImageLoad::store(Fetched document) {
  Descriptor blob{document.mediaType, document.digest, static_cast<int64_t>(document.text.size())};
  const auto text = std::make_shared<std::string>(std::move(document.text));
  return parts_.api.writeContent(
      std::move(blob), [text](int64_t at) { return text->substr(static_cast<size_t>(at)); }, sourceLabel(),
      lease_);
}

/// Manifest, index and configuration into the store.
Async<Result<ImageConfig>> ImageLoad::documents() {
  if (Status stored = co_await store(manifest_); !stored) co_return stored.error();
  if (top_.digest != manifest_.digest) {
    if (Status stored = co_await store(top_); !stored) co_return stored.error();
  }
  const auto wish = std::make_shared<Blobs::Wish>();
  wish->blob = parsed_.config;
  wish->lease = lease_;
  wish->labels = sourceLabel();
  wish->from = from_;
  co_await parts_.blobs.bring(wish, stop_.get_token());
  if (!*wish->result) co_return wish->result->error();
  const auto text = co_await parts_.api.content(parsed_.config.digest);
  if (!text) co_return text.error();
  auto config = parseImageConfig(*text);
  if (!config) co_return config.error();
  if (config->diffIds.size() != parsed_.layers.size()) {
    co_return makeError(Code::InvalidArgument,
                        "the image's manifest and configuration differ in their layers");
  }
  co_return config;
}

/// Which snapshots there are. Where there is one, there are those below it.
Async<Status> ImageLoad::plan(const ImageConfig& config) {
  for (size_t i = 0; i < parsed_.layers.size(); ++i) {
    auto layer = std::make_unique<Layer>();
    layer->blob = parsed_.layers[i];
    layer->diffId = config.diffIds[i];
    layer->chain = chainId(config.diffIds, i);
    layers_.push_back(std::move(layer));
  }
  size_t low = 0;
  size_t high = layers_.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const auto here = co_await parts_.api.hasSnapshot(parts_.snapshotter, layers_[middle]->chain);
    if (!here) co_return here.error();
    (*here ? low : high) = *here ? middle + 1 : middle;
  }
  // No suspension from here on: of two pulls, one makes all that both lack.
  bool any = false;
  for (size_t i = low; i < layers_.size(); ++i) {
    Layer& layer = *layers_[i];
    layer.missing = true;
    const auto [work, fresh] = parts_.chains.try_emplace(layer.chain, nullptr);
    if (fresh) work->second = std::make_shared<Event>();
    layer.ours = fresh;
    any = any || fresh;
  }
  if (any) co_await prepareFolder();
  co_return Status();
}

/// A place on the file system of the snapshots, which goes with the lease if this process ends.
Async<void> ImageLoad::prepareFolder() {
  if (parts_.snapshotter != "overlayfs") co_return;
  const std::string key = newKey(parts_.random);
  const auto mounts = co_await parts_.api.prepareSnapshot(parts_.snapshotter, key, "", lease_);
  if (!mounts) co_return;
  staging_ = key;
  const auto folders = foldersOf(*mounts);
  if (!folders) co_return;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string folder = folders->upper + "/" + std::to_string(i);
    if (layers_[i]->ours && ::mkdir(folder.c_str(), 0755) == 0) layers_[i]->folder = folder;
  }
}

Async<Status> ImageLoad::layers() {
  for (size_t i = 0; i < layers_.size(); ++i) {
    tell(*layers_[i], "Pulling fs layer");
    parts_.launch("layer",
                  [this, i, pass = std::make_shared<Gate::Pass>(*gate_.enter())] { return bring(i); });
  }
  Status done;
  for (size_t i = 0; i < layers_.size() && done; ++i) {
    done = co_await ready(i);
    if (done) done = co_await settle(i);
    if (!done) continue;
    release(*layers_[i]);
    tell(*layers_[i], "Pull complete");
  }
  if (!done) stop_.request_stop();
  // What the others were stopped for.
  if (!done && fault_) done = *fault_;
  co_await gate_.close();
  co_return done;
}

/// One layer into the store, and unpacked on the way.
Async<void> ImageLoad::bring(size_t index) {
  Layer& layer = *layers_[index];
  const auto wish = std::make_shared<Blobs::Wish>();
  wish->blob = layer.blob;
  wish->lease = lease_;
  wish->labels = sourceLabel();
  wish->labels["containerd.io/uncompressed"] = layer.diffId;
  wish->from = from_;
  wish->onBytes = [this, &layer](size_t count) { arrived(layer, count); };
  parts_.launch("blob", [this, wish, pass = std::make_shared<Gate::Pass>(*gate_.enter())] {
    return parts_.blobs.bring(wish, stop_.get_token());
  });
  const auto until = [&wish](auto met) -> Async<void> {
    while (!met()) {
      wish->changed.reset();
      co_await wish->changed.wait();
    }
  };
  co_await until([&] { return wish->parcel || wish->result; });
  const std::shared_ptr<layers::Parcel> parcel = wish->parcel;
  if (parcel && !layer.folder.empty()) {
    layer.unpacked = co_await parts_.blobs.block(
        [parcel, &layer] { return layers::unpack(*parcel, layer.folder, &layer.read); });
  }
  co_await until([&] { return wish->result.has_value(); });
  layer.here = *wish->result;
  // It came by another download in the end than the one that was unpacked: containerd has it, and unpacks it.
  if (parcel != wish->parcel) layer.unpacked.reset();
  if (*layer.here) tell(layer, "Download complete");
  if (!*layer.here && !fault_ && !stop_.stop_requested()) {
    fault_ = layer.here->error();
    stop_.request_stop();
  }
  layer.ready.set();
}

/// Until a layer is here; what moves meanwhile is told.
Async<Status> ImageLoad::ready(size_t index) {
  Layer& layer = *layers_[index];
  while (!co_await layer.ready.wait(kProgressPause)) {
    for (const auto& each : layers_) {
      if (each->read > 0 && each->bytes >= each->blob.size && !each->ready.isSet())
        tell(*each, "Extracting", each->read);
    }
  }
  co_return *layer.here;
}

Async<Status> ImageLoad::settle(size_t index) {
  Layer& layer = *layers_[index];
  if (!layer.missing) co_return Status();
  if (!layer.ours) {
    const auto work = parts_.chains.find(layer.chain);
    if (work != parts_.chains.end()) {
      const std::shared_ptr<Event> made = work->second;
      co_await made->wait();
    }
    const auto here = co_await parts_.api.hasSnapshot(parts_.snapshotter, layer.chain);
    if (!here) co_return here.error();
    if (*here) co_return Status();
  }
  if (layer.unpacked && *layer.unpacked) co_return co_await place(index);
  if (layer.unpacked && layer.unpacked->error().code != Code::Unimplemented)
    co_return layer.unpacked->error();
  if (layer.unpacked)
    parts_.log.info("a layer is unpacked by containerd", {{"why", layer.unpacked->error().message}});
  co_return co_await apply(index);
}

Async<Status> ImageLoad::place(size_t index) {
  Layer& layer = *layers_[index];
  if ((*layer.unpacked)->diffId != layer.diffId) co_return otherContent(layer.blob.digest, layer.diffId);
  const std::string key = newKey(parts_.random);
  const auto mounts = co_await parts_.api.prepareSnapshot(parts_.snapshotter, key, parentOf(index), lease_);
  if (!mounts) co_return mounts.error();
  const auto folders = foldersOf(*mounts);
  Status placed = makeError(Code::Internal, "containerd's snapshot is made of no folders");
  if (folders && (*layer.unpacked)->implied.empty()) {
    // A few calls of the kernel: not worth a way to another thread.
    placed = layers::place(**layer.unpacked, layer.folder, folders->upper, folders->lower);
  } else if (folders) {
    placed = co_await parts_.blobs.block([folders = *folders, &layer] {
      return layers::place(**layer.unpacked, layer.folder, folders.upper, folders.lower);
    });
  }
  co_return co_await commit(key, layer.chain, std::move(placed));
}

/// By containerd, from its store.
Async<Status> ImageLoad::apply(size_t index) {
  Layer& layer = *layers_[index];
  const std::string key = newKey(parts_.random);
  const auto mounts = co_await parts_.api.prepareSnapshot(parts_.snapshotter, key, parentOf(index), lease_);
  if (!mounts) co_return mounts.error();
  struct Work {
    std::optional<Result<std::string>> applied;
    Event done;
  };
  const auto work = std::make_shared<Work>();
  parts_.launch("unpack",
                [api = &parts_.api, work, blob = layer.blob, mounts = *mounts, lease = lease_,
                 pass = std::make_shared<Gate::Pass>(*gate_.enter())]() -> Async<void> {
                  work->applied = co_await api->apply(blob, mounts, lease);
                  work->done.set();
                });
  // It does not tell how far it is; its own deadline is what ends it.
  int64_t pulse = 0;
  while (!co_await work->done.wait(kProgressPause))
    tell(layer, "Extracting", std::min(++pulse, layer.blob.size));
  Status status = *work->applied ? Status() : Status(work->applied->error());
  if (status && **work->applied != layer.diffId) status = otherContent(layer.blob.digest, layer.diffId);
  co_return co_await commit(key, layer.chain, std::move(status));
}

Async<Status> ImageLoad::commit(std::string key, std::string chain, Status status) {
  if (status) status = co_await parts_.api.commitSnapshot(parts_.snapshotter, chain, key, lease_);
  if (status) co_return status;
  // Another program may have been quicker.
  const bool there = status.error().code == Code::AlreadyExists;
  const Status removed = co_await parts_.api.removeSnapshot(parts_.snapshotter, key);
  if (!removed) parts_.log.warn("a snapshot stays until its lease ends", {{"key", key}});
  co_return there ? Status() : status;
}

/// What containerd's garbage collection goes by, from an image's name down to its snapshots.
Async<Status> ImageLoad::label(const std::string& chain) {
  const std::string ref = "containerd.io/gc.ref.";
  std::map<std::string, std::string> labels = {{ref + "content.config", parsed_.config.digest}};
  for (size_t i = 0; i < parsed_.layers.size(); ++i) {
    labels[ref + "content.l." + std::to_string(i)] = parsed_.layers[i].digest;
  }
  Status done = co_await parts_.api.labelContent(manifest_.digest, std::move(labels));
  std::map<std::string, std::string> ofConfig = {{ref + "snapshot." + parts_.snapshotter, chain}};
  if (done) done = co_await parts_.api.labelContent(parsed_.config.digest, std::move(ofConfig));
  if (!done || top_.digest == manifest_.digest) co_return done;
  std::map<std::string, std::string> ofIndex = {{ref + "content.m.0", manifest_.digest}};
  co_return co_await parts_.api.labelContent(top_.digest, std::move(ofIndex));
}

}  // namespace berth::agent::containerd
