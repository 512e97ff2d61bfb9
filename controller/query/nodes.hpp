// The parts of a query. Private to the folder: brings RE2 in.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controller/query/query.hpp"

namespace berth::controller::query {

enum class Subject { Attribute, Group, Connected, Version, Ec2Id, RegisteredAt, RunningTasks };

enum class Operator {
  Exists,
  NotExists,
  In,
  NotIn,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Matches,
  NotMatches
};

/// A value in the form in which its subject is compared: text, a number, the parts of a version, a moment.
struct Value {
  std::string text;
  double number = 0;
  std::vector<int64_t> version;
  WallTime moment{};
};

struct Test {
  Subject subject = Subject::Attribute;
  std::string attribute;  ///< its name, of Subject::Attribute
  Operator op = Operator::Equal;
  std::vector<Value> values;  ///< one but for In and NotIn; none for Exists and NotExists
  std::shared_ptr<const RE2> pattern;
};

bool isOrder(Operator op);

/// "1.70.0" as {1, 70, 0}, up to the first part that is no number; empty when that is the first.
std::vector<int64_t> versionParts(std::string_view text);

bool holds(const Test& test, const Queried& instance);

}  // namespace berth::controller::query

namespace berth::controller {

struct Query::Node {
  enum class Kind { Test, Not, And, Or };
  Kind kind = Kind::Test;
  query::Test test;
  std::vector<std::shared_ptr<const Node>> parts;  ///< of Not (one), And, Or
};

}  // namespace berth::controller
