#include "controller/model/spec_pool.hpp"

#include <functional>
#include <string>

namespace berth::controller {
namespace {

/// Of what tells most specs apart.
size_t hashOf(const TaskSpec& spec) {
  const std::hash<std::string> hash;
  size_t out = hash(spec.definition);
  for (const std::string* text : {&spec.cluster, &spec.group, &spec.overrides}) out = out * 31 + hash(*text);
  return out;
}

}  // namespace

std::shared_ptr<const TaskSpec> SpecPool::own(const std::shared_ptr<const TaskSpec>& spec) {
  const size_t hash = hashOf(*spec);
  const auto [first, last] = specs_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    auto known = it->second.lock();
    if (known && (known == spec || *known == *spec)) return known;
  }
  if (specs_.size() >= sweepAt_) sweep();
  specs_.emplace(hash, spec);
  return spec;
}

/// Forgets those that nobody has any more: as often as the pool has doubled.
void SpecPool::sweep() {
  std::erase_if(specs_, [](const auto& entry) { return entry.second.expired(); });
  sweepAt_ = std::max<size_t>(1024, 2 * specs_.size());
}

}  // namespace berth::controller
