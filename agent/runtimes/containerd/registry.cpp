#include "agent/runtimes/containerd/registry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/docker/errors.hpp"
#include "agent/signatures/signed_image.hpp"
#include "common/aws/crypto.hpp"
#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using berth::json::Fields;

constexpr int kMostRedirects = 5;
constexpr int kMostWaits = 5;

std::string baseUrl(const std::string& host, const RegistryRules& rules) {
  const auto plain = http::parseUrl("http://" + host + "/");
  const bool allowed = std::ranges::find(rules.plainHosts, host) != rules.plainHosts.end();
  return ((plain && plain->loopback()) || allowed ? "http://" : "https://") + host;
}

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Where an answer to `url` leads to.
std::string redirected(const std::string& url, std::string_view location) {
  if (!location.starts_with('/')) return std::string(location);
  const size_t host = url.find("://") + 3;
  return url.substr(0, url.find('/', host)) + std::string(location);
}

std::string refusal(const http::Response& response) {
  std::string out = "registry answered with HTTP status: " + std::to_string(response.status);
  const auto object = berth::json::parseObject(response.body, "answer");
  if (!object) return out;
  Fields fields(*object, "answer");
  for (const nlohmann::json* each : fields.list("errors")) {
    Fields one(*each, "errors");
    out += ": " + one.str("code") + ": " + one.str("message");
  }
  return out;
}

Error refused(const http::Response& response) {
  const std::string why = refusal(response);
  // The answer to a HEAD has no words of its own.
  const std::string word = response.status == 401   ? "unauthorized: "
                           : response.status == 404 ? "not found: "
                                                    : "";
  return registryError(response.status, word + why);
}

/// key="value" or key=value, up to the next comma outside of quotes.
std::string parameter(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const size_t equals = at + key.size();
    const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == ',';
    if (!begins || equals >= text.size() || text[equals] != '=') continue;
    std::string_view value = text.substr(equals + 1);
    if (!value.starts_with('"')) return std::string(value.substr(0, value.find(',')));
    value.remove_prefix(1);
    return std::string(value.substr(0, value.find('"')));
  }
  return {};
}

/// "Wed, 21 Oct 2015 07:28:00 GMT", the one form that is written today (RFC 9110, section 5.6.7).
std::optional<WallTime> httpDate(std::string_view text) {
  constexpr std::string_view kMonths = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const size_t month = kMonths.find(std::string(text.substr(8, 3)) + " ");
  if (month == std::string_view::npos) return std::nullopt;
  const std::string number = std::to_string(month / 4 + 1);
  return parseTimestamp(std::string(text.substr(12, 4)) + "-" + (number.size() == 1 ? "0" : "") + number +
                        "-" + std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z");
}

}  // namespace

