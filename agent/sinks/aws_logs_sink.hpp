// Lines to CloudWatch Logs, or to what speaks as it does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/sinks/aws_logs_plan.hpp"
#include "agent/sinks/log_sink.hpp"
#include "common/aws/credentials_provider.hpp"
#include "common/http/client.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::sinks {

/// What calls are made with; all of it must outlive the loop's last run.
struct AwsLogsMeans {
  http::Client& client;
  const Clock& clock;
  aws::CredentialsProvider& agents;  ///< the agent's own
  /// Those of an execution role, by their id; nullopt: they are not here (yet).
  std::function<std::optional<aws::Credentials>(const std::string& id)> ofRole;
  std::function<Result<http::Url>(const std::string& region)> endpoint;  ///< of the service
  std::string region;                                                    ///< the agent's
  std::string userAgent;
};

/// PutLogEvents in batches within the service's bounds. The stream, and where it is asked for the group, are
/// made before the first, and again when they are gone. Source: Amazon CloudWatch Logs API reference.
std::shared_ptr<LogSink> makeAwsLogsSink(AwsLogsMeans means, AwsLogsPlan plan);

}  // namespace berth::agent::sinks
