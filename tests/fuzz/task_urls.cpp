// Requests to the local endpoints: lines of method, caller's address, user agent and target; then the body.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/endpoints/answer.hpp"
#include "agent/endpoints/task_server.hpp"
#include "common/http/message.hpp"
#include "tests/fuzz/target.hpp"

namespace berth::agent::endpoints {
namespace {

constexpr std::string_view kHost = "127.0.0.1";

/// Time that passes only for those who wait.
class Waits final : public Clock {
 public:
  Now now() const override { return {time_, fromEpochSeconds(1719650000)}; }
  Later later() {
    return [this](Duration delay, std::function<void()> work) {
      works_.emplace(time_ + delay, std::move(work));
    };
  }
  void passAll() {
    while (!works_.empty()) {
      auto next = works_.extract(works_.begin());
      time_ = next.key();
      next.mapped()();
    }
  }

 private:
  MonoTime time_{std::chrono::hours(1)};
  std::multimap<MonoTime, std::function<void()>> works_;
};

/// Answers for task "a" as ECS does; a call of another task stays without an answer.
class Protection final : public ProtectionClient {
 public:
  void call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) override {
    fuzz::require(call.credentials->taskArn == call.taskArn, "a task is protected by its own role");
    const bool enabled = call.update && call.update->enabled;
    if (call.taskArn == "arn:a") done(ProtectionResult{{{call.taskArn, enabled, std::nullopt}}, {}});
  }
};

ContainerView container(const std::string& name, const std::string& address) {
  ContainerView out;
  out.name = name;
  out.endpointId = "id-" + name;
  out.dockerId = name + std::string(63, '0');
  out.image = "image \xff";
  out.knownStatus = "RUNNING";
  if (!address.empty()) out.networks.push_back({"bridge", {address}, {}, {}});
  return out;
}

/// Task "a" in a network of its own and task "b" on the bridge; the second container of each isn't created
/// yet.
void fill(Directory& directory) {
  for (const std::string name : {"a", "b"}) {
    TaskView task;
    task.taskArn = "arn:" + name;
    task.networkMode = name == "a" ? "awsvpc" : "bridge";
    task.credentialsId = "creds-" + name;
    task.containers = {container(name, name == "a" ? "10.0.0.1" : "10.0.0.2"), container(name + "2", "")};
    task.containers[1].dockerId.clear();
    task.associations.push_back({{name}, "elastic-inference", "dev/1", R"({"value":1})"});
    task.why.push_back({"container " + name, "waits", std::nullopt, std::nullopt, ""});
    const std::string dockerId = task.containers[0].dockerId;
    directory.put(std::make_shared<const TaskView>(std::move(task)));
    if (name == "a") directory.putStats(dockerId, {{}, std::make_shared<Usage>(), {}});
    directory.putCredentials("creds-" + name, {"arn:" + name, RoleCredentials::Role::Task, "role",
                                               "AKIA" + name, "secret-of-" + name, "token", "2024"});
  }
  directory.announceCredentials("creds-soon", "arn:a", RoleCredentials::Role::Task);
  directory.setInstance({"default", "arn:instance", "1"});
}

std::vector<PeerOwner> ownersOf(const std::string& address) {
  if (address == kHost) return {{PeerOwner::Kind::Host, ""}};
  return {{PeerOwner::Kind::Container, "b" + std::string(63, '0')}, {PeerOwner::Kind::Elsewhere, ""}};
}

void checkResponse(const Response& response) {
  constexpr int kStatuses[] = {200, 301, 400, 403, 404, 405, 414, 500, 503, 504};
  fuzz::require(std::ranges::count(kStatuses, response.status) == 1, "a status is one of those in use",
                std::to_string(response.status));
  if (response.contentType == "application/json")
    fuzz::require(nlohmann::json::accept(response.body), "a JSON answer is JSON", response.body);
  for (const auto& [name, value] : response.headers) {
    fuzz::require(name != "Location" || value.substr(0, value.find('?')).find("//") == std::string::npos,
                  "nobody is sent to another host", value);
  }
}

/// Whether a member's value is `text`. What a caller sends can come back within a string, but without quotes.
bool shows(const Response& response, const std::string& text) {
  return response.body.find("\"" + text + "\"") != std::string::npos;
}

/// `response` came for `request` from the server of tasks.
void checkSecrecy(const Request& request, const Response& response) {
  const std::string address = plainAddress(request.remoteAddress);
  for (const std::string name : {"a", "b"}) {
    if (!shows(response, "secret-of-" + name)) continue;
    const bool own = address == (name == "a" ? "10.0.0.1" : "10.0.0.2") || address == kHost;
    fuzz::require(own, "credentials are for a task's own containers and the host", address);
    const auto wanted = credentialsRequest(request);
    fuzz::require(wanted && wanted->id == "creds-" + name, "and by their id", request.path);
  }
}

void checkAudit(const std::string& line) {
  const bool printed = std::ranges::none_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  fuzz::require(printed && line.find('\\') == std::string::npos, "an audit line is one line", line);
  const auto quotes = std::ranges::count(line, '"');
  fuzz::require(quotes == 2 || quotes == 4, "nobody adds a part to an audit line", line);
}

void checkPath(const std::string& path) {
  const auto parts = pathParts(path);
  if (!parts) return;
  std::string again;
  for (const std::string& part : *parts) {
    fuzz::require(part.find('\0') == std::string::npos, "no part holds a NUL", path);
    again += "/" + http::percentEncode(part);
  }
  fuzz::require(pathParts(again) == parts, "a path written again is the same", path);
}

Request takeRequest(std::string_view& input) {
  Request request;
  request.method = fuzz::takeLine(input);
  // It comes from the kernel.
  for (const char c : fuzz::takeLine(input))
    if (std::string_view("0123456789abcdef.:").find(c) != std::string_view::npos) request.remoteAddress += c;
  request.userAgent = fuzz::takeLine(input);
  const std::string target(fuzz::takeLine(input));
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  request.body = input;
  return request;
}

}  // namespace
}  // namespace berth::agent::endpoints

BERTH_FUZZ_TARGET(task_urls) {
  using namespace berth;
  using namespace berth::agent::endpoints;
  Directory directory;
  fill(directory);
  const Request request = takeRequest(input);
  checkPath(request.path);

  Waits waits;
  Protection protection;
  size_t replies = 0;
  TaskServer server({directory, waits, waits.later(), ownersOf, &protection, nullptr, checkAudit});
  server.handle(request, [&](const Response& response) {
    ++replies;
    checkResponse(response);
    checkSecrecy(request, response);
  });
  waits.passAll();
  fuzz::require(replies == 1 && server.waiting() == 0, "each request is answered once", request.path);

  const Response introspection = answerIntrospection(request, directory, {});
  checkResponse(introspection);
  fuzz::require(!shows(introspection, "secret-of-a") && !shows(introspection, "secret-of-b"),
                "introspection shows no secret", introspection.body);
}
