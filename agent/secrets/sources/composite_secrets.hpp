// Chooses where each secret comes from.
#pragma once

#include "agent/secrets/sources/means.hpp"

namespace berth::agent {

enum class SecretPlace { Aws, File, Http };

/// Which sources there are; those that are not set up are null. They must outlive the loop's last run.
struct SecretPlaces {
  SecretSource* aws = nullptr;
  SecretSource* file = nullptr;
  SecretSource* http = nullptr;
  SecretPlace otherwise = SecretPlace::Aws;  ///< for names that do not say it
};

/// ARNs are AWS's; "file:NAME" and "http:NAME" say it; all else is a name in `otherwise`.
SecretPlace placeOf(const std::string& valueFrom, SecretPlace otherwise);

/// Asks each source once for all that is its own. FailedPrecondition when a source is not set up on this
/// machine: a name is never looked for in another place than it says.
class CompositeSecrets final : public SecretSource {
 public:
  CompositeSecrets(FetchMeans means, SecretPlaces places) : means_(std::move(means)), places_(places) {}
  ~CompositeSecrets() override { gone_.request_stop(); }
  void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
             Callback<std::vector<std::string>> done) override;

 private:
  FetchMeans means_;
  SecretPlaces places_;
  std::stop_source gone_;
};

}  // namespace berth::agent
