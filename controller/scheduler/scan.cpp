#include <algorithm>
#include <iterator>
#include <map>

#include "controller/scheduler/scheduler.hpp"

namespace berth::controller {
namespace {

using Slot = Fleet::Slot;
using Copies = std::map<Slot, int64_t>;

int64_t copiesOn(const Copies& copies, Slot slot) {
  const auto found = copies.find(slot);
  return found == copies.end() ? 0 : found->second;
}

/// What decides at a strategy: instances with one key are alike to it.
std::string keyOf(const Fleet::Member& member, const Strategy& strategy, const PlacementRequest& request,
                  int64_t copies) {
  const Resources& total = member.instance->registered;
  const Resources& used = member.load->used;
  switch (strategy.kind) {
    case Strategy::Kind::SpreadAttribute: {
      const Attribute* found = member.instance->attribute(strategy.attribute);
      return found == nullptr ? "" : "=" + found->value.value_or("");
    }
    case Strategy::Kind::SpreadInstance:
      return std::to_string(member.load->of(request.group) + copies);
    case Strategy::Kind::BinpackCpu:
      return std::to_string(total.cpu - used.cpu - copies * request.ask.cpu);
    case Strategy::Kind::BinpackMemory:
      return std::to_string(total.memory - used.memory - copies * request.ask.memory);
    case Strategy::Kind::Random:
      break;
  }
  return "";
}

/// Keeps of both lists what the strategy likes best. `all` has those as well that do not fit: their tasks
/// count.
void narrow(const Fleet& fleet, const PlacementRequest& request, const Strategy& strategy,
            const Copies& copies, std::vector<Slot>& fitting, std::vector<Slot>& all) {
  const auto key = [&](Slot slot) {
    return keyOf(fleet.at(slot), strategy, request, copiesOn(copies, slot));
  };
  std::map<std::string, int64_t> ranks;
  for (const Slot slot : fitting) ranks.emplace(key(slot), 0);
  if (strategy.kind == Strategy::Kind::SpreadAttribute) {
    for (const Slot slot : all) {
      const auto rank = ranks.find(key(slot));
      if (rank == ranks.end()) continue;
      rank->second += fleet.at(slot).load->of(request.group) + copiesOn(copies, slot);
    }
  } else {
    for (auto& [text, rank] : ranks) rank = std::stoll(text);
  }
  const auto best = std::ranges::min_element(ranks, {}, &std::pair<const std::string, int64_t>::second);
  std::erase_if(fitting, [&](Slot slot) { return key(slot) != best->first; });
  std::erase_if(all, [&](Slot slot) { return key(slot) != best->first; });
}

}  // namespace

std::vector<Slot> placeByScan(const Fleet& fleet, const PlacementRequest& request, int64_t count,
                              Random& random) {
  std::vector<Slot> out;
  Copies copies;
  while (static_cast<int64_t>(out.size()) < count) {
    std::vector<Slot> all = fleet.in(request.cluster);
    std::vector<Slot> fitting;
    std::ranges::copy_if(all, std::back_inserter(fitting),
                         [&](Slot slot) { return !unfit(fleet.at(slot), request, copiesOn(copies, slot)); });
    if (fitting.empty()) return out;
    for (const Strategy& strategy : request.strategies) {
      if (strategy.kind == Strategy::Kind::Random) break;
      narrow(fleet, request, strategy, copies, fitting, all);
    }
    out.push_back(fitting[static_cast<size_t>(random.below(fitting.size()))]);
    ++copies[out.back()];
  }
  return out;
}

std::vector<Unplaced> whyNot(const Fleet& fleet, const PlacementRequest& request,
                             const std::vector<Slot>& placed) {
  Copies copies;
  for (const Slot slot : placed) ++copies[slot];
  std::vector<Unplaced> out;
  for (const Slot slot : fleet.in(request.cluster)) {
    const int64_t given = copiesOn(copies, slot);
    if (const auto why = unfit(fleet.at(slot), request, given)) out.push_back({slot, *why, given});
  }
  std::ranges::sort(
      out, {}, [&](const Unplaced& one) -> const std::string& { return fleet.at(one.slot).instance->id; });
  return out;
}

}  // namespace berth::controller
