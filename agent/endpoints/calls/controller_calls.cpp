#include "agent/endpoints/calls/controller_calls.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::agent::endpoints {
namespace {

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
    ProtectedTask shown{task.str("taskArn"), task.boolean("protectionEnabled"), std::nullopt};
    if (auto at = task.optionalNumber("expirationDate")) {
      shown.expires = fromEpochSeconds(*at);
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

Result<Tags> tagsOf(const std::string& reply) {
  auto parsed = json::parseObject(reply, "answer");
  if (!parsed) return parsed.error();
  Fields fields(*parsed, "answer");
  Tags out;
  for (const nlohmann::json* one : fields.list("tags")) {
    Fields tag(*one, "answer.tags");
    out.insert_or_assign(tag.str("key"), tag.str("value"));
    fields.absorb(tag);
  }
  if (Status read = fields.status(); !read) return read.error();
  return out;
}

ProtectionError errorOf(const aws::ApiError& from) {
  ProtectionError out{from.httpStatus, from.type, from.message, std::nullopt};
  if (!from.requestId.empty()) out.requestId = from.requestId;
  return out;
}

TagsFailure failureOf(const aws::ApiError& from) {
  return {from.type, from.message, from.httpStatus, from.requestId};
}

/// Not one of the API's.
TagsFailure failureOf(const Error& from) { return {"", from.message, 0, ""}; }

Duration scaled(Duration duration, double factor) {
  return Duration(static_cast<int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

void ControllerCalls::call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) {
  boost::asio::post(io_, [this, call = std::move(call), done = std::move(done)]() mutable {
    spawn(io_.get_executor(), log_, "task protection",
          [this, call = std::move(call), done = std::move(done)]() -> Async<void> {
            done(co_await ask(call));
          });
  });
}

Async<ProtectionAnswer> ControllerCalls::ask(ProtectionCall call) {
  const RoleCredentials& role = *call.credentials;
  aws::StaticCredentials credentials(
      aws::Credentials{role.accessKeyId, role.secretAccessKey, role.sessionToken, std::nullopt});
  aws::JsonClient client(http_, config_, credentials, clock_);
  const char* operation = call.update ? "UpdateTaskProtection" : "GetTaskProtection";
  const aws::CallResult answer = co_await client.call(operation, bodyOf(call));
  if (answer.api) co_return errorOf(*answer.api);
  if (!answer.reply) co_return ProtectionError{.message = answer.reply.error().message};
  Result<ProtectionResult> result = resultOf(*answer.reply);
  if (!result) co_return ProtectionError{.message = result.error().message};
  co_return std::move(*result);
}

void ControllerCalls::listTags(std::string resourceArn, std::string container,
                               std::function<void(TagsAnswer)> done) {
  boost::asio::post(io_, [this, arn = std::move(resourceArn), container = std::move(container),
                          done = std::move(done)]() mutable {
    spawn(io_.get_executor(), log_, "tags",
          [this, arn = std::move(arn), container = std::move(container),
           done = std::move(done)]() -> Async<void> { done(co_await askTags(arn, container)); });
  });
}

Async<TagsAnswer> ControllerCalls::askTags(std::string resourceArn, std::string container) {
  const MonoTime until = clock_.now().mono + retry_.limit;
  const std::string body = json::dump({{"resourceArn", resourceArn}});
  Duration delay = retry_.first;
  while (true) {
    aws::ClientConfig config = config_;
    config.timeout = std::max<Duration>(until - clock_.now().mono, std::chrono::milliseconds(1));
    if (!container.empty()) config.userAgent += " container/" + container;
    aws::JsonClient client(http_, std::move(config), credentials_, clock_);
    const aws::CallResult answer = co_await client.call("ListTagsForResource", body);
    if (answer.reply) {
      Result<Tags> tags = tagsOf(*answer.reply);
      if (!tags) co_return failureOf(tags.error());
      co_return std::move(*tags);
    }
    if (!answer.api) co_return failureOf(answer.reply.error());
    const bool throttled = answer.reply.error().code == Code::ResourceExhausted;
    if (!throttled || clock_.now().mono + delay >= until) {
      co_return failureOf(*answer.api);
    }
    co_await sleepFor(delay);
    delay = std::min(retry_.most, scaled(delay, retry_.factor));
  }
}

}  // namespace berth::agent::endpoints
