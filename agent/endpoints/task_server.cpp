#include "agent/endpoints/task_server.hpp"

#include <cstdio>
#include <mutex>
#include <utility>

#include "agent/endpoints/answer.hpp"

namespace berth::agent::endpoints {
namespace {

// Every known path is far shorter; what is longer only fills tables.
constexpr size_t kLongestPath = 1024;

/// The first answer counts; the limit and the client's late one may come at the same moment. The reply holds
/// a connection, which must not wait for the limit.
struct OneReply {
  std::atomic<bool> given = false;
  Reply reply;
  void give(Response response) {
    if (!given.exchange(true)) std::exchange(reply, nullptr)(std::move(response));
  }
};

/// The task whose view alone decides what is answered to `path`; null where more than that counts.
std::shared_ptr<const TaskView> soleSource(const std::string& path, const Directory& directory) {
  const auto parts = pathParts(path);
  if (!parts || parts->front() != "v4") return nullptr;
  const bool plain = parts->size() == 2 || (parts->size() == 3 && (*parts)[2] == "task");
  const auto found = plain ? directory.byEndpointId((*parts)[1]) : std::nullopt;
  return found ? found->task : nullptr;
}

/// For a caller that is known by its address: others must be found by the connection that waits.
Reply keepingOpen(Reply reply) {
  return [reply = std::move(reply)](Response response) {
    response.keepOpen = true;
    reply(std::move(response));
  };
}

}  // namespace

/// How long a request goes on waiting for credentials.
struct TaskServer::Patience {
  std::string address;
  MonoTime until;
  bool counted = false;  ///< among the waiting ones
};

struct TaskServer::Asking {
  Request request;
  CredentialsRequest wanted;
  Reply reply;
  Patience patience;
};

struct TaskServer::AskingProtection {
  Request request;
  std::string endpointId;
  Reply reply;
  Patience patience;
};

struct TaskServer::AskingTags {
  TagsRequest wanted;
  std::string instanceArn;
  std::string address;
  Reply reply;
  std::mutex lock;  ///< of the next two
  TagsFound found;
  bool ended = false;
};

TaskServer::TaskServer(TaskServerDeps deps, TaskServerOptions options)
    : deps_(std::move(deps)),
      options_(options),
      limit_(options.rate),
      waiting_(options.mostWaiting, options.mostWaitingOfOne),
      tagged_(options.mostTagged, options.mostTaggedOfOne) {}

void TaskServer::handle(Request request, Reply reply) {
  if (deps_.directory.byAddress(request.remoteAddress) != nullptr) reply = keepingOpen(std::move(reply));
  answer(std::move(request), std::move(reply));
}

void TaskServer::answer(Request request, Reply reply) {
  if (request.path.size() > kLongestPath) {
    return reply({.status = 414,
                  .contentType = "text/plain",
                  .body = "the path is longer than " + std::to_string(kLongestPath) + " bytes\n"});
  }
  switch (limit_.take(request.remoteAddress, plainPath(request.path), deps_.clock.now().mono)) {
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
  if (auto endpointId = protectionEndpointId(request.path)) {
    const auto asking = std::make_shared<AskingProtection>();
    asking->patience = patienceOf(request.remoteAddress);
    asking->request = std::move(request);
    asking->endpointId = std::move(*endpointId);
    asking->reply = std::move(reply);
    return stepProtection(asking);
  }
  auto tagged = deps_.tags != nullptr ? tagsRequest(request, deps_.directory) : std::nullopt;
  if (tagged) return askTags(std::move(*tagged), request.remoteAddress, std::move(reply));
  reply(metadata(request));
}

Response TaskServer::metadata(const Request& request) {
  const auto make = [&] { return answerMetadata(request, deps_.directory); };
  const auto view = soleSource(request.path, deps_.directory);
  return view ? documents_.of(request.path, view, make) : make();
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

TaskServer::Patience TaskServer::patienceOf(const std::string& address) const {
  return {address, deps_.clock.now().mono + options_.credentialsWait};
}

bool TaskServer::mayWait(Patience& patience) {
  if (stopping_ || deps_.clock.now().mono >= patience.until) return false;
  patience.counted = patience.counted || waiting_.enter(patience.address);
  return patience.counted;
}

void TaskServer::waited(const Patience& patience) {
  if (patience.counted) waiting_.leave(patience.address);
}

void TaskServer::askCredentials(Request request, CredentialsRequest wanted, Reply reply) {
  const auto asking = std::make_shared<Asking>();
  asking->patience = patienceOf(request.remoteAddress);
  asking->request = std::move(request);
  asking->wanted = std::move(wanted);
  asking->reply = std::move(reply);
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
  if (access == Access::Unsure && mayWait(asking->patience)) {
    const Duration delay = state->credentials ? options_.accessRetry : options_.credentialsRetry;
    return deps_.later(delay, [this, asking] { stepCredentials(asking); });
  }
  endCredentials(
      asking,
      state->credentials ? credentialsRefused(asking->wanted, address) : credentialsNotYet(asking->wanted),
      state->credentials != nullptr);
}

void TaskServer::endCredentials(const std::shared_ptr<Asking>& asking, Response response, bool audited) {
  waited(asking->patience);
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

void TaskServer::stepProtection(const std::shared_ptr<AskingProtection>& asking) {
  auto wanted = protectionCall(asking->request, asking->endpointId, deps_.directory);
  auto* early = std::get_if<ProtectionNotYet>(&wanted);
  if (early != nullptr && mayWait(asking->patience)) {
    return deps_.later(options_.credentialsRetry, [this, asking] { stepProtection(asking); });
  }
  waited(asking->patience);
  if (early != nullptr) return asking->reply(std::move(early->refusal));
  if (auto* refusal = std::get_if<Response>(&wanted)) return asking->reply(std::move(*refusal));
  callProtection(std::move(std::get<ProtectionCall>(wanted)), std::move(asking->reply));
}

void TaskServer::callProtection(ProtectionCall call, Reply reply) {
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

void TaskServer::askTags(TagsRequest wanted, const std::string& address, Reply reply) {
  if (!tagged_.enter(address)) return reply(overLimit(address));
  // Once it is asked for, `asking` may come to its end at any time.
  const std::string taskArn = wanted.task->taskArn;
  const std::string instanceArn = deps_.directory.instance().instanceArn;
  const std::string container = wanted.container;
  const auto asking = std::make_shared<AskingTags>();
  asking->wanted = std::move(wanted);
  asking->instanceArn = instanceArn;
  asking->address = address;
  asking->reply = std::move(reply);
  // Before it is registered an instance has no tags.
  if (instanceArn.empty()) asking->found.instance = Tags();
  deps_.later(options_.tagsLimit, [this, asking] {
    {
      const std::lock_guard guard(asking->lock);
      if (std::exchange(asking->ended, true)) return;
      if (!asking->found.instance) asking->found.instance = tagsTimedOut();
      if (!asking->found.task) asking->found.task = tagsTimedOut();
    }
    endTags(*asking);
  });
  const auto ask = [&](const std::string& arn, std::optional<TagsAnswer> TagsFound::* field) {
    deps_.tags->listTags(arn, container, [this, asking, field](TagsAnswer answer) {
      {
        const std::lock_guard guard(asking->lock);
        if (asking->ended) return;
        asking->found.*field = std::move(answer);
        asking->ended = asking->found.task.has_value() && asking->found.instance.has_value();
        if (!asking->ended) return;
      }
      endTags(*asking);
    });
  };
  if (!instanceArn.empty()) ask(instanceArn, &TagsFound::instance);
  ask(taskArn, &TagsFound::task);
}

/// Leaves nothing of the request to what still knows `asking`: the limit, which may be long in coming.
void TaskServer::endTags(AskingTags& asking) {
  tagged_.leave(asking.address);
  const TagsRequest wanted = std::exchange(asking.wanted, {});
  const TagsFound found = std::exchange(asking.found, {});
  std::exchange(asking.reply, nullptr)(taskWithTags(wanted, found, asking.instanceArn));
}

}  // namespace berth::agent::endpoints
