#include "agent/runtimes/docker/engine_api.hpp"

#include <algorithm>
#include <utility>

#include "agent/runtimes/docker/errors.hpp"
#include "common/text/number.hpp"
#include "proto/docker/codec.hpp"
#include "proto/docker/json_stream.hpp"
#include "proto/docker/log_stream.hpp"
#include "proto/docker/registry_auth.hpp"

namespace berth::agent {
namespace {

constexpr size_t kLongestLogLine = 1024;
// What is read and written here has kept its form over all these versions of the API.
constexpr int kOldestMinor = 24;
constexpr int kNewestMinor = 44;
constexpr int kDistributionMinor = 30;

/// N of "1.N"; 0 for anything else.
int minorOf(std::string_view version) {
  if (!version.starts_with("1.")) return 0;
  return parseNumber<int>(version.substr(2)).value_or(0);
}

std::string containerPath(const std::string& id, const std::string& verb = {}) {
  return "/containers/" + http::percentEncode(id) + verb;
}

Error refusal(const http::Response& response) {
  return engineError(response.status, docker::errorMessage(response.status, response.body));
}

http::Headers authHeaders(const std::optional<RegistryAuth>& auth, const docker::ImageReference& reference) {
  http::Headers headers;
  if (auth) {
    headers.add("X-Registry-Auth",
                docker::encodeRegistryAuth(auth->username, auth->password, reference.domain));
  }
  return headers;
}

/// A reader of a streamed body that passes on its lines.
std::function<bool(std::string_view)> eachLine(std::function<void(std::string_view)> line) {
  return [splitter = docker::LineSplitter(), line = std::move(line)](std::string_view chunk) mutable {
    return splitter.feed(chunk, line).ok();
  };
}

}  // namespace

EngineApi::EngineApi(http::Client& client, std::string socket, DockerDeadlines deadlines,
                     std::stop_token stop)
    : client_(client), socket_(std::move(socket)), deadlines_(deadlines), stop_(std::move(stop)) {}

Error EngineApi::failure(const Exchange& exchange, const Error& error) const {
  if (error.code == Code::DeadlineExceeded) {
    return makeError(Code::DeadlineExceeded, "Could not transition to " + exchange.step +
                                                 "; timed out after waiting " +
                                                 formatDuration(exchange.deadline));
  }
  if (error.code == Code::Unavailable) return error.in("the Docker Engine can't be reached");
  return error;
}

Async<Result<http::Response>> EngineApi::transmit(Exchange exchange, std::string prefix) {
  http::Call call;
  call.unixSocket = socket_;
  call.fresh = exchange.fresh;
  call.timeout = exchange.deadline;
  call.onBody = exchange.onBody;
  call.request.method = exchange.method;
  call.request.url = "http://docker" + prefix + exchange.path;
  if (!exchange.query.empty()) call.request.url += "?" + http::encodeQuery(exchange.query);
  call.request.headers = exchange.headers;
  call.request.body = std::move(exchange.body);
  std::stop_source either;
  const auto request_stop = [&either] { either.request_stop(); };
  const std::stop_callback whole(stop_, request_stop);
  const std::stop_callback single(exchange.stop, request_stop);
  Result<http::Response> response = co_await client_.fetch(std::move(call), either.get_token());
  if (!response) co_return failure(exchange, response.error());
  co_return response;
}

Async<Result<std::string>> EngineApi::versioned(std::string path) {
  if (minor_ == 0) {
    const Result<docker::Version> version = co_await negotiate();
    if (!version) co_return version.error();
  }
  co_return "/v1." + std::to_string(minor_) + path;
}

Async<Result<http::Response>> EngineApi::send(Exchange exchange) {
  const Result<std::string> prefix = co_await versioned("");
  if (!prefix) co_return prefix.error();
  co_return co_await transmit(std::move(exchange), *prefix);
}

Async<Result<http::Response>> EngineApi::call(Exchange exchange) {
  Result<http::Response> response = co_await send(std::move(exchange));
  if (response && response->status >= 400) co_return refusal(*response);
  co_return response;
}

Async<Result<docker::Version>> EngineApi::negotiate() {
  Exchange exchange{.method = "GET", .path = "/version", .step = "version", .deadline = deadlines_.info};
  const Result<http::Response> response = co_await transmit(std::move(exchange), "");
  if (!response) co_return response.error();
  if (response->status != 200) co_return refusal(*response);
  Result<docker::Version> version = docker::decodeVersion(response->body);
  if (!version) co_return version.error();
  const int newest = minorOf(version->apiVersion);
  if (newest < kOldestMinor) {
    co_return makeError(Code::FailedPrecondition, "the Docker Engine speaks API version " +
                                                      version->apiVersion +
                                                      "; install one that speaks 1.24 or newer");
  }
  minor_ = std::max(std::min(newest, kNewestMinor), minorOf(version->minApiVersion));
  co_return version;
}

Async<Result<docker::SystemInfo>> EngineApi::info() {
  Exchange exchange{.method = "GET", .path = "/info", .step = "info", .deadline = deadlines_.info};
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeInfo(response->body);
}

Async<Result<std::string>> EngineApi::createContainer(std::string name, std::string body) {
  Exchange exchange{
      .method = "POST", .path = "/containers/create", .step = "created", .deadline = deadlines_.create};
  exchange.query.emplace_back("name", std::move(name));
  exchange.headers.add("Content-Type", "application/json");
  exchange.body = std::move(body);
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (response->status == 409) co_return makeError(Code::AlreadyExists, refusal(*response).message);
  if (response->status != 201) co_return refusal(*response);
  co_return docker::decodeCreated(response->body);
}

Async<Status> EngineApi::startContainer(std::string id) {
  Exchange exchange{
      .method = "POST", .path = containerPath(id, "/start"), .step = "started", .deadline = deadlines_.start};
  // An engine that is ending takes no new connections, but serves old ones until it is gone. What it starts
  // then it may leave running and know nothing of afterwards.
  exchange.fresh = true;
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return response ? Status() : Status(response.error());
}

Async<Status> EngineApi::stopContainer(std::string id, Duration timeout) {
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(timeout), std::chrono::seconds(0));
  Exchange exchange{.method = "POST",
                    .path = containerPath(id, "/stop"),
                    .step = "stopped",
                    .deadline = seconds + deadlines_.stopGrace};
  exchange.query.emplace_back("t", std::to_string(seconds.count()));
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return response ? Status() : Status(response.error());
}

