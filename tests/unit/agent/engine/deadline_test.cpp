#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

/// Answers steps at random: success, a failure that a retry may help, or one that it can't.
class Surroundings {
 public:
  Surroundings(Bench& bench, uint64_t seed) : bench_(bench), chance_(seed) {}

  void take(const Output& out) {
    for (const Effect& effect : out.effects) {
      const bool unanswered =
          std::holds_alternative<SendEffect>(effect) || std::holds_alternative<CancelPullEffect>(effect);
      if (!unanswered) open_.push_back(effect);
    }
  }
  bool idle() const { return open_.empty(); }

  /// Answers one open effect, chosen at random.
  void answer(Now now) {
    size_t index = chance_.below(open_.size());
    Effect effect = open_[index];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
    take(bench_.engine.onDone(std::visit([&](const auto& e) { return doneOf(e); }, effect), now));
  }
  uint64_t below(uint64_t bound) { return chance_.below(bound); }

 private:
  Error failure() {
    const Code codes[] = {Code::Unavailable, Code::DeadlineExceeded, Code::Internal, Code::NotFound};
    return makeError(codes[chance_.below(4)], "by chance");
  }
  template <class T>
  Result<T> maybe(T value) {
    if (chance_.below(3) == 0) return failure();
    return value;
  }
  RuntimeContainer some(const ContainerKey& key) {
    std::string id = key.taskArn + "/" + key.container;
    return chance_.below(2) ? running(id) : exited(id, 0);
  }
  Done doneOf(const PullEffect& e) { return PullDone{e.key, maybe(PullOutcome{})}; }
  Done doneOf(const CreateEffect& e) {
    return CreateDone{e.key, maybe(e.key.taskArn + "/" + e.key.container)};
  }
  Done doneOf(const StartEffect& e) { return StartDone{e.key, maybe(some(e.key))}; }
  Done doneOf(const StopEffect& e) { return StopDone{e.key, maybe(exited(e.id, 0))}; }
  Done doneOf(const InspectEffect& e) {
    std::optional<RuntimeContainer> seen;
    if (chance_.below(4)) seen = some(e.key);
    return InspectDone{e.key, maybe(seen)};
  }
  Done doneOf(const RemoveEffect& e) {
    return RemoveDone{e.key, chance_.below(3) ? Status() : Status(failure())};
  }
  Done doneOf(const ReapEffect& e) { return ReapDone{e.key, maybe(chance_.below(3) == 0)}; }
  Done doneOf(const SetUpEffect& e) { return SetUpDone{e.taskArn, maybe(SetUpOutcome{})}; }
  Done doneOf(const TearDownEffect& e) {
    return TearDownDone{e.taskArn, chance_.below(3) ? Status() : Status(failure())};
  }
  Done doneOf(const ListEffect&) { return ListDone{maybe(std::vector<RuntimeContainer>{})}; }
  Done doneOf(const ReportEffect& e) {
    bool ok = chance_.below(3) != 0;
    return ReportDone{e.report, ok ? Status() : Status(failure()), !ok && chance_.below(5) == 0};
  }
  Done doneOf(const TailEffect& e) { return TailDone{e.key, maybe(std::vector<std::string>{"bye"})}; }
  Done doneOf(const CancelPullEffect& e) { return PullDone{e.key, failure()}; }
  Done doneOf(const SendEffect&) { return ListDone{makeError(Code::Internal, "never answered")}; }

  Bench& bench_;
  SeededRandom chance_;
  std::vector<Effect> open_;
};

}  // namespace

TEST_CASE("after the timer no deadline lies in the past, whatever the surroundings answer") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Bench bench;
    Surroundings around(bench, seed);
    Now now = at(1);
    for (int i = 0; i < 4; ++i) around.take(bench.payload(oneContainer("arn:task/" + std::to_string(i))));
    around.take(bench.engine.onMessage(message(payload(), "m9"), now));
    for (int step = 0; step < 400; ++step) {
      if (step == 150) around.take(bench.payload(stopOf(payload())));
      if (!around.idle() && around.below(4)) {
        around.answer(now);
      } else if (auto next = bench.engine.nextDeadline()) {
        now.wall +=
            std::chrono::ceil<std::chrono::milliseconds>(std::max(*next - now.mono, Duration::zero()));
        now.mono = std::max(now.mono, *next);
        around.take(bench.engine.onTimer(now));
        auto after = bench.engine.nextDeadline();
        REQUIRE((!after || *after > now.mono));
      }
    }
  }
}

TEST_CASE("every task comes to an end and is forgotten, whatever the surroundings answer") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    Bench bench;
    Surroundings around(bench, seed);
    Now now = at(1);
    around.take(bench.payload(payload()));
    around.take(bench.payload(stopOf(payload())));
    for (int step = 0; step < 3000 && !bench.engine.tasks().empty(); ++step) {
      if (!around.idle()) {
        around.answer(now);
        continue;
      }
      auto next = bench.engine.nextDeadline();
      REQUIRE(next.has_value());
      now.wall += std::chrono::ceil<std::chrono::milliseconds>(std::max(*next - now.mono, Duration::zero()));
      now.mono = std::max(now.mono, *next);
      around.take(bench.engine.onTimer(now));
    }
    CHECK(bench.engine.tasks().empty());
  }
}

TEST_CASE("calling the timer early or often is harmless") {
  Bench bench;
  bench.runAndReport();
  for (int i = 0; i < 5; ++i) {
    Output out = bench.engine.onTimer(bench.now());
    CHECK(out.effects.empty());
    CHECK_FALSE(out.durable());
  }
}

TEST_CASE("an engine with nothing to wait for has no deadline") {
  Bench bench;
  CHECK_FALSE(bench.engine.nextDeadline().has_value());
  bench.runAndReport();
  CHECK_FALSE(bench.engine.nextDeadline().has_value());
}

TEST_CASE("everything under way says what it waits for") {
  Bench bench;
  bench.payload(oneContainer());
  REQUIRE(bench.waiting().size() == 1);
  CHECK(bench.waiting()[0].key == kMain);
  CHECK(bench.waiting()[0].what == "the runtime, to pull");
  bench.pulled();
  CHECK(bench.waiting()[0].what == "the runtime, to create");
  bench.created();
  CHECK(bench.waiting()[0].what == "the runtime, to start");
  bench.started();
  CHECK(bench.waiting().empty());
}

}  // namespace berth::agent
