// Ids as types: two kinds of id do not mix, and none is made from a bare string by accident.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace berth {

/// A string that means one kind of thing, named by Tag. Empty means "none".
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string value_;
};

}  // namespace berth

template <class Tag>
struct std::hash<berth::Id<Tag>> {
  size_t operator()(const berth::Id<Tag>& id) const { return std::hash<std::string>{}(id.str()); }
};
