// The controller's core with a cluster, a host and things of each kind, and who calls it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"
#include "proto/acs/codec.hpp"
#include "proto/ecs/validate.hpp"
#include "tests/fuzz/target.hpp"

namespace berth::fuzz {

using controller::Json;

class ApiPlay {
 public:
  ApiPlay() {
    make("CreateCluster", Json{{"clusterName", "default"}});
    make("RegisterTaskDefinition", Json::parse(R"({"family":"web","containerDefinitions":[
        {"name":"app","image":"registry/app:1","cpu":16,"memory":32,"portMappings":[{"containerPort":80}]}]})"));
    make("RegisterContainerInstance", Json::parse(R"({"cluster":"default","totalResources":[
        {"name":"CPU","type":"INTEGER","integerValue":1024},
        {"name":"MEMORY","type":"INTEGER","integerValue":1000}]})"));
    controller::Output out;
    const auto opened =
        core.connect({"default", known_["containerInstanceArn"], "1.0", "abc", "20.10"}, tick(), out);
    session = std::get<controller::SessionId>(opened);
  }

  Now tick() {
    ++second;
    return {MonoTime(std::chrono::seconds(second)), WallTime(std::chrono::seconds(1'790'000'000 + second))};
  }

  using Answer = aws::ApiResult<Json>;

  /// "$NAME" in the input stands for the text that an answer had last as its member NAME. Checks what holds
  /// of every answer.
  Answer ask(const std::string& operation, Json input) {
    controller::Output out;
    auto result = treeOf(
        core.call(operation, fill(std::move(input)), {"AKIATEST", "http://127.0.0.1:7400"}, tick(), out));
    check(out);
    if (const auto* error = std::get_if<aws::ApiError>(&result)) {
      require(!error->type.empty() && error->httpStatus < 500, "a refusal is the caller's fault",
              error->message);
      require(out.mutations.empty() && out.effects.empty(), "a refused call changes nothing", operation);
      return result;
    }
    const Json& reply = std::get<Json>(result);
    const auto problems = ecs::checkOutput(*ecs::model().findOperation(operation), reply);
    require(problems.empty(), "an answer fits its shape", problems.empty() ? "" : problems[0]);
    remember(reply);
    return result;
  }
  /// The answer, or null when it is an error.
  Json call(const std::string& operation, Json input) {
    Answer answer = ask(operation, std::move(input));
    return std::holds_alternative<Json>(answer) ? std::get<Json>(std::move(answer)) : Json();
  }
  /// The answer to a call that has to succeed.
  Json make(const std::string& operation, Json input) {
    Json answer = call(operation, std::move(input));
    require(!answer.is_null(), "what a play begins with is made", operation);
    return answer;
  }

  /// What is sent to an agent can be read by one, and it can run what it is handed.
  static void check(const controller::Output& out) {
    for (const controller::Effect& effect : out.effects) {
      const auto* send = std::get_if<controller::SendEffect>(&effect);
      if (send == nullptr) continue;
      const std::string frame = acs::encode(send->message);
      const auto read = acs::decodeToAgent(frame);
      require(read.ok(), "an agent can read what it is sent", frame);
      const auto* payload = std::get_if<acs::PayloadMessage>(&*read);
      require(payload == nullptr || payload->refused.empty(),
              payload && !payload->refused.empty() ? payload->refused[0].reason : "", frame);
    }
  }

 private:
  Json fill(Json value) const {
    if (value.is_structured()) {
      for (Json& element : value) element = fill(std::move(element));
    }
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('$')) return value;
    const auto found = known_.find(value.get_ref<const std::string&>().substr(1));
    return found == known_.end() ? value : Json(found->second);
  }

  void remember(const Json& answer) {
    for (const auto& [name, value] : answer.items()) {
      if (value.is_structured()) remember(value);
      if (value.is_string()) known_[name] = value.get<std::string>();
    }
  }

  SeededRandom random_{7};
  std::map<std::string, std::string> known_;

 public:
  controller::Controller core{{"aws", "us-east-1", "000000000000"}, {}, random_};
  controller::SessionId session = 0;
  int64_t second = 0;
};

}  // namespace berth::fuzz
