#include "tests/bench/fleet/agent.hpp"

#include <algorithm>
#include <utility>

namespace berth::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kCluster = "arn:aws:ecs:us-east-1:000000000000:cluster/default";
/// As agents begin to wait before they connect again (agent/session).
constexpr Duration kFirstAcs = 250ms;
constexpr Duration kFirstTcs = 1s;
constexpr Duration kTelemetry = 20s;

/// The text behind `"key":"`, up to the next quote; nothing from `from` on when there is none.
std::string_view textOf(std::string_view json, std::string_view key, size_t& from) {
  const std::string opening = "\"" + std::string(key) + "\":\"";
  const size_t at = json.find(opening, from);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + opening.size();
  const size_t end = std::min(json.find('"', begin), json.size());
  from = end;
  return json.substr(begin, end - begin);
}

std::string_view textOf(std::string_view json, std::string_view key) {
  size_t from = 0;
  return textOf(json, key, from);
}

std::string inQuotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

void Timers::after(Duration delay, std::function<void()> what) {
  due_.emplace(clock_.now().mono + delay, std::move(what));
}

int Timers::run() {
  const MonoTime now = clock_.now().mono;
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto what = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    what();
  }
  if (due_.empty()) return 1000;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.begin()->first - now);
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1000));
}

Agent::Agent(FleetDeps& deps, uint32_t number)
    : deps_(deps),
      number_(number),
      api_(deps.poller, deps.server, 3 * number),
      acs_(deps.poller, deps.server, 3 * number + 1,
           {[this] { onUp(); }, [this](std::string_view message) { onMessage(message); },
            [this] { onDown(true); }}),
      tcs_(deps.poller, deps.server, 3 * number + 2,
           {[this] { onUp(); }, [](std::string_view) {}, [this] { onDown(false); }}),
      nextAcs_(kFirstAcs),
      nextTcs_(kFirstTcs) {}

void Agent::start() { registerSelf(); }

void Agent::registerSelf() {
  const std::string cpu = std::to_string(deps_.tasksEach * 10);
  const std::string memory = std::to_string(deps_.tasksEach * 8);
  const std::string zone = std::to_string(number_ % 3);
  const std::string body =
      R"({"cluster":"default","clientToken":"fleet-)" + std::to_string(number_) +
      R"(","totalResources":[{"name":"CPU","type":"INTEGER","integerValue":)" + cpu +
      R"(},{"name":"MEMORY","type":"INTEGER","integerValue":)" + memory +
      R"(},{"name":"PORTS","type":"STRINGSET","stringSetValue":["22","2375","2376","51678","51679"]},)"
      R"({"name":"PORTS_UDP","type":"STRINGSET","stringSetValue":[]}],)"
      R"("versionInfo":{"agentVersion":"1.0.0","agentHash":"0123abcd","dockerVersion":"DockerVersion: 24.0.7"},)"
      R"("attributes":[{"name":"ecs.os-type","value":"linux"},{"name":"ecs.cpu-architecture","value":"x86_64"},)"
      R"({"name":"ecs.availability-zone","value":"zone-)" +
      zone +
      R"("},{"name":"com.amazonaws.ecs.capability.docker-remote-api.1.24"},)"
      R"({"name":"com.amazonaws.ecs.capability.logging-driver.json-file"}]})";
  auto made = [this, body] { return deps_.requests.call("RegisterContainerInstance", body); };
  api_.request(made, [this](int status, std::string_view answer) {
    arn_ = textOf(answer, "containerInstanceArn");
    if (status != 200 || arn_.empty()) {
      ++deps_.counts.refused;
      deps_.counts.lastError = answer.substr(0, 200);
      return deps_.timers.after(1s, [this] { registerSelf(); });
    }
    dialAcs();
    if (deps_.telemetry) return dialTcs();
    // A process may not have descriptors for more.
    deps_.timers.after(0ms, [this] { api_.close(); });
  });
}

void Agent::dialAcs() {
  acs_.connect(deps_.requests.upgrade(
      "/v1/acs/ws?agentHash=0123abcd&agentVersion=1.0.0&clusterArn=default&containerInstanceArn=" +
          http::percentEncode(arn_) +
          "&dockerVersion=DockerVersion%3A%2024.0.7&protocolVersion=2&sendCredentials=false&seqNum=1",
      deps_.reports ? "Berth-Extensions: reports\r\n" : ""));
}

void Agent::dialTcs() {
  tcs_.connect(deps_.requests.upgrade(
      "/v1/tcs/ws?agentHash=0123abcd&agentVersion=1.0.0&cluster=default&containerInstance=" +
      http::percentEncode(arn_) + "&dockerVersion=24.0.7"));
}

void Agent::onUp() {
  if (!inSession() || up_) return;
  up_ = true;
  ++deps_.counts.inSession;
  nextAcs_ = kFirstAcs;
  nextTcs_ = kFirstTcs;
  const auto part = static_cast<int64_t>(deps_.random.below(static_cast<uint64_t>(kTelemetry.count())));
  deps_.timers.after(Duration(part), [this] { publish(); });
}

Duration Agent::backoff(Duration& next, Duration most, double factor) {
  const Duration now = next;
  next = std::min(most, Duration(static_cast<int64_t>(static_cast<double>(next.count()) * factor)));
  return now +
         Duration(static_cast<int64_t>(static_cast<double>(now.count()) * 0.2 * deps_.random.uniform()));
}

