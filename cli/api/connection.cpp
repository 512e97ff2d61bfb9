#include "cli/api/connection.hpp"

#include <nlohmann/json.hpp>

#include "cli/api/hints.hpp"
#include "cli/api/loop.hpp"
#include "common/aws/errors.hpp"
#include "common/aws/sigv4.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr int kAttempts = 6;
constexpr Duration kTimeout = std::chrono::seconds(60);
constexpr const char* kTargetPrefix = "AmazonEC2ContainerServiceV20141113.";

http::ClientOptions optionsFor(const Target& target) {
  http::ClientOptions options;
  options.caFile = target.caFile;
  options.userAgent = "berth-cli";
  options.connectTimeout = std::chrono::seconds(10);
  return options;
}

std::string urlOf(const Target& target, const Ask& ask) {
  std::string url = target.url.origin() + (ask.path.empty() ? target.url.path : ask.path);
  if (!ask.query.empty()) url += "?" + http::encodeQuery(ask.query);
  return url;
}

void signInto(http::Request& request, const Target& target, WallTime now) {
  const auto url = http::parseUrl(request.url);
  if (!url) return;
  const aws::UnsignedRequest unsignedOne{request.method, *url, request.headers, request.body};
  const aws::Scope scope{target.region.value, "ecs"};
  for (const auto& [name, value] : aws::sign(unsignedOne, target.credentials, scope, now))
    request.headers.add(name, value);
}

/// Two equal requests of one second would have one signature, and the second would be taken for a replay.
http::Headers ownHeaders(Random& random) { return {{"X-Berth-Call", randomHex(random, 16)}}; }

Result<json> parsed(const std::string& body) {
  if (body.empty()) return json();
  json out = json::parse(body, nullptr, false);
  if (out.is_discarded())
    return makeError(Code::Internal, "the answer is not JSON: is a Berth controller at this endpoint?");
  return out;
}

}  // namespace

Connection::Connection(const Target& target)
    : loop_(std::make_unique<Loop>(optionsFor(target))), target_(target) {}

Connection::~Connection() = default;

namespace {

/// One signed exchange, again while that can help.
Result<http::Response> exchange(Connection::Loop& loop, const Target& target, const Ask& ask,
                                const http::Headers& headers, http::Call call) {
  for (int attempt = 1;; ++attempt) {
    call.request.method = ask.method;
    call.request.url = urlOf(target, ask);
    call.request.body = ask.body;
    call.request.headers = ownHeaders(loop.random);
    for (const auto& [name, value] : headers) call.request.headers.add(name, value);
    signInto(call.request, target, loop.clock.now().wall);
    auto response = loop.await(loop.http.fetch(call, loop.interrupt.get_token()));
    if (!response) return withHint(response.error(), target);
    if (response->status >= 200 && response->status < 300) return response;
    const aws::ApiError error = aws::parseError(*response);
    if (attempt == kAttempts || !aws::isRetryable(error)) return withHint(aws::toError(error), target);
    const auto pause = std::chrono::milliseconds(50 + loop.random.below(uint64_t{100} << attempt));
    if (!loop.await(sleepFor(pause, loop.interrupt.get_token())))
      return makeError(Code::Cancelled, "interrupted");
  }
}

}  // namespace

Result<json> Connection::call(const std::string& operation, const json& members) {
  const Ask ask{"POST", "", {}, members.is_null() ? "{}" : members.dump()};
  const http::Headers headers{{"Content-Type", "application/x-amz-json-1.1"},
                              {"X-Amz-Target", kTargetPrefix + operation}};
  http::Call call;
  call.timeout = kTimeout;
  auto response = exchange(*loop_, target_, ask, headers, std::move(call));
  if (!response) return response.error();
  return parsed(response->body);
}

Result<json> Connection::list(const std::string& operation, json members, const std::string& list,
                              size_t most, bool* more) {
  json all = json::array();
  members["maxResults"] = std::min<size_t>(most, 100);
  for (;;) {
    auto page = call(operation, members);
    if (!page) return page.error();
    for (json& item : (*page)[list]) all.push_back(std::move(item));
    const bool others = page->contains("nextToken") && (*page)["nextToken"].is_string();
    if (more) *more = others;
    if (!others || all.size() >= most) return all;
    members["nextToken"] = (*page)["nextToken"];
  }
}

Result<json> Connection::ask(const Ask& ask) {
  http::Call call;
  call.timeout = kTimeout;
  auto response =
      exchange(*loop_, target_, ask,
               ask.body.empty() ? http::Headers() : http::Headers{{"Content-Type", "application/json"}},
               std::move(call));
  if (!response) return response.error();
  return parsed(response->body);
}

Status Connection::stream(const Ask& ask, const http::Headers& headers, Duration inactivity,
                          const std::function<bool(std::string_view)>& onBody) {
  bool enough = false;
  http::Call call;
  call.inactivity = inactivity;
  call.onBody = [&](std::string_view bytes) {
    enough = enough || !onBody(bytes);
    return !enough;
  };
  auto response = exchange(*loop_, target_, ask, headers, std::move(call));
  if (!response && !enough) return response.error();
  return {};
}

Result<http::Response> Connection::plain(const std::string& url, const std::string& unixSocket,
                                         Duration timeout) {
  http::Call call;
  call.request.url = url;
  call.unixSocket = unixSocket;
  call.timeout = timeout;
  return loop_->await(loop_->http.fetch(call, loop_->interrupt.get_token()));
}

bool Connection::wait(Duration duration) {
  return loop_->await(sleepFor(duration, loop_->interrupt.get_token()));
}

void Connection::catchInterrupts() {
  if (loop_->signals) return;
  loop_->signals.emplace(loop_->io, SIGINT, SIGTERM);
  loop_->signals->async_wait([this](boost::system::error_code error, int) {
    if (!error) loop_->interrupt.request_stop();
  });
}

bool Connection::interrupted() const { return loop_->interrupt.stop_requested(); }

WallTime Connection::now() const { return loop_->clock.now().wall; }

Connection::Loop& Connection::loop() { return *loop_; }

Result<http::WsClientOptions> Connection::webSocketTo(const Ask& ask) const {
  http::Request request;
  request.method = ask.method;
  request.url = urlOf(target_, ask);
  request.headers = ownHeaders(loop_->random);
  signInto(request, target_, loop_->clock.now().wall);
  http::WsClientOptions options;
  options.url = request.url;
  options.headers = request.headers;
  options.caFile = target_.caFile;
  return options;
}

}  // namespace berth::cli
