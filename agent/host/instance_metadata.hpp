// What the instance metadata service of EC2 says of this machine.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "common/async/async.hpp"
#include "common/http/client.hpp"

namespace berth::agent {

/// Reads single documents with a session token (IMDSv2), which is kept. Everything runs on one loop.
class InstanceMetadata {
 public:
  struct Options {
    http::Url endpoint{"http", "169.254.169.254", 80, "/", ""};
    std::chrono::seconds tokenLife = std::chrono::hours(6);  ///< the service's most
    Duration timeout = std::chrono::seconds(2);              ///< for one exchange; off EC2 nobody answers
  };

  /// `client` must outlive the object and its calls.
  InstanceMetadata(http::Client& client, Options options) : client_(client), options_(std::move(options)) {}

  /// `path` begins with "/latest/". Errors: NotFound (there is no such document), Unavailable or
  /// DeadlineExceeded (nobody answers), FailedPrecondition (the service refuses), Cancelled.
  Async<Result<std::string>> read(std::string path, std::stop_token stop);

 private:
  http::Call makeCall(const std::string& method, const std::string& path) const;
  Async<Status> renewToken(std::stop_token stop);

  http::Client& client_;
  Options options_;
  std::string token_;
};

}  // namespace berth::agent
