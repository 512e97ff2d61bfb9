// Manifests, indexes and configurations of images (OCI image specification 1.0, Docker image manifest version
// 2, schema 2), as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::containerd {

/// What a registry is asked for: the values of Accept.
std::string acceptedManifests();
bool isIndex(std::string_view mediaType);

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  ///< from the lowest
  int64_t bytes() const;           ///< of the layers, as they are transferred
};

/// InvalidArgument for what is no such manifest, Unimplemented for schema 1 and for layers of unknown kinds.
Result<Manifest> parseManifest(std::string_view text);

/// The manifest of an index for Linux on `machine` (uname's): of ARM's variants the newest that it runs, of
/// amd64's the one that every such machine runs. NotFound when there is none, naming those there
/// are.
Result<Descriptor> chooseManifest(std::string_view index, const std::string& machine);

/// The media type of a document that says so itself; else one by its members.
std::string mediaTypeOf(std::string_view text);

struct ImageConfig {
  ImageDefaults defaults;
  std::vector<std::string> diffIds;   ///< digests of the layers, unpacked
  std::vector<std::string> volumes;   ///< places
  std::optional<WallTime> createdAt;  ///< when it was built
};
Result<ImageConfig> parseImageConfig(std::string_view text);

/// The name of the snapshot that holds layers 0 to `index` (OCI image specification, "Layer ChainID").
std::string chainId(const std::vector<std::string>& diffIds, size_t index);

}  // namespace berth::agent::containerd
