#include "agent/runtimes/containerd/log_shipper.hpp"

#include <utility>

#include "common/async/event.hpp"
#include "common/text/number.hpp"

namespace berth::agent::containerd {
namespace {

constexpr Duration kLookForMore = std::chrono::milliseconds(100);
constexpr Duration kSendTakes = std::chrono::seconds(5);
constexpr Duration kTryAgain = std::chrono::milliseconds(500);

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

void LogShipper::ship(const std::string& id, const std::string& name, const LogDriver& driver) {
  std::shared_ptr<Flow>& flow = flows_[id];
  if (!flow) {
    auto plan = sinks::planSink(driver.name, driver.options, id, name);
    if (!plan) {
      log_.error("a container's log is not passed on", {{"container", id}, {"reason", plan.error().message}});
      flows_.erase(id);
      return;
    }
    flow = std::make_shared<Flow>();
    flow->id = id;
    flow->driver = driver.name;
    flow->sink = sinks::makeSink(executor_, std::move(*plan));
  }
  if (std::exchange(flow->running, true)) return;
  spawn(executor_, log_, "log driver", [self = shared_from_this(), flow] { return self->run(flow); });
}

void LogShipper::forget(const std::string& id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return;
  found->second->forgotten = true;
  flows_.erase(found);
}

Async<void> LogShipper::run(std::shared_ptr<Flow> flow) {
  const auto self = shared_from_this();
  KeptLog log(outputs_->folder().log(flow->id));
  if (const auto sent = readSent(keeper::readSmallFile(outputs_->sent(flow->id)))) {
    flow->dropped = sent->dropped;
    log.seek(sent->at);
  }
  while (!over(*flow)) {
    // Before the look: what is complete by then has nothing to come after it.
    const bool last = outputs_->complete(flow->id);
    std::vector<streams::LogLine> lines = log.read();
    if (!lines.empty()) {
      co_await pass(flow, log, std::move(lines));
      continue;
    }
    if (last) break;
    co_await sleepFor(kLookForMore, stop_);
  }
  flow->running = false;
}

Async<void> LogShipper::pass(std::shared_ptr<Flow> flow, KeptLog& log, std::vector<streams::LogLine> lines) {
  struct Try {
    Event done;
    Status result;
  };
  const auto shared = std::make_shared<const std::vector<streams::LogLine>>(std::move(lines));
  bool dropping = false;
  while (!over(*flow)) {
    const auto attempt = std::make_shared<Try>();
    spawn(executor_, log_, "log driver's sink", [flow, shared, attempt]() -> Async<void> {
      attempt->result = co_await flow->sink->send(*shared, kSendTakes);
      attempt->done.set();
    });
    // The files go on meanwhile, whatever the sink does.
    while (!co_await attempt->done.wait(kLookForMore) && !over(*flow))
      dropping = drop(*flow, log) || dropping;
    if (over(*flow)) co_return;
    tell(*flow, attempt->result);
    if (attempt->result) break;
    dropping = drop(*flow, log) || dropping;
    if (dropping) {
      flow->dropped += shared->size();
      break;
    }
    co_await sleepFor(kTryAgain, stop_);
  }
  if (!over(*flow)) keep(*flow, log);
}

/// Of a sink's state, its changes.
void LogShipper::tell(Flow& flow, const Status& sent) const {
  if (sent.ok() != flow.failing) return;
  flow.failing = !sent.ok();
  if (sent) {
    log_.info("a log driver's sink takes lines again",
              {{"container", flow.id}, {"driver", flow.driver}, {"dropped_lines", flow.dropped}});
  } else {
    log_.warn("a log driver's sink takes no lines: they wait in the log's files, as long as there is room",
              {{"container", flow.id}, {"driver", flow.driver}, {"reason", sent.error().message}});
  }
}

/// Leaves the oldest file when it is about to go: now its lines can be counted.
bool LogShipper::drop(Flow& flow, KeptLog& log) const {
  if (!log.nearlyLost()) return false;
  const bool first = flow.dropped == 0;
  flow.dropped += log.skipFile();
  keep(flow, log);
  if (first) {
    log_.warn("lines are dropped, as a log driver's sink takes none",
              {{"container", flow.id}, {"driver", flow.driver}, {"dropped_lines", flow.dropped}});
  }
  return true;
}

void LogShipper::keep(const Flow& flow, const KeptLog& log) const {
  if (!keeper::replaceFile(outputs_->sent(flow.id), sentText(log.position(), flow.dropped)))
    log_.debug("how far a log was sent is not kept", {{"container", flow.id}});
}

}  // namespace berth::agent::containerd
