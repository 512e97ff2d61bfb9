#include "proto/ecs/model.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "proto/ecs/declarations.hpp"

namespace berth::ecs {
namespace {

std::vector<std::string> wordsOf(std::string_view line) {
  std::vector<std::string> out;
  size_t at = 0;
  while (at < line.size()) {
    size_t begin = line.find_first_not_of(' ', at);
    if (begin == std::string_view::npos || line[begin] == '#') break;
    at = std::min(line.find(' ', begin), line.size());
    out.emplace_back(line.substr(begin, at - begin));
  }
  return out;
}

bool number(std::string_view text, std::optional<double>& out) {
  if (text.empty()) return true;
  double value = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

/// "LEAST..MOST", "/PATTERN/" or "sensitive".
bool refine(Shape& shape, const std::string& word) {
  if (word == "sensitive") return shape.sensitive = true;
  if (word.size() > 2 && word.front() == '/' && word.back() == '/') {
    shape.pattern = word.substr(1, word.size() - 2);
    return true;
  }
  size_t dots = word.find("..");
  if (dots == std::string::npos) return false;
  return number(std::string_view(word).substr(0, dots), shape.least) &&
         number(std::string_view(word).substr(dots + 2), shape.most);
}

std::optional<ShapeType> typeOf(const std::string& word) {
  static const std::map<std::string, ShapeType> kTypes = {
      {"structure", ShapeType::Structure}, {"list", ShapeType::List},     {"map", ShapeType::Map},
      {"enum", ShapeType::String},         {"string", ShapeType::String}, {"integer", ShapeType::Integer},
      {"long", ShapeType::Long},           {"double", ShapeType::Double}};
  auto it = kTypes.find(word);
  return it == kTypes.end() ? std::nullopt : std::optional<ShapeType>(it->second);
}

Error malformed(std::string text) { return makeError(Code::InvalidArgument, std::move(text)); }

}  // namespace

const Member* Shape::member(std::string_view memberName) const {
  for (const Member& one : members) {
    if (one.name == memberName) return &one;
  }
  return nullptr;
}

Shape* Model::declare(const std::string& name, ShapeType type) {
  auto [it, added] = shapes_.try_emplace(name);
  if (!added) return nullptr;
  it->second.name = name;
  it->second.type = type;
  return &it->second;
}

Status Model::addIndented(const std::vector<std::string>& words) {
  if (openOperation_) {
    openOperation_->errors.insert(openOperation_->errors.end(), words.begin(), words.end());
    return {};
  }
  if (!openShape_) return malformed("belongs to nothing");
  if (openShape_->type == ShapeType::String) {
    openShape_->values.insert(openShape_->values.end(), words.begin(), words.end());
    return {};
  }
  if (openShape_->type != ShapeType::Structure || words.size() != 2) return malformed("is no member");
  Member member;
  member.required = words[0].ends_with('!');
  member.name = words[0].substr(0, words[0].size() - (member.required ? 1 : 0));
  memberReferences_.push_back(MemberReference{openShape_, openShape_->members.size(), words[1]});
  openShape_->members.push_back(std::move(member));
  return {};
}

Status Model::addLine(const std::vector<std::string>& words) {
  openShape_ = nullptr;
  openOperation_ = nullptr;
  if (words.size() < 2) return malformed("is no declaration");
  if (words[0] == "operation") {
    auto [it, added] = operations_.try_emplace(words[1]);
    if (!added || words.size() != 4) return malformed("is a repeated or incomplete operation");
    openOperation_ = &it->second;
    openOperation_->name = words[1];
    references_.push_back(Reference{&openOperation_->input, words[2]});
    references_.push_back(Reference{&openOperation_->output, words[3]});
    return {};
  }
  auto type = typeOf(words[0]);
  if (!type) return malformed("begins with an unknown kind");
  Shape* shape = declare(words[1], *type);
  if (!shape) return malformed("declares a shape again");
  openShape_ = shape;
  // A list names its element, a map its key (always a String) and its value.
  size_t next = *type == ShapeType::List ? 3 : *type == ShapeType::Map ? 4 : 2;
  if (words.size() < next) return malformed("is an incomplete shape");
  if (next > 2) references_.push_back(Reference{&shape->element, words[next - 1]});
  for (size_t i = next; i < words.size(); ++i) {
    if (!refine(*shape, words[i])) return malformed("has an unknown refinement");
  }
  return {};
}

Status Model::add(std::string_view file, std::string_view text) {
  size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto words = wordsOf(line);
    if (words.empty()) continue;
    Status status = line.starts_with(' ') ? addIndented(words) : addLine(words);
    if (!status) return status.error().in(std::string(file) + ":" + std::to_string(line_number));
  }
  return {};
}

Status Model::link() {
  static constexpr std::pair<const char*, ShapeType> kPrimitives[] = {
      {"String", ShapeType::String}, {"Integer", ShapeType::Integer}, {"Long", ShapeType::Long},
      {"Double", ShapeType::Double}, {"Boolean", ShapeType::Boolean}, {"Timestamp", ShapeType::Timestamp}};
  for (const auto& [name, type] : kPrimitives) declare(name, type);
  for (const Reference& reference : references_) {
    *reference.target = findShape(reference.type);
    if (!*reference.target) return malformed("type " + reference.type + " is not declared");
  }
  for (const MemberReference& reference : memberReferences_) {
    const Shape* shape = findShape(reference.type);
    if (!shape) return malformed("type " + reference.type + " is not declared");
    reference.owner->members[reference.index].shape = shape;
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
