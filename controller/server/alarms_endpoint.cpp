#include "controller/server/alarms_endpoint.hpp"

#include <string_view>

#include "controller/api/alarms.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kAlarms = "/v1/alarms";

struct AlarmsRoute {
  std::string_view method;
  const char* operation;
  ApiResult<Json> (*action)(Context&);
};
constexpr AlarmsRoute kAlarmsRoutes[] = {{"GET", "berth:GetAlarms", getAlarm},
                                         {"PUT", "berth:PutAlarm", putAlarm},
                                         {"DELETE", "berth:DeleteAlarm", deleteAlarm}};

}  // namespace

bool isAlarmsPath(const std::string& path) {
  return path == kAlarms || path.starts_with(std::string(kAlarms) + "/");
}

ApiResult<ActionRequest> readAlarmsRequest(const http::ServerRequest& request, const http::Query& query,
                                           const ecs::Names& names) {
  if (!query.empty()) {
    return invalidParameter("The parameter '" + query.front().first.substr(0, 100) +
                            "' is not known here: alarms take none.");
  }
  ActionRequest out;
  if (request.path == kAlarms) {
    if (request.method != "GET") return wrongMethod("GET");
    out.action = getAlarms;
    out.operation = "berth:GetAlarms";
    out.resource = "*";
    out.input = Json::object();
    return out;
  }
  const std::string rest = request.path.substr(kAlarms.size() + 1);
  const auto alarm = http::percentDecode(rest);
  if (!alarm || alarm->empty() || rest.find('/') != std::string::npos) {
    return ApiError{"ResourceNotFoundException",
                    "There is nothing at this path: use " + std::string(kAlarms) +
                        "/NAME, with the name's special characters percent-encoded.",
                    404};
  }
  const AlarmsRoute* route = nullptr;
  for (const AlarmsRoute& one : kAlarmsRoutes) {
    if (one.method == request.method) route = &one;
  }
  if (!route) return wrongMethod("GET, PUT, DELETE");
  out.action = route->action;
  out.operation = route->operation;
  out.changes = request.method != "GET";
  out.resource = alarmArn(names, *alarm);
  out.input = Json{{"name", *alarm}};
  if (request.method != "PUT") {
    if (!request.body.empty()) return invalidParameter("This request takes no body.");
    return out;
  }
  auto body = json::parseObject(request.body, "The body");
  if (!body) return invalidParameter(body.error().message + ".");
  out.input["alarm"] = std::move(*body);
  return out;
}

}  // namespace berth::controller
