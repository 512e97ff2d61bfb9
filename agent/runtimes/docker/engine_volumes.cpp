// The calls about volumes.
#include <utility>

#include "agent/runtimes/docker/engine_api.hpp"
#include "proto/docker/codec.hpp"

namespace berth::agent {
namespace {

std::string volumePath(const std::string& name) { return "/volumes/" + http::percentEncode(name); }

Status statusOf(const Result<http::Response>& response) {
  return response ? Status() : Status(response.error());
}

}  // namespace

Async<Status> EngineApi::createVolume(std::string body) {
  Exchange exchange{
      .method = "POST", .path = "/volumes/create", .step = "creating volume", .deadline = deadlines_.volume};
  exchange.headers.add("Content-Type", "application/json");
  exchange.body = std::move(body);
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return statusOf(response);
}

Async<Result<docker::Volume>> EngineApi::inspectVolume(std::string name) {
  Exchange exchange{
      .method = "GET", .path = volumePath(name), .step = "inspecting volume", .deadline = deadlines_.inspect};
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeVolume(response->body);
}

Async<Status> EngineApi::removeVolume(std::string name) {
  Exchange exchange{
      .method = "DELETE", .path = volumePath(name), .step = "removing volume", .deadline = deadlines_.volume};
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response && response.error().code == Code::NotFound) co_return Status();
  co_return statusOf(response);
}

}  // namespace berth::agent
