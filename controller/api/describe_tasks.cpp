#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> describeTasks(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  auto references = context.input.value("tasks", std::vector<std::string>{});
  if (references.empty()) return invalidParameter("Tasks cannot be empty.");
  if (references.size() > 100) return invalidParameter("Tasks can have at most 100 items.");
  if (auto error = checkTaskReferences(context, *cluster, references)) return *error;
  Json tasks = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const Task* task = findTask(context, *cluster, reference);
    if (task) {
      tasks.push_back(renderTask(context.state(), context.names, *task, includes(context.input, "TAGS")));
      continue;
    }
    auto id = context.names.parseTask(reference);
    bool is_arn = reference.starts_with("arn:");
    std::string arn = is_arn || !id ? reference : context.names.task(cluster->name, id->id).str();
    failures.push_back(failure(arn, "MISSING"));
  }
  return Json{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