Async<Status> EngineApi::removeContainer(std::string id, bool force) {
  Exchange exchange{
      .method = "DELETE", .path = containerPath(id), .step = "removing", .deadline = deadlines_.remove};
  exchange.query.emplace_back("v", "1");
  if (force) exchange.query.emplace_back("force", "1");
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (response->status < 400 || response->status == 404) co_return Status();
  Error refused = refusal(*response);
  // 409 says that it runs, or that another call is removing it right now; the latter is what is wanted.
  if (refused.message.find("already in progress") != std::string::npos) co_return Status();
  co_return refused;
}

Async<Result<std::optional<docker::ContainerInspect>>> EngineApi::inspectContainer(std::string idOrName,
                                                                                   bool inList) {
  Exchange exchange{.method = "GET",
                    .path = containerPath(idOrName, "/json"),
                    .step = "inspecting",
                    .deadline = inList ? deadlines_.inspectInList : deadlines_.inspect};
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (response->status == 404) co_return std::optional<docker::ContainerInspect>();
  if (response->status != 200) co_return refusal(*response);
  Result<docker::ContainerInspect> container = docker::decodeContainer(response->body);
  if (!container) co_return container.error();
  co_return std::optional<docker::ContainerInspect>(std::move(*container));
}

Async<Result<std::vector<docker::ContainerSummary>>> EngineApi::labelledContainers(
    std::map<std::string, std::string> labels) {
  std::vector<std::string> wanted;
  for (const auto& [key, value] : labels) wanted.push_back(key + "=" + value);
  Exchange exchange{
      .method = "GET", .path = "/containers/json", .step = "listing", .deadline = deadlines_.list};
  exchange.query.emplace_back("all", "1");
  if (!wanted.empty()) exchange.query.emplace_back("filters", docker::encodeFilters({{"label", wanted}}));
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeContainers(response->body);
}

Async<Result<std::optional<docker::ImageInspect>>> EngineApi::inspectImage(std::string image) {
  Exchange exchange{.method = "GET",
                    .path = "/images/" + http::percentEncode(image, "/:@") + "/json",
                    .step = "inspecting",
                    .deadline = deadlines_.inspect};
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (response->status == 404) co_return std::optional<docker::ImageInspect>();
  if (response->status != 200) co_return refusal(*response);
  Result<docker::ImageInspect> found = docker::decodeImage(response->body);
  if (!found) co_return found.error();
  co_return std::optional<docker::ImageInspect>(std::move(*found));
}

Async<Result<std::string>> EngineApi::registryDigest(std::string image, docker::ImageReference reference,
                                                     std::optional<RegistryAuth> auth) {
  Exchange exchange{.method = "GET",
                    .path = "/distribution/" + http::percentEncode(image, "/:@") + "/json",
                    .step = "MANIFEST_PULLED",
                    .deadline = deadlines_.digest};
  exchange.headers = authHeaders(auth, reference);
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (minor_ < kDistributionMinor) {
    co_return makeError(Code::Unimplemented, "the Docker Engine is too old to ask a registry for a digest");
  }
  if (response->status != 200) {
    co_return registryFailure(response->status, docker::errorMessage(response->status, response->body),
                              image);
  }
  co_return docker::decodeDistribution(response->body);
}

