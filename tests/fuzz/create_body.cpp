// What a payload's dockerConfig does to the body of a create call: CONFIG, a line "----", HOSTCONFIG.
#include "proto/docker/create_body.hpp"

#include <nlohmann/json.hpp>

#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(create_body) {
  using namespace berth;
  docker::CreateBody body;
  body.image = "registry/app:1";
  body.command = {"serve"};
  body.environment = {{"COLOUR", "green"}};
  body.labels = {{"dev.berth.container-instance", "i"}, {"com.amazonaws.ecs.task-arn", "t"}};
  body.ports = {{80, "tcp", "", 0}, {53, "udp", "127.0.0.1", 53}};
  body.binds = {"/srv:/data:ro"};
  body.networkMode = "bridge";
  body.config = fuzz::takePart(input);
  body.hostConfig = input;
  const auto encoded = docker::encodeCreateBody(body);
  if (!encoded) return fuzz::require(!encoded.error().message.empty(), "an error says why");
  const auto json = nlohmann::json::parse(*encoded, nullptr, /*allow_exceptions=*/false);
  fuzz::require(json.is_object(), "the body is a JSON object", *encoded);
  fuzz::require(json.contains("HostConfig") && json["HostConfig"].is_object(), "it has a HostConfig",
                *encoded);
  for (const auto& [name, value] : body.labels) {
    fuzz::require(json["Labels"].value(name, "") == value, "our labels win", *encoded);
  }
  fuzz::require(*docker::encodeCreateBody(body) == *encoded, "the same input gives the same body", *encoded);
}
