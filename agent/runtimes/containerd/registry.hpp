// A registry, as the OCI distribution specification 1.0 has it: manifests and blobs, by token or basic
// authentication.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/result/result.hpp"
#include "proto/docker/image_reference.hpp"

namespace berth::agent::containerd {

/// What a registry's WWW-Authenticate asks for: Bearer realm="...",service="...",scope="...", or Basic.
struct Challenge {
  bool basic = false;
  std::string realm;
  std::string service;
  std::string scope;
};
std::optional<Challenge> parseChallenge(std::string_view text);

struct Fetched {
  std::string mediaType;
  std::string digest;  ///< "sha256:...", of the bytes that came
  std::string text;
};

/// One repository, for one pull. Plain HTTP is spoken to loopback alone. Errors: Unavailable,
/// DeadlineExceeded, or as registryError() has it.
class Repository {
 public:
  /// `client` must outlive the coroutines.
  Repository(http::Client& client, docker::ImageReference reference, std::optional<RegistryAuth> auth,
             Duration limit, Duration inactivity, std::stop_token stop);

  /// The digest that a tag stands for now, without the manifest; empty where the registry does not say.
  Async<Result<std::string>> digestOf(std::string version);
  /// DataLoss when `version` is a digest, and not that of what came.
  Async<Result<Fetched>> manifest(std::string version);
  /// Passes the blob's bytes on as they come; `onBytes` answers false to end it.
  Async<Status> blob(std::string digest, std::function<bool(std::string_view)> onBytes);

 private:
  Async<Result<http::Response>> get(std::string method, std::string path, std::string accept,
                                    std::function<bool(std::string_view)> onBytes);
  Async<Status> authorize(Challenge challenge);
  http::Call prepare(std::string method, std::string url,
                     std::function<bool(std::string_view)> onBytes) const;
  std::string basic() const;

  http::Client& client_;
  docker::ImageReference reference_;
  std::optional<RegistryAuth> auth_;
  Duration limit_;
  Duration inactivity_;
  std::stop_token stop_;
  std::string authorization_;
};

}  // namespace berth::agent::containerd
