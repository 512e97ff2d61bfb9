#include "agent/session/control_plane.hpp"

#include "agent/session/report_request.hpp"
#include "common/async/event.hpp"
#include "common/ids/random.hpp"

namespace berth::agent {
namespace {

constexpr Duration kEndpointsGood = std::chrono::hours(12);

CallFailure failureOf(const aws::CallResult& result) {
  return CallFailure{result.api ? result.api->type : std::string(), result.reply.error()};
}

/// As if it had been the answer to a request.
std::optional<CallFailure> failureOf(const acs::ReportOutcome& outcome) {
  if (outcome.exception.empty()) return std::nullopt;
  const aws::ApiError error{outcome.exception, outcome.message, static_cast<int>(outcome.status)};
  return CallFailure{error.type, aws::toError(error).in("SubmitTaskStateChange")};
}

/// nullopt when the session did not do.
Async<std::optional<acs::ReportOutcome>> submitBy(std::shared_ptr<ReportChannel> channel,
                                                  acs::StateReport report) {
  struct Wait {
    Event over;
    std::optional<acs::ReportOutcome> outcome;
  };
  const auto wait = std::make_shared<Wait>();
  channel->submit(std::move(report), [wait](std::optional<acs::ReportOutcome> outcome) {
    wait->outcome = std::move(outcome);
    wait->over.set();
  });
  if (!co_await wait->over.wait(kReportPatience)) channel->giveUp();
  co_return wait->outcome;
}

ecs::Resource integerResource(const char* name, int64_t value) {
  ecs::Resource out;
  out.name = name;
  out.type = "INTEGER";
  out.integerValue = static_cast<int32_t>(value);
  return out;
}

ecs::Resource portResource(const char* name, const std::vector<uint16_t>& ports) {
  ecs::Resource out;
  out.name = name;
  out.type = "STRINGSET";
  for (uint16_t port : ports) out.stringSetValue.push_back(std::to_string(port));
  return out;
}

ecs::RegisterContainerInstanceRequest toRequest(const Registration& registration) {
  ecs::RegisterContainerInstanceRequest out;
  out.cluster = registration.cluster;
  out.containerInstanceArn = registration.instanceArn;
  out.clientToken = registration.clientToken;
  const HostResources& host = registration.resources;
  out.totalResources = {integerResource("CPU", host.cpu), integerResource("MEMORY", host.memory),
                        portResource("PORTS", host.ports), portResource("PORTS_UDP", host.udpPorts)};
  for (const std::string& gpu : host.gpus) out.platformDevices.push_back(ecs::PlatformDevice{gpu, "GPU"});
  for (const auto& [key, value] : registration.tags) out.tags.push_back(ecs::Tag{key, value});
  for (const auto& [name, value] : registration.attributes) {
    ecs::Attribute attribute;
    attribute.name = name;
    attribute.value = value;
    out.attributes.push_back(std::move(attribute));
  }
  return out;
}

constexpr const char* kZone = "ecs.availability-zone";

Registered registeredAs(const ecs::RegisterContainerInstanceResponse& answer) {
  Registered out{answer.containerInstanceArn, {}};
  for (const ecs::Attribute& attribute : answer.attributes)
    if (attribute.name == kZone) out.availabilityZone = attribute.value;
  return out;
}

Error unknownInstance(const std::string& instanceArn) {
  return makeError(Code::NotFound, "the controller knows no container instance " + instanceArn);
}

bool says(const CallFailure& failure, std::string_view part) {
  return failure.error.message.find(part) != std::string::npos;
}

/// Every attribute that was sent must come back with the same value (amazon-ecs-agent,
/// ecs-agent/api/ecs/client).
std::string missingAttribute(const Registration& sent, const ecs::RegisterContainerInstanceResponse& answer) {
  std::map<std::string, std::string> back;
  for (const ecs::Attribute& attribute : answer.attributes) back[attribute.name] = attribute.value;
  for (const auto& [name, value] : sent.attributes) {
    auto it = back.find(name);
    if (it == back.end() || it->second != value) return name;
  }
  return {};
}

}  // namespace

Remedy remedyFor(const CallFailure& failure, bool clusterGiven) {
  const std::string& exception = failure.exception;
  const bool missing = exception == "ClusterNotFoundException" || says(failure, "Cluster not found.");
  if (missing && !clusterGiven) return Remedy::CreateCluster;
  const bool refused = exception == "ClientException" || exception == "InvalidParameterException" ||
                       exception == "AttributeError";
  if (refused || says(failure, "Container instance type changes are not supported.")) return Remedy::End;
  return Remedy::Repeat;
}

Result<http::Headers> ControlPlane::sign(const std::string& method, const std::string& url,
                                         const std::string& body) {
  if (!lastCredentials_) return makeError(Code::Unauthenticated, "there are no credentials to sign with yet");
  auto parsed = http::parseUrl(url);
  if (!parsed) return parsed.error();
  http::Headers none;
  aws::UnsignedRequest request{method, *parsed, none, body};
  return aws::sign(request, *lastCredentials_, aws::Scope{region_, "ecs"}, clock_.now().wall);
}

Async<std::variant<Registered, CallFailure>> ControlPlane::registerInstance(Registration registration,
                                                                            std::stop_token stop) {
  std::string body = ecs::encode(toRequest(registration));
  auto result = co_await client_.call("RegisterContainerInstance", body, stop);
  if (!result.reply) co_return failureOf(result);
  auto answer = ecs::decodeRegisterContainerInstanceResponse(*result.reply);
  if (!answer) co_return CallFailure{"", answer.error()};
  if (std::string name = missingAttribute(registration, *answer); !name.empty()) {
    co_return CallFailure{"AttributeError", makeError(Code::FailedPrecondition,
                                                      "the controller did not return the attribute " + name)};
  }
  co_return registeredAs(*answer);
}

Async<bool> ControlPlane::isGone(std::string cluster, std::string instanceArn, std::stop_token stop) {
  std::string body = ecs::encode(ecs::DescribeContainerInstancesRequest{cluster, {instanceArn}});
  auto result = co_await client_.call("DescribeContainerInstances", body, stop);
  if (!result.reply) co_return false;
  auto answer = ecs::decodeDescribeContainerInstancesResponse(*result.reply);
  if (!answer) co_return false;
  if (!answer->containerInstances.empty()) co_return answer->containerInstances[0].status == "INACTIVE";
  co_return !answer->failures.empty() && answer->failures[0].reason == "MISSING";
}

Async<std::optional<CallFailure>> ControlPlane::createCluster(std::string name, std::stop_token stop) {
  std::string body = ecs::encode(ecs::CreateClusterRequest{name});
  auto result = co_await client_.call("CreateCluster", body, stop);
  if (!result.reply) co_return failureOf(result);
  co_return std::nullopt;
}

Async<Result<std::string>> ControlPlane::instanceStatus(std::string cluster, std::string instanceArn,
                                                        std::stop_token stop) {
  std::string body = ecs::encode(ecs::DescribeContainerInstancesRequest{cluster, {instanceArn}});
  auto result = co_await client_.call("DescribeContainerInstances", body, stop);
  if (!result.reply) co_return result.reply.error();
  auto answer = ecs::decodeDescribeContainerInstancesResponse(*result.reply);
  if (!answer) co_return answer.error();
  if (answer->containerInstances.empty()) co_return unknownInstance(instanceArn);
  co_return answer->containerInstances[0].status;
}

Async<std::optional<CallFailure>> ControlPlane::setInstanceStatus(std::string cluster,
                                                                  std::string instanceArn, std::string status,
                                                                  std::stop_token stop) {
  ecs::UpdateContainerInstancesStateRequest request{cluster, {instanceArn}, status};
  auto result = co_await client_.call("UpdateContainerInstancesState", ecs::encode(request), stop);
  if (!result.reply) co_return failureOf(result);
  auto answer = ecs::decodeDescribeContainerInstancesResponse(*result.reply);
  if (!answer) co_return CallFailure{"", answer.error()};
  if (!answer->failures.empty()) co_return CallFailure{"", unknownInstance(instanceArn)};
  co_return std::nullopt;
}

Async<std::optional<CallFailure>> ControlPlane::stopTask(std::string cluster, std::string taskArn,
                                                         std::string reason, std::stop_token stop) {
  std::string body = ecs::encode(ecs::StopTaskRequest{cluster, taskArn, reason});
  auto result = co_await client_.call("StopTask", body, stop);
  if (!result.reply) co_return failureOf(result);
  co_return std::nullopt;
}

Async<Result<Endpoints>> ControlPlane::endpoints(Identity identity, std::stop_token stop) {
  // The sessions sign by themselves, so they need fresh credentials even when the endpoints are known.
  auto credentials = co_await credentials_.credentials(stop);
  if (!credentials) co_return credentials.error();
  lastCredentials_ = *credentials;
  MonoTime now = clock_.now().mono;
  if (endpoints_ && now - endpointsAt_ < kEndpointsGood) co_return *endpoints_;
  std::string body =
      ecs::encode(ecs::DiscoverPollEndpointRequest{identity.cluster, identity.instanceArn, ""});
  auto result = co_await client_.call("DiscoverPollEndpoint", body, stop);
  if (!result.reply) {
    if (endpoints_) co_return *endpoints_;
    co_return result.reply.error();
  }
  auto answer = ecs::decodeDiscoverPollEndpointResponse(*result.reply);
  if (!answer) co_return answer.error();
  endpoints_ = Endpoints{answer->endpoint, answer->telemetryEndpoint};
  endpointsAt_ = now;
  co_return *endpoints_;
}

Async<std::optional<CallFailure>> ControlPlane::submit(Report report, std::string cluster,
                                                       std::shared_ptr<ReportChannel> channel) {
  if (channel && channel->isOpen()) {
    const auto outcome = co_await submitBy(channel, toStateReport(report, cluster));
    if (outcome) co_return failureOf(*outcome);
  }
  std::string body = ecs::encode(agent::toRequest(report, cluster));
  auto result = co_await client_.call("SubmitTaskStateChange", body);
  if (!result.reply) co_return failureOf(result);
  co_return std::nullopt;
}

}  // namespace berth::agent
