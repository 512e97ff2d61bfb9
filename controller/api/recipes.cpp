#include "controller/api/recipes.hpp"

#include "controller/api/definition_rules.hpp"
#include "controller/api/task_shape.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostRecipes = 256;

}  // namespace

ApiResult<Recipe> recipeOf(const Json& document, const Json& overrides) {
  BERTH_API_TRY(merged, overridden(document, overrides));
  if (auto broken = brokenSize(merged)) return invalidParameter(*broken);
  if (std::string feature = unsupportedFeature(merged); !feature.empty()) {
    return ApiError{"UnsupportedFeatureException",
                    "The task definition uses " + feature + " which this version of Berth can't run yet."};
  }
  Recipe out;
  out.awsvpc = merged.value("networkMode", "") == "awsvpc";
  out.containers = containersOf(merged);
  out.resources = resourcesOf(merged);
  out.cpu = merged.value("cpu", std::to_string(out.resources.cpu));
  out.memory = merged.value("memory", std::to_string(out.resources.memory));
  BERTH_API_TRY(placement, placementOfDefinition(document));
  out.placement = std::move(placement);
  out.placement.ask = out.resources;
  return out;
}

std::shared_ptr<const Recipe> Recipes::find(const TaskDefinition& definition) const {
  const auto known = known_.find(definition.key());
  if (known == known_.end() || known->second.registeredAt != definition.registeredAt) return nullptr;
  return known->second.recipe;
}

void Recipes::keep(const TaskDefinition& definition, std::shared_ptr<const Recipe> recipe) {
  if (known_.size() >= kMostRecipes) known_.clear();
  known_.insert_or_assign(definition.key(), Known{definition.registeredAt, std::move(recipe)});
}

}  // namespace berth::controller
