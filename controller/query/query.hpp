// The cluster query language of Amazon ECS: which container instances are meant. Used by the filter of
// ListContainerInstances and by memberOf placement constraints.
// Source: Amazon ECS developer guide, "Cluster query language".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"
#include "controller/model/entities.hpp"

namespace berth::controller {

/// What a query can ask of an instance. Lives no longer than the call that it is given to.
struct Queried {
  std::span<const Attribute> attributes;
  /// Groups that have tasks on the instance, with how many.
  std::span<const std::pair<std::string, int64_t>> groups;
  bool agentConnected = false;
  std::string_view agentVersion;
  std::string_view ec2InstanceId;
  WallTime registeredAt{};
  int64_t runningTasks = 0;
};

/// A query that was understood. Immutable; copies share.
class Query {
 public:
  struct Node;

  /// InvalidArgument with the place and what could stand there. At most kLongest bytes and kDeepest levels of
  /// parentheses and negations. Regular expressions are RE2's: of Java's, look-around and back references are
  /// refused, so none takes longer than its text is long.
  static Result<Query> parse(std::string_view text);

  /// A test of an attribute that the instance does not have fails, also when it is negated by its operator
  /// ("!=", "not_in", "!~"); of task:group, one group of the instance is enough. "not" turns what it stands
  /// before into its opposite.
  bool matches(const Queried& instance) const;

  /// Whether only attributes are asked for, which change seldom.
  bool isStatic() const { return static_; }

  static constexpr size_t kLongest = 2000;
  static constexpr int kDeepest = 50;

 private:
  Query(std::shared_ptr<const Node> root, bool isStatic) : root_(std::move(root)), static_(isStatic) {}

  std::shared_ptr<const Node> root_;
  bool static_;
};

}  // namespace berth::controller
