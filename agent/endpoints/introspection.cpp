// Port 51678. Paths and shapes: amazon-ecs-agent, ecs-agent/introspection and agent/handlers/v1.
#include "agent/endpoints/answer.hpp"
#include "agent/endpoints/documents.hpp"

namespace berth::agent::endpoints {
namespace {

// More digits than this are taken for a whole Docker id, fewer for the beginning of one.
constexpr size_t kShortDockerId = 12;

Document containerEntry(const TaskView& task, const ContainerView& container) {
  Document out = {{"DockerId", container.dockerId},
                  {"DockerName", container.dockerName},
                  {"Name", container.name},
                  {"Image", container.image},
                  {"ImageID", container.imageId}};
  addTime(out, "CreatedAt", container.createdAt);
  addTime(out, "StartedAt", container.startedAt);
  for (const PortView& port : container.ports) {
    out["Ports"].push_back(portDocument(port, task.networkMode, true));
  }
  for (const NetworkView& network : container.networks) {
    out["Networks"].push_back({{"NetworkMode", network.mode},
                               {"IPv4Addresses", network.ipv4Addresses},
                               {"IPv6Addresses", network.ipv6Addresses}});
  }
  for (const VolumeView& volume : container.volumes) out["Volumes"].push_back(volumeDocument(volume));
  if (container.restartCount) out["RestartCount"] = *container.restartCount;
  return out;
}

/// Empty when the task is known to be further than it is wanted: a desired state that was overtaken says
/// nothing.
std::string shownDesired(const std::string& desired, const std::string& known) {
  const bool overtaken =
      (known == "STOPPED" && desired != "STOPPED") || (known == "RUNNING" && desired == "PENDING");
  return overtaken ? std::string() : desired;
}

Document reasonEntry(const WhyView& one) {
  Document out = {{"subject", one.subject}, {"what", one.what}};
  addTime(out, "since", one.since);
  addTime(out, "until", one.until);
  addUnlessEmpty(out, "reason", one.reason);
  return out;
}

/// Milliseconds, to the microsecond.
double milliseconds(Duration time) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) / 1e3;
}

Document startEntry(const StartMark& mark) {
  Document out = {
      {"step", name(mark.step)}, {"tookMs", milliseconds(mark.took)}, {"afterMs", milliseconds(mark.after)}};
  addUnlessEmpty(out, "container", mark.container);
  return out;
}

Document taskEntry(const TaskView& task) {
  const std::string known = backendStatus(task.knownStatus);
  Document out = {{"Arn", task.taskArn}};
  addUnlessEmpty(out, "DesiredStatus", shownDesired(backendStatus(task.desiredStatus), known));
  out["KnownStatus"] = known;
  out["Family"] = task.family;
  out["Version"] = task.revision;
  Document containers = Document::array();
  for (const ContainerView& container : task.containers) {
    const bool created = !container.dockerId.empty();
    if (created && container.type == "NORMAL") containers.push_back(containerEntry(task, container));
  }
  out["Containers"] = std::move(containers);
  // Ours; what it waits for, in words.
  for (const WhyView& one : task.why) out["Why"].push_back(reasonEntry(one));
  return out;
}

/// Errors have the shape of the answer, with nothing in it.
Response noTask(int status) {
  return documentResponse(
      {{"Arn", ""}, {"KnownStatus", ""}, {"Family", ""}, {"Version", ""}, {"Containers", nullptr}}, status);
}

Response oneTask(const std::shared_ptr<const TaskView>& task) {
  return task ? documentResponse(taskEntry(*task)) : noTask(404);
}

Response taskByDockerId(const std::string& dockerId, const Directory& directory) {
  if (dockerId.size() > kShortDockerId) {
    const auto found = directory.byDockerId(dockerId);
    return oneTask(found ? found->task : nullptr);
  }
  const auto found = directory.byDockerIdPrefix(dockerId, 2);
  if (found.size() > 1) return noTask(400);
  return oneTask(found.empty() ? nullptr : found.front().task);
}

Response tasks(const Request& request, const Directory& directory) {
  const std::string arn = queryValue(request.query, "taskarn");
  const std::string dockerId = queryValue(request.query, "dockerid");
  if (!arn.empty() && !dockerId.empty()) return noTask(400);
  if (!arn.empty()) return oneTask(directory.byArn(arn));
  if (!dockerId.empty()) return taskByDockerId(dockerId, directory);
  Document list = Document::array();
  for (const auto& task : directory.all()) {
    if (!task->internal) list.push_back(taskEntry(*task));
  }
  return documentResponse({{"Tasks", std::move(list)}});
}

Response instanceMetadata(const Directory& directory) {
  const InstanceView instance = directory.instance();
  Document arn = instance.instanceArn.empty() ? Document() : Document(instance.instanceArn);
  return documentResponse({{"Cluster", instance.cluster},
                           {"ContainerInstanceArn", std::move(arn)},
                           {"Version", "Amazon ECS Agent - v" + instance.version}});
}

Response why(const Request& request, const Directory& directory) {
  const std::string arn = queryValue(request.query, "task");
  if (arn.empty()) {
    return jsonString(400, "/v1/why needs the ARN of a task: /v1/why?task=ARN; /v1/tasks lists them");
  }
  const auto task = directory.byArn(arn);
  if (!task)
    return jsonString(404, "no task '" + arn + "' on this instance; /v1/tasks lists those there are");
  Document reasons = Document::array();
  for (const WhyView& one : task->why) reasons.push_back(reasonEntry(one));
  Document out = {{"task", task->taskArn},
                  {"desiredStatus", task->desiredStatus},
                  {"knownStatus", task->knownStatus},
                  {"why", std::move(reasons)},
                  {"causes", task->causes},
                  {"lastLogLines", task->lastLogLines}};
  if (task->start) {
    for (const StartMark& mark : *task->start) out["start"].push_back(startEntry(mark));
  }
  return documentResponse(std::move(out));
}

Response healthResponse(const IntrospectionSources& sources) {
  const Status status = sources.health ? sources.health() : Status();
  if (status.ok()) return {.contentType = "text/plain", .body = "ok\n"};
  return {.status = 503, .contentType = "text/plain", .body = status.error().message + "\n"};
}

Response licenseResponse(const IntrospectionSources& sources) {
  return {
      .status = sources.license.empty() ? 500 : 200, .contentType = "text/plain", .body = sources.license};
}

}  // namespace

Response answerIntrospection(const Request& request, const Directory& directory,
                             const IntrospectionSources& sources) {
  if (request.path == "/v1/tasks") return tasks(request, directory);
  if (request.path == "/v1/metadata") return instanceMetadata(directory);
  if (request.path == "/v1/why") return why(request, directory);
  if (request.path == "/license") return licenseResponse(sources);
  if (request.path == "/health") return healthResponse(sources);
  if (request.path == "/metrics" && sources.metrics) {
    return {.contentType = "text/plain; version=0.0.4; charset=utf-8", .body = sources.metrics()};
  }
  return documentResponse({{"AvailableCommands", {"/v1/metadata", "/v1/tasks", "/license"}}});
}

}  // namespace berth::agent::endpoints
