#include "proto/ecs/model.hpp"

#include <catch2/catch.hpp>

namespace berth::ecs {
namespace {

/// The first fault of a declaration text, or "".
std::string faultOf(std::string_view text) {
  Model model;
  Status status = model.add("x.shapes", text);
  if (status) status = model.link();
  return status ? "" : status.error().message;
}

TEST_CASE("The API has its operations, each with declared input, output and errors") {
  const auto& operations = model().operations();
  CHECK(operations.size() == 77);
  for (const auto& [name, operation] : operations) {
    CAPTURE(name);
    CHECK(operation.name == name);
    REQUIRE(operation.input);
    REQUIRE(operation.output);
    CHECK(operation.input->type == ShapeType::Structure);
    CHECK(operation.output->type == ShapeType::Structure);
    CHECK(operation.errors.size() >= 3);
    for (const std::string& error : operation.errors) CHECK(error.ends_with("Exception"));
    CHECK(model().findOperation(name) == &operation);
  }
  CHECK_FALSE(model().findOperation("ListNothing"));
}

TEST_CASE("Every shape of the API is complete") {
  CHECK(model().shapes().size() == 601);
  for (const auto& [name, shape] : model().shapes()) {
    CAPTURE(name);
    for (const Member& member : shape.members) CHECK(member.shape);
    bool contains = shape.type == ShapeType::List || shape.type == ShapeType::Map;
    CHECK(contains == (shape.element != nullptr));
    CHECK((shape.type == ShapeType::Enum) == !shape.values.empty());
  }
}

TEST_CASE("A declaration has all that the language can say") {
  Model model;
  REQUIRE(model.add("a.shapes",
                    "# a comment\n"
                    "operation Put PutRequest Empty ClientException\n"
                    "  ClientException\n"
                    "  ServerException   # another\n"
                    "\n"
                    "structure PutRequest sensitive\n"
                    "  name! Name : ClientException Name it.\n"
                    "  sizes Sizes : One size: it must fit.\n"
                    "  labels Labels\n"
                    "  extra Anything\n"));
  REQUIRE(model.add("b.shapes",
                    "structure Empty\n"
                    "string Name 1..5 /[a-z\\-]+/ sensitive\n"
                    "integer Size ..9\n"
                    "list Sizes Size 2..\n"
                    "map Labels Color\n"
                    "enum Color\n"
                    "  RED GREEN\n"
                    "  BLUE\n"
                    "document Anything"));
  REQUIRE(model.link());

  const Operation* put = model.findOperation("Put");
  REQUIRE(put);
  CHECK(put->parameterException == "ClientException");
  CHECK(put->errors == std::vector<std::string>{"ClientException", "ServerException"});
  CHECK(put->input->sensitive);
  CHECK(put->output->members.empty());

  const Member* name = put->input->member("name");
  REQUIRE(name);
  CHECK(name->required);
  CHECK(name->exception == "ClientException");
  CHECK(name->message == "Name it.");
  CHECK(name->shape->least == 1.0);
  CHECK(name->shape->most == 5.0);
  CHECK(name->shape->pattern->text() == "[a-z\\-]+");
  CHECK(name->shape->sensitive);

  const Member* sizes = put->input->member("sizes");
  REQUIRE(sizes);
  CHECK_FALSE(sizes->required);
  CHECK(sizes->exception.empty());
  CHECK(sizes->message == "One size: it must fit.");
  CHECK(sizes->shape->least == 2.0);
  CHECK_FALSE(sizes->shape->most);
  CHECK(sizes->shape->element->most == 9.0);

  CHECK(put->input->member("labels")->shape->element->values ==
        std::vector<std::string>{"RED", "GREEN", "BLUE"});
  CHECK(put->input->member("extra")->shape->type == ShapeType::Document);
  CHECK_FALSE(put->input->member("other"));
}

TEST_CASE("A malformed declaration is refused with its file and line") {
  struct Case {
    std::string text;
    std::string says;
  };
  const auto one = GENERATE(values<Case>({
      {"structure A\n  b\n", "x.shapes:2: a member has a name and a type"},
      {"structure A\n  b String String\n", "x.shapes:2: "},
      {"structure A\n  b String\n  b! Long\n", "x.shapes:3: member b is declared twice"},
      {"structure A\nstructure A\n", "x.shapes:2: shape A is declared twice"},
      {"structure A 1..2\n", "x.shapes:1: '1..2' is nothing that A can have"},
      {"structure A\noperation O A A\noperation O A A\n", "x.shapes:3: operation O is declared twice"},
      {"operation O A\n", "x.shapes:1: an operation has"},
      {"thing A\n", "x.shapes:1: 'thing' is no kind of declaration"},
      {"structure\n", "x.shapes:1: the declaration is incomplete"},
      {"list A\n", "x.shapes:1: the declaration is incomplete"},
      {"  lost String\n", "x.shapes:1: the line belongs to nothing"},
      {"integer A\n  1 2\n", "x.shapes:2: the line belongs to nothing"},
      {"enum A\n  X : words\n", "x.shapes:2: the line belongs to nothing"},
      {"integer A 1..x\n", "x.shapes:1: '1..x' is nothing"},
      {"integer A 5..4\n", "x.shapes:1: '5..4' is nothing"},
      {"integer A sensitive\n", "x.shapes:1: 'sensitive' is nothing"},
      {"string A /(a|b)+/\n", "x.shapes:1: pattern '(a|b)+' is not"},
      {"string String\n", "String is a built-in type"},
      {"enum A\n", "A has no values"},
      {"structure A\n  b B\n", "A uses type B, which is not declared"},
      {"list A B\n", "A uses type B, which is not declared"},
      {"operation O A A\n", "operation O takes or answers no declared structure"},
      {"operation O String String\n", "operation O takes or answers no declared structure"},
      {"structure A\n  b Bs\nlist Bs B\nstructure B\n  a A\n", "contains itself"},
  }));
  CAPTURE(one.text);
  CHECK_THAT(faultOf(one.text), Catch::Contains(one.says));
}

TEST_CASE("The members that Amazon's agent adds to the public API are declared") {
  CHECK(model().findShape("RegisterContainerInstanceRequest")->member("clientToken"));
  CHECK(model().findShape("DiscoverPollEndpointRequest")->member("zoneId"));
  CHECK(model().findShape("DiscoverPollEndpointResponse")->member("systemLogsEndpoint"));
}

}  // namespace
}  // namespace berth::ecs
