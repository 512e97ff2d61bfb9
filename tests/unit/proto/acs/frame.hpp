// Frames as a controller would send them, built from JSON so that a test can bend one member.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "proto/acs/codec.hpp"

namespace berth::acs::sample {

using Json = nlohmann::json;

inline std::string frame(const std::string& type, Json message) {
  return Json{{"type", type}, {"message", std::move(message)}}.dump();
}

inline Json container() {
  return Json{{"name", "app"}, {"image", "nginx:1"}, {"essential", true}, {"cpu", 128}, {"memory", 64}};
}

inline Json task() {
  return Json{{"arn", "arn:task/1"},
              {"desiredStatus", "RUNNING"},
              {"family", "web"},
              {"version", "3"},
              {"containers", Json::array({container()})}};
}

inline Json payload(Json tasks = Json::array({task()})) {
  return Json{{"messageId", "m-1"}, {"clusterArn", "arn:cluster"},  {"containerInstanceArn", "arn:instance"},
              {"seqNum", 7},        {"generatedAt", 1719650000000}, {"tasks", std::move(tasks)}};
}

/// The payload that a frame decodes to; fails the test when it is none.
inline PayloadMessage decodePayload(const Json& message) {
  auto decoded = decodeToAgent(frame("PayloadMessage", message));
  INFO((decoded.ok() ? "" : decoded.error().message));
  REQUIRE(decoded.ok());
  const auto* found = std::get_if<PayloadMessage>(&*decoded);
  REQUIRE(found);
  return *found;
}

/// Why the whole frame is refused.
inline std::string refusal(const std::string& text) {
  auto decoded = decodeToAgent(text);
  REQUIRE_FALSE(decoded.ok());
  CHECK(decoded.error().code == Code::InvalidArgument);
  return decoded.error().message;
}

/// The reason with which the payload's only task is refused, without its fixed beginning.
inline std::string taskRefusal(const Json& changed) {
  PayloadMessage decoded = decodePayload(payload(Json::array({changed})));
  CHECK(decoded.tasks.empty());
  REQUIRE(decoded.refused.size() == 1);
  CHECK(decoded.refused[0].arn == "arn:task/1");
  const std::string start = "UnrecogniedTaskError: Error loading task - ";
  REQUIRE(decoded.refused[0].reason.rfind(start, 0) == 0);
  return decoded.refused[0].reason.substr(start.size());
}

/// The same for a change to its container.
inline std::string containerRefusal(const std::string& key, Json value) {
  Json changed = task();
  changed["containers"][0][key] = std::move(value);
  return taskRefusal(changed);
}

}  // namespace berth::acs::sample
