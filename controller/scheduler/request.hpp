// What is to be placed, and how its user would like that.
#pragma once

#include <string>
#include <vector>

#include "controller/model/entities.hpp"
#include "controller/query/query.hpp"

namespace berth::controller {

/// One wish; the first of several counts most. Best effort: a wish never keeps a task from a place.
struct Strategy {
  enum class Kind {
    SpreadAttribute,  ///< over the values of an attribute; instances without it are one value more
    SpreadInstance,   ///< over the instances
    BinpackCpu,       ///< onto the instance that has the least left
    BinpackMemory,
    Random,
  };
  Kind kind = Kind::Random;
  std::string attribute;  ///< of SpreadAttribute

  bool operator==(const Strategy&) const = default;
};

/// A memberOf constraint.
struct Expression {
  std::string text;
  Query query;
};

/// Copies of one task.
struct PlacementRequest {
  std::string cluster;
  std::string group;      ///< whose tasks are spread and kept apart
  Resources ask;          ///< of each copy
  bool distinct = false;  ///< no instance has two tasks of the group
  std::vector<Expression> expressions;
  std::vector<Attribute>
      required;  ///< attributes that an instance must have, with a value where one is given
  std::vector<Strategy> strategies;

  /// Two requests with one key want the same.
  std::string key() const;
};

}  // namespace berth::controller
