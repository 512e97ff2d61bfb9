#include "agent/runtimes/containerd/image_documents.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/aws/crypto.hpp"
#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using berth::json::Fields;
using nlohmann::json;

constexpr const char* kOciManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";
constexpr const char* kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr const char* kDockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";

constexpr std::array kLayerTypes = {
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip"};

/// What images are built for, as Go and the OCI image specification name it.
struct Machine {
  std::string_view name;  ///< uname's
  std::string_view architecture;
  int variant = 0;  ///< of ARM: the newest that it runs; of others: the one that all of them run
};
constexpr std::array<Machine, 8> kMachines = {{{"x86_64", "amd64", 1},
                                               {"aarch64", "arm64", 8},
                                               {"armv8l", "arm", 8},
                                               {"armv7l", "arm", 7},
                                               {"armv6l", "arm", 6},
                                               {"ppc64le", "ppc64le"},
                                               {"s390x", "s390x"},
                                               {"riscv64", "riscv64"}}};

/// "v7" -> 7; what is not said is what is meant by the name alone. -1: no number.
int variantNumber(const std::string& variant, std::string_view architecture) {
  if (variant.empty())
    return architecture == "amd64" ? 1 : architecture == "arm" ? 7 : architecture == "arm64" ? 8 : 0;
  if (!variant.starts_with('v')) return -1;
  return parseNumber<int>(std::string_view(variant).substr(1)).value_or(-1);
}

Result<Descriptor> descriptorOf(const json& object, const std::string& path) {
  Fields fields(object, path);
  Descriptor out{fields.str("mediaType"), fields.requiredStr("digest"), fields.integer("size")};
  if (Status status = fields.status(); !status) return status.error();
  constexpr std::string_view kKind = "sha256:";
  const std::string_view hex = std::string_view(out.digest).substr(std::min(kKind.size(), out.digest.size()));
  const bool plain = hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!out.digest.starts_with(kKind) || !plain || out.size < 0) {
    return makeError(Code::InvalidArgument, path + " has no digest of SHA-256, or no size");
  }
  return out;
}

}  // namespace

std::string acceptedManifests() {
  return std::string(kOciIndex) + ", " + kDockerIndex + ", " + kOciManifest + ", " + kDockerManifest;
}

bool isIndex(std::string_view mediaType) { return mediaType == kOciIndex || mediaType == kDockerIndex; }

int64_t Manifest::bytes() const {
  int64_t sum = 0;
  for (const Descriptor& layer : layers) sum += layer.size;
  return sum;
}

Result<Manifest> parseManifest(std::string_view text) {
  const auto object = berth::json::parseObject(text, "the image's manifest");
  if (!object) return object.error();
  Fields fields(*object, "manifest");
  if (fields.integer("schemaVersion") == 1) {
    return makeError(Code::Unimplemented,
                     "the image has a manifest of schema 1, which is not supported: push it anew");
  }
  const json* config = fields.find("config");
  if (!config) return makeError(Code::InvalidArgument, "the image's manifest names no configuration");
  Manifest out;
  auto described = descriptorOf(*config, "manifest.config");
  if (!described) return described.error();
  out.config = std::move(*described);
  for (const json* each : fields.list("layers")) {
    auto layer = descriptorOf(*each, "manifest.layers");
    if (!layer) return layer.error();
    if (std::ranges::find(kLayerTypes, layer->mediaType) == kLayerTypes.end()) {
      return makeError(Code::Unimplemented, "a layer of kind \"" + layer->mediaType + "\" is not supported");
    }
    out.layers.push_back(std::move(*layer));
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

Result<Descriptor> chooseManifest(std::string_view index, const std::string& machine) {
  const auto object = berth::json::parseObject(index, "the image's index");
  if (!object) return object.error();
  const auto* known = std::ranges::find(kMachines, std::string_view(machine), &Machine::name);
  const Machine host = known == kMachines.end() ? Machine{machine, machine} : *known;
  Fields fields(*object, "index");
  std::string there;
  const json* best = nullptr;
  int bestVariant = -1;
  for (const json* each : fields.list("manifests")) {
    static const json kNothing = json::object();
    const auto platform = each->is_object() ? each->find("platform") : each->end();
    Fields of(each->is_object() && platform != each->end() ? *platform : kNothing,
              "index.manifests.platform");
    const std::string os = of.str("os");
    const std::string architecture = of.str("architecture");
    const std::string variant = of.str("variant");
    const int number = variantNumber(variant, architecture);
    if (os == "linux" && architecture == host.architecture && number <= host.variant &&
        number > bestVariant) {
      best = each;
      bestVariant = number;
    }
    there += (there.empty() ? "" : ", ") + os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
  }
  if (Status status = fields.status(); !status) return status.error();
  if (best) return descriptorOf(*best, "index.manifests");
  return makeError(Code::NotFound, "no matching manifest for linux/" + std::string(host.architecture) +
                                       " in the index, which has " + there);
}

std::string mediaTypeOf(std::string_view text) {
  const auto object = berth::json::parseObject(text, "manifest");
  if (!object) return {};
  Fields fields(*object, "manifest");
  std::string named = fields.str("mediaType");
  if (!named.empty()) return named;
  return fields.has("manifests") ? kOciIndex : kOciManifest;
}

Result<ImageConfig> parseImageConfig(std::string_view text) {
  const auto object = berth::json::parseObject(text, "the image's configuration");
  if (!object) return object.error();
  static const json kNothing = json::object();
  Fields fields(*object, "image");
  const json* config = fields.find("config");
  Fields of(config ? *config : kNothing, "image.config");
  ImageConfig out;
  out.defaults.entryPoint = of.strings("Entrypoint");
  out.defaults.command = of.strings("Cmd");
  out.defaults.environment = of.strings("Env");
  out.defaults.user = of.str("User");
  out.defaults.workingDir = of.str("WorkingDir");
  out.defaults.stopSignal = of.str("StopSignal");
  if (const json* volumes = of.find("Volumes"); volumes && volumes->is_object()) {
    for (const auto& [place, nothing] : volumes->items()) out.volumes.push_back(place);
  }
  const json* root = fields.find("rootfs");
  Fields layers(root ? *root : kNothing, "image.rootfs");
  out.diffIds = layers.strings("diff_ids");
  out.createdAt = parseTimestamp(fields.str("created"));
  for (const Fields* part : {&fields, &of, &layers}) {
    if (Status status = part->status(); !status) return status.error();
  }
  if (out.diffIds.empty()) return makeError(Code::InvalidArgument, "the image has no layers");
  return out;
}

std::string chainId(const std::vector<std::string>& diffIds, size_t index) {
  std::string chain = diffIds.at(0);
  for (size_t i = 1; i <= index; ++i) chain = "sha256:" + aws::sha256Hex(chain + " " + diffIds.at(i));
  return chain;
}

}  // namespace berth::agent::containerd
