// Secrets from an HTTP server of the user's own.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "agent/secrets/sources/means.hpp"

namespace berth::agent {

struct HttpSecretsOptions {
  std::string url;  ///< "https://secrets.example/v1": names go behind it
  std::string
      tokenFile;  ///< read again for each call; its word is sent as "Authorization: Bearer". Empty: none
  std::string userAgent = "berth";
  Duration timeout = std::chrono::seconds(10);  ///< for one call
  RetryOptions retry;
};

/// GET url/NAME, where `valueFrom` is "NAME" or "NAME#KEY" (secret_name.hpp). A 200 answer of the type
/// application/json is a JSON string, or an object with the member "value"; with #KEY the object's member of
/// that name, or what a JSON pointer leads to ("#/data/data/password"). An answer of any other type is the
/// secret's text. Calls that are the same are made once at a time; redirects are not followed.
class HttpSecrets final : public SecretSource {
 public:
  /// InvalidArgument for what is no http or https URL, for one with a query, and for a token that would go
  /// over the network in clear text.
  static Result<std::unique_ptr<HttpSecrets>> make(FetchMeans means, HttpSecretsOptions options);
  /// Calls under way end.
  ~HttpSecrets() override;
  void fetch(std::vector<SecretRequest> requests, std::optional<Role> role,
             Callback<std::vector<std::string>> done) override;

 private:
  struct Core;

  explicit HttpSecrets(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

}  // namespace berth::agent
