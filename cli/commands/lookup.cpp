#include "cli/commands/lookup.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/commands/values.hpp"

namespace berth::cli {

using nlohmann::json;

namespace {

constexpr size_t kIdLength = 32;
constexpr size_t kBatch = 100;

std::vector<Candidate> candidatesOf(const json& arns) {
  std::vector<Candidate> out;
  for (const json& arn : arns) out.push_back(candidateOf(arn.get<std::string>()));
  return out;
}

Result<Candidate> pickListed(const Session& session, const std::string& text) {
  std::vector<Candidate> candidates;
  for (const char* status : {"RUNNING", "STOPPED"}) {
    auto arns = session.listInCluster("ListTasks", {{"desiredStatus", status}}, "taskArns");
    if (!arns) return arns.error();
    for (Candidate& one : candidatesOf(*arns)) candidates.push_back(std::move(one));
  }
  return pick("task", text, candidates);
}

}  // namespace

std::vector<std::string> textsOf(const json& list) {
  std::vector<std::string> out;
  for (const json& one : list) out.push_back(one.get<std::string>());
  return out;
}

Result<Candidate> findTask(const Session& session, const std::string& text) {
  if (text.starts_with("arn:") || (text.size() >= kIdLength && looksLikeId(text))) return candidateOf(text);
  if (!looksLikeId(text))
    return makeError(Code::NotFound,
                     "'" + text + "' is not the beginning of a task's id: `berth ps` shows them");
  auto found = session.api.ask(
      {"GET", "/v1/tasks", {{"cluster", session.target.cluster.value}, {"prefix", text}}, ""});
  // Who may use the API alone lists all tasks.
  if (!found && found.error().code == Code::PermissionDenied) return pickListed(session, text);
  if (!found) return found.error();
  const std::vector<Candidate> candidates = candidatesOf(listAt(*found, "taskArns"));
  if (candidates.empty())
    return makeError(Code::NotFound,
                     "there is no task '" + text + "' here: `berth ps --all` shows the tasks");
  if (flagAt(*found, "more"))
    return makeError(Code::InvalidArgument, "'" + text + "' is the beginning of more than " +
                                                std::to_string(candidates.size()) +
                                                " tasks: type more of it");
  return pick("task", text, candidates);
}

Result<Candidate> findTaskOrItsService(const Session& session, const std::string& text) {
  if (text.starts_with("arn:") || looksLikeId(text)) {
    auto task = findTask(session, text);
    if (task || task.error().code != Code::NotFound) return task;
  }
  auto service = findService(session, text);
  if (!service && service.error().code == Code::NotFound)
    return makeError(Code::NotFound,
                     "there is no task or service '" + text + "' here: `berth ps` shows the tasks");
  if (!service) return service;
  auto arns = session.listInCluster("ListTasks", {{"serviceName", service->id}}, "taskArns");
  if (!arns) return arns.error();
  const std::vector<Candidate> tasks = candidatesOf(*arns);
  if (tasks.size() == 1) return tasks.front();
  if (tasks.empty()) return makeError(Code::NotFound, "service '" + service->id + "' has no task now");
  std::string message =
      "service '" + service->id + "' has " + std::to_string(tasks.size()) + " tasks; name one:";
  for (size_t i = 0; i < std::min<size_t>(tasks.size(), 10); ++i) message += " " + tasks[i].id;
  return makeError(Code::InvalidArgument, std::move(message));
}

Result<Candidate> findService(const Session& session, const std::string& text) {
  if (text.starts_with("arn:")) return candidateOf(text);
  auto arns = session.listInCluster("ListServices", json::object(), "serviceArns");
  if (!arns) return arns.error();
  return pick("service", text, candidatesOf(*arns));
}

Result<Candidate> findNode(const Session& session, const std::string& text) {
  if (text.starts_with("arn:")) return candidateOf(text);
  auto nodes = allNodes(session);
  if (!nodes) return nodes.error();
  std::vector<Candidate> candidates;
  for (const json& node : *nodes)
    candidates.push_back(candidateOf(textAt(node, "containerInstanceArn"), nodeName(node)));
  return pick("node", text, candidates);
}

Result<json> describeService(const Session& session, const std::string& service) {
  auto answer = session.inCluster("DescribeServices", {{"services", {service}}});
  if (!answer) return answer.error();
  const json& services = listAt(*answer, "services");
  if (services.empty() || textAt(services[0], "status") == "INACTIVE")
    return makeError(Code::NotFound, "there is no service '" + idOf(service) + "' in cluster '" +
                                         session.target.cluster.value + "': `berth services` shows them");
  return services[0];
}

Result<json> describeFoundService(const Session& session, const std::string& text) {
  auto found = findService(session, text);
  if (!found) return found.error();
  return describeService(session, found->arn);
}

Result<json> describeAll(const Session& session, const std::string& kind,
                         const std::vector<std::string>& arns) {
  const std::string operation = kind == "tasks" ? "DescribeTasks" : "DescribeContainerInstances";
  json all = json::array();
  for (size_t from = 0; from < arns.size(); from += kBatch) {
    const auto begin = arns.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kBatch, arns.size() - from));
    auto answer = session.inCluster(operation, {{kind, std::vector<std::string>(begin, begin + count)}});
    if (!answer) return answer.error();
    for (json& one : (*answer)[kind]) all.push_back(std::move(one));
  }
  return all;
}

Result<std::map<std::string, std::string>> nodeNames(const Session& session, const json& tasks) {
  std::set<std::string> arns;
  for (const json& task : tasks) {
    if (std::string arn = textAt(task, "containerInstanceArn"); !arn.empty()) arns.insert(std::move(arn));
  }
  auto nodes = describeAll(session, "containerInstances", {arns.begin(), arns.end()});
  if (!nodes) return nodes.error();
  std::map<std::string, std::string> out;
  for (const std::string& arn : arns) out[arn] = idOf(arn).substr(0, 12);
  for (const json& node : *nodes) {
    if (std::string name = nodeName(node); !name.empty())
      out[textAt(node, "containerInstanceArn")] = std::move(name);
  }
  return out;
}

Result<json> allNodes(const Session& session) {
  auto arns = session.listInCluster("ListContainerInstances", json::object(), "containerInstanceArns");
  if (!arns) return arns.error();
  return describeAll(session, "containerInstances", textsOf(*arns));
}

}  // namespace berth::cli