void Agent::onDown(bool acs) {
  if (gone_) return;
  if (up_) --deps_.counts.inSession;
  up_ = false;
  if (acs) {
    for (auto* reports : {&sent_, &next_}) {
      for (const std::string& body : std::exchange(*reports, {})) reportByCall(body);
    }
    deps_.timers.after(backoff(nextAcs_, 2min, 1.5), [this] { dialAcs(); });
  } else {
    deps_.timers.after(backoff(nextTcs_, 1min, 2.0), [this] { dialTcs(); });
  }
}

void Agent::leave() {
  gone_ = true;
  if (up_) --deps_.counts.inSession;
  up_ = false;
  acs_.close();
  tcs_.close();
  api_.close();
}

void Agent::publish() {
  if (!up_ || !deps_.telemetry) return;
  tcs_.send(
      R"({"type":"PublishMetricsRequest","message":{"metadata":{"cluster":"default","containerInstance":)" +
      inQuotes(arn_) + R"(,"fin":true,"idle":true,"messageId":"m"},"taskMetrics":[],"timestamp":)" +
      std::to_string(toEpochMillis(deps_.clock.now().wall) / 1000) + "}}");
  deps_.timers.after(kTelemetry, [this] { publish(); });
}

void Agent::onMessage(std::string_view message) {
  const std::string_view type = textOf(message, "type");
  if (type == "PayloadMessage") return onPayload(message);
  if (type == "BerthReportsAck") return onReportsAck(message);
  if (type == "TaskManifestMessage") return ack(textOf(message, "messageId"));
  if (type != "HeartbeatMessage") return;
  acs_.send(R"({"type":"HeartbeatAckRequest","message":{"messageId":)" +
            inQuotes(textOf(message, "messageId")) + "}}");
}

void Agent::ack(std::string_view messageId) {
  acs_.send(R"({"type":"AckRequest","message":{"cluster":)" + inQuotes(kCluster) +
            R"(,"containerInstance":)" + inQuotes(arn_) + R"(,"messageId":)" + inQuotes(messageId) + "}}");
}

void Agent::onPayload(std::string_view message) {
  ack(textOf(message, "messageId"));
  size_t at = 0;
  constexpr std::string_view kTask = "\"arn\":\"arn:aws:ecs:us-east-1:000000000000:task/";
  while ((at = message.find(kTask, at)) != std::string_view::npos) {
    const std::string_view arn = textOf(message, "arn", at);
    if (textOf(message.substr(at), "desiredStatus") == "STOPPED") {
      report(arn, "STOPPED");
      continue;
    }
    ++deps_.counts.delivered;
    deps_.counts.lastDelivered = deps_.clock.now().mono;
    deps_.counts.lastTask = arn;
    if (deps_.counts.onDelivered) deps_.counts.onDelivered(arn);
    report(arn, "RUNNING");
  }
}

void Agent::report(std::string_view taskArn, std::string_view status) {
  const std::string at = std::to_string(toEpochMillis(deps_.clock.now().wall) / 1000);
  std::string body =
      R"({"cluster":)" + inQuotes(kCluster) + R"(,"task":)" + inQuotes(taskArn) + R"(,"status":)" +
      inQuotes(status) + R"(,"containers":[{"containerName":)" + inQuotes("app") +
      R"(,"runtimeId":"8f1c0de15bad5eed8f1c0de15bad5eed8f1c0de15bad5eed)" +
      std::string(taskArn.substr(taskArn.size() - 16)) +
      R"(","imageDigest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",)"
      R"("status":)" +
      inQuotes(status) + (status == "STOPPED" ? R"(,"exitCode":0)" : "") +
      R"(,"networkBindings":[]}],"pullStartedAt":)" + at + R"(,"pullStoppedAt":)" + at + "}";
  if (!acs_.takesReports()) return reportByCall(body);
  next_.push_back(body);
  if (sent_.empty()) sendReports();
}

void Agent::reportByCall(const std::string& body) {
  api_.request([this, body] { return deps_.requests.call("SubmitTaskStateChange", body); },
               [this, body](int status, std::string_view answer) {
                 if (status != 200) return onRefused(body, answer);
                 ++deps_.counts.reported;
               });
}

void Agent::onRefused(std::string_view body, std::string_view why) {
  ++deps_.counts.refused;
  deps_.counts.lastError = why.substr(0, 200);
  const std::string arn(textOf(body, "task"));
  const std::string status(textOf(body, "status"));
  deps_.timers.after(500ms, [this, arn, status] {
    if (!gone_) report(arn, status);
  });
}

/// As agent/session/report_channel: one message at a time, with all that has gathered.
void Agent::sendReports() {
  constexpr size_t kMost = 50;
  const size_t count = std::min(next_.size(), kMost);
  if (count == 0) return;
  std::string message = R"({"type":"BerthReports","message":{"messageId":"r","reports":[)";
  for (size_t i = 0; i < count; ++i) {
    message += i == 0 ? "" : ",";
    message += R"({"operation":"SubmitTaskStateChange","input":)" + next_[i] + "}";
    sent_.push_back(std::move(next_[i]));
  }
  next_.erase(next_.begin(), next_.begin() + static_cast<std::ptrdiff_t>(count));
  acs_.send(message + "]}}");
}

void Agent::onReportsAck(std::string_view message) {
  const auto answered = std::exchange(sent_, {});
  // One after another: {} was taken, {"exception":...} was not.
  size_t at = message.find("\"outcomes\":[");
  for (const std::string& body : answered) {
    at = message.find('{', at);
    if (at != std::string_view::npos && message.substr(at, 2) == "{}") {
      ++deps_.counts.reported;
      at += 2;
    } else {
      onRefused(body, at == std::string_view::npos ? message : message.substr(at));
      at = message.find("},", at);
    }
  }
  sendReports();
}

}  // namespace berth::fleet