Async<Status> EngineApi::pullImage(docker::ImageReference reference, std::optional<RegistryAuth> auth,
                                   std::function<void(const docker::PullProgress&)> onProgress,
                                   std::stop_token stop) {
  Exchange exchange{.method = "POST", .path = "/images/create", .step = "pulled"};
  exchange.query.emplace_back("fromImage", reference.repository());
  exchange.query.emplace_back("tag", reference.version());
  exchange.headers = authHeaders(auth, reference);
  exchange.stop = std::move(stop);
  std::string failed;
  exchange.onBody = eachLine([&failed, &onProgress](std::string_view line) {
    Result<docker::PullProgress> progress = docker::decodePullProgress(line);
    if (!progress) return;
    if (progress->error.empty()) return onProgress(*progress);
    if (failed.empty()) failed = std::move(progress->error);
  });
  const std::string name =
      reference.repository() + (reference.digest.empty() ? ":" : "@") + reference.version();
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!failed.empty()) co_return registryFailure(500, failed, name);
  if (!response) co_return response.error();
  if (response->status != 200) {
    co_return registryFailure(response->status, docker::errorMessage(response->status, response->body), name);
  }
  co_return Status();
}

Async<Status> EngineApi::tagImage(std::string source, docker::ImageReference name) {
  Exchange exchange{.method = "POST",
                    .path = "/images/" + http::percentEncode(source, "/:@") + "/tag",
                    .step = "tagged",
                    .deadline = deadlines_.tag};
  exchange.query.emplace_back("repo", name.repository());
  exchange.query.emplace_back("tag", name.tag.empty() ? "latest" : name.tag);
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return response ? Status() : Status(response.error());
}

Async<Status> EngineApi::importImage(docker::ImageReference name, std::string archive, std::string program) {
  Exchange exchange{
      .method = "POST", .path = "/images/create", .step = "imported", .deadline = deadlines_.create};
  exchange.query.emplace_back("fromSrc", "-");
  exchange.query.emplace_back("repo", name.repository());
  exchange.query.emplace_back("tag", name.tag);
  exchange.query.emplace_back("changes", "ENTRYPOINT [\"" + program + "\"]");
  exchange.headers.add("Content-Type", "application/x-tar");
  exchange.body = std::move(archive);
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return response ? Status() : Status(response.error());
}

Async<Result<std::vector<docker::ImageSummary>>> EngineApi::listImages() {
  Exchange exchange{.method = "GET", .path = "/images/json", .step = "listing", .deadline = deadlines_.list};
  // Without this the engine leaves out the digests.
  exchange.query.emplace_back("digests", "1");
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeImages(response->body);
}

Async<Result<std::vector<docker::ContainerSummary>>> EngineApi::listContainers(bool sizes) {
  Exchange exchange{
      .method = "GET", .path = "/containers/json", .step = "listing", .deadline = deadlines_.list};
  exchange.query.emplace_back("all", "1");
  if (sizes) {
    exchange.query.emplace_back("size", "1");
    exchange.query.emplace_back("filters",
                                docker::encodeFilters({{"status", {"created", "exited", "dead"}}}));
  }
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeContainers(response->body);
}

Async<Status> EngineApi::removeImage(std::string reference) {
  Exchange exchange{.method = "DELETE",
                    .path = "/images/" + http::percentEncode(reference, "/:@"),
                    .step = "removing image",
                    .deadline = deadlines_.removeImage};
  const Result<http::Response> response = co_await send(std::move(exchange));
  if (!response) co_return response.error();
  if (response->status < 400 || response->status == 404) co_return Status();
  co_return refusal(*response);
}

Async<Result<std::vector<std::string>>> EngineApi::tail(std::string id, size_t lines) {
  Exchange exchange{.method = "GET",
                    .path = containerPath(id, "/logs"),
                    .step = "reading its log",
                    .deadline = deadlines_.tail};
  exchange.query.emplace_back("stdout", "1");
  exchange.query.emplace_back("stderr", "1");
  exchange.query.emplace_back("tail", std::to_string(lines));
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::logLines(response->body, kLongestLogLine);
}

Async<Error> EngineApi::events(std::string label, std::vector<std::string> actions, WallTime since,
                               std::function<void(docker::Event)> onEvent) {
  const int64_t millis = toEpochMillis(since);
  std::string fraction = std::to_string(millis % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  Exchange exchange{.method = "GET", .path = "/events", .step = "listing"};
  exchange.query.emplace_back("since", std::to_string(millis / 1000) + "." + fraction);
  exchange.query.emplace_back(
      "filters", docker::encodeFilters({{"type", {"container"}}, {"label", {label}}, {"event", actions}}));
  exchange.onBody = eachLine([&onEvent](std::string_view line) {
    Result<docker::Event> event = docker::decodeEvent(line);
    if (event) onEvent(std::move(*event));
  });
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return makeError(Code::Unavailable, "the Docker Engine closed the event stream");
}

}  // namespace berth::agent
