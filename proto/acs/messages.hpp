// The messages of the agent communication service (ACS): the websocket by which a controller commands an
// agent. Plain values; the wire form is in codec.hpp. Names and meanings are those of Amazon's agent.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "proto/acs/payload.hpp"

namespace berth::acs {

/// A task of a payload that can't be read; it is reported as STOPPED with `reason`.
struct RefusedTask {
  std::string arn;
  std::string reason;
};

struct PayloadMessage {
  std::string messageId;
  std::string clusterArn;
  std::string containerInstanceArn;
  int64_t seqNum = 0;
  int64_t generatedAt = 0;  ///< milliseconds since the epoch
  std::vector<Task> tasks;
  std::vector<RefusedTask> refused;  ///< filled by the decoder, never sent
};

struct HeartbeatMessage {
  std::string messageId;
  bool healthy = true;
};

/// New credentials of a task that the agent has.
struct CredentialsMessage {
  std::string messageId;
  std::string taskArn;
  bool execution = false;  ///< roleType TaskExecution; else TaskApplication
  Credentials credentials;
};

struct TaskIdentity {
  std::string taskArn;
  std::string taskClusterArn;
  std::string desiredStatus;
};

struct TaskManifestMessage {
  std::string messageId;
  std::string clusterArn;
  std::string containerInstanceArn;
  int64_t generatedAt = 0;
  int64_t timeline = 0;
  std::vector<TaskIdentity> tasks;
};

struct TaskStopVerificationAck {
  std::string messageId;
  int64_t generatedAt = 0;
  std::vector<TaskIdentity> stopTasks;
};

/// What became of one report.
struct ReportOutcome {
  std::string
      exception;        ///< as the call would have been answered: "ThrottlingException"; empty: it was taken
  std::string message;  ///< for people; empty likewise
  int64_t status = 0;   ///< the HTTP status that goes with the exception; 0 likewise
};

/// The answer to a ReportsMessage: an outcome for each of its reports, in their order.
struct ReportsAck {
  std::string messageId;  ///< that message's
  std::vector<ReportOutcome> outcomes;
};

/// An extension (docs/exec.md): the agent is to open a stream to this controller. Never sent twice, and not
/// acknowledged: the stream is the answer.
struct OpenStreamMessage {
  enum class Kind { Exec, Logs };

  std::string messageId;
  std::string streamId;
  Kind kind = Kind::Exec;
  std::string taskArn;
  std::vector<std::string> containers;  ///< names; of a command one

  // Of a command.
  std::vector<std::string> command;
  std::string user;  ///< empty: the container's own
  bool tty = false;
  bool input = false;
  int64_t columns = 0;  ///< of the terminal; 0: not told
  int64_t rows = 0;

  // Of logs.
  bool follow = false;
  std::string since;  ///< seconds since 1970, with a fraction; empty: all
  int64_t tail = -1;  ///< lines of each container; -1: all
};

/// A message that is known and needs no action, or one of a type that isn't known: only its name is kept, and
/// by what it is refused.
struct OtherMessage {
  std::string type;
  bool known = false;
  std::string messageId{};   ///< empty: it has none
  std::string clusterArn{};  ///< likewise
};

using ToAgent = std::variant<PayloadMessage, HeartbeatMessage, CredentialsMessage, TaskManifestMessage,
                             TaskStopVerificationAck, ReportsAck, OpenStreamMessage, OtherMessage>;

struct AckRequest {
  std::string cluster;
  std::string containerInstance;
  std::string messageId;
};

struct NackRequest {
  std::string cluster;
  std::string containerInstance;
  std::string messageId;
  std::string reason;
};

struct HeartbeatAckRequest {
  std::string messageId;
};

/// One for each set of credentials, of a payload (with its id) or of a CredentialsMessage.
struct CredentialsAckRequest {
  std::string messageId;
  std::string expiration;
  std::string credentialsId;
};

struct TaskStopVerificationMessage {
  std::string messageId;
  std::vector<TaskIdentity> stopCandidates;
};

/// A call of the ECS API by which an agent tells a state.
struct StateReport {
  std::string operation;                  ///< "SubmitTaskStateChange"
  std::shared_ptr<nlohmann::json> input;  ///< of the call, an object; never null
};

/// Calls that an agent makes by its session (Extension::Reports): each counts as if it had come by itself.
struct ReportsMessage {
  std::string messageId;
  std::vector<StateReport> reports;
};
inline constexpr size_t kMostReports = 100;  ///< of one message

using FromAgent = std::variant<AckRequest, NackRequest, HeartbeatAckRequest, CredentialsAckRequest,
                               TaskStopVerificationMessage, ReportsMessage, OtherMessage>;

}  // namespace berth::acs
