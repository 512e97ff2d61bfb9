// Random requests, repeatable: what fits is accepted unchanged, what is damaged is refused or made to fit.
#include <random>

#include "tests/unit/proto/ecs/check.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : engine_(seed) {}

  size_t below(size_t bound) { return engine_() % bound; }

  /// A value that fits the shape; optional members are there half of the time.
  Json fitting(const Shape& shape) {
    switch (shape.type) {
      case ShapeType::Structure:
        return structure(shape);
      case ShapeType::List:
        return list(shape);
      case ShapeType::Map:
        return Json{{"key", fitting(*shape.element)}};
      case ShapeType::Enum:
        return shape.values[below(shape.values.size())];
      case ShapeType::String:
        return std::string(static_cast<size_t>(shape.least.value_or(1)), 'a');
      case ShapeType::Boolean:
        return below(2) == 0;
      case ShapeType::Double:
      case ShapeType::Timestamp:
        return shape.least.value_or(0) + 0.5;
      case ShapeType::Integer:
      case ShapeType::Long:
        return static_cast<int64_t>(shape.least.value_or(7));
      case ShapeType::Document:
        return Json{{"any", anything(3)}};
    }
    return nullptr;
  }

  /// Any JSON of some depth.
  Json anything(int depth) {
    switch (below(depth > 0 ? 9 : 7)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<int64_t>(engine_()) - 2000000000;
      case 3:
        return 1e40;
      case 4:
        return "text";
      case 5:
        return std::string("\xff\x00\xc3", 3);
      case 6:
        return UINT64_MAX;
      case 7:
        return Json::array({anything(depth - 1), anything(depth - 1)});
      default:
        return Json{{"name", anything(depth - 1)}, {"", anything(depth - 1)}};
    }
  }

  /// Puts anything in the place of one value somewhere inside.
  void damage(Json& value) {
    if (!value.is_structured() || value.empty() || below(4) == 0) {
      value = anything(4);
      return;
    }
    auto it = value.begin();
    std::advance(it, below(value.size()));
    damage(*it);
  }

 private:
  Json structure(const Shape& shape) {
    Json out = Json::object();
    for (const Member& member : shape.members) {
      if (member.required || below(2) == 0) out[member.name] = fitting(*member.shape);
    }
    return out;
  }
  Json list(const Shape& shape) {
    Json out = Json::array();
    size_t size = std::max(static_cast<size_t>(shape.least.value_or(0)), below(3));
    for (size_t i = 0; i < size; ++i) out.push_back(fitting(*shape.element));
    return out;
  }

  std::mt19937 engine_;
};

TEST_CASE("Values made from the declarations fit every operation's input and output") {
  RandomJson random(1);
  for (const auto& [name, operation] : model().operations()) {
    for (int round = 0; round < 10; ++round) {
      Json input = random.fitting(*operation.input);
      INFO(name);
      Json before = input;
      auto failure = checkInput(operation, input);
      CHECK((failure ? failure->message : "") == "");
      CHECK(input == before);
      CHECK(checkOutput(operation, random.fitting(*operation.output)).empty());
    }
  }
}

TEST_CASE("A damaged request is refused with an exception, or becomes one that fits") {
  RandomJson random(2);
  int refused = 0;
  for (const auto& [name, operation] : model().operations()) {
    for (int round = 0; round < 60; ++round) {
      Json input = random.fitting(*operation.input);
      for (size_t i = 0; i <= random.below(3); ++i) random.damage(input);
      INFO(name);
      auto failure = checkInput(operation, input);
      if (failure) {
        ++refused;
        CHECK_THAT(failure->type, Catch::EndsWith("Exception"));
        CHECK_FALSE(failure->message.empty());
        CHECK(failure->message.size() < 20000);
      } else {
        Json before = input;
        CHECK_FALSE(checkInput(operation, input));
        CHECK(input == before);
      }
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("Any JSON at all can be checked as any request and any answer") {
  RandomJson random(3);
  for (const auto& [name, operation] : model().operations()) {
    for (int round = 0; round < 50; ++round) {
      Json any = random.anything(6);
      auto problems = checkOutput(operation, any);
      if (!any.is_object()) CHECK(problems.size() == 1);
      bool object = any.is_object();
      auto failure = checkInput(operation, any);
      if (!object) CHECK(failure->type == "SerializationException");
    }
  }
}

TEST_CASE("Deep and wide requests are checked in bounded stack and time") {
  Json deep = Json::object();
  for (int i = 0; i < 20000; ++i) {
    Json above = Json::object();
    above["overrides"] = std::move(deep);
    deep = std::move(above);
  }
  Json input{{"taskDefinition", "web"}};
  input["overrides"] = std::move(deep);
  CHECK(accepted("RunTask", std::move(input))["overrides"] == Json::object());

  Json wide{{"tasks", Json(std::vector<std::string>(200000, "0123"))}};
  CHECK(accepted("DescribeTasks", std::move(wide))["tasks"].size() == 200000);
}

}  // namespace
}  // namespace berth::ecs
