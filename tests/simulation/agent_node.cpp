#include "agent/session/capabilities.hpp"
#include "agent/session/report_request.hpp"
#include "agent/state/codec.hpp"
#include "proto/acs/codec.hpp"
#include "tests/simulation/cluster.hpp"
#include "tests/simulation/families.hpp"

namespace berth::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kSessionLasts = seconds(30);
constexpr Duration kCleanupDelay = seconds(60);
/// With the time that it takes to tell the controller, while there are faults.
constexpr Duration kCleanedUpBy = seconds(180);

}  // namespace

AgentNode::AgentNode(World& world, Cluster& cluster, size_t index, StartLedger& ledger)
    : world_(world),
      cluster_(cluster),
      index_(index),
      disk_(world),
      runtime_(world, ledger, "host" + std::to_string(index)) {}

void AgentNode::start() {
  alive_ = std::make_shared<bool>(true);
  queue_.clear();
  committing_ = false;
  session_.reset();
  newProcess_ = true;
  timer_.reset();
  stopped_.clear();
  engine_.reset();
  agent::Stored stored = agent::fromRecords(disk_.load());
  if (!stored.damaged.empty()) throw Violation("damaged row: " + stored.damaged[0]);
  instanceArn_ = stored.instanceArn;
  if (instanceArn_.empty()) return registerInstance();
  run(std::move(stored));
}

void AgentNode::kill() {
  *alive_ = false;
  reports_.close();
  engine_.reset();
  if (session_) cluster_.controller().disconnect(*session_);
  session_.reset();
  sessionSince_.reset();
}

std::vector<std::string> AgentNode::loseState(bool all) {
  std::vector<std::string> lost = disk_.lose(all);
  for (const std::string& arn : lost) runtime_.forget(arn);
  return lost;
}

/// While it is cut off no call gets out.
void AgentNode::request(const std::string& operation, const Json& input, Reply reply) {
  if (!cutOff()) return cluster_.request(operation, input, alive_, std::move(reply));
  world_.after(seconds(2), alive_, [reply] { reply(makeError(Code::Unavailable, "no route to host")); });
}

