#include <algorithm>
#include <cstdint>
#include <cstring>

#include "common/aws/policy.hpp"
#include "common/ids/arn.hpp"
#include "common/text/ip_address.hpp"
#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"

namespace berth::aws {
namespace {

struct Block {
  IpAddress address;
  size_t prefix = 0;
};

std::optional<Block> parseBlock(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = parseIpAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Block{*address, address->bits()};
  const auto prefix = parseNumber<size_t>(text.substr(slash + 1));
  if (!prefix || *prefix > address->bits()) return std::nullopt;
  return Block{*address, *prefix};
}

/// Component by component; the last is all that follows the fifth colon.
bool arnMatch(std::string_view pattern, std::string_view arn) {
  if (pattern == "*") return true;
  for (int i = 0; i < 5; ++i) {
    const size_t in_pattern = pattern.find(':');
    const size_t in_arn = arn.find(':');
    if (in_pattern == std::string_view::npos || in_arn == std::string_view::npos) return false;
    if (!wildcardMatch(pattern.substr(0, in_pattern), arn.substr(0, in_arn))) return false;
    pattern.remove_prefix(in_pattern + 1);
    arn.remove_prefix(in_arn + 1);
  }
  return wildcardMatch(pattern, arn);
}

bool valueMatch(ConditionTest test, const std::string& wanted, const std::string& value) {
  switch (test) {
    case ConditionTest::StringEquals:
      return wanted == value;
    case ConditionTest::Bool:
    case ConditionTest::StringIgnoreCase:
      return equalsIgnoreCase(wanted, value);
    case ConditionTest::StringLike:
      return wildcardMatch(wanted, value);
    case ConditionTest::Arn:
      return arnMatch(wanted, value);
    case ConditionTest::IpAddress:
      return inAddressBlock(wanted, value);
    case ConditionTest::Null:
      break;
  }
  return false;
}

bool holds(const PolicyCondition& condition, const PolicyRequest& request) {
  const auto value = request.context.find(condition.key);
  const bool absent = value == request.context.end();
  if (condition.test == ConditionTest::Null)
    return std::ranges::find(condition.values, absent ? "true" : "false") != condition.values.end();
  if (absent) return condition.ifExists || condition.negated;
  const bool any = std::ranges::any_of(condition.values, [&](const std::string& wanted) {
    return valueMatch(condition.test, wanted, value->second);
  });
  return any != condition.negated;
}

/// An account number, or its root's ARN, means everyone of the account.
bool isPrincipal(const std::string& named, const std::string& caller) {
  if (named == "*" || named == caller) return true;
  const auto arn = parseArn(caller);
  if (!arn) return false;
  if (named == arn->account) return true;
  const auto root = parseArn(named);
  return root && root->service == "iam" && root->resource == "root" && root->account == arn->account &&
         root->partition == arn->partition;
}

bool applies(const PolicyStatement& statement, const PolicyRequest& request) {
  if (statement.principals && std::ranges::none_of(*statement.principals, [&](const std::string& named) {
        return isPrincipal(named, request.principal);
      }))
    return false;
  const bool acts = std::ranges::any_of(statement.actions.patterns, [&](const std::string& pattern) {
    return actionMatch(pattern, request.action);
  });
  if (acts == statement.actions.negated) return false;
  if (statement.resources) {
    const bool named = std::ranges::any_of(statement.resources->patterns, [&](const std::string& pattern) {
      return wildcardMatch(pattern, request.resource, /*segments=*/true);
    });
    if (named == statement.resources->negated) return false;
  }
  return std::ranges::all_of(statement.conditions,
                             [&](const PolicyCondition& condition) { return holds(condition, request); });
}

}  // namespace

bool wildcardMatch(std::string_view pattern, std::string_view text, bool segments) {
  // Most of what does not fit differs before the first wildcard.
  while (!pattern.empty() && pattern[0] != '*' && pattern[0] != '?') {
    if (text.empty() || text[0] != pattern[0]) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  if (pattern == "*") return true;
  // reached[i]: the pattern so far fits the first i characters.
  std::vector<char> reached(text.size() + 1, 0);
  reached[0] = 1;
  for (size_t at = 0; at < pattern.size(); ++at) {
    const bool last = at + 1 == pattern.size() || pattern[at + 1] == ':';
    if (pattern[at] == '*') {
      const bool crosses = !segments || last;
      for (size_t i = 1; i <= text.size(); ++i) {
        if (reached[i - 1] && (crosses || text[i - 1] != ':')) reached[i] = 1;
      }
      continue;
    }
    for (size_t i = text.size(); i > 0; --i) {
      const char c = text[i - 1];
      const bool fits = pattern[at] == '?' ? !segments || c != ':' : pattern[at] == c;
      reached[i] = static_cast<char>(reached[i - 1] && fits);
    }
    reached[0] = 0;
  }
  return reached[text.size()] != 0;
}

bool actionMatch(std::string_view pattern, std::string_view action) {
  return wildcardMatch(lowered(pattern), lowered(action));
}

bool isAddressBlock(std::string_view text) { return parseBlock(text).has_value(); }

bool inAddressBlock(std::string_view block, std::string_view address) {
  const auto wanted = parseBlock(block);
  const auto given = parseIpAddress(address);
  if (!wanted || !given || wanted->address.v6 != given->v6) return false;
  const size_t whole = wanted->prefix / 8;
  const size_t rest = wanted->prefix % 8;
  if (std::memcmp(wanted->address.bytes.data(), given->bytes.data(), whole) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
  return ((wanted->address.bytes[whole] ^ given->bytes[whole]) & mask) == 0;
}

Decision evaluate(std::span<const Policy> policies, const PolicyRequest& request) {
  Decision decision = Decision::ImplicitDeny;
  for (const Policy& policy : policies) {
    for (const PolicyStatement& statement : policy.statements) {
      const bool decides = !statement.allows || decision == Decision::ImplicitDeny;
      if (!decides || !applies(statement, request)) continue;
      if (!statement.allows) return Decision::ExplicitDeny;
      decision = Decision::Allow;
    }
  }
  return decision;
}

}  // namespace berth::aws
