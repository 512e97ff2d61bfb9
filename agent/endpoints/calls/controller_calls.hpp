// What the local endpoints ask the controller for: task protection and tags.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "agent/endpoints/protection.hpp"
#include "agent/endpoints/tags.hpp"
#include "common/aws/json_client.hpp"
#include "common/log/log.hpp"

namespace berth::agent::endpoints {

/// Until when and how often a call is tried again that the controller has throttled (amazon-ecs-agent,
/// ecs-agent/api/ecs/client).
struct TagsRetry {
  Duration first = std::chrono::milliseconds(500);
  Duration most = std::chrono::seconds(10);
  double factor = 1.5;
  Duration limit = std::chrono::seconds(30);  ///< for all attempts together
};

/// The calls are made on the loop, whichever thread asks. Task protection is asked for with the credentials
/// of the task's role, tags with the agent's own.
class ControllerCalls final : public ProtectionClient, public TagsClient {
 public:
  /// Everything must outlive the loop's last run.
  ControllerCalls(boost::asio::io_context& io, http::Client& http, aws::ClientConfig config,
                  aws::CredentialsProvider& credentials, const Clock& clock, Log& log, TagsRetry retry = {})
      : io_(io),
        http_(http),
        config_(std::move(config)),
        credentials_(credentials),
        clock_(clock),
        log_(log),
        retry_(retry) {}

  void call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) override;
  void listTags(std::string resourceArn, std::string container,
                std::function<void(TagsAnswer)> done) override;

 private:
  Async<ProtectionAnswer> ask(ProtectionCall call);
  Async<TagsAnswer> askTags(std::string resourceArn, std::string container);

  boost::asio::io_context& io_;
  http::Client& http_;
  const aws::ClientConfig config_;
  aws::CredentialsProvider& credentials_;
  const Clock& clock_;
  Log& log_;
  const TagsRetry retry_;
};

}  // namespace berth::agent::endpoints
