// Whether an image may run: asked of its registry, by the rules of the host's policy.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "agent/runtimes/containerd/registry.hpp"
#include "agent/signatures/image_policy.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// What was admitted once is not asked about again by this process: by its digest, it can't change.
class Admission {
 public:
  struct Parts {
    const Clock& clock;
    Log& log;
    std::optional<signatures::ImagePolicy> policy;  ///< nullopt: every image may run
  };

  explicit Admission(Parts parts) : parts_(std::move(parts)) {}

  bool active() const { return parts_.policy.has_value(); }

  /// `digest` is that of the image's manifest or index; `from` is its repository. PermissionDenied names
  /// policy, rule, image, digest and the way out; else errors of the registry, where it can't be asked.
  Async<Status> admit(std::shared_ptr<Repository> from, docker::ImageReference reference, std::string digest,
                      std::stop_token stop);
  /// Whether the error is a refusal by admit().
  bool isRefusal(const Error& error) const { return refusals_.contains(error.message); }

 private:
  using Rule = signatures::PolicyRule;

  Async<Status> check(std::shared_ptr<Repository> from, const Rule& rule, docker::ImageReference reference,
                      std::string digest, std::stop_token stop);
  Async<Status> cosign(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                       std::stop_token stop);
  Async<Status> cosignOf(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                         std::string manifest, std::stop_token stop);
  Async<Status> notation(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                         std::stop_token stop);
  Async<Status> notationOf(std::shared_ptr<Repository> from, const Rule& rule, std::string digest,
                           std::string manifest, std::stop_token stop);
  Async<Status> program(const Rule& rule, docker::ImageReference reference, std::string digest);

  Parts parts_;
  std::set<std::string> admitted_;  ///< REPOSITORY@DIGEST
  std::set<std::string> refusals_;  ///< their words
};

}  // namespace berth::agent::containerd
