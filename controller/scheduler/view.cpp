#include "controller/scheduler/view.hpp"

#include <utility>

namespace berth::controller {
namespace {

/// Of an instance without the attribute.
constexpr int64_t kNoValue = -1;

}  // namespace

struct PlacementView::Tree {
  int64_t members = 0;
  int64_t fitting = 0;
  int64_t tasks = 0;
  std::unordered_map<int64_t, std::unique_ptr<Tree>> children;
  std::set<std::pair<int64_t, int64_t>> best;  ///< (rank, key) of the children in which something fits
  std::vector<Fleet::Slot> leaf;               ///< below the last level: who fits
};

PlacementView::PlacementView(const Fleet& fleet, PlacementRequest request)
    : fleet_(fleet), request_(std::move(request)), root_(std::make_unique<Tree>()) {
  for (const Strategy& strategy : request_.strategies) {
    // Any is as good as any other from here on.
    if (strategy.kind == Strategy::Kind::Random || levels_.size() == kMostLevels) break;
    levels_.push_back(strategy);
  }
  for (size_t level = 0; level < levels_.size(); ++level) countsAll_ = countsAll_ || spreads(level);
}

PlacementView::~PlacementView() = default;

bool PlacementView::spreads(size_t level) const {
  return levels_[level].kind == Strategy::Kind::SpreadAttribute;
}

std::vector<Fleet::Slot> PlacementView::place(int64_t count, Random& random) {
  catchUp();
  std::vector<Fleet::Slot> out = choose(count, random);
  // They are only meant: who takes them says so in the fleet.
  for (const Fleet::Slot slot : out) refresh(slot, 0);
  return out;
}

std::vector<Fleet::Slot> PlacementView::placeFor(const std::string& group,
                                                 const std::vector<Fleet::Slot>& holders, int64_t count,
                                                 Random& random) {
  catchUp();
  std::string own = std::exchange(request_.group, group);
  for (const Fleet::Slot slot : holders) refresh(slot, 0);
  std::vector<Fleet::Slot> out = choose(count, random);
  request_.group = std::move(own);
  for (const Fleet::Slot slot : holders) refresh(slot, 0);
  for (const Fleet::Slot slot : out) refresh(slot, 0);
  return out;
}

std::vector<Fleet::Slot> PlacementView::choose(int64_t count, Random& random) {
  std::vector<Fleet::Slot> out;
  std::unordered_map<Fleet::Slot, int64_t> copies;
  while (static_cast<int64_t>(out.size()) < count && root_->fitting > 0) {
    const Tree* tree = root_.get();
    for (size_t level = 0; level < levels_.size(); ++level) {
      tree = tree->children.at(tree->best.begin()->second).get();
    }
    const Fleet::Slot slot = tree->leaf[static_cast<size_t>(random.below(tree->leaf.size()))];
    out.push_back(slot);
    refresh(slot, ++copies[slot]);
  }
  return out;
}

void PlacementView::catchUp() {
  const auto changed = fresh_ ? std::nullopt : fleet_.changedSince(position_);
  position_ = fleet_.position();
  places_.resize(fleet_.slots());
  if (changed) {
    for (const Fleet::Slot slot : *changed) {
      if (places_[slot].version != fleet_.at(slot).version) refresh(slot, 0);
    }
    return;
  }
  fresh_ = false;
  for (Fleet::Slot slot = 0; slot < fleet_.slots(); ++slot) {
    if (places_[slot].version != fleet_.at(slot).version) refresh(slot, 0);
  }
}

void PlacementView::refresh(Fleet::Slot slot, int64_t copies) {
  const Fleet::Member& member = fleet_.at(slot);
  Place& place = places_[slot];
  Place next = place;
  next.version = member.version;
  const bool ours = member.instance != nullptr && member.instance->cluster == request_.cluster;
  if (ours) {
    if (next.registered != member.registered) learn(member, next);
    next.fits = next.fitsStatically && !dynamicUnfit(member, request_, copies);
    next.tasks = member.load->of(request_.group) + copies;
    for (size_t level = 0; level < levels_.size(); ++level)
      next.keys[level] = keyAt(level, member, next, copies);
  }
  next.inside = ours && (next.fits || countsAll_);
  const bool same = place.inside == next.inside && place.fits == next.fits && place.tasks == next.tasks &&
                    place.keys == next.keys;
  if (!same && place.inside) remove(*root_, 0, slot, place);
  const bool add_anew = !same && next.inside;
  place = next;
  if (add_anew) add(*root_, 0, slot, place);
}

void PlacementView::learn(const Fleet::Member& member, Place& place) {
  place.registered = member.registered;
  place.fitsStatically = !staticUnfit(member, request_);
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (spreads(level)) place.values[level] = valueOf(member, level);
  }
}

int64_t PlacementView::valueOf(const Fleet::Member& member, size_t level) {
  const Attribute* found = member.instance->attribute(levels_[level].attribute);
  if (found == nullptr) return kNoValue;
  auto& values = values_[level];
  return values.try_emplace(found->value.value_or(""), static_cast<int64_t>(values.size())).first->second;
}

int64_t PlacementView::keyAt(size_t level, const Fleet::Member& member, const Place& place,
                             int64_t copies) const {
  const Resources& total = member.instance->registered;
  const Resources& used = member.load->used;
  switch (levels_[level].kind) {
    case Strategy::Kind::SpreadAttribute:
      return place.values[level];
    case Strategy::Kind::SpreadInstance:
      return place.tasks;
    case Strategy::Kind::BinpackCpu:
      return total.cpu - used.cpu - copies * request_.ask.cpu;
    case Strategy::Kind::BinpackMemory:
      return total.memory - used.memory - copies * request_.ask.memory;
    case Strategy::Kind::Random:
      break;
  }
  return 0;
}

/// Children with a lower rank come first.
int64_t PlacementView::rankOf(size_t level, int64_t key, const Tree& child) const {
  return spreads(level) ? child.tasks : key;
}

/// Lets `change` change the child that a place leads to, and keeps its rank true.
template <class Change>
void PlacementView::below(Tree& tree, size_t level, const Place& place, Change change) {
  const int64_t key = place.keys[level];
  auto& child = tree.children[key];
  if (!child) child = std::make_unique<Tree>();
  if (child->fitting > 0) tree.best.erase({rankOf(level, key, *child), key});
  change(*child);
  if (child->fitting > 0) tree.best.insert({rankOf(level, key, *child), key});
  if (child->members == 0) tree.children.erase(key);
}

void PlacementView::add(Tree& tree, size_t level, Fleet::Slot slot, Place& place) {
  ++tree.members;
  tree.tasks += place.tasks;
  if (place.fits) ++tree.fitting;
  if (level < levels_.size()) {
    below(tree, level, place, [&](Tree& child) { add(child, level + 1, slot, place); });
  } else if (place.fits) {
    place.at = tree.leaf.size();
    tree.leaf.push_back(slot);
  }
}

void PlacementView::remove(Tree& tree, size_t level, Fleet::Slot slot, const Place& place) {
  --tree.members;
  tree.tasks -= place.tasks;
  if (place.fits) --tree.fitting;
  if (level < levels_.size()) {
    below(tree, level, place, [&](Tree& child) { remove(child, level + 1, slot, place); });
  } else if (place.fits) {
    tree.leaf[place.at] = tree.leaf.back();
    places_[tree.leaf[place.at]].at = place.at;
    tree.leaf.pop_back();
  }
}

}  // namespace berth::controller
