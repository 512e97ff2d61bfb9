// The ECS API as data: every operation and shape, declared once, in the *.shapes files beside this one. A
// line that is not indented begins a declaration, indented lines belong to it, '#' begins a comment:
//
//   operation NAME INPUT OUTPUT          its errors, indented
//   structure NAME [sensitive]           its members, indented: NAME TYPE, or NAME! TYPE when required
//   list NAME ELEMENT [LEAST..MOST] [sensitive]
//   map NAME KEY VALUE
//   enum NAME                            its values, indented
//   string NAME [LEAST..MOST] [/PATTERN/] [sensitive]
//   integer|long|double NAME [LEAST..MOST]
//
// A type is the name of a shape, or one of String, Integer, Long, Double, Boolean, Timestamp. A pattern is
// one character class, repeated: "[a-z\-]+". Sensitive values are never quoted in messages.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::ecs {

struct Shape;

struct Member {
  std::string name;
  const Shape* shape = nullptr;
  bool required = false;
};

enum class ShapeType { Structure, List, Map, String, Integer, Long, Double, Boolean, Timestamp };

struct Shape {
  std::string name;
  ShapeType type = ShapeType::String;
  std::vector<Member> members;      ///< of a structure
  const Shape* element = nullptr;   ///< of a list; the value of a map
  std::vector<std::string> values;  ///< of an enum, which is a String
  std::optional<double> least;      ///< of a number's value, else of a length
  std::optional<double> most;
  std::string pattern;
  bool sensitive = false;

  const Member* member(std::string_view memberName) const;
};

struct Operation {
  std::string name;
  const Shape* input = nullptr;
  const Shape* output = nullptr;
  std::vector<std::string> errors;
};

/// Immutable; shapes point to each other, so it is neither copied nor moved.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Adds the declarations of one file. Types may be declared in files that come later.
  /// InvalidArgument, naming `file` and the line.
  Status add(std::string_view file, std::string_view text);
  /// Once all files are in: every type that is used must be declared. InvalidArgument, naming the type.
  Status link();

  /// nullptr when there is none.
  const Operation* findOperation(std::string_view name) const;
  const std::map<std::string, Operation, std::less<>>& operations() const { return operations_; }
  const Shape* findShape(std::string_view name) const;

 private:
  Status addLine(const std::vector<std::string>& words);
  Status addIndented(const std::vector<std::string>& words);
  Shape* declare(const std::string& name, ShapeType type);

  /// What a reference will point to, once all is declared.
  struct Reference {
    const Shape** target;
    std::string type;
  };
  struct MemberReference {
    Shape* owner;
    size_t index;
    std::string type;
  };

  std::map<std::string, Shape, std::less<>> shapes_;
  std::map<std::string, Operation, std::less<>> operations_;
  std::vector<Reference> references_;
  std::vector<MemberReference> memberReferences_;
  Shape* openShape_ = nullptr;
  Operation* openOperation_ = nullptr;
};

/// The ECS API. Read at the first call.
const Model& model();

}  // namespace berth::ecs
