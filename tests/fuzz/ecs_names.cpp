// References of the ECS API, ARNs, and sizes of tasks.
#include "proto/ecs/names.hpp"

#include "common/ids/arn.hpp"
#include "controller/api/task_shape.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkArn(std::string_view text) {
  const auto arn = parseArn(text);
  if (!arn) return;
  fuzz::require(arn->str() == text, "an ARN written again is the same", text);
  fuzz::require(!arn->service.empty() && !arn->resource.empty(), "an ARN has a service and a resource", text);
}

void checkMembers(const ecs::Names& names, std::string_view text) {
  if (const auto task = names.parseTask(text)) {
    fuzz::require(!task->id.empty(), "a task has an id", text);
    if (task->cluster) {
      const auto again = names.parseTask(names.task(*task->cluster, task->id).str());
      // One whose id is a UUID is of the old format, which does not tell the cluster.
      const bool same = again.ok() && (!again->cluster || again->cluster == task->cluster);
      fuzz::require(same && again->id == task->id, "a task's ARN written again is the same", text);
    }
  }
  if (const auto instance = names.parseInstance(text))
    fuzz::require(!instance->id.empty(), "an instance has an id");
  if (const auto service = names.parseService(text))
    fuzz::require(!service->id.empty(), "a service has a name");
}

}  // namespace

BERTH_FUZZ_TARGET(ecs_names) {
  const ecs::Names names{"aws", "us-east-1", "000000000000"};
  checkArn(input);
  checkMembers(names, input);
  if (const auto cluster = names.parseCluster(input)) {
    fuzz::require(ecs::isName(cluster->str()), "a cluster has a name", input);
    const auto again = names.parseCluster(names.cluster(cluster->str()).str());
    fuzz::require(again.ok() && *again == *cluster, "a cluster's ARN written again is the same", input);
  }
  if (const auto definition = names.parseTaskDefinition(input)) {
    fuzz::require(ecs::isName(definition->family), "a family has a name", input);
    fuzz::require(!definition->revision || *definition->revision > 0, "a revision is positive", input);
  }
  const std::string text(input);
  for (const auto& amount : {controller::parseCpu(text), controller::parseMemory(text)}) {
    fuzz::require(!amount || *amount >= 0, "a size is not negative", text);
  }
}
