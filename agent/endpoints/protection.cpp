#include "agent/endpoints/protection.hpp"

#include "agent/endpoints/documents.hpp"
#include "common/http/message.hpp"
#include "common/text/letter_case.hpp"

namespace berth::agent::endpoints {
namespace {

Response protectionRefusal(const std::string& taskArn, const ProtectionError& error) {
  Document inner = Document::object();
  addUnlessEmpty(inner, "Arn", taskArn);
  inner["Code"] = error.code;
  inner["Message"] = error.message;
  Document out = Document::object();
  if (error.requestId) out["requestID"] = *error.requestId;
  out["error"] = std::move(inner);
  return documentResponse(out, error.status);
}

Response serverException(const std::string& taskArn) {
  return protectionRefusal(taskArn, {500, "ServerException", "Unexpected error occurred", std::nullopt});
}

struct UpdateBody {
  std::optional<bool> enabled;
  std::optional<int64_t> minutes;
};

/// nullopt: not an object, a member of a wrong type, or one that is not known. Keys match as Go's decoder
/// matches them, null counts as absent.
std::optional<UpdateBody> parseUpdate(const std::string& body) {
  const auto value = nlohmann::json::parse(body, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  UpdateBody out;
  for (const auto& [key, member] : value.items()) {
    if (equalsIgnoreCase(key, "ProtectionEnabled")) {
      if (member.is_null()) continue;
      if (!member.is_boolean()) return std::nullopt;
      out.enabled = member.get<bool>();
    } else if (equalsIgnoreCase(key, "ExpiresInMinutes")) {
      if (member.is_null()) continue;
      const bool huge = member.is_number_unsigned() && member.get<uint64_t>() > INT64_MAX;
      if (!member.is_number_integer() || huge) return std::nullopt;
      out.minutes = member.get<int64_t>();
    } else {
      return std::nullopt;
    }
  }
  return out;
}

Response badUpdate(const std::string& taskArn, const char* message) {
  return protectionRefusal(taskArn, {400, "InvalidParameterException", message, std::nullopt});
}

}  // namespace

std::optional<std::string> protectionEndpointId(const std::string& path) {
  const auto parts = pathParts(path);
  const bool fits = parts && parts->size() == 5 && (*parts)[0] == "api" && (*parts)[2] == "task-protection" &&
                    (*parts)[3] == "v1" && (*parts)[4] == "state";
  if (!fits) return std::nullopt;
  return (*parts)[1];
}

std::variant<ProtectionCall, ProtectionNotYet, Response> protectionCall(const Request& request,
                                                                        const std::string& endpointId,
                                                                        const Directory& directory) {
  if (request.method != "GET" && request.method != "PUT") {
    return Response{.status = 405, .contentType = "text/plain", .headers = {{"Allow", "GET, PUT"}}};
  }
  std::optional<UpdateBody> body;
  if (request.method == "PUT") {
    body = parseUpdate(request.body);
    if (!body) return badUpdate("", "UpdateTaskProtection: failed to decode request");
  }
  const auto found = directory.byEndpointId(endpointId);
  if (!found) {
    return protectionRefusal(
        "", {404, "ResourceNotFoundException", "Failed to find a task for the request", std::nullopt});
  }
  const TaskView& task = *found->task;
  if (body && !body->enabled) {
    return badUpdate(task.taskArn, "Invalid request: does not contain 'ProtectionEnabled' field");
  }
  const auto state = directory.credentials(task.credentialsId);
  if (!state || !state->credentials) {
    Response refusal = protectionRefusal(
        task.taskArn, {403, "AccessDeniedException",
                       "Invalid Request: no task IAM role credentials available for task", std::nullopt});
    if (state) return ProtectionNotYet{std::move(refusal)};
    return refusal;
  }
  ProtectionCall call{task.cluster, task.taskArn, state->credentials, std::nullopt};
  if (body) call.update = ProtectionUpdate{*body->enabled, body->minutes};
  return call;
}

Response protectionResponse(const std::string& taskArn, const ProtectionAnswer& answer) {
  if (const auto* error = std::get_if<ProtectionError>(&answer)) return protectionRefusal(taskArn, *error);
  const auto& result = std::get<ProtectionResult>(answer);
  if (result.failures.size() > 1 || (result.failures.empty() && result.tasks.size() != 1)) {
    return serverException(taskArn);
  }
  if (!result.failures.empty()) {
    const ProtectionFailure& failure = result.failures.front();
    Document inner = {{"Arn", failure.arn}, {"Detail", failure.detail}, {"Reason", failure.reason}};
    return documentResponse({{"failure", std::move(inner)}});
  }
  const ProtectedTask& task = result.tasks.front();
  Document inner = {{"ExpirationDate", task.expires ? Document(toRfc3339(*task.expires)) : Document()},
                    {"ProtectionEnabled", task.enabled},
                    {"TaskArn", task.taskArn}};
  return documentResponse({{"protection", std::move(inner)}});
}

Response protectionTimedOut(const std::string& taskArn) {
  return protectionRefusal(
      taskArn, {504, "RequestCanceled", "Timed out calling ECS Task Protection API", std::nullopt});
}

}  // namespace berth::agent::endpoints
