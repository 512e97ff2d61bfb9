// Alarms: what watches a service from outside says here when a deployment of it is to be given up. Actions
// for the extension endpoint. Their input has "name"; for what is not there they answer
// ResourceNotFoundException with status 404.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// InvalidParameterException for a name that no alarm can have: 1 to 255 characters of printable ASCII.
std::optional<ApiError> checkAlarmName(const std::string& name);
/// "arn:aws:ecs:us-east-1:000000000000:alarm/NAME"
std::string alarmArn(const ecs::Names& names, const std::string& name);

/// {"alarms": [...]}
ApiResult<Json> getAlarms(Context& context);
/// {"alarm": {...}}
ApiResult<Json> getAlarm(Context& context);
/// Puts the alarm "name" into a state, "alarm": {"state": "OK", "ALARM" or "INSUFFICIENT_DATA", "reason": a
/// text of up to 1023 bytes}, and answers {"alarm": {...}}. It is kept until it is deleted.
/// LimitExceededException when there are too many.
ApiResult<Json> putAlarm(Context& context);
/// Forgets an alarm: deployments that name it go on without it. {}
ApiResult<Json> deleteAlarm(Context& context);

}  // namespace berth::controller
