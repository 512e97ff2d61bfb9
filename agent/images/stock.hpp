// What is on the host, put together from what the runtime, the memory and the engine say.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/images/cleanup.hpp"
#include "agent/images/image_memory.hpp"

namespace berth::agent {

/// A container of a task, as the engine knows it.
struct KeptContainer {
  std::string id;                     ///< the runtime's
  std::optional<WallTime> stoppedAt;  ///< nullopt: it runs, or is to run
  bool removable = false;             ///< its end was reported, and nothing waits for it
};

struct StockSources {
  std::vector<StoredImage> images;
  std::vector<ContainerUse> uses;
  std::vector<KeptContainer> kept;
  std::vector<std::string> wanted;  ///< as tasks and pulls write their images
};

/// When something was first seen here; for what the agent did not bring itself, that is all it knows of its
/// age. Begins anew with each process, which can only make things stay longer.
class FirstSeen {
 public:
  WallTime at(const std::string& id, WallTime now) { return seen_.try_emplace(id, now).first->second; }
  /// Forgets ids that at() was not asked for since the last call.
  void sweep(const ImageInventory& present);

 private:
  std::map<std::string, WallTime> seen_;
};

/// An image is ours when the memory has one of its names, or its id.
ImageInventory takeStock(const StockSources& sources, const ImageMemory& memory, FirstSeen& firstSeen,
                         WallTime now);

/// Whether one of `wanted` (as written by tasks) is a name of the image.
bool isWanted(const StoredImage& image, const std::vector<std::string>& wanted);

}  // namespace berth::agent
