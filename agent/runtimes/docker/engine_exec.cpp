// The calls about commands in containers, and about what containers have written.
#include <utility>

#include "agent/runtimes/docker/engine_api.hpp"
#include "proto/docker/codec.hpp"

namespace berth::agent {
namespace {

std::string execPath(const std::string& exec, const std::string& verb) {
  return "/exec/" + http::percentEncode(exec) + verb;
}

}  // namespace

Async<Result<std::string>> EngineApi::createExec(std::string container, docker::ExecSpec spec) {
  Exchange exchange{.method = "POST",
                    .path = "/containers/" + http::percentEncode(container) + "/exec",
                    .step = "preparing a command",
                    .deadline = deadlines_.inspect};
  exchange.headers.add("Content-Type", "application/json");
  exchange.body = docker::encodeExec(spec);
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeCreated(response->body);
}

Async<Result<std::shared_ptr<EngineStream>>> EngineApi::startExec(std::string exec, bool tty) {
  Result<std::string> target = co_await versioned(execPath(exec, "/start"));
  if (!target) co_return target.error();
  EngineStream::Ask ask{"POST", std::move(*target), docker::encodeExecStart(tty), true, deadlines_.inspect};
  co_return co_await openEngineStream(socket_, std::move(ask));
}

Async<Status> EngineApi::resizeExec(std::string exec, streams::TerminalSize size) {
  Exchange exchange{.method = "POST",
                    .path = execPath(exec, "/resize"),
                    .step = "resizing a terminal",
                    .deadline = deadlines_.inspect};
  exchange.query.emplace_back("h", std::to_string(size.rows));
  exchange.query.emplace_back("w", std::to_string(size.columns));
  const Result<http::Response> response = co_await call(std::move(exchange));
  co_return response ? Status() : Status(response.error());
}

Async<Result<docker::ExecState>> EngineApi::inspectExec(std::string exec) {
  Exchange exchange{.method = "GET",
                    .path = execPath(exec, "/json"),
                    .step = "looking at a command",
                    .deadline = deadlines_.inspect};
  const Result<http::Response> response = co_await call(std::move(exchange));
  if (!response) co_return response.error();
  co_return docker::decodeExec(response->body);
}

Async<Result<std::shared_ptr<EngineStream>>> EngineApi::logs(LogSpec spec) {
  http::Query query{{"stdout", "1"}, {"stderr", "1"}, {"timestamps", "1"}};
  if (spec.follow) query.emplace_back("follow", "1");
  if (!spec.since.empty()) query.emplace_back("since", spec.since);
  if (spec.tail) query.emplace_back("tail", std::to_string(*spec.tail));
  Result<std::string> target = co_await versioned("/containers/" + http::percentEncode(spec.container) +
                                                  "/logs?" + http::encodeQuery(query));
  if (!target) co_return target.error();
  EngineStream::Ask ask{"GET", std::move(*target), "", false, deadlines_.tail};
  co_return co_await openEngineStream(socket_, std::move(ask));
}

}  // namespace berth::agent
