#include "agent/protection_calls.hpp"

#include <boost/asio/post.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "proto/json/fields.hpp"

namespace berth::agent {
namespace {

using endpoints::ProtectionAnswer;
using endpoints::ProtectionCall;
using endpoints::ProtectionError;
using endpoints::ProtectionResult;
using json::Fields;

std::string bodyOf(const ProtectionCall& call) {
  nlohmann::json out{{"cluster", call.cluster}, {"tasks", {call.taskArn}}};
  if (call.update) {
    out["protectionEnabled"] = call.update->enabled;
    if (call.update->expiresInMinutes) out["expiresInMinutes"] = *call.update->expiresInMinutes;
  }
  return json::dump(out);
}

Result<ProtectionResult> resultOf(const std::string& reply) {
  auto parsed = json::parseObject(reply, "answer");
  if (!parsed) return parsed.error();
  Fields fields(*parsed, "answer");
  ProtectionResult out;
  for (const nlohmann::json* one : fields.list("protectedTasks")) {
    Fields task(*one, "answer.protectedTasks");
    endpoints::ProtectedTask shown{task.str("taskArn"), task.boolean("protectionEnabled"), std::nullopt};
    if (auto at = task.optionalNumber("expirationDate")) {
      shown.expires = fromEpochMillis(static_cast<int64_t>(*at * 1000));
    }
    fields.absorb(task);
    out.tasks.push_back(std::move(shown));
  }
  for (const nlohmann::json* one : fields.list("failures")) {
    Fields failure(*one, "answer.failures");
    out.failures.push_back({failure.str("arn"), failure.str("detail"), failure.str("reason")});
    fields.absorb(failure);
  }
  if (Status read = fields.status(); !read) return read.error();
  return out;
}

}  // namespace

void ProtectionCalls::call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) {
  boost::asio::post(io_, [this, call = std::move(call), done = std::move(done)]() mutable {
    spawn(io_.get_executor(), log_, "task protection",
          [this, call = std::move(call), done = std::move(done)]() -> Async<void> {
            done(co_await ask(call));
          });
  });
}

Async<ProtectionAnswer> ProtectionCalls::ask(ProtectionCall call) {
  const endpoints::RoleCredentials& role = *call.credentials;
  aws::StaticCredentials credentials(
      aws::Credentials{role.accessKeyId, role.secretAccessKey, role.sessionToken, std::nullopt});
  aws::JsonClient client(http_, config_, credentials, clock_);
  const char* operation = call.update ? "UpdateTaskProtection" : "GetTaskProtection";
  const aws::CallResult answer = co_await client.call(operation, bodyOf(call));
  if (answer.api) {
    ProtectionError error;
    error.status = answer.api->httpStatus;
    error.code = answer.api->type;
    error.message = answer.api->message;
    co_return error;
  }
  if (!answer.reply) co_return ProtectionError{.message = answer.reply.error().message};
  Result<ProtectionResult> result = resultOf(*answer.reply);
  if (!result) co_return ProtectionError{.message = result.error().message};
  co_return std::move(*result);
}

}  // namespace berth::agent
