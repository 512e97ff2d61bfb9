#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMost = 10;

/// Why a definition can't be deleted, in the service's words; null when it can.
const char* obstacle(const Context& context, const std::string& reference, const TaskDefinition*& found) {
  const auto parsed_reference = context.names.parseTaskDefinition(reference);
  if (!parsed_reference || !parsed_reference->revision) {
    return "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.";
  }
  found = context.state().definition(parsed_reference->family + ":" +
                                     std::to_string(*parsed_reference->revision));
  if (!found) {
    return "The specified task definition does not exist. Specify a valid account, family, revision and try "
           "again.";
  }
  return found->active
             ? "The specified task definition is still in ACTIVE status. Please deregister the target "
               "and try again."
             : nullptr;
}

}  // namespace

ApiResult<Json> deleteTaskDefinitions(Context& context) {
  const auto references = context.input.value("taskDefinitions", std::vector<std::string>{});
  if (references.empty()) {
    return invalidParameter("size of TaskDefinition references list must be greater than 0");
  }
  if (references.size() > kMost) {
    return invalidParameter("Size of TaskDefinition references list cannot exceed " + std::to_string(kMost));
  }
  Json definitions = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const TaskDefinition* found = nullptr;
    if (const char* why = obstacle(context, reference, found)) {
      failures.push_back(failure(reference, why));
      continue;
    }
    TaskDefinition changed = *found;
    if (!changed.deleteRequestedAt) {
      changed.deleteRequestedAt = context.now.wall;
      context.tx.put(changed);
    }
    definitions.push_back(renderDefinition(context.names, changed));
  }
  return Json{{"taskDefinitions", std::move(definitions)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
