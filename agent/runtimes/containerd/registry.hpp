// A registry, as the OCI distribution specification 1.0 has it: manifests and blobs, by token or basic
// authentication.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"
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

/// How long to wait before asking again, by an answer's Retry-After (RFC 9110, section 10.2.3: seconds, or a
/// date); nullopt for none, or one that can't be read. A date that has passed is zero.
std::optional<Duration> retryAfter(std::string_view text, WallTime now);

/// "bytes 100-199/1000" -> 100; nullopt for anything else.
std::optional<int64_t> contentRangeStart(std::string_view text);

/// "sha256:..." -> "sha256-...": the tag by which a registry without referrers has what belongs to a manifest
/// (OCI distribution specification 1.1, "Referrers Tag Schema").
std::string tagOfDigest(std::string digest);

struct Fetched {
  std::string mediaType;
  std::string digest;  ///< "sha256:...", of the bytes that came
  std::string text;
};

/// A part of a blob.
struct Piece {
  bool ranged = false;  ///< false: the registry has no parts of blobs to give
  std::string bytes;
};

/// Where else, and how, the images of a registry are to be had.
struct RegistryRules {
  /// "docker.io" -> hosts, "mirror.example:5000", that are asked before it, in their order, without its
  /// credentials.
  std::map<std::string, std::vector<std::string>> mirrors{};
  /// Hosts that plain HTTP may be spoken to. To loopback it always is.
  std::vector<std::string> plainHosts{};
};

/// One repository, for one pull. "Later" (429, and 503 with a time) is waited for, for at most `limit` in all
/// and a few times. A token that has expired is replaced. Errors: Unavailable, DeadlineExceeded, Cancelled,
/// or as registryError() has it.
class Repository {
 public:
  struct Means {
    http::Client& client;
    const Clock& clock;
    const RegistryRules& rules;
  };
  /// What `means` refers to must outlive the coroutines. `limit`: for what is no blob; `inactivity`: for
  /// blobs.
  Repository(Means means, docker::ImageReference reference, std::optional<RegistryAuth> auth, Duration limit,
             Duration inactivity, std::stop_token stop);

  /// The digest that a tag stands for now, without the manifest; empty where the registry does not say.
  Async<Result<std::string>> digestOf(std::string version);
  /// DataLoss when `version` is a digest, and not that of what came.
  Async<Result<Fetched>> manifest(std::string version, std::stop_token stop);
  /// Passes the blob's bytes on as they come; `onBytes` answers false to end it. `stop` ends it, too.
  Async<Status> blob(std::string digest, std::function<bool(std::string_view)> onBytes, std::stop_token stop);
  /// `count` bytes of a blob from `at` on, or fewer at its end.
  Async<Result<Piece>> piece(std::string digest, int64_t at, int64_t count, std::stop_token stop);
  /// Digests of the manifests of this artifact type that refer to the manifest `digest`, at most 32; of a
  /// registry without the question, by the tag that stands in for it (OCI distribution specification 1.1,
  /// "Listing referrers"). NotFound where there is nothing of the kind.
  Async<Result<std::vector<std::string>>> referrers(std::string digest, std::string artifactType,
                                                    std::stop_token stop);

 private:
  struct Endpoint {
    std::string base;  ///< "https://host:port"
    bool own = true;   ///< of the registry itself, to which credentials belong
    std::string authorization{};
    bool failed = false;
  };
  struct Ask {
    std::string method = "GET";
    std::string path;
    std::string accept{};
    std::string range{};
    std::function<bool(std::string_view)> onBytes{};
    size_t most = size_t{4} << 20;  ///< bytes of an answer that does not stream
    bool ofBlob = false;
    std::stop_token stop{};
  };
  using EndpointPtr = std::shared_ptr<Endpoint>;

  Async<Result<http::Response>> get(Ask ask);
  Async<Result<http::Response>> getFrom(EndpointPtr endpoint, Ask ask);
  Async<Result<http::Response>> exchange(EndpointPtr endpoint, Ask ask);
  Async<Status> authorize(EndpointPtr endpoint, std::string header, std::stop_token stop);
  http::Call prepare(const Ask& ask, std::string url) const;
  std::string basic() const;

  Means means_;
  docker::ImageReference reference_;
  std::optional<RegistryAuth> auth_;
  Duration limit_;
  Duration inactivity_;
  std::stop_token stop_;
  std::vector<EndpointPtr> endpoints_;
};

}  // namespace berth::agent::containerd
