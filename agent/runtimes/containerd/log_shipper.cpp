#include "agent/runtimes/containerd/log_shipper.hpp"

#include <algorithm>
#include <utility>

#include "common/async/event.hpp"
#include "common/text/number.hpp"

namespace berth::agent::containerd {
namespace {

constexpr Duration kLookForMore = std::chrono::milliseconds(100);
constexpr Duration kSendTakes = std::chrono::seconds(5);
constexpr Duration kTryAgain = std::chrono::milliseconds(500);
constexpr Duration kTryAgainAtMost = std::chrono::seconds(8);
/// How long a message that may go on is held back for the rest of it.
constexpr Duration kRestTakes = std::chrono::seconds(5);

/// The file's number, the bytes of it that were sent, the lines that were dropped.
std::string sentText(const LogPosition& at, uint64_t dropped) {
  return std::to_string(at.file) + " " + std::to_string(at.offset) + " " + std::to_string(dropped) + "\n";
}

struct Sent {
  LogPosition at;
  uint64_t dropped = 0;
};

std::optional<Sent> readSent(std::string_view text) {
  const size_t first = text.find(' ');
  const size_t second = text.find(' ', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos || !text.ends_with('\n')) return std::nullopt;
  const auto file = parseNumber<uint64_t>(text.substr(0, first));
  const auto offset = parseNumber<int64_t>(text.substr(first + 1, second - first - 1));
  const auto dropped = parseNumber<uint64_t>(text.substr(second + 1, text.size() - second - 2));
  if (!file || !offset || !dropped) return std::nullopt;
  return Sent{{*file, *offset}, *dropped};
}

}  // namespace

uint64_t droppedBySink(const Outputs& outputs, const std::string& id) {
  const auto sent = readSent(keeper::readSmallFile(outputs.sent(id)));
  return sent ? sent->dropped : 0;
}

Status checkSink(const LogDriver& driver) {
  if (driver.name == "awslogs") {
    const auto plan = sinks::planAwsLogs(driver.options, "id", "name");
    return plan ? Status() : Status(plan.error());
  }
  if (!sinks::isSocketDriver(driver.name))
    return makeError(Code::NotFound, "log driver " + driver.name + " has no sink");
  const auto plan = sinks::planSink(driver.name, driver.options, "", "");
  return plan ? Status() : Status(plan.error());
}

Result<std::shared_ptr<sinks::LogSink>> LogShipper::sinkOf(const std::string& id, const std::string& name,
                                                           const LogDriver& driver) const {
  if (driver.name == "awslogs") {
    auto plan = sinks::planAwsLogs(driver.options, id, name);
    if (!plan) return plan.error();
    if (!parts_.awsLogs)
      return makeError(Code::Unimplemented, "nothing is sent to CloudWatch Logs from here");
    return sinks::makeAwsLogsSink(*parts_.awsLogs, std::move(*plan));
  }
  auto plan = sinks::planSink(driver.name, driver.options, id, name);
  if (!plan) return plan.error();
  return sinks::makeSink(parts_.executor, std::move(*plan));
}

void LogShipper::ship(const std::string& id, const std::string& name, const LogDriver& driver) {
  std::shared_ptr<Flow>& flow = flows_[id];
  if (!flow) {
    auto sink = sinkOf(id, name, driver);
    if (!sink) {
      parts_.log.error("a container's log is not passed on",
                       {{"container", id}, {"reason", sink.error().message}});
      flows_.erase(id);
      return;
    }
    flow = std::make_shared<Flow>();
    flow->id = id;
    flow->driver = driver.name;
    flow->sink = std::move(*sink);
  }
  if (std::exchange(flow->running, true)) return;
  spawn(parts_.executor, parts_.log, "log driver",
        [self = shared_from_this(), flow] { return self->run(flow); });
}

void LogShipper::forget(const std::string& id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  found->second->forgotten = true;
  flows_.erase(found);
}

Async<void> LogShipper::run(std::shared_ptr<Flow> flow) {
  const auto self = shared_from_this();
  KeptLog log(parts_.outputs->folder().log(flow->id));
  if (const auto sent = readSent(keeper::readSmallFile(parts_.outputs->sent(flow->id)))) {
    flow->dropped = sent->dropped;
    log.seek(sent->at);
  }
  Load load;
  while (!over(*flow)) {
    const size_t held = co_await gather(flow, log, load);
    if (load.lines.empty() || over(*flow)) break;
    const auto keptBack = static_cast<ptrdiff_t>(load.lines.size() - held);
    Load next{{load.lines.begin() + keptBack, load.lines.end()},
              {load.starts.begin() + keptBack, load.starts.end()}};
    load.lines.resize(load.lines.size() - held);
    co_await pass(flow, log, std::move(load.lines));
    if (!over(*flow)) keep(*flow, next.starts.empty() ? log.position() : next.starts.front());
    load = std::move(next);
  }
  flow->running = false;
}

Async<size_t> LogShipper::gather(std::shared_ptr<Flow> flow, KeptLog& log, Load& load) {
  const sinks::Appetite wanted = flow->sink->appetite();
  for (Duration waited{};; waited += kLookForMore) {
    // Before the look: what is complete by then has nothing to come after it.
    const bool last = parts_.outputs->complete(flow->id);
    bool more = true;
    while (more && load.bytes <= wanted.bytes && load.lines.size() <= wanted.lines) {
      std::vector<streams::LogLine> lines = log.read();
      more = !lines.empty();
      load.starts.insert(load.starts.end(), log.starts().begin(), log.starts().end());
      for (streams::LogLine& line : lines) {
        load.bytes += line.text.size() + wanted.lineCosts;
        load.lines.push_back(std::move(line));
      }
    }
    if (last && !more) co_return 0;
    const bool full = more && !load.lines.empty();
    if (!load.lines.empty() && (full || waited >= wanted.patience)) {
      const size_t open = flow->sink->open(load.lines);
      if (open < load.lines.size()) co_return open;
      if (full || waited >= kRestTakes) co_return 0;
    }
    if (!co_await sleepFor(kLookForMore, parts_.stop) || over(*flow)) co_return 0;
  }
}

Async<void> LogShipper::pass(std::shared_ptr<Flow> flow, KeptLog& log, std::vector<streams::LogLine> lines) {
  struct Try {
    Event done;
    Result<size_t> result = size_t{0};
  };
  const auto shared = std::make_shared<const std::vector<streams::LogLine>>(std::move(lines));
  bool dropping = false;
  Duration bound = kTryAgain;
  while (!over(*flow)) {
    const auto attempt = std::make_shared<Try>();
    spawn(parts_.executor, parts_.log, "log driver's sink", [flow, shared, attempt]() -> Async<void> {
      attempt->result = co_await flow->sink->send(*shared, kSendTakes);
      attempt->done.set();
    });
    // The files go on meanwhile, whatever the sink does.
    while (!co_await attempt->done.wait(kLookForMore) && !over(*flow))
      dropping = drop(*flow, log) || dropping;
    if (over(*flow)) co_return;
    tell(*flow, attempt->result);
    if (attempt->result) {
      flow->dropped += *attempt->result;
      co_return;
    }
    const auto pause = std::chrono::duration_cast<Duration>(bound * (0.5 + parts_.random.uniform() / 2));
    dropping = dropping || co_await rest(flow, log, pause);
    if (dropping) {
      flow->dropped += shared->size();
      co_return;
    }
    bound = std::min(bound * 2, kTryAgainAtMost);
  }
}

Async<bool> LogShipper::rest(std::shared_ptr<Flow> flow, KeptLog& log, Duration pause) {
  for (Duration rested{}; rested < pause && !over(*flow); rested += kLookForMore) {
    if (drop(*flow, log)) co_return true;
    co_await sleepFor(std::min(kLookForMore, pause - rested), parts_.stop);
  }
  co_return false;
}

/// Of a sink's state, its changes.
void LogShipper::tell(Flow& flow, const Result<size_t>& sent) const {
  if (sent && *sent > 0) {
    parts_.log.warn("a log driver's sink refuses lines for good",
                    {{"container", flow.id}, {"driver", flow.driver}, {"lines", *sent}});
  }
  if (sent.ok() != flow.failing) return;
  flow.failing = !sent.ok();
  if (sent) {
    parts_.log.info("a log driver's sink takes lines again",
                    {{"container", flow.id}, {"driver", flow.driver}, {"dropped_lines", flow.dropped}});
  } else {
    parts_.log.warn(
        "a log driver's sink takes no lines: they wait in the log's files, as long as there is room",
        {{"container", flow.id}, {"driver", flow.driver}, {"reason", sent.error().message}});
  }
}

/// Leaves the oldest file when it is about to go: now its lines can be counted.
bool LogShipper::drop(Flow& flow, KeptLog& log) const {
  if (!log.nearlyLost()) return false;
  const bool first = flow.dropped == 0;
  flow.dropped += log.skipFile();
  keep(flow, log.position());
  if (first) {
    parts_.log.warn("lines are dropped, as a log driver's sink takes none",
                    {{"container", flow.id}, {"driver", flow.driver}, {"dropped_lines", flow.dropped}});
  }
  return true;
}

void LogShipper::keep(const Flow& flow, const LogPosition& at) const {
  if (!keeper::replaceFile(parts_.outputs->sent(flow.id), sentText(at, flow.dropped)))
    parts_.log.debug("how far a log was sent is not kept", {{"container", flow.id}});
}

}  // namespace berth::agent::containerd
