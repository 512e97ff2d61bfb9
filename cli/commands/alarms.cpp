#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"
#include "common/time/timestamp.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct AlarmsOptions {
  std::string name;
  std::string state;
  std::string reason;
  bool json = false;
};

Ask alarmAsk(const std::string& method, const std::string& name = "") {
  Ask ask{method, "/v1/alarms", {}, ""};
  if (!name.empty()) ask.path += "/" + http::percentEncode(name);
  return ask;
}

Tone toneOfAlarm(const std::string& state) {
  if (state == "ALARM") return Tone::Bad;
  return state == "OK" ? Tone::Good : Tone::Wait;
}

Result<int> listAlarms(const Session& session, const AlarmsOptions& options) {
  auto answer = session.api.ask(alarmAsk("GET"));
  if (!answer) return answer.error();
  if (options.json) {
    session.print(*answer);
    return exits::kDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json& alarm : listAt(*answer, "alarms")) {
    const std::string state = textAt(alarm, "state");
    const auto since = parseTimestamp(textAt(alarm, "since"));
    rows.push_back({textAt(alarm, "name"),
                    {state, toneOfAlarm(state)},
                    since ? ageOf(session.api.now() - *since) : "",
                    textAt(alarm, "reason")});
  }
  session.table({{"NAME"}, {"STATE"}, {"SINCE", true}, {"REASON"}}, rows);
  return exits::kDone;
}

Result<int> showAlarm(const Session& session, const AlarmsOptions& options) {
  auto answer = session.api.ask(alarmAsk("GET", options.name));
  if (!answer) return answer.error();
  session.print((*answer)["alarm"]);
  return exits::kDone;
}

Result<int> setAlarm(const Session& session, const AlarmsOptions& options) {
  Ask ask = alarmAsk("PUT", options.name);
  ask.body = json{{"state", options.state}, {"reason", options.reason}}.dump();
  auto answer = session.api.ask(ask);
  if (!answer) return answer.error();
  const json alarm = answer->value("alarm", json::object());
  const std::string state = textAt(alarm, "state");
  session.out << "alarm " << textAt(alarm, "name") << " is " << session.paint(state, toneOfAlarm(state))
              << "\n";
  return exits::kDone;
}

Result<int> deleteAlarm(const Session& session, const AlarmsOptions& options) {
  auto answer = session.api.ask(alarmAsk("DELETE", options.name));
  if (!answer) return answer.error();
  session.out << "alarm " << options.name << " deleted\n";
  return exits::kDone;
}

using AlarmWork = Result<int> (*)(const Session&, const AlarmsOptions&);

CLI::App* addAlarmCommand(CLI::App* alarms, Chosen& chosen, const std::shared_ptr<AlarmsOptions>& options,
                          const char* name, const char* text, AlarmWork work) {
  CLI::App* sub = alarms->add_subcommand(name, text);
  sub->fallthrough();
  sub->callback([&chosen, options, work] {
    chosen.work = [options, work](Session& session) { return work(session, *options); };
  });
  return sub;
}

}  // namespace

void addAlarms(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<AlarmsOptions>();
  CLI::App* alarms =
      app.add_subcommand("alarms", "Alarms that deployments are given up for; whoever watches sets them");
  CLI::App* list = addAlarmCommand(alarms, chosen, options, "list", "All, of all clusters", listAlarms);
  list->add_flag("--json", options->json, "As the controller tells it");
  CLI::App* show = addAlarmCommand(alarms, chosen, options, "show", "All of one, as JSON", showAlarm);
  CLI::App* set = addAlarmCommand(alarms, chosen, options, "set", "Put the state of one", setAlarm);
  CLI::App* forget = addAlarmCommand(alarms, chosen, options, "delete", "Forget one", deleteAlarm);
  for (CLI::App* sub : {show, set, forget})
    sub->add_option("name", options->name, "Its whole name")->required()->type_name("ALARM");
  set->add_option("state", options->state, "What it is in")
      ->required()
      ->check(CLI::IsMember({"OK", "ALARM", "INSUFFICIENT_DATA"}));
  set->add_option("--reason", options->reason, "Why, in words")->type_name("TEXT");
  alarms->require_subcommand(1);
}

}  // namespace berth::cli
