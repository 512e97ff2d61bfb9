// Answers of a controller as an agent reads them.
#include "proto/ecs/agent_api.hpp"

#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(ecs_answers) {
  using namespace berth;
  if (const auto registered = ecs::decodeRegisterContainerInstanceResponse(input)) {
    fuzz::require(!registered->containerInstanceArn.empty(), "an instance has an ARN");
  } else {
    fuzz::require(!registered.error().message.empty(), "an error says why");
  }
  if (const auto endpoints = ecs::decodeDiscoverPollEndpointResponse(input)) {
    fuzz::require(!endpoints->endpoint.empty() && !endpoints->telemetryEndpoint.empty(),
                  "both endpoints are there");
  } else {
    fuzz::require(!endpoints.error().message.empty(), "an error says why");
  }
  const auto cluster = ecs::decodeCreateClusterResponse(input);
  if (!cluster) fuzz::require(!cluster.error().message.empty(), "an error says why");
}
