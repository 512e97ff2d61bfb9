// Task protection: a container's request, passed on to the controller with the credentials of its role.
#pragma once

#include <boost/asio/io_context.hpp>

#include "agent/endpoints/protection.hpp"
#include "common/aws/json_client.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// The calls are made on the loop, whichever thread asks.
class ProtectionCalls final : public endpoints::ProtectionClient {
 public:
  /// Everything must outlive the loop's last run.
  ProtectionCalls(boost::asio::io_context& io, http::Client& http, aws::ClientConfig config,
                  const Clock& clock, Log& log)
      : io_(io), http_(http), config_(std::move(config)), clock_(clock), log_(log) {}

  void call(endpoints::ProtectionCall call, std::function<void(endpoints::ProtectionAnswer)> done) override;

 private:
  Async<endpoints::ProtectionAnswer> ask(endpoints::ProtectionCall call);

  boost::asio::io_context& io_;
  http::Client& http_;
  aws::ClientConfig config_;
  const Clock& clock_;
  Log& log_;
};

}  // namespace berth::agent