std::optional<Challenge> parseChallenge(std::string_view text) {
  const size_t space = text.find(' ');
  const std::string_view scheme = text.substr(0, space);
  Challenge out;
  out.basic = equalsIgnoreCase(scheme, "Basic");
  if (out.basic) return out;
  if (!equalsIgnoreCase(scheme, "Bearer") || space == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(space + 1);
  out.realm = parameter(rest, "realm");
  out.service = parameter(rest, "service");
  out.scope = parameter(rest, "scope");
  return out.realm.empty() ? std::nullopt : std::optional(out);
}

std::optional<Duration> retryAfter(std::string_view text, WallTime now) {
  constexpr int64_t kLongest = 24 * 3600;
  if (const auto seconds = parseNumber<uint32_t>(text))
    return std::chrono::seconds(std::min<int64_t>(*seconds, kLongest));
  const auto when = httpDate(text);
  if (!when) return std::nullopt;
  return std::clamp<Duration>(*when - now, Duration::zero(), std::chrono::seconds(kLongest));
}

std::optional<int64_t> contentRangeStart(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-');
  return dash == std::string_view::npos ? std::nullopt : parseNumber<int64_t>(text.substr(0, dash));
}

std::string tagOfDigest(std::string digest) {
  digest[digest.find(':')] = '-';
  return digest;
}

Repository::Repository(Means means, docker::ImageReference reference, std::optional<RegistryAuth> auth,
                       Duration limit, Duration inactivity, std::stop_token stop)
    : means_(means),
      reference_(std::move(reference)),
      auth_(std::move(auth)),
      limit_(limit),
      inactivity_(inactivity),
      stop_(std::move(stop)) {
  const auto mirrors = means_.rules.mirrors.find(reference_.domain);
  if (mirrors != means_.rules.mirrors.end()) {
    for (const std::string& host : mirrors->second)
      endpoints_.push_back(std::make_shared<Endpoint>(Endpoint{baseUrl(host, means_.rules), false}));
  }
  const std::string host = reference_.domain == "docker.io" ? "registry-1.docker.io" : reference_.domain;
  endpoints_.push_back(std::make_shared<Endpoint>(Endpoint{baseUrl(host, means_.rules)}));
}

std::string Repository::basic() const {
  return "Basic " + aws::base64Encode(auth_->username + ":" + auth_->password);
}

http::Call Repository::prepare(const Ask& ask, std::string url) const {
  http::Call call;
  call.request.method = ask.method;
  call.request.url = std::move(url);
  if (!ask.accept.empty()) call.request.headers.add("Accept", ask.accept);
  if (!ask.range.empty()) call.request.headers.add("Range", ask.range);
  // A blob may take long, if only it moves.
  if (ask.ofBlob)
    call.inactivity = inactivity_;
  else
    call.timeout = limit_;
  call.onBody = ask.onBytes;
  call.maxBody = ask.most;
  return call;
}

Async<Status> Repository::authorize(EndpointPtr endpoint, std::string header, std::stop_token stop) {
  const auto challenge = parseChallenge(header);
  if (!challenge) co_return registryError(401, "unauthorized: the registry does not say how to authenticate");
  const bool known = auth_ && endpoint->own;
  if (challenge->basic) {
    if (!known) co_return makeError(Code::PermissionDenied, "no basic auth credentials");
    endpoint->authorization = basic();
    co_return Status();
  }
  http::Query query;
  if (!challenge->service.empty()) query.emplace_back("service", challenge->service);
  query.emplace_back("scope",
                     challenge->scope.empty() ? "repository:" + reference_.path + ":pull" : challenge->scope);
  const bool more = challenge->realm.find('?') != std::string::npos;
  http::Call call = prepare(Ask{}, challenge->realm + (more ? "&" : "?") + http::encodeQuery(query));
  if (known) call.request.headers.add("Authorization", basic());
  const Result<http::Response> answer = co_await means_.client.fetch(std::move(call), std::move(stop));
  if (!answer) co_return answer.error();
  if (answer->status != 200) co_return refused(*answer);
  const auto object = berth::json::parseObject(answer->body, "the token");
  if (!object) co_return object.error();
  Fields fields(*object, "token");
  std::string token = fields.str("token");
  if (token.empty()) token = fields.str("access_token");
  if (token.empty())
    co_return makeError(Code::PermissionDenied, "the registry's token service gave no token");
  endpoint->authorization = "Bearer " + token;
  co_return Status();
}

/// One answer of an endpoint, whatever it is, by way of redirections and of logging in.
Async<Result<http::Response>> Repository::exchange(EndpointPtr endpoint, Ask ask) {
  std::stop_source either;
  const std::stop_callback onPull(stop_, [&either] { either.request_stop(); });
  const std::stop_callback onAsk(ask.stop, [&either] { either.request_stop(); });
  std::string url = endpoint->base + "/v2/" + reference_.path + "/" + ask.path;
  bool renewed = false;
  for (int hops = 0; hops <= kMostRedirects + 1; ++hops) {
    http::Call call = prepare(ask, url);
    const std::string used = endpoint->authorization;
    // Whom the registry sends us to gets none of its credentials.
    if (!used.empty() && url.starts_with(endpoint->base + "/"))
      call.request.headers.add("Authorization", used);
    Result<http::Response> answer = co_await means_.client.fetch(std::move(call), either.get_token());
    if (!answer) co_return answer.error();
    const auto location = answer->headers.get("Location");
    if (isRedirect(answer->status) && location) {
      url = redirected(url, *location);
      continue;
    }
    const bool others = endpoint->authorization != used;
    if (answer->status != 401 || (renewed && !others)) co_return answer;
    renewed = true;
    // Another part of this pull may have logged in meanwhile.
    if (others) continue;
    const Status authorized = co_await authorize(
        endpoint, std::string(answer->headers.get("WWW-Authenticate").value_or("")), either.get_token());
    if (!authorized) co_return authorized.error();
  }
  co_return makeError(Code::Unavailable, "the registry redirects without end");
}

/// A good answer of an endpoint, now or later.
Async<Result<http::Response>> Repository::getFrom(EndpointPtr endpoint, Ask ask) {
  Duration left = limit_;
  for (int waits = 0;; ++waits) {
    Result<http::Response> answer = co_await exchange(endpoint, ask);
    const bool beyond = answer && answer->status == 416 && !ask.range.empty();
    if (!answer || answer->status / 100 == 2 || beyond) co_return answer;
    const bool later = answer->status == 429 || answer->status == 503;
    const auto wait =
        later ? retryAfter(answer->headers.get("Retry-After").value_or(""), means_.clock.now().wall)
              : std::nullopt;
    if (!wait || *wait > left || waits == kMostWaits) co_return refused(*answer);
    left -= *wait;
    if (!co_await sleepFor(*wait, ask.stop) || stop_.stop_requested())
      co_return makeError(Code::Cancelled, "stopped while the registry wants to be asked later");
  }
}

/// From the first endpoint that has it.
Async<Result<http::Response>> Repository::get(Ask ask) {
  Result<http::Response> answer = makeError(Code::Internal, "no registry to ask");
  for (const EndpointPtr& endpoint : endpoints_) {
    if (endpoint->failed && !endpoint->own) continue;
    answer = co_await getFrom(endpoint, ask);
    if (answer || answer.error().code == Code::Cancelled) co_return answer;
    // What a mirror can't be asked for once, it is not asked for again by this pull; what it lacks, it may
    // have of something else.
    endpoint->failed = answer.error().code != Code::NotFound;
  }
  co_return answer;
}

Async<Result<std::string>> Repository::digestOf(std::string version) {
  Ask ask;
  ask.method = "HEAD";
  ask.path = "manifests/" + version;
  ask.accept = acceptedManifests();
  const auto answer = co_await get(std::move(ask));
  if (!answer) co_return answer.error();
  co_return std::string(answer->headers.get("Docker-Content-Digest").value_or(""));
}

Async<Result<Fetched>> Repository::manifest(std::string version, std::stop_token stop) {
  Ask ask;
  ask.stop = std::move(stop);
  ask.path = "manifests/" + version;
  ask.accept = acceptedManifests();
  const auto answer = co_await get(std::move(ask));
  if (!answer) co_return answer.error();
  Fetched out;
  out.text = answer->body;
  out.digest = "sha256:" + aws::sha256Hex(out.text);
  out.mediaType = mediaTypeOf(out.text);
  if (version.starts_with("sha256:") && version != out.digest) {
    co_return makeError(Code::DataLoss, "manifest verification failed for digest " + version);
  }
  co_return out;
}

Async<Status> Repository::blob(std::string digest, std::function<bool(std::string_view)> onBytes,
                               std::stop_token stop) {
  Ask ask;
  ask.path = "blobs/" + digest;
  ask.onBytes = std::move(onBytes);
  ask.ofBlob = true;
  ask.stop = std::move(stop);
  const auto answer = co_await get(std::move(ask));
  co_return answer ? Status() : Status(answer.error());
}

Async<Result<Piece>> Repository::piece(std::string digest, int64_t at, int64_t count, std::stop_token stop) {
  Ask ask;
  ask.path = "blobs/" + digest;
  ask.range = "bytes=" + std::to_string(at) + "-" + std::to_string(at + count - 1);
  ask.most = static_cast<size_t>(count);
  ask.ofBlob = true;
  ask.stop = std::move(stop);
  auto answer = co_await get(std::move(ask));
  Piece out;
  if (!answer) {
    // More than was asked for: it sends the whole.
    if (answer.error().code == Code::ResourceExhausted && !answer.error().retryable) co_return out;
    co_return answer.error();
  }
  // It has nothing from there on.
  if (answer->status == 416) out.ranged = true;
  if (answer->status == 416) co_return out;
  const auto start = contentRangeStart(answer->headers.get("Content-Range").value_or(""));
  out.ranged = answer->status == 206 && start == at;
  if (out.ranged) out.bytes = std::move(answer->body);
  co_return out;
}

Async<Result<std::vector<std::string>>> Repository::referrers(std::string digest, std::string artifactType,
                                                              std::stop_token stop) {
  Ask ask;
  ask.path = "referrers/" + digest + "?" + http::encodeQuery({{"artifactType", artifactType}});
  ask.accept = acceptedManifests();
  ask.stop = stop;
  const auto answer = co_await get(std::move(ask));
  if (answer && isIndex(mediaTypeOf(answer->body)))
    co_return signatures::referrersIn(answer->body, artifactType);
  const bool unknown =
      answer || answer.error().code == Code::NotFound || answer.error().code == Code::InvalidArgument;
  if (!unknown) co_return answer.error();
  const auto index = co_await manifest(tagOfDigest(digest), std::move(stop));
  if (!index) co_return index.error();
  co_return signatures::referrersIn(index->text, artifactType);
}

}  // namespace berth::agent::containerd
