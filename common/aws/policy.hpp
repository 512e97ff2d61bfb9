// Policies in IAM's JSON: what a document says, and whether it lets a request through. No I/O.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::aws {

/// Identity policies belong to a caller and name no Principal. Resource policies belong to a resource: each
/// statement names its Principal, and one without a Resource is about the resource that the policy belongs
/// to.
enum class PolicyKind { Identity, Resource };

/// What documents may use, beside IAM's own elements.
struct PolicyRules {
  PolicyKind kind = PolicyKind::Identity;
  /// In lower case: "ecs:cluster", "aws:sourceip"; one that ends in "/" is that of each tag:
  /// "aws:resourcetag/".
  std::set<std::string> conditionKeys;
};

/// Patterns of a statement's element, or (negated) of its opposite: NotAction, NotResource.
struct PolicyPatterns {
  std::vector<std::string> patterns;
  bool negated = false;
};

enum class ConditionTest { Null, Bool, StringEquals, StringIgnoreCase, StringLike, Arn, IpAddress };

struct PolicyCondition {
  ConditionTest test = ConditionTest::StringEquals;
  bool negated = false;   ///< StringNotEquals, ...
  bool ifExists = false;  ///< ...IfExists: holds where the request has no such key
  std::string key;        ///< in lower case
  std::vector<std::string> values;
};

struct PolicyStatement {
  std::string sid;
  bool allows = false;  ///< Effect
  PolicyPatterns actions;
  std::optional<PolicyPatterns> resources;             ///< absent in resource policies only
  std::optional<std::vector<std::string>> principals;  ///< "*", ARNs, account numbers; absent: any caller's
  std::vector<PolicyCondition> conditions;
};

struct Policy {
  std::string name;  ///< for people: the file it came from
  std::vector<PolicyStatement> statements;
};

/// Reads a document. Everything in it counts: InvalidArgument, naming `name`, the statement and the rule, for
/// JSON that is none or has a key twice, an element, operator or condition key that is not known, a value of
/// the wrong form, NotPrincipal, principals other than AWS, and policy variables (${...}), which are not
/// offered. Operators: String(Not)Equals, String(Not)EqualsIgnoreCase, String(Not)Like, Arn(Not)Equals,
/// Arn(Not)Like, Bool, (Not)IpAddress, all also with IfExists, and Null.
/// Source: IAM User Guide, "IAM JSON policy elements reference".
Result<Policy> parsePolicy(std::string_view text, std::string_view name, const PolicyRules& rules);

/// One action on one resource.
struct PolicyRequest {
  std::string principal;                       ///< ARN of the caller
  std::string action;                          ///< "ecs:RunTask"
  std::string resource;                        ///< ARN, or "*" for an action that is about no resource
  std::map<std::string, std::string> context;  ///< by condition key in lower case
};

enum class Decision { ImplicitDeny, Allow, ExplicitDeny };

/// A statement that denies decides; then one that allows; else nobody allowed it.
/// Source: IAM User Guide, "Policy evaluation logic".
Decision evaluate(std::span<const Policy> policies, const PolicyRequest& request);

/// Whether the whole text fits the pattern: '*' is any characters, '?' any one. With `segments`, as ARNs are
/// matched, neither goes beyond a colon, but for a '*' that ends its segment.
bool wildcardMatch(std::string_view pattern, std::string_view text, bool segments = false);

/// As wildcardMatch, without regard to case (ASCII): how actions are matched.
bool actionMatch(std::string_view pattern, std::string_view action);

/// An address ("10.0.0.1", "fd00::1") or a block of them ("10.0.0.0/8").
bool isAddressBlock(std::string_view text);
/// Whether the address is in the block; false where either is malformed.
bool inAddressBlock(std::string_view block, std::string_view address);

}  // namespace berth::aws
