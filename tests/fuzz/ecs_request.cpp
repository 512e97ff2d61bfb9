// Requests of the ECS API before their actions see them: the operation's name on a line, then JSON.
#include <nlohmann/json.hpp>

#include "proto/ecs/validate.hpp"
#include "proto/json/fields.hpp"
#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(ecs_request) {
  using namespace berth;
  const std::string_view name = fuzz::takeLine(input);
  const ecs::Operation* operation = ecs::model().findOperation(name);
  if (operation == nullptr) operation = ecs::model().findOperation("RegisterTaskDefinition");
  auto parsed = json::parseObject(input, "the request");
  if (!parsed) return fuzz::require(!parsed.error().message.empty(), "an error says why");
  nlohmann::json request = std::move(*parsed);
  ecs::checkOutput(*operation, request);
  if (const auto failure = ecs::checkInput(*operation, request)) {
    fuzz::require(!failure->type.empty() && !failure->message.empty(), "a refusal says why");
    fuzz::require(failure->message.size() < 64 * 1024, "a refusal has an end", failure->message);
    return;
  }
  nlohmann::json again = request;
  const auto second = ecs::checkInput(*operation, again);
  fuzz::require(!second, "what was accepted is accepted again", second ? second->message : "");
  fuzz::require(again == request, "a checked request is not changed any more", json::dump(request));
}
