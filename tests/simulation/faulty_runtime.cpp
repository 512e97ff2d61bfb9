#include "tests/simulation/faulty_runtime.hpp"

#include "agent/model/container_spec.hpp"

namespace berth::simulation {
namespace {

using namespace agent;  // NOLINT: the runtime speaks the agent's words throughout
using std::chrono::milliseconds;
using std::chrono::seconds;

bool imageIs(const std::string& image, std::string_view kind) {
  return image.find(kind) != std::string::npos;
}

constexpr Duration kDeadline = seconds(60);
/// Of a request that is on its way although its caller has been told that it failed. With the time that a
/// start takes, it is within what Runtime::start allows.
constexpr Duration kLongestWay = milliseconds(700);

template <class D>
Done failed(const auto& key) {
  return D{key, makeError(Code::Unavailable, "connection reset")};
}

/// The answer to a request whose connection broke.
Done failureOf(const Effect& effect) {
  if (const auto* e = std::get_if<SetUpEffect>(&effect)) return failed<SetUpDone>(e->taskArn);
  if (const auto* e = std::get_if<TearDownEffect>(&effect)) return failed<TearDownDone>(e->taskArn);
  if (const auto* e = std::get_if<PullEffect>(&effect)) return failed<PullDone>(e->key);
  if (const auto* e = std::get_if<CreateEffect>(&effect)) return failed<CreateDone>(e->key);
  if (const auto* e = std::get_if<StartEffect>(&effect)) return failed<StartDone>(e->key);
  if (const auto* e = std::get_if<StopEffect>(&effect)) return failed<StopDone>(e->key);
  if (const auto* e = std::get_if<InspectEffect>(&effect)) return failed<InspectDone>(e->key);
  if (const auto* e = std::get_if<RemoveEffect>(&effect)) return failed<RemoveDone>(e->key);
  if (const auto* e = std::get_if<TailEffect>(&effect)) return failed<TailDone>(e->key);
  return ListDone{makeError(Code::Unavailable, "connection reset")};
}

ContainerKey keyOf(const ContainerSpec& spec) {
  return ContainerKey{spec.labels.at(kTaskLabel), spec.labels.at(kContainerLabel)};
}

}  // namespace

void FaultyRuntime::perform(const Effect& effect, const Alive& alive, Answer answer) {
  const Answer heard = [this, answer = std::move(answer)](Done done) {
    note(done);
    answer(std::move(done));
  };
  // It has no answer of its own, and pulls here do not take so long that it would matter.
  if (std::holds_alternative<CancelPullEffect>(effect)) return;
  if (const auto* e = std::get_if<ReapEffect>(&effect)) return reap(*e, alive, heard);
  // The request reaches the runtime after a while, and is carried out even if the agent has died since.
  Duration delay = world_.between(milliseconds(0), milliseconds(3));
  delay += std::max(hungUntil_ - world_.now().mono, Duration::zero());
  const Answer ignored = [](const Done&) {};
  if (world_.fault(0.01)) {
    // The connection breaks with the request on its way: it is carried out later than the caller gives up.
    world_.after(milliseconds(5), alive, [effect, heard] { heard(failureOf(effect)); });
    delay = std::max(delay, world_.between(milliseconds(0), kLongestWay));
    return send(effect, delay, forever_, ignored);
  }
  // Without an answer a transport sends again; but starts, of which it knows that they must not come twice.
  if (!std::holds_alternative<StartEffect>(effect) && world_.fault(0.03)) {
    send(effect, delay, forever_, ignored);
    delay += world_.between(milliseconds(0), kLongestWay);
  }
  send(effect, delay, alive, heard);
}

void FaultyRuntime::send(const Effect& effect, Duration delay, const Alive& alive, const Answer& answer) {
  world_.after(delay, forever_, [this, effect, alive, answer] {
    if (const auto* e = std::get_if<SetUpEffect>(&effect)) setUp(*e, alive, answer);
    if (const auto* e = std::get_if<TearDownEffect>(&effect)) tearDown(*e, alive, answer);
    if (const auto* e = std::get_if<PullEffect>(&effect)) pull(*e, alive, answer);
    if (const auto* e = std::get_if<CreateEffect>(&effect)) create(*e, alive, answer);
    if (const auto* e = std::get_if<StartEffect>(&effect)) start(*e, alive, answer);
    if (const auto* e = std::get_if<StopEffect>(&effect)) stop(*e, alive, answer);
    if (const auto* e = std::get_if<InspectEffect>(&effect)) inspect(*e, alive, answer);
    if (const auto* e = std::get_if<RemoveEffect>(&effect)) remove(*e, alive, answer);
    if (const auto* e = std::get_if<TailEffect>(&effect)) {
      reply<TailDone>(alive, answer, Result(std::vector<std::string>{"the last line"}), e->key);
    }
    if (std::holds_alternative<ListEffect>(effect)) list(alive, answer);
  });
}

/// Which tasks have a reason to end that is none of theirs.
void FaultyRuntime::note(const Done& done) {
  if (const auto* pulled = std::get_if<PullDone>(&done)) {
    if (!pulled->result && pulled->result.error().retryable) ++ledger_.failures[pulled->key.taskArn];
  } else if (const auto* created = std::get_if<CreateDone>(&done)) {
    if (!created->result && created->result.error().retryable) ++ledger_.failures[created->key.taskArn];
  } else if (const auto* made = std::get_if<SetUpDone>(&done)) {
    if (!made->result && made->result.error().retryable) ++ledger_.failures[made->taskArn];
  }
}

template <class D, class R, class... Key>
void FaultyRuntime::reply(const Alive& alive, const Answer& answer, R result, const Key&... key) {
  Duration delay = latency() / 4;
  if (world_.fault(0.01)) {
    // It never comes, which the caller's deadline tells it.
    delay = kDeadline;
    result = makeError(Code::DeadlineExceeded, "Could not transition; timed out after waiting 1m");
  } else if (world_.fault(0.04)) {
    result = makeError(Code::Unavailable, "the answer was lost");
  } else if (world_.fault(0.02)) {
    delay = world_.between(seconds(1), seconds(20));
  }
  world_.after(delay, alive, [key..., result, answer] { answer(D{key..., result}); });
}

void FaultyRuntime::pull(const PullEffect& effect, const Alive& alive, const Answer& answer) {
  world_.after(latency() * 4, forever_, [this, effect, alive, answer] {
    Result<PullOutcome> result = PullOutcome{"sha256:0123", true};
    if (imageIs(effect.spec.image, "missing")) result = makeError(Code::NotFound, "manifest unknown");
    reply<PullDone>(alive, answer, result, effect.key);
  });
}

Result<std::string> FaultyRuntime::doCreate(const ContainerSpec& spec) {
  auto [it, added] = boxes_.try_emplace(spec.name);
  Box& box = it->second;
  if (added) {
    box.spec = spec;
    box.seen.id = name_ + "-" + std::to_string(nextId_++);
    box.seen.name = spec.name;
    box.seen.labels = spec.labels;
  }
  return box.seen.id;
}

void FaultyRuntime::create(const CreateEffect& effect, const Alive& alive, const Answer& answer) {
  world_.after(latency(), forever_, [this, effect, alive, answer] {
    Result<std::string> result = makeError(Code::Unavailable, "the runtime is restarting");
    if (!world_.fault(0.02)) result = doCreate(effect.spec);
    reply<CreateDone>(alive, answer, result, effect.key);
  });
}

Result<RuntimeContainer> FaultyRuntime::doStart(const std::string& id, const Alive& asker) {
  Box* box = find(id);
  if (!box) return makeError(Code::NotFound, "no such container");
  if (imageIs(box->spec.image, "badcommand")) return makeError(Code::InvalidArgument, "no such command");
  if (box->seen.state == RunState::Running) return box->seen;
  // As Docker does it: a container that has exited is simply started again, so the engine must not ask.
  ContainerKey key = keyOf(box->spec);
  if (++ledger_.starts[key] > 1 && !imageIs(box->spec.image, "again") && !ledger_.excused(key)) {
    throw Violation("container " + key.container + " of " + key.taskArn + " was started twice");
  }
  box->seen.ports.clear();
  for (const PortMapping& port : box->spec.ports) {
    PortMapping bound = port;
    if (bound.hostPort == 0) bound.hostPort = static_cast<uint16_t>(nextPort_++);
    for (const auto& [name, other] : boxes_) {
      if (other.seen.state != RunState::Running) continue;
      for (const PortMapping& taken : other.seen.ports) {
        if (taken.hostPort == bound.hostPort) throw Violation("host port collision on " + name_);
      }
    }
    box->seen.ports.push_back(bound);
  }
  box->seen.state = RunState::Running;
  box->seen.pid = static_cast<int64_t>(1000 + nextId_);
  // By a clock that may have been set back; but no two lives of a container begin at the same time.
  const WallTime began = world_.now().wall;
  box->seen.startedAt = box->seen.startedAt == began ? began + milliseconds(1) : began;
  box->seen.exitCode.reset();
  box->seen.finishedAt.reset();
  box->ghost = false;
  box->startedBy = asker;
  box->wallOff = world_.wallOff();
  ++box->run;
  box->began = world_.now().mono;
  plan(*box);
  emit(box->seen.id, "start");
  return box->seen;
}

void FaultyRuntime::start(const StartEffect& effect, const Alive& alive, const Answer& answer) {
  world_.after(latency(), forever_, [this, effect, alive, answer] {
    Result<RuntimeContainer> result = makeError(Code::Unavailable, "the runtime is restarting");
    if (!world_.fault(0.02)) result = doStart(effect.id, alive);
    reply<StartDone>(alive, answer, result, effect.key);
  });
}

/// Decides how a container that was just started will end.
void FaultyRuntime::plan(Box& box) {
  std::optional<Duration> lives;
  int code = 0;
  if (imageIs(box.spec.image, "again")) lives = world_.between(milliseconds(1), seconds(20)), code = 1;
  if (imageIs(box.spec.image, "slow")) {
    box.seen.health = HealthState::Unknown;
    world_.after(world_.between(milliseconds(1), seconds(5)), forever_, [this, name = box.spec.name] {
      Box* found = find(name);
      if (!found) return;
      found->seen.health = HealthState::Healthy;
      emit(found->seen.id, "health_status: healthy");
    });
  }
  if (imageIs(box.spec.image, "job")) lives = world_.between(milliseconds(1), seconds(20));
  if (imageIs(box.spec.image, "crash")) lives = world_.between(Duration(0), milliseconds(30)), code = 3;
  bool oom = imageIs(box.spec.image, "oom");
  if (oom) lives = world_.between(milliseconds(1), seconds(3)), code = 137;
  if (!lives) return;
  world_.after(*lives, forever_, [this, name = box.spec.name, run = box.run, code, oom] {
    Box* found = find(name);
    if (found && found->run == run && found->seen.state == RunState::Running) exit(*found, code, oom);
  });
}

void FaultyRuntime::exit(Box& box, int code, bool oom) {
  box.seen.state = RunState::Exited;
  box.seen.exitCode = code;
  box.seen.oomKilled = oom;
  box.seen.pid = 0;
  box.seen.finishedAt = world_.now().wall;
  if (world_.fault(0.1)) {
    box.ghost = true;
    world_.after(world_.between(milliseconds(1), seconds(3)), forever_,
                 [this, name = box.spec.name, run = box.run] {
                   Box* found = find(name);
                   if (found && found->run == run) found->ghost = false;
                 });
  }
  emit(box.seen.id, "die");
}

/// The kernel's own answer comes at once and is true, but for an error now and then.
void FaultyRuntime::reap(const ReapEffect& effect, const Alive& alive, const Answer& answer) {
  Box* box = find(effect.target.containerId);
  Result<bool> left = box && (box->ghost || box->seen.state == RunState::Running);
  if (left && *left && effect.kill) {
    box->ghost = false;
    // The runtime hears of it when it hears again.
    if (box->seen.state == RunState::Running) exit(*box, 137, false);
  }
  if (world_.fault(0.02)) left = makeError(Code::Unavailable, "the kernel's files can't be read");
  Duration delay = milliseconds(1);
  if (world_.fault(0.05)) delay = world_.between(milliseconds(1), seconds(5));
  if (box && left && !*left) {
    box->foundGone = world_.now().mono;
    box->toldGone = box->foundGone + delay;
  }
  world_.after(delay, alive, [effect, left, answer] { answer(ReapDone{effect.key, left}); });
}

void FaultyRuntime::setUp(const SetUpEffect& effect, const Alive& alive, const Answer& answer) {
  SetUpOutcome outcome;
  for (const PortWish& wish : effect.setUp.ports) {
    outcome.firstPorts.push_back(static_cast<uint16_t>(nextPort_));
    nextPort_ += wish.count;
  }
  Result<SetUpOutcome> result = outcome;
  // A part of it may be there after a failure too.
  setUps_.insert(effect.setUp.taskId);
  if (world_.fault(0.1)) {
    result = makeError(Code::Unavailable, "VolumeError: the runtime is restarting");
  }
  reply<SetUpDone>(alive, answer, result, effect.taskArn);
}

void FaultyRuntime::tearDown(const TearDownEffect& effect, const Alive& alive, const Answer& answer) {
  Status result;
  if (world_.fault(0.1)) {
    result = makeError(Code::Unavailable, "the runtime is restarting");
  } else {
    setUps_.erase(effect.setUp.taskId);
  }
  reply<TearDownDone>(alive, answer, result, effect.taskArn);
}

void FaultyRuntime::hang(Duration length) {
  // Calls keep their order: a hang that begins during another one does not end before it.
  hungUntil_ = std::max(hungUntil_, world_.now().mono + length);
}

void FaultyRuntime::noteAges() {
  for (const auto& [name, box] : boxes_) {
    const bool own = box.startedBy == listening_;
    const bool set = std::chrono::abs(world_.wallOff() - box.wallOff) > std::chrono::minutes(1);
    if (!own && set) ledger_.misdated.insert(keyOf(box.spec).taskArn);
  }
}

bool FaultyRuntime::lives(const std::string& containerName) const {
  auto it = boxes_.find(containerName);
  return it != boxes_.end() && (it->second.ghost || it->second.seen.state == RunState::Running);
}

void FaultyRuntime::stop(const StopEffect& effect, const Alive& alive, const Answer& answer) {
  Box* box = find(effect.id);
  Duration needs = box && imageIs(box->spec.image, "stubborn") ? effect.timeout : latency();
  world_.after(needs, forever_, [this, effect, alive, answer] {
    Box* found = find(effect.id);
    Result<RuntimeContainer> result = makeError(Code::NotFound, "no such container");
    if (world_.fault(0.03)) {
      result = makeError(Code::Unavailable, "the runtime is restarting");
    } else if (found) {
      if (found->seen.state == RunState::Running) exit(*found, 143, false);
      result = found->seen;
    }
    reply<StopDone>(alive, answer, result, effect.key);
  });
}

void FaultyRuntime::inspect(const InspectEffect& effect, const Alive& alive, const Answer& answer) {
  Box* box = find(effect.idOrName);
  Result<std::optional<RuntimeContainer>> result =
      box ? std::optional<RuntimeContainer>(box->seen) : std::optional<RuntimeContainer>();
  reply<InspectDone>(alive, answer, result, effect.key);
}

void FaultyRuntime::remove(const RemoveEffect& effect, const Alive& alive, const Answer& answer) {
  Status result;
  if (world_.fault(0.03)) {
    result = makeError(Code::Unavailable, "the runtime is restarting");
  } else if (Box* box = find(effect.id)) {
    boxes_.erase(box->spec.name);
  }
  reply<RemoveDone>(alive, answer, result, effect.key);
}

void FaultyRuntime::list(const Alive& alive, const Answer& answer) {
  Result<std::vector<RuntimeContainer>> result = std::vector<RuntimeContainer>();
  for (const auto& [name, box] : boxes_) result->push_back(box.seen);
  reply<ListDone>(alive, answer, result);
}

void FaultyRuntime::subscribe(const Alive& alive, std::function<void(RuntimeEvent)> listener) {
  listening_ = alive;
  listener_ = std::move(listener);
  noteAges();
  world_.after(milliseconds(1), alive, [this] {
    RuntimeEvent connected;
    connected.kind = RuntimeEvent::Kind::Connected;
    listener_(connected);
  });
}

void FaultyRuntime::emit(const std::string& id, const std::string& action) {
  if (!listening_ || !*listening_) return;
  if (world_.now().mono < hungUntil_) return;
  if (world_.now().mono < deafUntil_) return;
  if (world_.fault(0.01)) {
    // The stream breaks: events are lost until it is open again, which the listener is told.
    Duration gap = world_.between(milliseconds(10), seconds(3));
    deafUntil_ = world_.now().mono + gap;
    world_.after(gap, listening_, [this] {
      RuntimeEvent connected;
      connected.kind = RuntimeEvent::Kind::Connected;
      listener_(connected);
    });
    return;
  }
  RuntimeEvent event;
  event.containerId = id;
  event.detail = action;
  for (int copies = world_.fault(0.1) ? 2 : 1; copies > 0; --copies) {
    // One that is late comes after those that happened since.
    const Duration delay = world_.fault(0.03) ? world_.between(milliseconds(1), seconds(5)) : latency() / 10;
    world_.after(delay, listening_, [this, event] { listener_(event); });
  }
}

FaultyRuntime::Box* FaultyRuntime::find(const std::string& idOrName) {
  if (auto it = boxes_.find(idOrName); it != boxes_.end()) return &it->second;
  for (auto& [name, box] : boxes_) {
    if (box.seen.id == idOrName) return &box;
  }
  return nullptr;
}

std::set<ContainerKey> FaultyRuntime::running() const {
  std::set<ContainerKey> out;
  for (const auto& [name, box] : boxes_) {
    if (box.seen.state == RunState::Running) out.insert(keyOf(box.spec));
  }
  return out;
}

Taken FaultyRuntime::takes() const {
  Taken out;
  for (const auto& [name, box] : boxes_) {
    if (box.seen.state != RunState::Running) continue;
    out.cpu += box.spec.cpuShares;
    out.memory += box.spec.memoryBytes;
  }
  return out;
}

std::string FaultyRuntime::removeSomething() {
  if (boxes_.empty()) return "";
  auto it = boxes_.begin();
  std::advance(it, static_cast<int64_t>(world_.random().below(boxes_.size())));
  std::string id = it->second.seen.id;
  const ContainerKey key = keyOf(it->second.spec);
  ledger_.removed.insert(key);
  boxes_.erase(it);
  emit(id, "destroy");
  return key.taskArn;
}

}  // namespace berth::simulation
