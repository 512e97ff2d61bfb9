// The controller's core, spoken to by everybody: lines of "OPERATION {...}" are API calls, "frame {...}" is
// what an agent says on its session, "health NAME STATUS" what it says of a container, "wait SECONDS" lets
// time pass.
#include <nlohmann/json.hpp>

#include "common/text/number.hpp"
#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"
#include "proto/acs/codec.hpp"
#include "proto/ecs/validate.hpp"
#include "proto/json/fields.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using controller::Json;

class ApiPlay {
 public:
  ApiPlay() {
    call("CreateCluster", Json{{"clusterName", "default"}});
    call("RegisterTaskDefinition", Json::parse(R"({"family":"web","containerDefinitions":[
        {"name":"app","image":"registry/app:1","cpu":16,"memory":32,"portMappings":[{"containerPort":80}]}]})"));
    const Json registered =
        call("RegisterContainerInstance", Json::parse(R"({"cluster":"default","totalResources":[
        {"name":"CPU","type":"INTEGER","integerValue":1024},
        {"name":"MEMORY","type":"INTEGER","integerValue":1000}]})"));
    const std::string instance = registered["containerInstance"]["containerInstanceArn"];
    controller::Output out;
    const auto opened = core_.connect({"default", instance, "1.0", "abc", "20.10"}, tick(), out);
    session_ = std::get<controller::SessionId>(opened);
  }

  void line(std::string_view text) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, space));
    const std::string_view rest = text.substr(std::min(space + 1, text.size()));
    controller::Output out;
    if (word == "frame") {
      const auto frame = acs::decodeFromAgent(rest);
      if (frame) core_.onFrame(session_, *frame, tick(), out);
    } else if (word == "health") {
      const auto& tasks = core_.state().tasks();
      if (tasks.empty()) return;
      const controller::Task& task = **tasks.begin();
      core_.onHealth(core_.names().task(task.spec->cluster, task.id).str(), "app", std::string(rest), tick(),
                     out);
    } else if (word == "wait") {
      second_ += parseNumber<uint16_t>(rest).value_or(0);
      core_.onTimer(tick(), out);
    } else {
      auto input = json::parseObject(rest, "the request");
      if (input) call(word, fill(std::move(*input)));
      return;
    }
    check(out);
  }

 private:
  Now tick() {
    ++second_;
    return {MonoTime(std::chrono::seconds(second_)), WallTime(std::chrono::seconds(1'790'000'000 + second_))};
  }

  /// "$task", "$instance" and "$definition" stand for things that exist.
  Json fill(Json value) const {
    if (value.is_structured()) {
      for (Json& element : value) element = fill(std::move(element));
    }
    const auto& state = core_.state();
    if (value == "$task" && !state.tasks().empty())
      return core_.names().task("default", (*state.tasks().begin())->id).str();
    if (value == "$instance")
      return core_.names().instance("default", state.instances().begin()->first).str();
    return value;
  }

  Json call(const std::string& operation, Json input) {
    controller::Output out;
    auto result = core_.call(operation, std::move(input), {"AKIATEST", "http://127.0.0.1:7400"}, tick(), out);
    check(out);
    if (const auto* error = std::get_if<aws::ApiError>(&result)) {
      fuzz::require(!error->type.empty() && error->httpStatus < 500, "a refusal is the caller's fault",
                    error->message);
      fuzz::require(out.mutations.empty() && out.effects.empty(), "a refused call changes nothing",
                    operation);
      return {};
    }
    Json reply = std::get<Json>(std::move(result));
    const auto problems = ecs::checkOutput(*ecs::model().findOperation(operation), reply);
    fuzz::require(problems.empty(), "an answer fits its shape", problems.empty() ? "" : problems[0]);
    return reply;
  }

  /// What is sent to an agent can be read by one, and it can run what it is handed.
  static void check(const controller::Output& out) {
    for (const controller::Effect& effect : out.effects) {
      const auto* send = std::get_if<controller::SendEffect>(&effect);
      if (send == nullptr) continue;
      const std::string frame = acs::encode(send->message);
      const auto read = acs::decodeToAgent(frame);
      fuzz::require(read.ok(), "an agent can read what it is sent", frame);
      const auto* payload = std::get_if<acs::PayloadMessage>(&*read);
      fuzz::require(payload == nullptr || payload->refused.empty(),
                    payload && !payload->refused.empty() ? payload->refused[0].reason : "", frame);
    }
  }

  SeededRandom random_{7};
  controller::Controller core_{{"aws", "us-east-1", "000000000000"}, {}, random_};
  controller::SessionId session_ = 0;
  int64_t second_ = 0;
};

}  // namespace

BERTH_FUZZ_TARGET(controller_api) {
  ApiPlay play;
  for (int lines = 0; !input.empty() && lines < 64; ++lines) play.line(fuzz::takeLine(input));
}
