// Which images may run on this host, and what has to vouch for them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/signatures/keys.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::signatures {

struct PolicyRule {
  enum class Require { Nothing, Cosign, Notation, Program, Never };
  std::string prefix;  ///< "registry.example/team"; empty: of all repositories that no other rule is for
  Require require = Require::Never;
  std::vector<PublicKey> keys;             ///< Cosign: one of them is enough
  std::vector<Certificates> certificates;  ///< Notation: likewise
  std::string program;                     ///< Program: its path
  Duration limit = std::chrono::seconds(10);
};

/// One JSON file:
///   {"rules": [{"prefix": "registry.example/team", "require": "cosign", "keys": ["/etc/berth/team.pub"]},
///              {"prefix": "registry.example/other", "require": "notation", "certificates":
///              ["/etc/berth/ca.pem"]},
///              {"prefix": "third.example", "require": "program", "program": "/usr/bin/check",
///              "timeout_seconds": 5},
///              {"prefix": "docker.io/library", "require": "nothing"}],
///    "otherwise": "refuse"}
/// The rule with the longest prefix counts; a prefix ends where a part of the repository's name does.
/// `otherwise` is "refuse" or "accept".
class ImagePolicy {
 public:
  using ReadFile = std::function<Result<std::string>(const std::string& path)>;

  /// `name` stands for the file in messages. InvalidArgument names the member and the rule; so it does for an
  /// unknown member, and for a key that can't be used. Errors of `read` as they are.
  static Result<ImagePolicy> parse(const std::string& text, const std::string& name, const ReadFile& read);
  /// The same from a file; NotFound and PermissionDenied when it, or one that it names, can't be read.
  static Result<ImagePolicy> read(const std::string& path);

  /// `repository` is "registry.example/team/web".
  const PolicyRule& ruleFor(std::string_view repository) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::vector<PolicyRule> rules_;  ///< the last one is that of all others
};

}  // namespace berth::agent::signatures
