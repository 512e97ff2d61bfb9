#include "controller/server/jobs_endpoint.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "controller/api/jobs/actions.hpp"
#include "controller/api/jobs/find.hpp"
#include "controller/api/jobs/read.hpp"
#include "controller/api/jobs/render.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kJobs = "/v1/jobs";

struct JobsRoute {
  std::string_view method;
  std::string_view verb;  ///< what stands behind the job's name
  const char* operation;
  ApiResult<Json> (*action)(Context&);
};

constexpr JobsRoute kJobsRoutes[] = {
    {"GET", "", "berth:GetJobs", getJob},           {"PUT", "", "berth:PutJob", putJob},
    {"DELETE", "", "berth:DeleteJob", deleteJob},   {"GET", "runs", "berth:GetJobs", getRuns},
    {"POST", "run", "berth:RunJob", runJob},        {"POST", "pause", "berth:PauseJob", pauseJob},
    {"POST", "resume", "berth:PauseJob", resumeJob}};

/// The cluster that the query and the body name: name or ARN; "default" when neither does.
ApiResult<std::string> clusterNamed(const http::Query& query, const Json& body) {
  std::string in_query;
  for (const auto& [name, value] : query) {
    if (name != "cluster")
      return invalidParameter("The parameter '" + name.substr(0, 100) + "' is not known here: use cluster.");
    in_query = value;
  }
  const auto found = body.find("cluster");
  if (found == body.end() || found->is_null()) return in_query.empty() ? "default" : in_query;
  if (!found->is_string()) return invalidParameter("'cluster' must be a text.");
  const auto in_body = found->get<std::string>();
  if (!in_query.empty() && in_query != in_body)
    return invalidParameter("The query names another cluster than the body: say it once.");
  return in_body;
}

ApiResult<ActionRequest> readList(const http::ServerRequest& request, const http::Query& query,
                                  const ecs::Names& names) {
  if (request.method != "GET") return wrongMethod("GET");
  ActionRequest out;
  out.action = getJobs;
  out.operation = "berth:GetJobs";
  out.resource = "*";
  out.input = Json::object();
  if (query.empty()) return out;
  BERTH_API_TRY(cluster, clusterNamed(query, Json::object()));
  const auto name = names.parseCluster(cluster);
  if (!name) return invalidParameter(name.error().message);
  out.input["cluster"] = name->str();
  out.resource = names.cluster(name->str()).str();
  return out;
}

}  // namespace

bool isJobsPath(const std::string& path) {
  return path == kJobs || path.starts_with(std::string(kJobs) + "/");
}

ApiResult<ActionRequest> readJobsRequest(const http::ServerRequest& request, const http::Query& query,
                                         const ecs::Names& names) {
  if (request.path == kJobs) return readList(request, query, names);
  const std::string rest = request.path.substr(kJobs.size() + 1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const auto job = http::percentDecode(rest.substr(0, slash));
  const std::string verb = slash == rest.size() ? "" : rest.substr(slash + 1);
  std::string methods;
  const JobsRoute* route = nullptr;
  for (const JobsRoute& one : kJobsRoutes) {
    if (one.verb != verb) continue;
    methods += (methods.empty() ? "" : ", ") + std::string(one.method);
    if (one.method == request.method) route = &one;
  }
  if (methods.empty() || !job || job->empty()) {
    return noSuchThing("There is nothing at this path: use " + std::string(kJobs) +
                       "/NAME, or behind it /runs, /run, /pause or /resume.");
  }
  if (!route) return wrongMethod(methods);
  ActionRequest out;
  out.action = route->action;
  out.operation = route->operation;
  out.changes = request.method != "GET";
  const bool puts = request.method == "PUT";
  Json body = Json::object();
  if (puts || !request.body.empty()) {
    auto read = json::parseObject(request.body, "The body");
    if (!read) return invalidParameter(read.error().message + ".");
    body = std::move(*read);
    if (!puts && !body.empty()) return invalidParameter("This request takes no members in its body.");
  }
  BERTH_API_TRY(cluster, clusterNamed(query, body));
  const auto name = names.parseCluster(cluster);
  if (!name) return invalidParameter(name.error().message);
  out.resource = jobArn(names, name->str(), *job);
  out.input = Json{{"name", *job}, {"cluster", name->str()}};
  if (puts) {
    out.launch = launchInputOf(body, name->str());
    out.input["job"] = std::move(body);
  }
  return out;
}

Json jobsAnswer(const ActionRequest& request, Json answer, const State& state, const ecs::Names& names) {
  if (request.action != runJob) return answer;
  const std::string job = Job::keyOf(text(request.input, "cluster"), text(request.input, "name"));
  const JobRun* run = state.jobRun(job + "/" + text(answer, "run"));
  return run ? Json{{"run", renderRun(names, *run)}} : answer;
}

}  // namespace berth::controller
