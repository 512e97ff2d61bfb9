// Weeks of schedules in virtual time, with outages, crashes before a commit, and both changes of the clock:
// each moment has its run, once, or is missed as its job says.
#include <map>
#include <memory>
#include <set>

#include "controller/api/jobs/actions.hpp"
#include "controller/jobs/occurrence.hpp"
#include "controller/zones/zones.hpp"
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using std::chrono::minutes;

namespace {

/// Wall and monotonic time move together; time 0 of the latter is `begin`.
class Calendar {
 public:
  Calendar(WallTime begin, uint64_t seed) : begin_(begin), now_(begin), chance_(seed) {
    options_.delivery.lostAfter = std::chrono::hours(24 * 365);
    options_.delivery.heartbeat = std::chrono::hours(24 * 365);
    options_.keepStopped = std::chrono::hours(24 * 365);
    options_.sweep = std::chrono::hours(12);
    options_.zones = zones_;
    core_ = std::make_unique<Controller>(names_, options_, chance_);
    call("CreateCluster", {{"clusterName", "default"}});
    call("RegisterTaskDefinition",
         {{"family", "app"}, {"containerDefinitions", Json::array({sample::container()})}});
    Json cpu{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", 4096}};
    Json memory{{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", 4096}};
    host_ = call("RegisterContainerInstance",
                 {{"totalResources", {cpu, memory}},
                  {"attributes", sample::Bench::capable()}})["containerInstance"]["containerInstanceArn"];
    join();
  }

  void put(const std::string& name, const std::string& schedule, const std::string& missed) {
    const Json body{{"taskDefinition", "app"}, {"schedule", schedule}, {"timezone", "Europe/Berlin"},
                    {"missed", missed},        {"overlap", "allow"},   {"keepRuns", 1000}};
    Output out;
    const Json input{{"name", name}, {"job", body}};
    auto result =
        core_->perform([](Context& context) { return widened(putJob(context)); }, input, caller_, now(), out);
    if (const auto* error = std::get_if<ApiError>(&result)) FAIL(error->message);
    keep(out);
  }

  /// The controller works until then. At times it crashes before what it decided is durable.
  void work(WallTime until) {
    while (true) {
      const WallTime next = begin_ + std::chrono::duration_cast<std::chrono::milliseconds>(
                                         core_->nextDeadline().time_since_epoch());
      if (next >= until) break;
      now_ = std::max(next, now_ + std::chrono::milliseconds(1));
      Output out;
      core_->onTimer(now(), out);
      if (chance_.below(20) == 0) {
        restart();
      } else {
        keep(out);
      }
      endTasks();
    }
    now_ = until;
  }
  /// The controller is away until then.
  void outage(WallTime until) {
    now_ = until;
    restart();
  }

  const State& state() const { return core_->state(); }
  const Zone& zone() const { return *zones_->find("Europe/Berlin"); }

 private:
  Now now() const { return {MonoTime(now_ - begin_), now_}; }

  Json call(const std::string& operation, Json input) {
    Output out;
    auto result = core_->call(operation, std::move(input), caller_, now(), out);
    if (const auto* error = std::get_if<ApiError>(&result)) FAIL(operation << ": " << error->message);
    keep(out);
    return std::get<Json>(result);
  }
  void keep(const Output& out) {
    for (const Mutation& mutation : out.mutations) {
      disk_.insert_or_assign({mutation.kind, mutation.key}, mutation);
      const auto* task = mutation.as<Task>();
      if (task && task->lastStatus == TaskStatus::Pending) begun_.insert(task->id);
    }
  }
  void restart() {
    core_ = std::make_unique<Controller>(names_, options_, chance_);
    std::vector<Entity> entities;
    for (const auto& [key, mutation] : disk_) {
      std::visit(
          [&](const auto& value) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::nullptr_t>)
              entities.emplace_back(*value);
          },
          mutation.value);
    }
    core_->load(entities);
    join();
  }
  void join() {
    Output out;
    const auto opened = core_->connect(Hello{"default", host_, "1.0", "abc", "20.10"}, now(), out);
    REQUIRE(std::holds_alternative<SessionId>(opened));
    keep(out);
  }
  /// The host does what it was told: tasks run, and end well.
  void endTasks() {
    for (const std::string& id : std::exchange(begun_, {})) {
      const Json app{{"containerName", "app"}, {"status", "STOPPED"}, {"exitCode", 0}};
      call("SubmitTaskStateChange", {{"task", id}, {"status", "STOPPED"}, {"containers", {app}}});
    }
  }

  ecs::Names names_{"aws", "us-east-1", "000000000000"};
  std::shared_ptr<const Zones> zones_ = std::make_shared<SystemZones>();
  WallTime begin_;
  WallTime now_;
  SeededRandom chance_;
  ControllerOptions options_;
  std::unique_ptr<Controller> core_;
  Caller caller_{"AKIATEST", "http://127.0.0.1:7400", "arn:aws:iam::000000000000:user/test"};
  std::string host_;
  std::map<std::pair<Kind, std::string>, Mutation> disk_;
  std::set<std::string> begun_;  ///< tasks that a host has been sent
};

/// Worked out the long way: minute by minute, what the clock on the wall shows.
std::vector<WallTime> expected(const Zone& zone, int hour, int minute, WallTime from, WallTime until) {
  std::vector<WallTime> out;
  std::set<int64_t> seen;
  int64_t shown_before = -1;
  for (WallTime at = from; at < until; at += minutes(1)) {
    const int64_t shown =
        std::chrono::floor<minutes>(at.time_since_epoch() + zone.periodAt(at).offset).count();
    const auto first = shown_before < 0 ? shown : shown_before + 1;
    bool due = false;
    for (int64_t one = first; one <= shown; ++one) {
      const bool fits = one % 60 == minute && (hour < 0 || one / 60 % 24 == hour);
      // A schedule for each hour is due whenever the clock shows it, and only then.
      if (fits && (hour < 0 ? one == shown : seen.insert(one).second)) due = true;
    }
    if (shown_before > shown && hour < 0) due = shown % 60 == minute;
    if (due) out.push_back(at);
    shown_before = hour < 0 ? shown : std::max(shown_before, shown);
  }
  return out;
}

struct Outage {
  WallTime from;
  WallTime until;
};

/// What the runs of a job must be: "ID trigger moments", and "skipped" for those.
std::vector<std::string> wanted(const std::vector<WallTime>& moments, const std::vector<Outage>& outages,
                                bool once) {
  std::vector<std::string> out;
  std::map<WallTime, std::vector<WallTime>> missed;  ///< by the end of the outage
  for (const WallTime moment : moments) {
    const Outage* in = nullptr;
    for (const Outage& one : outages) {
      if (moment >= one.from && moment <= one.until) in = &one;
    }
    if (in) {
      missed[in->until].push_back(moment);
    } else {
      out.push_back(runIdAt(moment) + " schedule 1");
    }
  }
  for (const auto& [until, all] : missed) {
    const bool late = until - all.back() > minutes(1);
    const std::string count = std::to_string(all.size());
    if (once) {
      out.push_back(runIdAt(all.back()) + (late || all.size() > 1 ? " missed " : " schedule ") + count);
    } else if (late) {
      out.push_back(runIdAt(all.front()) + " missed " + count + " skipped");
    } else {
      if (all.size() > 1)
        out.push_back(runIdAt(all.front()) + " missed " + std::to_string(all.size() - 1) + " skipped");
      out.push_back(runIdAt(all.back()) + " schedule 1");
    }
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> had(const State& state, const std::string& job) {
  std::vector<std::string> out;
  for (const JobRun* run : state.runsOf("default/" + job)) {
    const bool skipped = run->state == JobRunState::Skipped;
    out.push_back(run->id + " " + std::string(name(run->trigger)) + " " + std::to_string(run->moments) +
                  (skipped ? " skipped" : ""));
    CHECK(run->attempts.size() == (skipped ? 0 : 1));
    if (!skipped) CHECK(run->state == JobRunState::Succeeded);
  }
  return out;
}

/// Five weeks around a change of Berlin's clocks.
void playWeeks(WallTime begin, uint64_t seed) {
  CAPTURE(seed);
  Calendar calendar(begin, seed);
  const std::map<std::string, std::pair<int, int>> jobs{
      {"night", {2, 30}}, {"noon", {12, 0}}, {"hourly", {-1, 15}}};
  for (const auto& [name, time] : jobs) {
    const std::string hour = time.first < 0 ? "*" : std::to_string(time.first);
    for (const char* missed : {"once", "skip"}) {
      calendar.put(name + "-" + missed, std::to_string(time.second) + " " + hour + " * * *", missed);
    }
  }
  SeededRandom chance(seed + 1000);
  std::vector<Outage> outages;
  WallTime at = begin;
  const WallTime end = begin + std::chrono::hours(24 * 35);
  while (at < end) {
    at += minutes(1 + chance.below(5000));
    calendar.work(at);
    if (chance.below(2) == 0) continue;
    const WallTime back = at + minutes(chance.below(chance.below(2) == 0 ? 90 : 4000));
    outages.push_back({at, back});
    calendar.outage(back);
    at = back;
  }
  // What has begun last comes to its end.
  calendar.work(at + minutes(2));
  for (const auto& [name, time] : jobs) {
    const auto moments =
        expected(calendar.zone(), time.first, time.second, begin + minutes(1), at + minutes(2));
    for (const bool once : {true, false}) {
      CAPTURE(name, once);
      CHECK(had(calendar.state(), name + (once ? "-once" : "-skip")) == wanted(moments, outages, once));
    }
  }
  size_t begun = 0;
  for (const auto& [key, run] : calendar.state().jobRuns()) begun += run.attempts.size();
  CHECK(calendar.state().tasks().size() == begun);
}

}  // namespace

TEST_CASE("five weeks of schedules with outages and crashes: each moment has its run once, or is missed") {
  playWeeks(fromEpochMillis(1'791'504'000'000), 1);  // 9 October 2026, before the clock goes back
  playWeeks(fromEpochMillis(1'805'155'200'000), 2);  // 16 March 2027, before it goes forward
}
