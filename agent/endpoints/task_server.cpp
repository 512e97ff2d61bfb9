#include "agent/endpoints/task_server.hpp"

#include <cstdio>
#include <utility>

#include "agent/endpoints/answer.hpp"

namespace berth::agent::endpoints {
namespace {

// Every known path is far shorter; what is longer only fills tables.
constexpr size_t kLongestPath = 1024;

/// The first answer counts; the limit and the client's late one may come at the same moment.
struct OneReply {
  std::atomic<bool> given = false;
  Reply reply;
  void give(Response response) {
    if (!given.exchange(true)) reply(std::move(response));
  }
};

}  // namespace

struct TaskServer::Asking {
  Request request;
  CredentialsRequest wanted;
  Reply reply;
  MonoTime until;
  bool counted = false;  ///< among the waiting ones
};

TaskServer::TaskServer(TaskServerDeps deps, TaskServerOptions options)
    : deps_(std::move(deps)), options_(options), limit_(options.rate) {}

void TaskServer::handle(Request request, Reply reply) {
  if (request.path.size() > kLongestPath) {
    return reply({.status = 414,
                  .contentType = "text/plain",
                  .body = "the path is longer than " + std::to_string(kLongestPath) + " bytes\n"});
  }
  switch (limit_.take(request.remoteAddress, request.path, deps_.clock.now().mono)) {
    case RateLimit::Verdict::Serve:
      break;
    case RateLimit::Verdict::Refuse:
      return reply(overLimit(request.remoteAddress));
    case RateLimit::Verdict::RefuseLater:
      return deps_.later(options_.brake, [refusal = overLimit(request.remoteAddress),
                                          reply = std::move(reply)]() mutable { reply(std::move(refusal)); });
  }
  if (auto redirect = redirectToCleanPath(request)) return reply(std::move(*redirect));
  if (auto wanted = credentialsRequest(request)) {
    return askCredentials(std::move(request), std::move(*wanted), std::move(reply));
  }
  if (const auto endpointId = protectionEndpointId(request.path)) {
    return askProtection(request, *endpointId, std::move(reply));
  }
  reply(answerMetadata(request, deps_.directory));
}

Response TaskServer::overLimit(const std::string& address) const {
  char rate[32];
  std::snprintf(rate, sizeof rate, "%.2f", limit_.options().perSecond);
  return {.status = 429,
          .contentType = "text/plain",
          .body = "You have reached maximum request limit.",
          .headers = {{"X-Rate-Limit-Limit", rate},
                      {"X-Rate-Limit-Duration", "1"},
                      {"X-Rate-Limit-Request-Remote-Addr", address}}};
}

void TaskServer::askCredentials(Request request, CredentialsRequest wanted, Reply reply) {
  const auto asking = std::make_shared<Asking>();
  asking->request = std::move(request);
  asking->wanted = std::move(wanted);
  asking->reply = std::move(reply);
  asking->until = deps_.clock.now().mono + options_.credentialsWait;
  if (asking->wanted.id.empty()) {
    return endCredentials(asking, credentialsWithoutId(asking->wanted), false);
  }
  stepCredentials(asking);
}

void TaskServer::stepCredentials(const std::shared_ptr<Asking>& asking) {
  const auto state = deps_.directory.credentials(asking->wanted.id);
  if (!state) return endCredentials(asking, credentialsUnknown(asking->wanted), false);
  const std::string& address = asking->request.remoteAddress;
  // While the credentials are missing, waiting tells the caller nothing that is not its own.
  const Access access =
      state->credentials ? credentialsAccess(*state, address, deps_.directory, deps_.peers) : Access::Unsure;
  if (access == Access::Granted) {
    return endCredentials(asking, credentialsFound(*state->credentials), true);
  }
  const bool late = stopping_ || deps_.clock.now().mono >= asking->until;
  const bool waits = access == Access::Unsure && !late && (asking->counted || mayWait(address));
  if (waits) {
    asking->counted = true;
    const Duration delay = state->credentials ? options_.accessRetry : options_.credentialsRetry;
    return deps_.later(delay, [this, asking] { stepCredentials(asking); });
  }
  endCredentials(
      asking,
      state->credentials ? credentialsRefused(asking->wanted, address) : credentialsNotYet(asking->wanted),
      state->credentials != nullptr);
}

void TaskServer::endCredentials(const std::shared_ptr<Asking>& asking, Response response, bool audited) {
  if (asking->counted) waited(asking->request.remoteAddress);
  if (deps_.audit) {
    AuditEntry entry{.at = deps_.clock.now().wall,
                     .status = response.status,
                     .remoteAddress = asking->request.remoteAddress,
                     .path = asking->wanted.auditPath,
                     .userAgent = asking->request.userAgent,
                     .taskArn = {},
                     .role = std::nullopt};
    const auto state = audited ? deps_.directory.credentials(asking->wanted.id) : std::nullopt;
    if (state && state->credentials) {
      entry.taskArn = state->taskArn;
      entry.role = state->credentials->role;
    }
    deps_.audit(auditLine(entry, deps_.directory.instance()));
  }
  asking->reply(std::move(response));
}

bool TaskServer::mayWait(const std::string& address) {
  const std::lock_guard guard(lock_);
  if (waiting_ >= options_.mostWaiting) return false;
  const auto found = waitingOf_.find(address);
  if (found != waitingOf_.end() && found->second >= options_.mostWaitingOfOne) return false;
  ++waitingOf_[address];
  ++waiting_;
  return true;
}

void TaskServer::waited(const std::string& address) {
  const std::lock_guard guard(lock_);
  --waiting_;
  const auto found = waitingOf_.find(address);
  if (--found->second == 0) waitingOf_.erase(found);
}

size_t TaskServer::waiting() const {
  const std::lock_guard guard(lock_);
  return waiting_;
}

void TaskServer::askProtection(const Request& request, const std::string& endpointId, Reply reply) {
  auto wanted = protectionCall(request, endpointId, deps_.directory);
  if (auto* refusal = std::get_if<Response>(&wanted)) return reply(std::move(*refusal));
  auto& call = std::get<ProtectionCall>(wanted);
  const std::string taskArn = call.taskArn;
  if (deps_.protection == nullptr) {
    return reply(protectionResponse(taskArn, ProtectionError{.message = "task protection is not set up"}));
  }
  const auto answer = std::make_shared<OneReply>();
  answer->reply = std::move(reply);
  deps_.later(options_.protectionLimit, [answer, taskArn] { answer->give(protectionTimedOut(taskArn)); });
  deps_.protection->call(std::move(call), [answer, taskArn](const ProtectionAnswer& result) {
    answer->give(protectionResponse(taskArn, result));
  });
}

}  // namespace berth::agent::endpoints
