#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {

ApiResult<TasksReply> describeTasks(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  auto references = context.input.value("tasks", std::vector<std::string>{});
  if (references.empty()) return invalidParameter("Tasks cannot be empty.");
  if (references.size() > 100) return invalidParameter("Tasks can have at most 100 items.");
  if (auto error = checkTaskReferences(context, *cluster, references)) return *error;
  const bool tagged = includes(context.input, "TAGS");
  TasksWriter out;
  for (const std::string& reference : references) {
    const Task* task = findTask(context, *cluster, reference);
    if (task) {
      out.add(context, *task, tagged);
      continue;
    }
    auto id = context.names.parseTask(reference);
    bool is_arn = reference.starts_with("arn:");
    std::string arn = is_arn || !id ? reference : context.names.task(cluster->name, id->id).str();
    out.fail(failure(arn, "MISSING"));
  }
  return std::move(out).reply();
}

}  // namespace berth::controller
