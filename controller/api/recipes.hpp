// What follows from a task definition for each launch of it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/api/placement.hpp"

namespace berth::controller {

/// A definition, with the overrides of a call, as launches need it.
struct Recipe {
  bool awsvpc = false;  ///< its network mode
  std::vector<ContainerSpec> containers;
  Resources resources;
  std::string cpu;             ///< of the task as a whole, as the API shows it
  std::string memory;          ///< likewise
  PlacementRequest placement;  ///< what the definition asks of hosts, without cluster and group
};

/// `document` is the definition's; `overrides` are of shape TaskOverride. Errors are those of RunTask: names
/// of containers that it lacks, sizes that don't fit, UnsupportedFeatureException.
ApiResult<Recipe> recipeOf(const Json& document, const Json& overrides);

/// Recipes without overrides of the definitions that were launched last, so that most launches read no
/// document.
class Recipes {
 public:
  /// Null when it is not known.
  std::shared_ptr<const Recipe> find(const TaskDefinition& definition) const;
  void keep(const TaskDefinition& definition, std::shared_ptr<const Recipe> recipe);

 private:
  struct Known {
    WallTime registeredAt;  ///< a deleted revision may come again with other contents
    std::shared_ptr<const Recipe> recipe;
  };
  std::unordered_map<std::string, Known> known_;  ///< by family:revision
};

}  // namespace berth::controller
