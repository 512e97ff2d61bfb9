#include "agent/runtimes/containerd/registry.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/docker/errors.hpp"
#include "common/aws/crypto.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::containerd {
namespace {

using berth::json::Fields;

constexpr size_t kLongestManifest = 4 << 20;
constexpr int kMostRedirects = 5;

std::string hostOf(const docker::ImageReference& reference) {
  return reference.domain == "docker.io" ? "registry-1.docker.io" : reference.domain;
}

std::string baseUrl(const docker::ImageReference& reference) {
  const std::string host = hostOf(reference);
  const auto plain = http::parseUrl("http://" + host + "/");
  const bool loopback = plain && plain->loopback();
  return (loopback ? "http://" : "https://") + host;
}

bool isRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
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

}  // namespace

std::optional<Challenge> parseChallenge(std::string_view text) {
  const size_t space = text.find(' ');
  const std::string_view scheme = text.substr(0, space);
  Challenge out;
  out.basic = http::equalsIgnoreCase(scheme, "Basic");
  if (out.basic) return out;
  if (!http::equalsIgnoreCase(scheme, "Bearer") || space == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(space + 1);
  out.realm = parameter(rest, "realm");
  out.service = parameter(rest, "service");
  out.scope = parameter(rest, "scope");
  return out.realm.empty() ? std::nullopt : std::optional(out);
}

Repository::Repository(http::Client& client, docker::ImageReference reference,
                       std::optional<RegistryAuth> auth, Duration limit, Duration inactivity,
                       std::stop_token stop)
    : client_(client),
      reference_(std::move(reference)),
      auth_(std::move(auth)),
      limit_(limit),
      inactivity_(inactivity),
      stop_(std::move(stop)) {}

std::string Repository::basic() const {
  return "Basic " + aws::base64Encode(auth_->username + ":" + auth_->password);
}

http::Call Repository::prepare(std::string method, std::string url,
                               std::function<bool(std::string_view)> onBytes) const {
  http::Call call;
  call.request.method = std::move(method);
  call.request.url = std::move(url);
  // A blob may take long, if only it moves.
  if (onBytes)
    call.inactivity = inactivity_;
  else
    call.timeout = limit_;
  call.onBody = std::move(onBytes);
  call.maxBody = kLongestManifest;
  return call;
}

Async<Status> Repository::authorize(Challenge challenge) {
  if (challenge.basic) {
    if (!auth_) co_return makeError(Code::PermissionDenied, "no basic auth credentials");
    authorization_ = basic();
    co_return Status();
  }
  http::Query query;
  if (!challenge.service.empty()) query.emplace_back("service", challenge.service);
  query.emplace_back("scope",
                     challenge.scope.empty() ? "repository:" + reference_.path + ":pull" : challenge.scope);
  const bool more = challenge.realm.find('?') != std::string::npos;
  http::Call call = prepare("GET", challenge.realm + (more ? "&" : "?") + http::encodeQuery(query), {});
  if (auth_) call.request.headers.add("Authorization", basic());
  const Result<http::Response> answer = co_await client_.fetch(std::move(call), stop_);
  if (!answer) co_return answer.error();
  if (answer->status != 200) {
    const std::string why = refusal(*answer);
    co_return registryError(answer->status, answer->status == 401 ? "unauthorized: " + why : why);
  }
  const auto object = berth::json::parseObject(answer->body, "the token");
  if (!object) co_return object.error();
  Fields fields(*object, "token");
  std::string token = fields.str("token");
  if (token.empty()) token = fields.str("access_token");
  if (token.empty())
    co_return makeError(Code::PermissionDenied, "the registry's token service gave no token");
  authorization_ = "Bearer " + token;
  co_return Status();
}

Async<Result<http::Response>> Repository::get(std::string method, std::string path, std::string accept,
                                              std::function<bool(std::string_view)> onBytes) {
  const std::string base = baseUrl(reference_);
  std::string url = base + "/v2/" + reference_.path + "/" + path;
  bool asked = false;
  for (int hops = 0; hops <= kMostRedirects + 1; ++hops) {
    http::Call call = prepare(method, url, onBytes);
    if (!accept.empty()) call.request.headers.add("Accept", accept);
    // Whom the registry sends us to gets none of its credentials.
    if (!authorization_.empty() && url.starts_with(base + "/"))
      call.request.headers.add("Authorization", authorization_);
    Result<http::Response> answer = co_await client_.fetch(std::move(call), stop_);
    if (!answer) co_return answer.error();
    const auto location = answer->headers.get("Location");
    if (isRedirect(answer->status) && location) {
      url = location->starts_with('/') ? base + std::string(*location) : std::string(*location);
      continue;
    }
    if (answer->status == 401 && !asked) {
      asked = true;
      const auto challenge = parseChallenge(answer->headers.get("WWW-Authenticate").value_or(""));
      if (!challenge)
        co_return registryError(401, "unauthorized: the registry does not say how to authenticate");
      const Status authorized = co_await authorize(*challenge);
      if (!authorized) co_return authorized.error();
      continue;
    }
    if (answer->status / 100 == 2) co_return answer;
    const std::string why = refusal(*answer);
    co_return registryError(answer->status, answer->status == 401 ? "unauthorized: " + why : why);
  }
  co_return makeError(Code::Unavailable, "the registry redirects without end");
}

Async<Result<std::string>> Repository::digestOf(std::string version) {
  const auto answer = co_await get("HEAD", "manifests/" + version, acceptedManifests(), {});
  if (!answer) co_return answer.error();
  co_return std::string(answer->headers.get("Docker-Content-Digest").value_or(""));
}

Async<Result<Fetched>> Repository::manifest(std::string version) {
  const auto answer = co_await get("GET", "manifests/" + version, acceptedManifests(), {});
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

Async<Status> Repository::blob(std::string digest, std::function<bool(std::string_view)> onBytes) {
  const auto answer = co_await get("GET", "blobs/" + digest, {}, std::move(onBytes));
  co_return answer ? Status() : Status(answer.error());
}

}  // namespace berth::agent::containerd
