// The image of the container that holds shared namespaces: made here, as no registry has it.
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/images/image_names.hpp"
#include "agent/pause/image.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/containerd/images.hpp"
#include "common/aws/crypto.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayerType = "application/vnd.oci.image.layer.v1.tar";
const std::string kRefer = "containerd.io/gc.ref.";

using Labels = std::map<std::string, std::string>;

struct Document {
  Descriptor blob;
  std::shared_ptr<const std::string> text;
  Labels labels;  ///< what garbage collection goes by
};

Document documentOf(const char* type, std::string text, Labels labels) {
  Descriptor blob{type, "sha256:" + aws::sha256Hex(text), static_cast<int64_t>(text.size())};
  return {std::move(blob), std::make_shared<const std::string>(std::move(text)), std::move(labels)};
}

json described(const Descriptor& blob) {
  return {{"mediaType", blob.mediaType}, {"digest", blob.digest}, {"size", blob.size}};
}

/// In the machine names of images: "amd64", "arm64".
std::string architecture() {
  const std::string own = machine();
  return own == "x86_64" ? "amd64" : own == "aarch64" ? "arm64" : own;
}

struct PauseImage {
  Document layer;
  Document config;
  Document manifest;

  explicit PauseImage(const std::string& snapshotter) {
    layer = documentOf(kLayerType, pauseArchive(), {{"containerd.io/uncompressed", ""}});
    layer.labels["containerd.io/uncompressed"] = layer.blob.digest;
    const json ofConfig = {{"architecture", architecture()},
                           {"os", "linux"},
                           {"config", {{"Cmd", {"/pause"}}}},
                           {"rootfs", {{"type", "layers"}, {"diff_ids", {layer.blob.digest}}}}};
    // Of a single layer the chain is the layer itself.
    config = documentOf(kConfigType, berth::json::dump(ofConfig),
                        {{kRefer + "snapshot." + snapshotter, layer.blob.digest}});
    json layers = json::array();
    layers.push_back(described(layer.blob));
    const json ofManifest = {{"schemaVersion", 2},
                             {"mediaType", kManifestType},
                             {"config", described(config.blob)},
                             {"layers", std::move(layers)}};
    manifest = documentOf(
        kManifestType, berth::json::dump(ofManifest),
        {{kRefer + "content.config", config.blob.digest}, {kRefer + "content.l.0", layer.blob.digest}});
  }
};

Async<Status> storeDocument(Api& api, const Document& document, std::string lease) {
  const auto text = document.text;
  const Descriptor blob = document.blob;
  const Labels labels = document.labels;
  const auto piece = [text](int64_t at) -> Result<std::string> {
    return text->substr(static_cast<size_t>(at));
  };
  Status stored = co_await api.writeContent(blob, piece, labels, lease);
  // One that was there may have been another's.
  if (stored) stored = co_await api.labelContent(blob.digest, labels);
  co_return stored;
}

Async<Status> unpackPause(Api& api, const PauseImage& image, std::string snapshotter, std::string lease) {
  const std::string& chain = image.layer.blob.digest;
  const auto there = co_await api.hasSnapshot(snapshotter, chain);
  if (!there) co_return there.error();
  if (*there) co_return Status();
  const auto mounts = co_await api.prepareSnapshot(snapshotter, lease, "", lease);
  if (!mounts) co_return mounts.error();
  const auto applied = co_await api.apply(image.layer.blob, *mounts, lease);
  Status done = applied ? co_await api.commitSnapshot(snapshotter, chain, lease, lease) : applied.error();
  if (done) co_return done;
  (co_await api.removeSnapshot(snapshotter, lease)).ok();
  co_return done.error().code == Code::AlreadyExists ? Status() : done;
}

Async<Status> makePauseImage(Api& api, std::string snapshotter, std::string lease) {
  const PauseImage image(snapshotter);
  for (const Document* one : {&image.layer, &image.config, &image.manifest}) {
    if (Status stored = co_await storeDocument(api, *one, lease); !stored) co_return stored;
  }
  if (Status unpacked = co_await unpackPause(api, image, snapshotter, lease); !unpacked) co_return unpacked;
  co_return co_await api.putImage(canonicalImage(kPauseImage), image.manifest.blob);
}

}  // namespace

Async<Result<PullOutcome>> Images::makePause() {
  auto there = co_await find(kPauseImage);
  if (!there) co_return there.error();
  if (!*there) {
    const std::string lease = "berth-" + randomHex(parts_.random, 16);
    if (Status made = co_await parts_.api.createLease(lease, parts_.clock.now().wall); !made)
      co_return made.error();
    const Status made = co_await makePauseImage(parts_.api, parts_.snapshotter, lease);
    (co_await parts_.api.removeLease(lease)).ok();
    if (!made) co_return made.error();
    there = co_await find(kPauseImage);
    if (!there) co_return there.error();
  }
  PullOutcome out;
  if (*there) out.imageId = (*there)->id;
  co_return out;
}

}  // namespace berth::agent::containerd
