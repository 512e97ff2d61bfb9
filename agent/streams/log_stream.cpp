#include "agent/streams/log_stream.hpp"

#include <utility>

#include "common/async/gate.hpp"

namespace berth::agent {
namespace {

using streams::Channel;
using streams::Failure;

Failure failureOf(const std::string& container, const Error& error) {
  const char* type = error.code == Code::NotFound             ? "ResourceNotFoundException"
                     : error.code == Code::FailedPrecondition ? "ClientException"
                                                              : "CannotReadLogsError";
  return {type, "container '" + container + "': " + error.message};
}

struct OpenLog {
  std::string container;
  std::shared_ptr<ContainerLog> log;
};

struct LogSession {
  std::vector<OpenLog> logs;
  std::shared_ptr<http::WebSocket> socket;
  std::optional<Failure> failed;

  void closeAll() {
    for (const OpenLog& one : logs) one.log->close();
  }
};

/// Sends one container's lines to their end.
Async<void> sendLines(std::shared_ptr<LogSession> session, OpenLog from) {
  while (true) {
    const auto lines = co_await from.log->read();
    if (!lines) {
      if (lines.error().code != Code::Cancelled && !session->failed)
        session->failed = failureOf(from.container, lines.error());
      co_return;
    }
    if (lines->empty()) co_return;
    std::string payload;
    for (const streams::LogLine& line : *lines) {
      std::string text = streams::renderLogLine(from.container, line);
      if (payload.size() + text.size() > streams::kLongestPayload) {
        session->socket->sendBinary(streams::makeFrame(Channel::Lines, std::exchange(payload, {})));
        if (!co_await session->socket->drained(kMostWaiting)) co_return;
      }
      payload += text;
    }
    session->socket->sendBinary(streams::makeFrame(Channel::Lines, payload));
    if (!co_await session->socket->drained(kMostWaiting)) co_return;
  }
}

/// The stream's end is that of reading, too.
Async<void> watch(std::shared_ptr<LogSession> session) {
  while (co_await session->socket->read()) {
  }
  session->closeAll();
}

}  // namespace

Async<void> carryLogs(StreamMeans means, std::shared_ptr<const acs::OpenStreamMessage> message,
                      std::vector<LocatedContainer> containers, std::shared_ptr<http::WebSocket> socket) {
  const auto session = std::make_shared<LogSession>();
  session->socket = socket;
  for (const LocatedContainer& container : containers) {
    if (container.runtimeId.empty()) continue;
    LogSpec spec{container.runtimeId, message->follow, message->since, std::nullopt};
    if (message->tail >= 0) spec.tail = message->tail;
    auto opened = co_await means.containers.logs(std::move(spec));
    if (!opened) {
      session->closeAll();
      co_return fail(*socket, failureOf(container.name, opened.error()));
    }
    session->logs.push_back({container.name, std::move(*opened)});
  }
  if (session->logs.empty()) {
    co_return fail(*socket, {"ResourceNotFoundException",
                             "no container of the task is on its host: they have not been created yet, or "
                             "are removed"});
  }
  socket->sendBinary(streams::makeFrame(Channel::Started, "{}"));
  spawn(means.executor, means.log, "end of logs", [session] { return watch(session); });
  Gate gate;
  for (const OpenLog& one : session->logs) {
    auto pass = std::make_shared<std::optional<Gate::Pass>>(gate.enter());
    spawn(means.executor, means.log, "logs", [session, one, pass] { return sendLines(session, one); });
  }
  co_await gate.close();
  session->closeAll();
  if (session->failed) co_return fail(*socket, *session->failed);
  finish(*socket, 0);
}

}  // namespace berth::agent
