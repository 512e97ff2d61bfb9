#include "controller/api/alarms.hpp"

#include <algorithm>

#include "common/ids/arn.hpp"

namespace berth::controller {
namespace {

constexpr size_t kLongestAlarmName = 255;
constexpr size_t kLongestAlarmReason = 1023;
constexpr size_t kMostAlarmsKept = 10'000;

Json renderAlarm(const ecs::Names& names, const Alarm& alarm) {
  return Json{{"name", alarm.name},
              {"alarmArn", alarmArn(names, alarm.name)},
              {"state", name(alarm.state)},
              {"reason", alarm.reason},
              {"since", toRfc3339(alarm.since)},
              {"updatedAt", toRfc3339(alarm.updatedAt)},
              {"updatedBy", alarm.updatedBy}};
}

ApiResult<const Alarm*> findAlarm(const Context& context) {
  const std::string wanted = text(context.input, "name");
  if (const Alarm* alarm = context.state().alarm(wanted)) return alarm;
  return ApiError{"ResourceNotFoundException", "There is no alarm '" + wanted.substr(0, 255) + "'.", 404};
}

/// The members of an alarm that a call gives.
std::optional<ApiError> readAlarm(const Json& given, Alarm& alarm) {
  for (const auto& [member, value] : given.items()) {
    if (member != "state" && member != "reason") {
      return invalidParameter("'" + member.substr(0, 100) +
                              "' is not known of an alarm: give its state, and a reason.");
    }
    if (!value.is_string()) return invalidParameter("'" + member + "' of an alarm must be a text.");
  }
  const std::string wanted = text(given, "state");
  const AlarmState states[] = {AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData};
  const auto found = std::ranges::find(states, wanted, [](AlarmState one) { return name(one); });
  if (found == std::end(states)) {
    return invalidParameter("An alarm's state is OK, ALARM or INSUFFICIENT_DATA, not '" +
                            wanted.substr(0, 100) + "'.");
  }
  const std::string reason = text(given, "reason");
  if (reason.size() > kLongestAlarmReason) {
    return invalidParameter("An alarm's reason has up to " + std::to_string(kLongestAlarmReason) +
                            " bytes, not " + std::to_string(reason.size()) + ".");
  }
  alarm.state = *found;
  alarm.reason = reason;
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> checkAlarmName(const std::string& name) {
  const bool printable = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && !name.empty() && name.size() <= kLongestAlarmName) return std::nullopt;
  return invalidParameter("An alarm's name has 1 to " + std::to_string(kLongestAlarmName) +
                          " printable ASCII characters.");
}

std::string alarmArn(const ecs::Names& names, const std::string& name) {
  return Arn{names.partition, "ecs", names.region, names.account, "alarm/" + name}.str();
}

ApiResult<Json> getAlarms(Context& context) {
  Json alarms = Json::array();
  for (const auto& [name, alarm] : context.state().alarms()) {
    alarms.push_back(renderAlarm(context.names, alarm));
  }
  return Json{{"alarms", std::move(alarms)}};
}

ApiResult<Json> getAlarm(Context& context) {
  BERTH_API_TRY(alarm, findAlarm(context));
  return Json{{"alarm", renderAlarm(context.names, *alarm)}};
}

ApiResult<Json> putAlarm(Context& context) {
  Alarm alarm;
  alarm.name = text(context.input, "name");
  if (auto error = checkAlarmName(alarm.name)) return *error;
  if (auto error = readAlarm(context.input.value("alarm", Json::object()), alarm)) return *error;
  const Alarm* known = context.state().alarm(alarm.name);
  if (!known && context.state().alarms().size() >= kMostAlarmsKept) {
    return ApiError{"LimitExceededException", "There are " + std::to_string(kMostAlarmsKept) +
                                                  " alarms: delete some that no service names."};
  }
  alarm.updatedAt = context.now.wall;
  alarm.since = known && known->state == alarm.state ? known->since : context.now.wall;
  alarm.updatedBy = principalOf(context.caller, context.names);
  context.tx.put(alarm);
  return Json{{"alarm", renderAlarm(context.names, alarm)}};
}

ApiResult<Json> deleteAlarm(Context& context) {
  BERTH_API_TRY(alarm, findAlarm(context));
  context.tx.erase(Kind::Alarm, alarm->name);
  return Json::object();
}

}  // namespace berth::controller
