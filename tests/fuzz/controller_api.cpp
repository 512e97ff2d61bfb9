// The controller's core, spoken to by everybody: lines of "OPERATION {...}" are API calls, "frame {...}" is
// what an agent says on its session, "health NAME STATUS" what it says of a container, "wait SECONDS" lets
// time pass.
#include "common/text/number.hpp"
#include "proto/json/fields.hpp"
#include "tests/fuzz/api_play.hpp"

namespace {

using namespace berth;

void playLine(fuzz::ApiPlay& play, std::string_view text) {
  const size_t space = std::min(text.find(' '), text.size());
  const std::string word(text.substr(0, space));
  const std::string_view rest = text.substr(std::min(space + 1, text.size()));
  controller::Output out;
  if (word == "frame") {
    const auto frame = acs::decodeFromAgent(rest);
    if (frame) play.core.onFrame(play.session, *frame, play.tick(), out);
  } else if (word == "health") {
    const auto& tasks = play.core.state().tasks();
    if (tasks.empty()) return;
    const controller::Task& task = **tasks.begin();
    const std::string arn = play.core.names().task(task.spec->cluster, task.id).str();
    play.core.onHealth(arn, "app", std::string(rest), play.tick(), out);
  } else if (word == "wait") {
    play.second += parseNumber<uint16_t>(rest).value_or(0);
    play.core.onTimer(play.tick(), out);
  } else {
    auto input = json::parseObject(rest, "the request");
    if (input) play.call(word, std::move(*input));
    return;
  }
  fuzz::ApiPlay::check(out);
}

}  // namespace

BERTH_FUZZ_TARGET(controller_api) {
  fuzz::ApiPlay play;
  for (int lines = 0; !input.empty() && lines < 64; ++lines) playLine(play, fuzz::takeLine(input));
}
