// One test of a query on one instance.
#include <algorithm>
#include <compare>

#include "common/text/number.hpp"
#include "controller/query/nodes.hpp"

namespace berth::controller::query {
namespace {

bool ordered(Operator op, std::partial_ordering order) {
  switch (op) {
    case Operator::Equal:
      return order == 0;
    case Operator::NotEqual:
      return order != 0;
    case Operator::Less:
      return order < 0;
    case Operator::LessEqual:
      return order <= 0;
    case Operator::Greater:
      return order > 0;
    case Operator::GreaterEqual:
      return order >= 0;
    default:
      return false;
  }
}

bool among(const Test& test, std::string_view text) {
  return std::ranges::any_of(test.values, [&](const Value& value) { return value.text == text; });
}

/// A test of a text that is there.
bool textHolds(const Test& test, std::string_view text) {
  switch (test.op) {
    case Operator::In:
    case Operator::Equal:
      return among(test, text);
    case Operator::NotIn:
    case Operator::NotEqual:
      return !among(test, text);
    case Operator::Matches:
      return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *test.pattern);
    case Operator::NotMatches:
      return !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *test.pattern);
    default:
      break;
  }
  const auto number = parseNumber<double>(text);
  return number && ordered(test.op, *number <=> test.values.front().number);
}

bool attributeHolds(const Test& test, const Queried& instance) {
  const auto found = std::ranges::find(instance.attributes, test.attribute, &Attribute::name);
  const bool there = found != instance.attributes.end();
  if (test.op == Operator::Exists) return there;
  if (test.op == Operator::NotExists) return !there;
  return there && found->value && textHolds(test, *found->value);
}

bool groupHolds(const Test& test, const Queried& instance) {
  if (test.op == Operator::Exists) return !instance.groups.empty();
  if (test.op == Operator::NotExists) return instance.groups.empty();
  return std::ranges::any_of(instance.groups,
                             [&](const auto& group) { return textHolds(test, group.first); });
}

/// Missing parts count as 0, so "1.70" is "1.70.0".
std::strong_ordering compared(const std::vector<int64_t>& one, const std::vector<int64_t>& other) {
  const auto part = [](const std::vector<int64_t>& of, size_t at) { return at < of.size() ? of[at] : 0; };
  for (size_t at = 0; at < std::max(one.size(), other.size()); ++at) {
    if (const auto order = part(one, at) <=> part(other, at); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

bool versionHolds(const Test& test, std::string_view text) {
  return ordered(test.op, compared(versionParts(text), test.values.front().version));
}

}  // namespace

std::vector<int64_t> versionParts(std::string_view text) {
  std::vector<int64_t> out;
  if (text.starts_with('v')) text.remove_prefix(1);
  while (!text.empty()) {
    const size_t dot = std::min(text.find('.'), text.size());
    const auto number = parseNumber<int64_t>(text.substr(0, dot));
    if (!number) break;
    out.push_back(*number);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return out;
}

bool isOrder(Operator op) {
  return op == Operator::Less || op == Operator::LessEqual || op == Operator::Greater ||
         op == Operator::GreaterEqual;
}

bool holds(const Test& test, const Queried& instance) {
  switch (test.subject) {
    case Subject::Attribute:
      return attributeHolds(test, instance);
    case Subject::Group:
      return groupHolds(test, instance);
    case Subject::Connected:
      return textHolds(test, instance.agentConnected ? "true" : "false");
    case Subject::Ec2Id:
      if (test.op == Operator::Exists || test.op == Operator::NotExists) {
        return instance.ec2InstanceId.empty() == (test.op == Operator::NotExists);
      }
      return !instance.ec2InstanceId.empty() && textHolds(test, instance.ec2InstanceId);
    case Subject::Version:
      return versionHolds(test, instance.agentVersion);
    case Subject::RegisteredAt:
      return ordered(test.op, instance.registeredAt <=> test.values.front().moment);
    case Subject::RunningTasks:
      return ordered(test.op, static_cast<double>(instance.runningTasks) <=> test.values.front().number);
  }
  return false;
}

}  // namespace berth::controller::query
