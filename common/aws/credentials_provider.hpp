// Where a client gets its credentials from, at each call.
#pragma once

#include <utility>

#include <stop_token>

#include "common/async/async.hpp"
#include "common/aws/credentials.hpp"
#include "common/result/result.hpp"

namespace berth::aws {

/// Implementations keep credentials while they are good and renew them in time.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// The credentials to sign with now. Unavailable when they can't be had at present; whatever else the
  /// source finds wrong; Cancelled by `stop`.
  virtual Async<Result<Credentials>> credentials(std::stop_token stop) = 0;
};

/// The same credentials for ever.
class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Async<Result<Credentials>> credentials(std::stop_token) override { co_return credentials_; }

 private:
  Credentials credentials_;
};

}  // namespace berth::aws
