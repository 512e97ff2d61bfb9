#include "proto/ecs/model.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "common/text/number.hpp"
#include "proto/ecs/declarations.hpp"

namespace berth::ecs {
namespace {

constexpr size_t kElement = static_cast<size_t>(-1);

Error malformed(std::string text) { return makeError(Code::InvalidArgument, std::move(text)); }

std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while ((at = line.find_first_not_of(' ', at)) != std::string_view::npos && line[at] != '#') {
    size_t end = std::min(line.find(' ', at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

/// An empty text is no bound.
bool readBound(std::string_view text, std::optional<double>& out) {
  if (text.empty()) return true;
  out = parseNumber<double>(text);
  return out.has_value();
}

bool isNumber(ShapeType type) {
  return type == ShapeType::Integer || type == ShapeType::Long || type == ShapeType::Double;
}

/// "LEAST..MOST", "/PATTERN/" or "sensitive", where the kind of shape can have it.
Status refine(Shape& shape, std::string_view word) {
  bool text = shape.type == ShapeType::String;
  if (word == "sensitive" && (text || shape.type == ShapeType::List || shape.type == ShapeType::Structure)) {
    shape.sensitive = true;
    return {};
  }
  if (text && word.size() > 2 && word.front() == '/' && word.back() == '/') {
    auto pattern = Pattern::parse(word.substr(1, word.size() - 2));
    if (!pattern) return pattern.error();
    shape.pattern = std::move(*pattern);
    return {};
  }
  size_t dots = word.find("..");
  bool bounded = text || shape.type == ShapeType::List || isNumber(shape.type);
  bool valid = bounded && dots != std::string_view::npos && readBound(word.substr(0, dots), shape.least) &&
               readBound(word.substr(dots + 2), shape.most) &&
               shape.least.value_or(shape.most.value_or(0)) <= shape.most.value_or(shape.least.value_or(0));
  if (!valid) return malformed("'" + std::string(word) + "' is nothing that " + shape.name + " can have");
  return {};
}

std::optional<ShapeType> typeOf(std::string_view word) {
  static constexpr std::pair<std::string_view, ShapeType> kTypes[] = {
      {"structure", ShapeType::Structure}, {"list", ShapeType::List},     {"map", ShapeType::Map},
      {"enum", ShapeType::Enum},           {"string", ShapeType::String}, {"integer", ShapeType::Integer},
      {"long", ShapeType::Long},           {"double", ShapeType::Double}, {"document", ShapeType::Document}};
  for (const auto& [name, type] : kTypes) {
    if (name == word) return type;
  }
  return std::nullopt;
}

/// Whether `shape` is reached again from itself. `path` holds the shapes above, `clean` those that were seen
/// to the end.
bool containsItself(const Shape& shape, std::set<const Shape*>& path, std::set<const Shape*>& clean) {
  if (clean.contains(&shape)) return false;
  if (!path.insert(&shape).second) return true;
  if (shape.element && containsItself(*shape.element, path, clean)) return true;
  for (const Member& member : shape.members) {
    if (containsItself(*member.shape, path, clean)) return true;
  }
  path.erase(&shape);
  clean.insert(&shape);
  return false;
}

}  // namespace

const Member* Shape::member(std::string_view memberName) const {
  for (const Member& one : members) {
    if (one.name == memberName) return &one;
  }
  return nullptr;
}

Status Model::addOperation(const Words& words) {
  if (words.size() < 4 || words.size() > 5)
    return malformed("an operation has a name, an input and an output");
  auto [it, added] = operations_.try_emplace(std::string(words[1]));
  if (!added) return malformed("operation " + it->first + " is declared twice");
  openOperation_ = &it->second;
  openOperation_->name = it->first;
  if (words.size() == 5) openOperation_->parameterException = words[4];
  operationUses_.push_back(OperationUse{openOperation_, std::string(words[2]), std::string(words[3])});
  return {};
}

Status Model::addShape(const Words& words) {
  auto type = typeOf(words[0]);
  if (!type) return malformed("'" + std::string(words[0]) + "' is no kind of declaration");
  bool contains = *type == ShapeType::List || *type == ShapeType::Map;
  size_t next = contains ? 3 : 2;
  if (words.size() < next) return malformed("the declaration is incomplete");
  auto [it, added] = shapes_.try_emplace(std::string(words[1]));
  if (!added) return malformed("shape " + it->first + " is declared twice");
  openShape_ = &it->second;
  openShape_->name = it->first;
  openShape_->type = *type;
  if (contains) uses_.push_back(Use{openShape_, kElement, std::string(words[2])});
  for (size_t i = next; i < words.size(); ++i) {
    if (Status status = refine(*openShape_, words[i]); !status) return status;
  }
  return {};
}

Status Model::addMember(const Words& words, std::string_view said) {
  if (words.size() != 2) return malformed("a member has a name and a type");
  Member member;
  member.required = words[0].ends_with('!');
  member.name = words[0].substr(0, words[0].size() - (member.required ? 1 : 0));
  if (openShape_->member(member.name)) return malformed("member " + member.name + " is declared twice");
  std::string_view first = said.substr(0, said.find(' '));
  if (first.ends_with("Exception") && first.size() < said.size()) {
    member.exception = first;
    said.remove_prefix(first.size() + 1);
  }
  member.message = said;
  uses_.push_back(Use{openShape_, openShape_->members.size(), std::string(words[1])});
  openShape_->members.push_back(std::move(member));
  return {};
}

Status Model::addIndented(const Words& words, std::string_view said) {
  if (openShape_ && openShape_->type == ShapeType::Structure) return addMember(words, said);
  bool isEnum = openShape_ && openShape_->type == ShapeType::Enum;
  if (!said.empty() || (!isEnum && !openOperation_)) return malformed("the line belongs to nothing");
  auto& names = isEnum ? openShape_->values : openOperation_->errors;
  names.insert(names.end(), words.begin(), words.end());
  return {};
}

Status Model::add(std::string_view file, std::string_view text) {
  openShape_ = nullptr;
  openOperation_ = nullptr;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    bool indented = line.starts_with(' ');
    size_t colon = indented ? line.find(" : ") : std::string_view::npos;
    std::string_view said = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 3);
    Words words = wordsOf(line.substr(0, colon));
    if (words.empty()) continue;
    Status status;
    if (indented) {
      status = addIndented(words, said);
    } else {
      openShape_ = nullptr;
      openOperation_ = nullptr;
      status = words[0] == "operation" ? addOperation(words) : addShape(words);
    }
    if (!status) return status.error().in(std::string(file) + ":" + std::to_string(number));
  }
  return {};
}

Status Model::link() {
  static constexpr std::pair<const char*, ShapeType> kPrimitives[] = {
      {"String", ShapeType::String}, {"Integer", ShapeType::Integer}, {"Long", ShapeType::Long},
      {"Double", ShapeType::Double}, {"Boolean", ShapeType::Boolean}, {"Timestamp", ShapeType::Timestamp}};
  for (const auto& [name, type] : kPrimitives) {
    auto [it, added] = shapes_.try_emplace(name);
    if (!added) return malformed(it->first + " is a built-in type");
    it->second.name = name;
    it->second.type = type;
  }
  for (const Use& use : uses_) {
    const Shape* shape = findShape(use.type);
    if (!shape) return malformed(use.shape->name + " uses type " + use.type + ", which is not declared");
    (use.member == kElement ? use.shape->element : use.shape->members[use.member].shape) = shape;
  }
  for (const auto& [operation, input, output] : operationUses_) {
    operation->input = findShape(input);
    operation->output = findShape(output);
    for (const Shape* shape : {operation->input, operation->output}) {
      if (shape && shape->type == ShapeType::Structure) continue;
      return malformed("operation " + operation->name + " takes or answers no declared structure");
    }
  }
  uses_.clear();
  operationUses_.clear();
  std::set<const Shape*> path;
  std::set<const Shape*> clean;
  for (const auto& [name, shape] : shapes_) {
    if (containsItself(shape, path, clean)) return malformed(name + " contains itself");
    if (shape.type == ShapeType::Enum && shape.values.empty()) return malformed(name + " has no values");
  }
  return {};
}

const Operation* Model::findOperation(std::string_view name) const {
  auto it = operations_.find(name);
  return it == operations_.end() ? nullptr : &it->second;
}

const Shape* Model::findShape(std::string_view name) const {
  auto it = shapes_.find(name);
  return it == shapes_.end() ? nullptr : &it->second;
}

const Model& model() {
  // A fault in the declarations is a fault in the program, which every test would show.
  static const Model* const kModel = [] {
    auto* fresh = new Model();
    Status status;
    for (const Declaration& declaration : declarations()) {
      if (status) status = fresh->add(declaration.file, declaration.text);
    }
    if (status) status = fresh->link();
    if (!status) {
      std::fprintf(stderr, "the API's declarations are wrong: %s\n", status.error().message.c_str());
      std::abort();
    }
    return fresh;
  }();
  return *kModel;
}

}  // namespace berth::ecs
