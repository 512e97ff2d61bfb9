#include "controller/core/controller.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/api/waiting.hpp"
#include "controller/explain/causes.hpp"
#include "controller/model/service_upkeep.hpp"
#include "controller/operations/table.hpp"
#include "proto/ecs/model.hpp"
#include "proto/ecs/validate.hpp"

namespace berth::controller {

namespace {

ServiceOptions serviceOptionsOf(const ControllerOptions& options) {
  ServiceOptions out = options.services;
  out.providerWait = options.providerWait;
  return out;
}

}  // namespace

Controller::Controller(ecs::Names names, ControllerOptions options, Random& random)
    : names_(std::move(names)),
      options_(options),
      random_(random),
      services_(state_, names_, random_, serviceOptionsOf(options_)),
      // Sessions of an earlier run of the controller must never be taken for ones of this run.
      lastSession_(random.next() & 0xFFFFFFFF0000ULL) {}

void Controller::load(const std::vector<Entity>& entities, Now now) {
  Mutations mutations;
  for (const Entity& entity : entities) {
    mutations.emplace_back(entity);
  }
  state_.apply(mutations);
  mutations.clear();
  for (const auto& task : state_.tasks()) {
    if (task->lastStatus == TaskStatus::Stopped) continue;
    const bool placed = task->waits() || state_.instance(task->instance);
    if (placed && state_.definition(task->spec->definition) && waiting_.note(*task)) continue;
    Task lost = *task;
    endWithoutAgent(lost, now.wall);
    lost.stopCode = "TaskFailedToStart";
    lost.stoppedReason = "The record of the task's definition or instance was lost";
    mutations.emplace_back(std::move(lost));
  }
  state_.apply(mutations);
  jobs_.load();
}

Reply Controller::call(const std::string& operation, nlohmann::json input, const Caller& caller, Now now,
                       Output& out) {
  const ecs::Operation* declared = ecs::model().findOperation(operation);
  const OperationEntry* entry = findAction(operation);
  if (!declared || !entry) {
    return ApiError{"UnknownOperationException", "Unknown operation: " + operation.substr(0, 100)};
  }
  if (auto wrong = ecs::checkInput(*declared, input)) return ApiError{wrong->type, wrong->message};
  const auto action = [entry](Context& context) { return berth::controller::perform(*entry, context); };
  return perform(action, input, caller, now, out);
}

Reply Controller::perform(const std::function<Reply(Context&)>& action, const nlohmann::json& input,
                          const Caller& caller, Now now, Output& out) {
  Transaction tx(state_);
  Context context = contextOf(tx, now, caller, input);
  Reply reply = action(context);
  if (!std::holds_alternative<ApiError>(reply)) commit(tx, now, out);
  followUp(now, out);
  return reply;
}

Context Controller::contextOf(Transaction& tx, Now now, const Caller& caller, const nlohmann::json& input) {
  return {tx,
          scheduler_,
          names_,
          random_,
          now,
          caller,
          input,
          options_.quotas,
          options_.providerWait,
          &recipes_,
          options_.zones.get()};
}

aws::ApiResult<nlohmann::json> Controller::ask(
    const std::function<aws::ApiResult<nlohmann::json>(Context&)>& question, const nlohmann::json& input,
    const Caller& caller, Now now) {
  Transaction tx(state_);
  Context context = contextOf(tx, now, caller, input);
  return question(context);
}

void Controller::commit(Transaction& tx, Now now, Output& out) {
  services_.witness(tx, now.wall);
  Mutations mutations = tx.take();
  services_.note(mutations);
  state_.apply(mutations);
  std::vector<const Task*> changed;
  for (const Mutation& mutation : mutations) {
    jobs_.note(mutation);
    if (const auto* task = mutation.as<Task>()) {
      const Task* kept = state_.task(task->id);
      waiting_.note(*kept);
      changed.push_back(kept);
    } else if (const auto* instance = mutation.as<Instance>()) {
      auto session = session_of_.find(instance->id);
      if (instance->status == "INACTIVE" && session != session_of_.end()) {
        close(session->second, "InactiveInstanceException", out);
      }
    }
  }
  std::move(mutations.begin(), mutations.end(), std::back_inserter(out.mutations));
  deliver(changed, now, out);
}

/// By instance: the order in which equal calls send is the same each time.
void Controller::deliver(const std::vector<const Task*>& changed, Now now, Output& out) {
  std::vector<std::pair<std::string_view, size_t>> order;
  for (size_t place = 0; place < changed.size(); ++place) order.emplace_back(changed[place]->instance, place);
  std::ranges::sort(order);
  for (auto next = order.begin(); next != order.end();) {
    const std::string& instance = changed[next->second]->instance;
    std::vector<const Task*> tasks;
    for (; next != order.end() && next->first == instance; ++next) tasks.push_back(changed[next->second]);
    if (Delivery* delivery = deliveryFor(instance)) {
      send(*delivery, delivery->payloads(state_, tasks, now), out);
      if (delivery->holds()) arm(delivery->session());
    }
  }
}

Delivery* Controller::deliveryFor(const std::string& instance) const {
  const auto it = session_of_.find(instance);
  return it == session_of_.end() ? nullptr : sessions_.at(it->second).delivery.get();
}

void Controller::send(Delivery& delivery, std::vector<acs::ToAgent> messages, Output& out) {
  for (acs::ToAgent& message : messages) {
    out.effects.push_back(SendEffect{delivery.session(), std::move(message)});
  }
  if (!messages.empty()) arm(delivery.session());
}

void Controller::arm(SessionId session) {
  Session& known = sessions_.at(session);
  const MonoTime next = known.delivery->nextDeadline();
  if (next >= known.armedAt) return;
  deadlines_.erase({known.armedAt, session});
  known.armedAt = next;
  deadlines_.emplace(next, session);
}

void Controller::forget(SessionId session, Output& out) {
  const auto it = sessions_.find(session);
  out.lost.push_back(it->second.delivery->instance());
  state_.setConnected(it->second.delivery->instance(), false);
  services_.disconnected(it->second.delivery->instance(), seen_.mono);
  session_of_.erase(it->second.delivery->instance());
  deadlines_.erase({it->second.armedAt, session});
  sessions_.erase(it);
}

aws::ApiResult<std::string> Controller::knownInstance(const std::string& cluster,
                                                      const std::string& instance) const {
  auto name = names_.parseCluster(cluster);
  const Cluster* found = name ? state_.cluster(name->str()) : nullptr;
  if (!found || !found->active) return ApiError{"InvalidClusterException", "Cluster not found."};
  auto reference = names_.parseInstance(instance);
  const Instance* known = reference ? state_.instance(reference->id) : nullptr;
  if (!known || known->cluster != found->name) {
    return ApiError{"InvalidInstanceException", "The container instance is not known in this cluster."};
  }
  if (known->status == "INACTIVE") {
    return ApiError{"InactiveInstanceException", "The container instance is inactive: register it anew."};
  }
  return known->id;
}

aws::ApiResult<SessionId> Controller::connect(const Hello& hello, Now now, Output& out) {
  BERTH_API_TRY(id, knownInstance(hello.cluster, hello.instance));
  if (auto old = session_of_.find(id); old != session_of_.end()) {
    close(old->second, "another session of this container instance has begun", out);
  }
  SessionId session = ++lastSession_;
  session_of_[id] = session;
  auto& delivery = sessions_[session].delivery;
  delivery = std::make_unique<Delivery>(session, id, names_, payloads_, options_.delivery, random_, now);
  // Before the change is applied: the state can keep the value as whoever hears of the change does.
  state_.setConnected(id, true);
  Instance instance = *state_.instance(id);
  instance.agentVersion = hello.agentVersion;
  instance.agentHash = hello.agentHash;
  instance.dockerVersion = hello.dockerVersion;
  if (!hello.address.empty()) instance.address = hello.address;
  // Stored, and ahead of the clock's last reading: the agent ignores a manifest that is not the newest.
  instance.timeline = std::max(instance.timeline + 1, toEpochMillis(now.wall));
  ++instance.version;
  Transaction tx(state_);
  tx.put(instance);
  seen_ = now;
  commit(tx, now, out);
  services_.connected(id);
  send(*delivery, {acs::ToAgent(delivery->manifest(state_, instance.timeline, now))}, out);
  send(*delivery, delivery->payloads(state_, state_.tasksOn(id), now, hello.newProcess), out);
  arm(session);
  followUp(now, out);
  return session;
}

void Controller::close(SessionId session, const std::string& reason, Output& out) {
  if (!sessions_.contains(session)) return;
  forget(session, out);
  out.effects.push_back(CloseEffect{session, reason});
}

void Controller::disconnect(SessionId session, Now now, Output& out) {
  seen_ = now;
  if (sessions_.contains(session)) forget(session, out);
}

void Controller::onFrame(SessionId session, const acs::FromAgent& frame, Now now, Output& out) {
  auto it = sessions_.find(session);
  if (it == sessions_.end()) return;
  Delivery& delivery = *it->second.delivery;
  delivery.heard(now);
  if (const auto* ack = std::get_if<acs::AckRequest>(&frame)) {
    delivery.acknowledged(ack->messageId);
  } else if (const auto* candidates = std::get_if<acs::TaskStopVerificationMessage>(&frame)) {
    if (auto verified = delivery.verify(state_, *candidates, now)) {
      send(delivery, {acs::ToAgent(std::move(*verified))}, out);
    }
  }
}

void Controller::onHealth(const std::string& taskArn, const std::string& container, const std::string& status,
                          Now now, Output& out) {
  const auto health = healthOf(status);
  if (!health) return;
  auto reference = names_.parseTask(taskArn);
  const Task* known = reference ? state_.task(reference->id) : nullptr;
  if (!known || known->lastStatus == TaskStatus::Stopped) return;
  Task task = *known;
  TaskContainer* found = task.find(container);
  if (!found || found->health == *health) return;
  found->health = *health;
  task.wasHealthy |= healthOf(task) == Health::Healthy;
  ++task.version;
  Transaction tx(state_);
  tx.put(std::move(task));
  commit(tx, now, out);
  followUp(now, out);
}

void Controller::onTimer(Now now, Output& out) {
  seen_ = now;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.mono) {
    const SessionId session = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Session& due = sessions_.at(session);
    due.armedAt = MonoTime::max();
    if (due.delivery->silent(now)) {
      close(session, "the agent has been silent for too long", out);
    } else {
      send(*due.delivery, due.delivery->due(state_, now), out);
      arm(session);
    }
  }
  followUp(now, out);
  giveUpWaiting(now, out);
  if (!nextSweep_ || now.mono >= *nextSweep_) {
    forgetOld(now, out);
  }
}

