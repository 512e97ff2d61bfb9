#include "agent/host/running_agent.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace berth::agent {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(25);

std::string memberText(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

RunningAgent::RunningAgent(http::Client& client, const std::string& host, uint16_t port)
    : client_(client),
      origin_("http://" + (host == "0.0.0.0" ? std::string("127.0.0.1") : host) + ":" +
              std::to_string(port)) {}

Async<Result<std::string>> RunningAgent::get(std::string path, std::stop_token stop) {
  http::Call call;
  call.request.method = "GET";
  call.request.url = origin_ + path;
  call.direct = true;
  call.timeout = kTimeout;
  auto answer = co_await client_.fetch(std::move(call), stop);
  if (!answer) {
    co_return Error{answer.error().code,
                    "no agent answers at " + origin_ + " (endpoints.introspection_address): " +
                        answer.error().message + "; is berth-agent running?",
                    answer.error().retryable};
  }
  if (answer->status != 200) {
    co_return makeError(Code::Unavailable, "the agent at " + origin_ + " answered " + path +
                                               " with HTTP status " + std::to_string(answer->status));
  }
  co_return std::move(answer->body);
}

Async<Status> RunningAgent::answers(std::stop_token stop) {
  auto body = co_await get("/v1/metadata", stop);
  co_return body ? Status() : Status(body.error());
}

Async<Result<RunningAgent::Who>> RunningAgent::who(std::stop_token stop) {
  auto body = co_await get("/v1/metadata", stop);
  if (!body) co_return body.error();
  const auto json = nlohmann::json::parse(*body, nullptr, false);
  if (!json.is_object())
    co_return makeError(Code::Internal, "what answers at " + origin_ + " is no agent of ECS");
  Who out{memberText(json, "Cluster"), memberText(json, "ContainerInstanceArn")};
  if (out.instanceArn.empty())
    co_return makeError(Code::Unavailable, "the agent at " + origin_ + " has not joined its cluster yet");
  co_return out;
}

Async<Result<std::vector<std::string>>> RunningAgent::liveTasks(std::stop_token stop) {
  auto body = co_await get("/v1/tasks", stop);
  if (!body) co_return body.error();
  const auto json = nlohmann::json::parse(*body, nullptr, false);
  const auto tasks = json.is_object() ? json.find("Tasks") : json.end();
  if (!json.is_object() || tasks == json.end() || !tasks->is_array())
    co_return makeError(Code::Internal, "what answers at " + origin_ + " is no agent of ECS");
  std::vector<std::string> out;
  for (const auto& task : *tasks) {
    if (task.is_object() && memberText(task, "KnownStatus") != "STOPPED")
      out.push_back(memberText(task, "Arn"));
  }
  co_return out;
}

}  // namespace berth::agent
