// Credentials of the role that a machine has been given, from its metadata service.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/aws/credentials_provider.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth::aws {

struct InstanceOptions {
  http::Url endpoint{"http", "169.254.169.254", 80, "/", ""};
  std::chrono::seconds tokenLife = std::chrono::hours(6);  ///< of a session token; the service's most
  Duration callTimeout = std::chrono::seconds(2);          ///< for one exchange; off AWS nobody answers
  Duration overall = std::chrono::seconds(10);             ///< for all that one refresh takes
  int attempts = 3;                                        ///< of each exchange
  Duration retryDelay = std::chrono::milliseconds(200);    ///< doubles; what is waited is up to it, by chance
  Duration refreshBefore = std::chrono::minutes(5);        ///< before the credentials expire
  Duration refreshPause = std::chrono::seconds(30);        ///< between refreshes that fail
};

/// IMDSv2: a session token, the name of the role, the role's credentials. They are kept until shortly before
/// they expire; when they can't be renewed then, they go on to serve until they do expire, and the log says
/// so. Callers at the same time share one refresh. Everything runs on one loop.
/// Source: EC2 User Guide, "Use instance metadata", "Retrieve security credentials from instance metadata".
class InstanceCredentials final : public CredentialsProvider {
 public:
  /// All of it must outlive the provider and the calls under way.
  struct Means {
    http::Client& client;
    const Clock& clock;
    Random& random;
    Log& log;
  };

  InstanceCredentials(Means means, InstanceOptions options = {});
  ~InstanceCredentials() override;

  /// Errors: NotFound (the machine has no role), FailedPrecondition (the service refuses: switched off),
  /// Unavailable or DeadlineExceeded (nobody answers), Internal (an answer that makes no sense); Cancelled.
  /// An error is kept for `refreshPause`, so that asking often does not mean waiting often.
  Async<Result<Credentials>> credentials(std::stop_token stop) override;

 private:
  struct Core;

  std::shared_ptr<Core> core_;
};

}  // namespace berth::aws
