#include "controller/query/query.hpp"

#include <algorithm>

#include "controller/query/nodes.hpp"

namespace berth::controller {
namespace {

bool accepts(const Query::Node& node, const Queried& instance) {
  const auto accepted = [&](const auto& part) { return accepts(*part, instance); };
  switch (node.kind) {
    case Query::Node::Kind::Test:
      return query::holds(node.test, instance);
    case Query::Node::Kind::Not:
      return !accepted(node.parts.front());
    case Query::Node::Kind::And:
      return std::ranges::all_of(node.parts, accepted);
    case Query::Node::Kind::Or:
      return std::ranges::any_of(node.parts, accepted);
  }
  return false;
}

}  // namespace

bool Query::matches(const Queried& instance) const { return accepts(*root_, instance); }

}  // namespace berth::controller
