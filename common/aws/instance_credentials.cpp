#include "common/aws/instance_credentials.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/async/event.hpp"
#include "common/time/timestamp.hpp"

namespace berth::aws {
namespace {

constexpr const char* kTokenPath = "/latest/api/token";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";
constexpr const char* kTokenHeader = "X-aws-ec2-metadata-token";
constexpr size_t kLargestAnswer = size_t{64} << 10;
constexpr std::chrono::minutes kTokenMargin{1};

/// The service is this machine's own, so what it says is not retried when it is a decision.
Error refusedBy(int status) {
  const std::string message =
      "the instance metadata service answered with HTTP status " + std::to_string(status);
  if (status == 404) return makeError(Code::NotFound, message + ": no role is attached to this instance");
  if (status == 401)
    return Error{Code::Unauthenticated, message + ": the session token is not accepted", true};
  if (status == 403) return makeError(Code::FailedPrecondition, message + ": it is switched off");
  if (status == 429 || status >= 500) return makeError(Code::Unavailable, message);
  return makeError(Code::Internal, message);
}

Error senseless(std::string_view what) {
  return makeError(Code::Internal, "the instance metadata service answered without " + std::string(what));
}

std::string firstLine(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

bool isPrintable(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string memberText(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<Credentials> parseAnswer(const std::string& body) {
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) return senseless("a JSON object of credentials");
  if (const std::string code = memberText(answer, "Code"); !code.empty() && code != "Success") {
    return makeError(Code::FailedPrecondition, "the instance metadata service has no credentials: " +
                                                   code.substr(0, 100) + "; check the instance's role");
  }
  Credentials out;
  out.accessKeyId = memberText(answer, "AccessKeyId");
  out.secretAccessKey = memberText(answer, "SecretAccessKey");
  out.sessionToken = memberText(answer, "Token");
  out.expiration = parseTimestamp(memberText(answer, "Expiration"));
  if (!isPrintable(out.accessKeyId) || !isPrintable(out.secretAccessKey)) return senseless("an access key");
  if (!out.sessionToken.empty() && !isPrintable(out.sessionToken)) return senseless("a usable token");
  if (!out.expiration) return senseless("the time at which the credentials expire");
  return out;
}

}  // namespace

/// Shared with the coroutines, which may outlive the provider by the time they need to notice.
struct InstanceCredentials::Core {
  Core(Means with, InstanceOptions how) : means(with), options(std::move(how)) {}

  Means means;
  InstanceOptions options;
  std::stop_source gone;

  std::string token;
  MonoTime tokenUntil{};
  std::optional<Credentials> kept;
  std::optional<Error> failed;
  MonoTime nextRefresh{};                       ///< not before then, after one that failed
  std::vector<std::shared_ptr<Event>> waiting;  ///< for the refresh under way

  bool fresh(Now now) const { return kept && now.wall + toMillis(options.refreshBefore) < *kept->expiration; }
  bool usable(Now now) const { return kept && now.wall < *kept->expiration; }
  static std::chrono::milliseconds toMillis(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  }
  Result<Credentials> answer(Now now) const {
    if (usable(now)) return *kept;
    if (failed) return *failed;
    return makeError(Code::Unavailable, "the instance metadata service has not been asked yet");
  }

  http::Call makeCall(std::string method, const std::string& path, MonoTime end) const;
  static Async<Result<std::string>> exchange(std::shared_ptr<Core> core, http::Call call);
  static Async<Result<std::string>> withRetries(std::shared_ptr<Core> core, std::string method,
                                                std::string path, MonoTime end);
  static Async<Result<std::string>> get(std::shared_ptr<Core> core, std::string path, MonoTime end);
  static Async<Result<Credentials>> load(std::shared_ptr<Core> core);
  static Async<void> refresh(std::shared_ptr<Core> core);
};

http::Call InstanceCredentials::Core::makeCall(std::string method, const std::string& path,
                                               MonoTime end) const {
  http::Call call;
  call.request.method = std::move(method);
  call.request.url = options.endpoint.origin() + path;
  if (call.request.method == "PUT") {
    call.request.headers.add("X-aws-ec2-metadata-token-ttl-seconds",
                             std::to_string(options.tokenLife.count()));
  } else {
    call.request.headers.add(kTokenHeader, token);
  }
  call.direct = true;
  call.maxBody = kLargestAnswer;
  const Duration left = std::max<Duration>(end - means.clock.now().mono, std::chrono::milliseconds(1));
  call.timeout = std::min(options.callTimeout, left);
  return call;
}

Async<Result<std::string>> InstanceCredentials::Core::exchange(std::shared_ptr<Core> core, http::Call call) {
  Result<http::Response> response =
      co_await core->means.client.fetch(std::move(call), core->gone.get_token());
  if (!response) co_return response.error();
  if (response->status != 200) co_return refusedBy(response->status);
  co_return std::move(response->body);
}

Async<Result<std::string>> InstanceCredentials::Core::withRetries(std::shared_ptr<Core> core,
                                                                  std::string method, std::string path,
                                                                  MonoTime end) {
  Duration most = core->options.retryDelay;
  for (int attempt = 1;; ++attempt) {
    Result<std::string> body = co_await exchange(core, core->makeCall(method, path, end));
    // A token that is not accepted is not accepted the next time either: get() asks for a new one.
    const bool again = !body && body.error().retryable && body.error().code != Code::Unauthenticated;
    if (!again || attempt >= core->options.attempts) co_return body;
    const auto bound = static_cast<uint64_t>(most.count());
    const Duration delay(static_cast<int64_t>(core->means.random.below(bound)));
    if (core->means.clock.now().mono + delay >= end) co_return body;
    if (!co_await sleepFor(delay, core->gone.get_token())) co_return body;
    most *= 2;
  }
}

Async<Result<std::string>> InstanceCredentials::Core::get(std::shared_ptr<Core> core, std::string path,
                                                          MonoTime end) {
  for (int tokens = 0;; ++tokens) {
    if (core->token.empty() || core->means.clock.now().mono >= core->tokenUntil) {
      const Result<std::string> token = co_await withRetries(core, "PUT", kTokenPath, end);
      if (!token) co_return token.error();
      core->token = firstLine(*token);
      if (!isPrintable(core->token)) co_return senseless("a session token");
      core->tokenUntil = core->means.clock.now().mono + core->options.tokenLife - kTokenMargin;
    }
    Result<std::string> body = co_await withRetries(core, "GET", path, end);
    if (body || body.error().code != Code::Unauthenticated || tokens > 0) co_return body;
    core->token.clear();
  }
}

Async<Result<Credentials>> InstanceCredentials::Core::load(std::shared_ptr<Core> core) {
  const MonoTime end = core->means.clock.now().mono + core->options.overall;
  const Result<std::string> roles = co_await get(core, kRolePath, end);
  if (!roles) co_return roles.error();
  const std::string role = firstLine(*roles);
  if (role.empty()) co_return makeError(Code::NotFound, "no role is attached to this instance");
  if (!isPrintable(role)) co_return senseless("the name of a role");
  const Result<std::string> body = co_await get(core, kRolePath + http::percentEncode(role, "+=,@"), end);
  if (!body) co_return body.error();
  Result<Credentials> credentials = parseAnswer(*body);
  if (credentials && *credentials->expiration <= core->means.clock.now().wall) {
    co_return makeError(Code::Unavailable,
                        "the instance metadata service answered with credentials that have expired");
  }
  co_return credentials;
}

Async<void> InstanceCredentials::Core::refresh(std::shared_ptr<Core> core) {
  Result<Credentials> loaded = co_await load(core);
  const Now now = core->means.clock.now();
  // Also after a success: the service renews in its own time, so within the margin it may have nothing newer.
  core->nextRefresh = now.mono + core->options.refreshPause;
  if (loaded) {
    core->kept = *std::move(loaded);
    core->failed.reset();
  } else {
    core->failed = loaded.error();
    if (core->usable(now) && !core->gone.stop_requested()) {
      core->means.log.warn(
          "can't renew the instance's credentials: those from before stay in use",
          {{"reason", loaded.error().message}, {"expire", toRfc3339(*core->kept->expiration)}});
    }
  }
}

InstanceCredentials::InstanceCredentials(Means means, InstanceOptions options)
    : core_(std::make_shared<Core>(means, std::move(options))) {}

InstanceCredentials::~InstanceCredentials() { core_->gone.request_stop(); }

Async<Result<Credentials>> InstanceCredentials::credentials(std::stop_token stop) {
  const std::shared_ptr<Core> core = core_;
  const auto cancelled = [] { return makeError(Code::Cancelled, "stopped while waiting for credentials"); };
  if (stop.stop_requested()) co_return cancelled();
  const Now now = core->means.clock.now();
  const bool paused = now.mono < core->nextRefresh && (core->failed || core->usable(now));
  if (core->fresh(now) || paused) co_return core->answer(now);
  const auto through = std::make_shared<Event>();
  core->waiting.push_back(through);
  if (core->waiting.size() == 1) {
    // The refresh belongs to all who wait for it, so it does not end with the first of them.
    spawn(co_await boost::asio::this_coro::executor, core->means.log, "instance credentials",
          [core]() -> Async<void> {
            co_await Core::refresh(core);
            for (const auto& each : std::exchange(core->waiting, {})) each->set();
          });
  }
  const std::stop_callback wake(stop, [through] { through->set(); });
  co_await through->wait();
  if (stop.stop_requested()) co_return cancelled();
  co_return core->answer(core->means.clock.now());
}

}  // namespace berth::aws