void AgentNode::registerInstance() {
  if (token_.empty()) token_ = randomUuid(world_.random());
  Json cpu{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", cpu_}};
  Json memory{{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", memory_}};
  Json attributes = Json::array();
  for (const auto& [name, value] : agent::capabilities({}, {})) attributes.push_back({{"name", name}});
  attributes.push_back({{"name", "zone"}, {"value", zoneOf(index_)}});
  attributes.push_back({{"name", "ecs.availability-zone"}, {"value", zoneOf(index_)}});
  attributes.push_back({{"name", "rack"}, {"value", rackOf(index_)}});
  Json input{{"cluster", "default"},
             {"clientToken", token_},
             {"totalResources", Json::array({cpu, memory})},
             {"attributes", std::move(attributes)}};
  request("RegisterContainerInstance", input, [this](Result<Json> reply) {
    if (!reply) return world_.after(seconds(1), alive_, [this] { registerInstance(); });
    instanceArn_ = (*reply)["containerInstance"]["containerInstanceArn"].get<std::string>();
    disk_.commit(agent::registrationChanges("default", instanceArn_), alive_, [this](bool ok) {
      if (!ok) return world_.after(seconds(1), alive_, [this] { registerInstance(); });
      run(agent::Stored{});
    });
  });
}

void AgentNode::run(agent::Stored stored) {
  agent::EngineOptions options;
  options.cleanupDelay = kCleanupDelay;
  options.recheck = seconds(60);
  options.stopGrace = seconds(20);
  options.host = agent::HostCapacity{cpu_, memory_, {}, {}, {}};
  engine_ = std::make_unique<agent::Engine>(agent::Identity{"default", instanceArn_, "us-east-1"}, options,
                                            world_.random());
  for (const agent::Task& task : stored.tasks) {
    if (agent::statusOf(task) == agent::TaskStatus::Stopped)
      stopped_[task.arn] = world_.now().mono - kCleanupDelay;
  }
  process(engine_->restore(std::move(stored.tasks), stored.timeline, world_.now()));
  runtime_.subscribe(alive_, [this](const agent::RuntimeEvent& event) {
    process(engine_->onRuntimeEvent(event, world_.now()));
  });
  connect();
}

void AgentNode::connect() {
  if (session_) return;
  world_.after(world_.between(milliseconds(1), milliseconds(50)), alive_, [this] {
    if (session_) return;
    if (sessionSince_ && world_.now().mono - *sessionSince_ >= kSessionLasts) newProcess_ = false;
    if (!cutOff() && !world_.fault(0.1)) {
      session_ = cluster_.controller().connect(index_,
                                               {"default", instanceArn_, "0.1.0", "0", "20.10", newProcess_});
    }
    if (session_ && reportsBySession_) {
      reports_.open([this, session = *session_](const acs::FromAgent& message) {
        cluster_.toController(session, acs::encode(message));
      });
    }
    sessionSince_ = session_ ? std::optional(world_.now().mono) : std::nullopt;
    if (!session_) world_.after(world_.between(milliseconds(250), seconds(3)), alive_, [this] { connect(); });
  });
}

void AgentNode::cut(Duration length, bool silently) {
  cutUntil_ = std::max(cutUntil_, world_.now().mono + length);
  if (!session_) return;
  auto session = *std::exchange(session_, std::nullopt);
  reports_.close();
  // The other side notices later: until then it believes in the session.
  Alive forever = std::make_shared<bool>(true);
  if (!silently) {
    world_.after(world_.between(milliseconds(1), seconds(5)), forever,
                 [this, session] { cluster_.controller().disconnect(session); });
  }
  connect();
}

void AgentNode::onClosed(controller::SessionId session) {
  if (!*alive_ || session_ != session) return;
  session_.reset();
  reports_.close();
  connect();
}

void AgentNode::onFrame(controller::SessionId session, const std::string& frame) {
  if (!*alive_ || session_ != session) return;
  auto message = acs::decodeToAgent(frame);
  if (!message) throw Violation("the agent can't read: " + message.error().message);
  if (const auto* ack = std::get_if<acs::ReportsAck>(&*message)) return reports_.onAck(*ack);
  process(engine_->onMessage(*message, world_.now()));
}

void AgentNode::process(agent::Output output) {
  for (const agent::Task& task : output.save) {
    if (agent::statusOf(task) == agent::TaskStatus::Stopped) stopped_.emplace(task.arn, world_.now().mono);
  }
  queue_.push_back(std::move(output));
  pump();
  armTimer();
}

void AgentNode::pump() {
  while (!committing_ && !queue_.empty()) {
    if (queue_.front().durable()) {
      committing_ = true;
      disk_.commit(agent::toChanges(queue_.front()), alive_, [this](bool ok) {
        committing_ = false;
        if (!ok) {
          // Nothing is done that is not stored; the same batch is tried again.
          committing_ = true;
          world_.after(milliseconds(200), alive_, [this] {
            committing_ = false;
            pump();
          });
          return;
        }
        queue_.front().save.clear();
        queue_.front().erase.clear();
        queue_.front().timeline.reset();
        pump();
      });
      return;
    }
    agent::Output output = std::move(queue_.front());
    queue_.pop_front();
    for (const agent::Effect& effect : output.effects) perform(effect);
  }
}

void AgentNode::perform(const agent::Effect& effect) {
  if (const auto* send = std::get_if<agent::SendEffect>(&effect)) {
    if (session_) cluster_.toController(*session_, acs::encode(send->message));
  } else if (const auto* due = std::get_if<agent::ReportEffect>(&effect)) {
    report(due->report);
  } else {
    if (const auto* reap = std::get_if<agent::ReapEffect>(&effect)) checkKill(*reap);
    if (const auto* remove = std::get_if<agent::RemoveEffect>(&effect)) checkCleanUp(*remove);
    runtime_.perform(effect, alive_,
                     [this](agent::Done done) { process(engine_->onDone(std::move(done), world_.now())); });
  }
}

/// The kernel is asked to kill what the runtime did not end, or what is left of a container that has ended.
void AgentNode::checkKill(const agent::ReapEffect& effect) {
  const auto task = engine_->tasks().find(effect.key.taskArn);
  if (!effect.kill || task == engine_->tasks().end() || agent::mustStop(task->second)) return;
  if (runtime_.running().contains(effect.key)) {
    throw Violation("container " + effect.key.container + " of " + effect.key.taskArn +
                    " runs as it should and is killed");
  }
}

/// Containers are there for the whole of the delay, whatever the wall clock says. What an earlier process has
/// seen to end has its time by the wall clock alone.
void AgentNode::checkCleanUp(const agent::RemoveEffect& effect) {
  const auto stopped = stopped_.find(effect.key.taskArn);
  if (stopped == stopped_.end() || world_.now().mono - stopped->second >= kCleanupDelay) return;
  throw Violation("container " + effect.key.container + " of " + effect.key.taskArn +
                  " is removed too early");
}

void AgentNode::checkCleanedUp() const {
  for (const auto& [arn, since] : stopped_) {
    const bool due = world_.now().mono - since > kCleanedUpBy;
    if (due && engine_->tasks().contains(arn)) throw Violation("what is left of " + arn + " is not removed");
  }
}

void AgentNode::report(const agent::Report& report) {
  const auto over = std::make_shared<bool>(false);
  reports_.submit(agent::toStateReport(report, "default"),
                  [this, report, over, alive = alive_](const std::optional<acs::ReportOutcome>& outcome) {
                    *over = true;
                    if (!*alive) return;
                    if (!outcome) return request(report);
                    const bool taken = outcome->exception.empty();
                    const std::string why = outcome->exception + ": " + outcome->message;
                    reported(report, taken ? Status() : Status(makeError(Code::InvalidArgument, why)));
                  });
  world_.after(agent::kReportPatience, alive_, [this, over] {
    if (!*over) reports_.giveUp();
  });
}

void AgentNode::request(const agent::Report& report) {
  Json input = Json::parse(ecs::encode(agent::toRequest(report, "default")));
  request("SubmitTaskStateChange", input, [this, report](const Result<Json>& reply) {
    reported(report, reply ? Status() : Status(reply.error()));
  });
}

void AgentNode::reported(const agent::Report& report, const Status& result) {
  if (!result && result.error().message.find("InvalidParameterException") != std::string::npos) {
    throw Violation("the controller does not know a task that an agent runs: " + report.taskArn);
  }
  agent::ReportDone done{report, result, false};
  process(engine_->onDone(agent::Done(std::move(done)), world_.now()));
}

void AgentNode::armTimer() {
  auto next = engine_->nextDeadline();
  if (!next || (timer_ && *timer_ <= *next)) return;
  MonoTime at = std::max(*next, world_.now().mono);
  timer_ = at;
  world_.after(at - world_.now().mono, alive_, [this, at] {
    if (timer_ != at) return;
    timer_.reset();
    process(engine_->onTimer(world_.now()));
  });
}

}  // namespace berth::simulation