void Controller::followUp(Now now, Output& out) {
  seen_ = now;
  const auto apply = [&](Transaction& tx) { commit(tx, now, out); };
  waiting_.place(scheduler_, random_, apply);
  services_.work(scheduler_, recipes_, now, apply);
  keepJobs(now, out);
}

void Controller::keepJobs(Now now, Output& out) {
  // Every call and every report comes by here.
  jobs_.noteClock(now);
  if (!jobs_.isDue(now)) return;
  const auto act = [&](Transaction& tx, const std::string& owner, const Json& input, const auto& action) {
    const Caller caller{"", "", owner};
    Context context = contextOf(tx, now, caller, input);
    return action(context);
  };
  const auto apply = [&](Transaction& tx) { commit(tx, now, out); };
  jobs_.work({act, apply, names_, *options_.zones, random_}, now);
}

void Controller::giveUpWaiting(Now now, Output& out) {
  Transaction tx(state_);
  waiting_.giveUp(tx, now.wall);
  if (!tx.empty()) commit(tx, now, out);
}

bool Controller::forgetTasks(Transaction& tx, Now now) const {
  size_t forgotten = 0;
  for (const auto& task : state_.tasks()) {
    bool old = task->stoppedAt && now.wall - *task->stoppedAt >= options_.keepStopped;
    if (task->lastStatus != TaskStatus::Stopped || !old) continue;
    if (forgotten == options_.sweepBatch) return false;
    ++forgotten;
    tx.erase(Kind::Task, task->id);
    if (!options_.keepHistory) continue;
    tx.put(StoppedTask{task->id, *task->stoppedAt, recordOf(state_, names_, *task)});
  }
  return true;
}

