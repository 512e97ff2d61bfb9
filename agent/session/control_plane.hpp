// The agent's calls of the ECS API.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "agent/model/container_spec.hpp"
#include "agent/model/report.hpp"
#include "agent/session/report_channel.hpp"
#include "common/async/async.hpp"
#include "common/aws/json_client.hpp"

namespace berth::agent {

/// What the host offers (amazon-ecs-agent, ecs-agent/api/ecs/client).
struct HostResources {
  int64_t cpu = 0;     ///< 1024 a logical CPU
  int64_t memory = 0;  ///< MiB, less what is reserved
  std::vector<uint16_t> ports;
  std::vector<uint16_t> udpPorts;
  std::vector<std::string> gpus;  ///< ids
};

struct Registration {
  std::string cluster;
  std::string instanceArn;  ///< of an earlier registration, or empty
  std::string clientToken;
  HostResources resources;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> attributes;  ///< an empty value: a name without one
};

struct Endpoints {
  std::string commands;   ///< ACS
  std::string telemetry;  ///< TCS
};

/// How a call ended that did not succeed.
struct CallFailure {
  std::string exception;  ///< the API's exception name, or empty when no answer came
  Error error;
};

/// Who the host is after a registration.
struct Registered {
  std::string instanceArn;
  std::string availabilityZone;  ///< empty: the controller names none
};

/// What to do about a registration that failed. Source: agent-protocol.md, section 1.8.
enum class Remedy { Repeat, CreateCluster, End };
/// `clusterGiven`: the user named the cluster, so it is not the agent's to create.
Remedy remedyFor(const CallFailure& failure, bool clusterGiven);

class ControlPlane {
 public:
  ControlPlane(aws::JsonClient& client, aws::CredentialsProvider& credentials, std::string region,
               const Clock& clock)
      : client_(client), credentials_(credentials), region_(std::move(region)), clock_(clock) {}

  /// The headers that sign a request of this agent outside the API: websocket handshakes and frames.
  Result<http::Headers> sign(const std::string& method, const std::string& url, const std::string& body);

  /// Registers the instance. Fails when an attribute does not come back as it was sent.
  Async<std::variant<Registered, CallFailure>> registerInstance(Registration registration,
                                                                std::stop_token stop);
  /// Whether the controller says that there is no such instance, or that it is INACTIVE. A controller that
  /// does not answer, or refuses to, has not said so.
  Async<bool> isGone(std::string cluster, std::string instanceArn, std::stop_token stop);
  Async<std::optional<CallFailure>> createCluster(std::string name, std::stop_token stop);
  /// "ACTIVE", "DRAINING", ...: what the controller says of the instance. NotFound when it does not know it.
  Async<Result<std::string>> instanceStatus(std::string cluster, std::string instanceArn,
                                            std::stop_token stop);
  /// UpdateContainerInstancesState of one instance; NotFound when the controller does not know it.
  Async<std::optional<CallFailure>> setInstanceStatus(std::string cluster, std::string instanceArn,
                                                      std::string status, std::stop_token stop);
  Async<std::optional<CallFailure>> stopTask(std::string cluster, std::string taskArn, std::string reason,
                                             std::stop_token stop);
  /// Where the sessions are opened; an answer is good for 12 hours, an old one serves when a new one can't be
  /// had.
  Async<Result<Endpoints>> endpoints(Identity identity, std::stop_token stop);
  /// SubmitTaskStateChange, by `channel` where that is open and does, else by a request of its own. `channel`
  /// may be null.
  Async<std::optional<CallFailure>> submit(Report report, std::string cluster,
                                           std::shared_ptr<ReportChannel> channel = nullptr);

 private:
  aws::JsonClient& client_;
  aws::CredentialsProvider& credentials_;
  std::string region_;
  const Clock& clock_;
  std::optional<aws::Credentials> lastCredentials_;
  std::optional<Endpoints> endpoints_;
  MonoTime endpointsAt_{};
};

}  // namespace berth::agent
