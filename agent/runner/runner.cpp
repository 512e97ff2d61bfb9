#include "agent/runner/runner.hpp"

#include <utility>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <iterator>
#include <ranges>

namespace berth::agent {
namespace {

constexpr size_t kTailLines = 20;
constexpr auto kCommitRetry = std::chrono::seconds(1);
/// How long what nothing waits for may stay in memory alone, for the sake of one commit with what comes next.
constexpr auto kGather = std::chrono::milliseconds(100);

// In the order of Effect's alternatives.
constexpr const char* kSteps[] = {"pull", "cancel pull", "create", "start",     "stop", "inspect", "remove",
                                  "reap", "tail",        "set up", "tear down", "list", "report",  "send"};
static_assert(std::size(kSteps) == std::variant_size_v<Effect>);

const ContainerKey* keyOf(const Effect& effect) {
  return std::visit(
      [](const auto& one) -> const ContainerKey* {
        if constexpr (requires { one.key; }) return &one.key;
        return nullptr;
      },
      effect);
}

/// What may be done although the output that it comes with is not durable. Stops: the controller repeats one
/// that is not acknowledged, and what a task writes may be what fills the disk. Questions change nothing, and
/// an answered heartbeat says no more than that the agent is there.
bool needsNoRecord(const Effect& effect) {
  if (const auto* send = std::get_if<SendEffect>(&effect))
    return std::holds_alternative<acs::HeartbeatAckRequest>(send->message);
  return std::holds_alternative<StopEffect>(effect) || std::holds_alternative<ReapEffect>(effect) ||
         std::holds_alternative<InspectEffect>(effect) || std::holds_alternative<ListEffect>(effect);
}

void logStep(Log& log, const Effect& effect) {
  if (!log.enabled(LogLevel::Debug)) return;
  const char* step = kSteps[effect.index()];
  const ContainerKey* key = keyOf(effect);
  if (!key) return log.debug("step", {{"step", step}});
  log.debug("step", {{"step", step}, {"task", key->taskArn}, {"container", key->container}});
}

}  // namespace

struct Runner::Timer {
  explicit Timer(boost::asio::io_context& io) : deadline(io), retry(io), gather(io) {}
  boost::asio::steady_timer deadline;
  boost::asio::steady_timer retry;
  boost::asio::steady_timer gather;
  bool gathering = false;  ///< `gather` is armed
  std::optional<MonoTime> at;
};

Runner::Runner(boost::asio::io_context& io, Engine& engine, RunnerPorts ports, const Clock& clock, Log& log)
    : engine_(engine),
      ports_(std::move(ports)),
      clock_(clock),
      log_(log),
      timer_(std::make_unique<Timer>(io)) {}

Runner::~Runner() {
  *alive_ = false;
  if (timer_->gathering && !committing_) ports_.store.commit(encodeQueue(), [](const Status&) {});
}

void Runner::start() {
  ports_.runtime.subscribe(kInstanceLabel, [this, alive = alive_](const RuntimeEvent& event) {
    if (!*alive) return;
    if (event.kind == RuntimeEvent::Kind::Disconnected) {
      log_.warn("the runtime's event stream broke", {{"reason", event.detail}});
    }
    take(engine_.onRuntimeEvent(event, clock_.now()));
  });
}

void Runner::take(Output output) {
  if (ports_.traces) note(output);
  if (ports_.changed) ports_.changed(output);
  queue_.push_back(std::move(output));
  pump();
  if (blocked()) performBlocked();
  armTimer();
}

void Runner::pump() {
  while (!committing_ && !queue_.empty()) {
    if (queue_.front().durable()) return mayWait() ? gather() : commit();
    Output output = std::move(queue_.front());
    queue_.pop_front();
    for (const Effect& effect : output.effects) perform(effect);
  }
}

/// Whether nothing of the queue waits for a commit. Such is what the controller has heard already: lost with
/// the process, it is told once more.
bool Runner::mayWait() const { return !blocked() && std::ranges::all_of(queue_, &Output::effectless); }

void Runner::gather() {
  if (std::exchange(timer_->gathering, true)) return;
  timer_->gather.expires_after(kGather);
  timer_->gather.async_wait([this, alive = alive_](boost::system::error_code fault) {
    if (fault || !*alive) return;
    timer_->gathering = false;
    if (!committing_ && !queue_.empty()) commit();
  });
}

/// Of a task that is in it more than once, only the last is written.
Changes Runner::encodeQueue() {
  std::set<std::string> later;
  bool timelineLater = false;
  for (Output& output : queue_ | std::views::reverse) {
    std::erase_if(output.save, [&](const Task& task) { return later.contains(task.arn); });
    for (const Task& task : output.save) later.insert(task.arn);
    later.insert(output.erase.begin(), output.erase.end());
    if (output.timeline && std::exchange(timelineLater, true)) output.timeline.reset();
  }
  Changes out;
  for (const Output& output : queue_) std::ranges::move(ports_.encode(output), std::back_inserter(out));
  return out;
}

void Runner::commit() {
  committing_ = true;
  // All that waits by now, in one transaction.
  ports_.store.commit(encodeQueue(), [this, alive = alive_, count = queue_.size()](Status status) {
    if (!*alive) return;
    if (status) {
      if (blocked()) log_.info("the store can be written again");
      setBlocked("");
      committing_ = false;
      if (ports_.traces) noteKept(count);
      for (size_t at = 0; at < count; ++at) queue_[at].kept();
      return pump();
    }
    // Once for each reason: it is tried every second, and the log may be on the same disk.
    if (blockedBy_ != status.error().message) {
      log_.error("the store can't be written: nothing new is done until it can",
                 {{"reason", status.error().message}});
    }
    if (status.error().code == Code::DataLoss && ports_.damaged) ports_.damaged();
    setBlocked(status.error().message);
    performBlocked();
    timer_->retry.expires_after(kCommitRetry);
    timer_->retry.async_wait([this, alive](boost::system::error_code fault) {
      if (fault || !*alive) return;
      committing_ = false;
      pump();
    });
  });
}

void Runner::setBlocked(std::string reason) {
  blockedBy_ = std::move(reason);
  const Output shown = engine_.holdUp(blockedBy_);
  if (ports_.changed) ports_.changed(shown);
}

void Runner::performBlocked() {
  std::vector<Effect> now;
  for (Output& output : queue_) {
    std::erase_if(output.effects, [&](const Effect& effect) {
      if (!needsNoRecord(effect)) return false;
      now.push_back(effect);
      return true;
    });
  }
  for (const Effect& effect : now) perform(effect);
}

void Runner::done(Done done) {
  if (ports_.traces) note(done);
  take(engine_.onDone(std::move(done), clock_.now()));
}

void Runner::mark(const ContainerKey& of, StartStep step) {
  ports_.traces->mark(of.taskArn, of.container, step, clock_.now().mono);
}

void Runner::note(const Output& output) {
  for (const Task& task : output.save) {
    if (task.admitted) mark({task.arn, ""}, StartStep::Admitted);
  }
  for (const Effect& effect : output.effects) {
    const auto* report = std::get_if<ReportEffect>(&effect);
    if (report && report->report.status == TaskStatus::Running)
      mark({report->report.taskArn, ""}, StartStep::Queued);
  }
  for (const std::string& arn : output.erase) ports_.traces->forget(arn);
}

void Runner::noteKept(size_t outputs) {
  for (size_t at = 0; at < outputs; ++at) {
    for (const Task& task : queue_[at].save) mark({task.arn, ""}, StartStep::Persisted);
  }
}

/// What an answer says to have passed. The runtime may have told of it already, and that counts.
void Runner::note(const Done& done) {
  if (const auto* pulled = std::get_if<PullDone>(&done)) {
    if (pulled->result) mark(pulled->key, StartStep::ImageKnown);
  } else if (const auto* created = std::get_if<CreateDone>(&done)) {
    if (created->result) mark(created->key, StartStep::Created);
  } else if (const auto* started = std::get_if<StartDone>(&done)) {
    if (started->result) mark(started->key, StartStep::Started);
  } else if (const auto* made = std::get_if<SetUpDone>(&done)) {
    if (made->result) mark({made->taskArn, ""}, StartStep::SetUp);
  } else if (const auto* told = std::get_if<ReportDone>(&done)) {
    const bool running = told->report.status == TaskStatus::Running;
    if (running && told->result) mark({told->report.taskArn, ""}, StartStep::Acknowledged);
  }
}

void Runner::noteSent(const Effect& effect) {
  if (const auto* creation = std::get_if<CreateEffect>(&effect)) {
    ports_.traces->bind(creation->spec.name, creation->key.taskArn, creation->key.container);
  } else if (const auto* start = std::get_if<StartEffect>(&effect)) {
    mark(start->key, StartStep::Intended);
  } else if (const auto* report = std::get_if<ReportEffect>(&effect)) {
    if (report->report.status == TaskStatus::Running) mark({report->report.taskArn, ""}, StartStep::Sent);
  }
}

void Runner::watch(const RuntimeContainer& seen) {
  if (seen.state == RunState::Running) ports_.processes.watch({seen.id, seen.pid});
}

void Runner::pull(const PullEffect& effect) {
  authorizing_.insert(effect.spec.wantedBy);
  ports_.registryAuths.fetch(
      effect.auth, [this, alive = alive_, effect](Result<std::optional<RegistryAuth>> auth) {
        if (!*alive) return;
        const bool wanted = authorizing_.erase(effect.spec.wantedBy) != 0;
        if (!wanted) return done(PullDone{effect.key, makeError(Code::Cancelled, "not wanted any more")});
        PullSpec spec = effect.spec;
        // A local image may do without any.
        if (auth) {
          spec.auth = std::move(*auth);
        } else {
          spec.authFailure = auth.error();
        }
        ports_.runtime.pull(std::move(spec), [this, alive, key = effect.key](Result<PullOutcome> result) {
          if (*alive) done(PullDone{key, std::move(result)});
        });
      });
}

void Runner::create(const CreateEffect& effect) {
  const ContainerKey& key = effect.key;
  ports_.provisioner.provide(
      effect.spec, effect.provisions, [this, alive = alive_, key](Result<ContainerSpec> spec) {
        if (!*alive) return;
        if (!spec) return done(CreateDone{key, Result<std::string>(spec.error()), true});
        ports_.runtime.create(std::move(*spec), [this, alive, key](Result<std::string> result) {
          if (*alive) done(CreateDone{key, std::move(result)});
        });
      });
}

void Runner::perform(const Effect& effect) {
  logStep(log_, effect);
  if (ports_.traces) noteSent(effect);
  Runtime& runtime = ports_.runtime;
  auto alive = alive_;
  if (const auto* one = std::get_if<PullEffect>(&effect)) {
    pull(*one);
  } else if (const auto* cancel = std::get_if<CancelPullEffect>(&effect)) {
    authorizing_.erase(cancel->wantedBy);
    runtime.cancelPull(cancel->wantedBy);
  } else if (const auto* creation = std::get_if<CreateEffect>(&effect)) {
    create(*creation);
  } else if (const auto* start = std::get_if<StartEffect>(&effect)) {
    // It may have waited for the store for long, and been given up meanwhile.
    if (!engine_.stillWanted(start->key)) {
      boost::asio::post(timer_->deadline.get_executor(), [this, alive, key = start->key] {
        if (*alive) done(StartDone{key, makeError(Code::Cancelled, "it was given up before it began")});
      });
      return;
    }
    runtime.start(start->id, [this, alive, key = start->key](Result<RuntimeContainer> result) {
      if (!*alive) return;
      if (result) watch(*result);
      done(StartDone{key, std::move(result)});
    });
  } else if (const auto* stop = std::get_if<StopEffect>(&effect)) {
    runtime.stop(stop->id, stop->timeout, [this, alive, key = stop->key](Result<RuntimeContainer> result) {
      if (*alive) done(StopDone{key, std::move(result)});
    });
  } else if (const auto* inspect = std::get_if<InspectEffect>(&effect)) {
    runtime.inspect(inspect->idOrName,
                    [this, alive, key = inspect->key](Result<std::optional<RuntimeContainer>> result) {
                      if (!*alive) return;
                      if (result && *result) watch(**result);
                      done(InspectDone{key, std::move(result)});
                    });
  } else if (const auto* remove = std::get_if<RemoveEffect>(&effect)) {
    runtime.remove(remove->id, remove->force,
                   [this, alive, key = remove->key](Result<std::monostate> result) {
                     if (*alive) done(RemoveDone{key, result ? Status() : Status(result.error())});
                   });
  } else if (const auto* reap = std::get_if<ReapEffect>(&effect)) {
    ports_.processes.reap(reap->target, reap->kill, [this, alive, key = reap->key](Result<bool> left) {
      if (*alive) done(ReapDone{key, std::move(left)});
    });
  } else if (const auto* tail = std::get_if<TailEffect>(&effect)) {
    runtime.tail(tail->id, kTailLines, [this, alive, key = tail->key](auto result) {
      if (*alive) done(TailDone{key, std::move(result)});
    });
  } else if (const auto* set_up = std::get_if<SetUpEffect>(&effect)) {
    ports_.resources.setUp(set_up->setUp, [this, alive, arn = set_up->taskArn](Result<SetUpOutcome> result) {
      if (*alive) done(SetUpDone{arn, std::move(result)});
    });
  } else if (const auto* down = std::get_if<TearDownEffect>(&effect)) {
    ports_.resources.tearDown(down->setUp, [this, alive, arn = down->taskArn](Result<std::monostate> result) {
      if (*alive) done(TearDownDone{arn, result ? Status() : Status(result.error())});
    });
  } else if (std::holds_alternative<ListEffect>(effect)) {
    runtime.list({{kInstanceLabel, engine_.identity().instanceArn}},
                 [this, alive](Result<std::vector<RuntimeContainer>> result) {
                   if (!*alive) return;
                   if (!result) log_.warn("can't list the containers", {{"reason", result.error().message}});
                   if (result) std::ranges::for_each(*result, [this](const auto& seen) { watch(seen); });
                   done(ListDone{std::move(result)});
                 });
  } else if (const auto* report = std::get_if<ReportEffect>(&effect)) {
    ports_.report(report->report, [this, alive, sent = report->report](Status status, bool rejected) {
      if (*alive) done(ReportDone{sent, std::move(status), rejected});
    });
  } else if (const auto* send = std::get_if<SendEffect>(&effect)) {
    ports_.send(send->message);
  }
}

void Runner::armTimer() {
  auto next = engine_.nextDeadline();
  if (!next || (timer_->at && *timer_->at <= *next)) return;
  timer_->at = next;
  Duration delay = std::max(*next - clock_.now().mono, Duration::zero());
  timer_->deadline.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
  timer_->deadline.async_wait([this, alive = alive_](boost::system::error_code fault) {
    if (fault || !*alive) return;
    timer_->at.reset();
    take(engine_.onTimer(clock_.now()));
  });
}

}  // namespace berth::agent
