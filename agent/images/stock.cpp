#include "agent/images/stock.hpp"

#include <algorithm>
#include <set>

#include "agent/images/image_names.hpp"

namespace berth::agent {
namespace {

/// The latest times among the records that are about this image.
void recall(const ImageMemory& memory, ImageFacts& facts) {
  for (const auto& [reference, record] : memory.records()) {
    if (record.imageId != facts.image.id) continue;
    facts.ours = true;
    facts.cameAt = std::max(facts.cameAt.value_or(record.pulledAt), record.pulledAt);
    facts.usedAt = std::max(facts.usedAt.value_or(record.lastUsedAt), record.lastUsedAt);
  }
}

}  // namespace

void FirstSeen::sweep(const ImageInventory& present) {
  std::set<std::string> ids;
  for (const ImageFacts& facts : present.images) ids.insert(facts.image.id);
  for (const StoppedFacts& facts : present.containers) ids.insert(facts.id);
  std::erase_if(seen_, [&](const auto& each) { return !ids.contains(each.first); });
}

bool isWanted(const StoredImage& image, const std::vector<std::string>& wanted) {
  std::set<std::string> names{image.id};
  for (const std::string& reference : image.references) names.insert(canonicalImage(reference));
  return std::ranges::any_of(wanted,
                             [&](const std::string& name) { return names.contains(canonicalImage(name)); });
}

ImageInventory takeStock(const StockSources& sources, const ImageMemory& memory, FirstSeen& firstSeen,
                         WallTime now) {
  ImageInventory out;
  std::set<std::string> used;
  for (const ContainerUse& use : sources.uses) used.insert(use.imageId);
  for (const StoredImage& image : sources.images) {
    ImageFacts facts;
    facts.image = image;
    facts.inUse = used.contains(image.id);
    facts.wanted = isWanted(image, sources.wanted);
    recall(memory, facts);
    if (!facts.ours) facts.cameAt = firstSeen.at(image.id, now);
    out.images.push_back(std::move(facts));
  }
  std::map<std::string, const KeptContainer*> kept;
  for (const KeptContainer& container : sources.kept) kept[container.id] = &container;
  for (const ContainerUse& use : sources.uses) {
    if (!use.stopped) continue;
    StoppedFacts facts;
    facts.id = use.id;
    facts.bytes = use.bytes;
    if (const auto known = kept.find(use.id); known != kept.end()) {
      facts.ours = true;
      facts.removable = known->second->removable && known->second->stoppedAt.has_value();
      facts.stoppedAt = known->second->stoppedAt.value_or(now);
    } else {
      facts.stoppedAt = firstSeen.at(use.id, now);
    }
    out.containers.push_back(std::move(facts));
  }
  firstSeen.sweep(out);
  return out;
}

}  // namespace berth::agent