void Controller::forgetOld(Now now, Output& out) {
  Transaction tx(state_);
  const bool all = forgetTasks(tx, now);
  nextSweep_ = now.mono + (all ? options_.sweep : options_.sweepPause);
  for (const auto& [key, token] : state_.tokens()) {
    if (now.wall - token.usedAt >= options_.keepTokens) tx.erase(Kind::ClientToken, key);
  }
  forgetEnded(tx, now, options_.keepStopped);
  const auto gone = [&](const auto& one) {
    return !one.active && now.wall - one.deletedAt.value_or(WallTime{}) >= options_.keepStopped;
  };
  for (const auto& [name, cluster] : state_.clusters()) {
    if (gone(cluster)) tx.erase(Kind::Cluster, name);
  }
  for (const auto& [name, provider] : state_.capacityProviders()) {
    if (gone(provider)) tx.erase(Kind::CapacityProvider, name);
  }
  forgetDeleted(tx);
  if (!tx.empty()) commit(tx, now, out);
}

/// Definitions whose deletion was asked for go once no task or service names them, stopped ones that are
/// shown included.
void Controller::forgetDeleted(Transaction& tx) const {
  std::set<std::string> deleted;
  for (const auto& [family, revisions] : state_.definitions()) {
    for (const auto& [revision, definition] : revisions) {
      if (definition.deleteRequestedAt) deleted.insert(definition.key());
    }
  }
  if (deleted.empty()) return;
  for (const auto& task : state_.tasks()) deleted.erase(task->spec->definition);
  for (const std::string& used : definitionsInUse(state_)) deleted.erase(used);
  for (const std::string& key : deleted) tx.erase(Kind::TaskDefinition, key);
}

MonoTime Controller::nextDeadline() const {
  MonoTime next = nextSweep_.value_or(MonoTime{});
  if (const auto look = services_.nextDeadline()) next = std::min(next, *look);
  for (const auto& end : {waiting_.nextDeadline(), jobs_.nextDeadline()}) {
    if (end) next = std::min(next, seen_.mono + (*end - seen_.wall));
  }
  return deadlines_.empty() ? next : std::min(next, deadlines_.begin()->first);
}

}  // namespace berth::controller
