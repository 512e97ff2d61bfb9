// The ECS API as data: every operation and shape, declared once, in the *.shapes files beside this one. A
// line that is not indented begins a declaration, indented lines belong to it, '#' begins a comment:
//
//   operation NAME INPUT OUTPUT [EXCEPTION]   its errors, indented
//   structure NAME [sensitive]                its members, indented, one a line
//   list NAME ELEMENT [LEAST..MOST] [sensitive]
//   map NAME VALUE                            keys are strings
//   enum NAME                                 its values, indented
//   string NAME [LEAST..MOST] [/PATTERN/] [sensitive]
//   integer|long|double NAME [LEAST..MOST]
//   document NAME                             any JSON
//
// A member is NAME TYPE, or NAME! TYPE when it is required. Behind " : " may stand what the service says when
// the member breaks a rule, where it has words of its own: [EXCEPTION] MESSAGE. A type is the name of a
// shape, or one of String, Integer, Long, Double, Boolean, Timestamp. EXCEPTION, of an operation, is what
// refuses wrong parameters (InvalidParameterException without it). LEAST and MOST bound a number, or a
// length. Values of sensitive shapes, and of all inside them, are never quoted in messages.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "proto/ecs/pattern.hpp"

namespace berth::ecs {

struct Shape;

struct Member {
  std::string name;
  const Shape* shape = nullptr;
  bool required = false;
  std::string exception;  ///< with `message`: what is thrown; empty: what the operation throws
  std::string message;    ///< the service's own words for a broken rule; empty: the general form
};

enum class ShapeType {
  Structure,
  List,
  Map,
  String,
  Enum,
  Integer,
  Long,
  Double,
  Boolean,
  Timestamp,
  Document,
};

struct Shape {
  std::string name;
  ShapeType type = ShapeType::String;
  std::vector<Member> members;      ///< of a structure
  const Shape* element = nullptr;   ///< of a list or map
  std::vector<std::string> values;  ///< of an enum
  std::optional<double> least;      ///< of a number's value, else of a length
  std::optional<double> most;
  std::optional<Pattern> pattern;  ///< of a string
  bool sensitive = false;

  /// nullptr when there is none.
  const Member* member(std::string_view memberName) const;
};

struct Operation {
  std::string name;
  const Shape* input = nullptr;
  const Shape* output = nullptr;
  std::string parameterException = "InvalidParameterException";
  std::vector<std::string> errors;
};

/// Shapes point to each other, so it is neither copied nor moved.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Adds the declarations of one file. Types may be declared in files that come later.
  /// InvalidArgument, naming `file` and the line.
  Status add(std::string_view file, std::string_view text);
  /// Once all files are in: every type that is used must be declared, operations take and answer structures,
  /// and no shape contains itself, so the depth of a checked value is bounded. InvalidArgument, naming the
  /// shape.
  Status link();

  /// nullptr when there is none.
  const Operation* findOperation(std::string_view name) const;
  const Shape* findShape(std::string_view name) const;
  /// By name.
  const std::map<std::string, Operation, std::less<>>& operations() const { return operations_; }
  const std::map<std::string, Shape, std::less<>>& shapes() const { return shapes_; }

 private:
  using Words = std::vector<std::string_view>;
  Status addOperation(const Words& words);
  Status addShape(const Words& words);
  Status addIndented(const Words& words, std::string_view said);
  Status addMember(const Words& words, std::string_view said);

  /// The names of types until link(), in the order in which the shapes and members point to them.
  struct Use {
    Shape* shape;
    size_t member;  ///< kElement: the shape's element
    std::string type;
  };
  struct OperationUse {
    Operation* operation;
    std::string input;
    std::string output;
  };

  std::map<std::string, Shape, std::less<>> shapes_;
  std::map<std::string, Operation, std::less<>> operations_;
  std::vector<Use> uses_;
  std::vector<OperationUse> operationUses_;
  Shape* openShape_ = nullptr;
  Operation* openOperation_ = nullptr;
};

/// The ECS API, read at the first call; never changes afterwards.
const Model& model();

}  // namespace berth::ecs
