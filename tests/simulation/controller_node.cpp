#include "controller/api/alarms.hpp"
#include "controller/api/jobs/actions.hpp"
#include "controller/api/reply.hpp"
#include "controller/state/codec.hpp"
#include "controller/zones/zones.hpp"
#include "proto/acs/codec.hpp"
#include "tests/simulation/cluster.hpp"

namespace berth::simulation {
namespace {

ecs::Names simulatedNames() { return ecs::Names{"aws", "us-east-1", "000000000000"}; }

/// What is asked of the extension endpoint, by names as those of the API.
using ExtensionAction = controller::ApiResult<Json> (*)(controller::Context&);
const std::map<std::string, ExtensionAction> kExtension{
    {"PutJob", controller::putJob},
    {"RunJob", controller::runJob},
    {"PauseJob", controller::pauseJob},
    {"PutAlarm", controller::putAlarm},
};

}  // namespace

ControllerNode::ControllerNode(World& world, Cluster& cluster)
    : world_(world), cluster_(cluster), disk_(world), zones_(std::make_shared<controller::SystemZones>()) {}

void ControllerNode::start() {
  alive_ = std::make_shared<bool>(true);
  auto decoded = controller::fromRecords(disk_.load());
  if (!decoded.damaged.empty()) throw Violation("damaged row: " + decoded.damaged[0]);
  controller::ControllerOptions options;
  options.keepStopped = std::chrono::hours(24);
  options.zones = zones_;
  core_ = std::make_unique<controller::Controller>(simulatedNames(), options, world_.random());
  core_->load(decoded.entities, world_.now());
  queue_.clear();
  committing_ = false;
  agentOf_.clear();
  timer_.reset();
  startedAt_ = world_.now().mono;
  onStart();
  armTimer();
}

void ControllerNode::kill() {
  *alive_ = false;
  auto sessions = std::exchange(agentOf_, {});
  for (const auto& [session, agent] : sessions) cluster_.closed(session, agent);
  // Callers see their connections end; what was asked may have become durable all the same.
  auto dropped = std::exchange(queue_, {});
  for (Pending& pending : dropped) pending.failed();
  core_.reset();
}

void ControllerNode::call(const std::string& operation, const Json& input, Reply reply) {
  if (!core_) return reply(makeError(Code::Unavailable, "connection refused"));
  controller::Output output;
  controller::Caller caller{"AKIDEXAMPLE", "http://controller"};
  const auto extension = kExtension.find(operation);
  auto result = treeOf(
      extension == kExtension.end()
          ? core_->call(operation, input, caller, world_.now(), output)
          : core_->perform(
                [&](controller::Context& context) { return controller::widened(extension->second(context)); },
                input, caller, world_.now(), output));
  auto answer = [reply, result] {
    if (const auto* error = std::get_if<aws::ApiError>(&result)) {
      reply(makeError(Code::InvalidArgument, error->type + ": " + error->message));
    } else {
      reply(std::get<Json>(result));
    }
  };
  auto failed = [reply] { reply(makeError(Code::Unavailable, "ServerException")); };
  process(std::move(output), answer, failed);
}

std::optional<controller::SessionId> ControllerNode::connect(size_t agent, const controller::Hello& hello) {
  if (!core_) return std::nullopt;
  controller::Output output;
  auto session = core_->connect(hello, world_.now(), output);
  if (auto* error = std::get_if<aws::ApiError>(&session))
    throw Violation("session refused: " + error->message);
  agentOf_[std::get<controller::SessionId>(session)] = agent;
  process(std::move(output), [] {}, [] {});
  return std::get<controller::SessionId>(session);
}

void ControllerNode::onFrame(controller::SessionId session, const std::string& frame) {
  if (!core_ || !agentOf_.contains(session)) return;
  auto message = acs::decodeFromAgent(frame);
  if (!message) throw Violation("the controller can't read: " + frame);
  controller::Output output;
  core_->onFrame(session, *message, world_.now(), output);
  process(std::move(output), [] {}, [] {});
  if (const auto* reports = std::get_if<acs::ReportsMessage>(&*message)) takeReports(session, *reports);
}

/// Each report is a call of its own; the answer leaves when all that they changed is durable.
void ControllerNode::takeReports(controller::SessionId session, const acs::ReportsMessage& message) {
  struct Tally {
    acs::ReportsAck ack;
    size_t left = 0;
  };
  const auto tally = std::make_shared<Tally>();
  tally->ack.messageId = message.messageId;
  tally->ack.outcomes.resize(message.reports.size());
  tally->left = message.reports.size();
  for (size_t place = 0; place < message.reports.size(); ++place) {
    const acs::StateReport& report = message.reports[place];
    call(report.operation, *report.input, [this, session, tally, place](const Result<Json>& reply) {
      if (!reply) {
        const std::string& text = reply.error().message;
        const size_t colon = std::min(text.find(": "), text.size());
        tally->ack.outcomes[place] = {text.substr(0, colon), text.substr(colon), 400};
      }
      if (--tally->left > 0) return;
      const auto agent = agentOf_.find(session);
      if (agent == agentOf_.end()) return;
      cluster_.toAgent(session, agent->second, acs::encode(acs::ToAgent(tally->ack)));
    });
  }
}

void ControllerNode::disconnect(controller::SessionId session) {
  if (!core_ || agentOf_.erase(session) == 0) return;
  controller::Output output;
  core_->disconnect(session, world_.now(), output);
  process(std::move(output), [] {}, [] {});
}

void ControllerNode::process(controller::Output output, std::function<void()> reply,
                             std::function<void()> failed) {
  if (!output.mutations.empty()) onChange(output.mutations);
  queue_.push_back(Pending{std::move(output), std::move(reply), std::move(failed)});
  pump();
  armTimer();
}

void ControllerNode::pump() {
  while (!committing_ && !queue_.empty()) {
    if (queue_.front().output.mutations.empty()) {
      Pending pending = std::move(queue_.front());
      queue_.pop_front();
      release(std::move(pending));
      continue;
    }
    commit();
  }
}

/// One commit for everything that waits.
void ControllerNode::commit() {
  committing_ = true;
  const size_t count = queue_.size();
  controller::Mutations all;
  for (const Pending& pending : queue_) {
    all.insert(all.end(), pending.output.mutations.begin(), pending.output.mutations.end());
  }
  disk_.commit(controller::toChanges(all), alive_, [this, count, all](bool ok) {
    committing_ = false;
    if (!ok) {
      // What could not be stored must not have happened: everything waiting fails, the core starts over.
      kill();
      return start();
    }
    onDurable(all);
    std::vector<Pending> done;
    for (size_t i = 0; i < count; ++i) {
      done.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    for (Pending& pending : done) release(std::move(pending));
    pump();
  });
}

void ControllerNode::release(Pending pending) {
  pending.reply();
  for (const controller::Effect& effect : pending.output.effects) {
    if (const auto* send = std::get_if<controller::SendEffect>(&effect)) {
      auto it = agentOf_.find(send->session);
      if (it != agentOf_.end()) cluster_.toAgent(send->session, it->second, acs::encode(send->message));
    } else if (const auto* close = std::get_if<controller::CloseEffect>(&effect)) {
      auto it = agentOf_.find(close->session);
      if (it == agentOf_.end()) continue;
      size_t agent = it->second;
      agentOf_.erase(it);
      cluster_.closed(close->session, agent);
    }
  }
}

void ControllerNode::armTimer() {
  if (!core_) return;
  MonoTime next = std::max(core_->nextDeadline(), world_.now().mono);
  if (timer_ && *timer_ <= next) return;
  timer_ = next;
  world_.after(next - world_.now().mono, alive_, [this, next] {
    if (timer_ != next) return;
    timer_.reset();
    controller::Output output;
    core_->onTimer(world_.now(), output);
    process(std::move(output), [] {}, [] {});
  });
}

}  // namespace berth::simulation
