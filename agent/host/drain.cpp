#include "agent/host/drain.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "agent/session/backoff.hpp"
#include "common/service/program.hpp"

namespace berth::agent {
namespace {

constexpr Backoff::Shape kRetry{std::chrono::milliseconds(300), std::chrono::seconds(5), 2.0, 0.3};
constexpr Duration kAskAgain = std::chrono::seconds(2);
// A task that was placed just before may be on its way to the agent yet.
constexpr int kEmptyLooks = 4;

std::string readMarker(const std::string& path) {
  std::ifstream in(path);
  std::string arn;
  std::getline(in, arn);
  return arn;
}

bool writeMarker(const std::string& path, const std::string& arn) {
  std::ofstream file(path);
  file << arn << "\n" << std::flush;
  return file.good();
}

void removeMarker(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

}  // namespace

int HostDrain::fail(const std::string& what) {
  means_.err << "berth-agent: " << what << std::endl;
  return exit_code::kFailed;
}

void HostDrain::complain(const std::string& reason) {
  if (std::exchange(complained_, reason) != reason)
    means_.err << "berth-agent: " << reason << ": trying again" << std::endl;
}

template <class Attempt>
Async<Status> HostDrain::repeat(Attempt attempt, std::stop_token late) {
  Backoff backoff(kRetry, means_.random);
  std::string reason = "there was no time for an attempt";
  while (!late.stop_requested()) {
    Status done = co_await attempt();
    if (done) co_return done;
    // The last words before it was too late tell more than that it was.
    if (done.error().code == Code::Cancelled && late.stop_requested()) break;
    if (!done.error().retryable) co_return done;
    reason = done.error().message;
    complain(reason);
    co_await sleepFor(backoff.next(), late);
  }
  co_return makeError(Code::DeadlineExceeded,
                      "not done within " + formatDuration(command_.timeout) + ": " + reason);
}

Async<int> HostDrain::run() {
  const bool after = command_.action == CommandLine::Action::Activate && command_.afterShutdown;
  if (after && readMarker(means_.marker).empty()) {
    means_.out << "no shutdown has drained this host: nothing to take back" << std::endl;
    co_return exit_code::kStopped;
  }
  std::stop_source late;
  std::stop_source through;
  spawn(co_await boost::asio::this_coro::executor, means_.log, "deadline",
        [&late, timeout = command_.timeout, token = through.get_token()]() -> Async<void> {
          if (co_await sleepFor(timeout, token)) late.request_stop();
        });
  auto who = co_await findAgent(late.get_token());
  int code = exit_code::kFailed;
  if (!who) {
    code = fail(who.error().message);
  } else if (command_.action == CommandLine::Action::Activate) {
    code = co_await activate(*who, late.get_token());
  } else {
    code = co_await drain(*who, late.get_token());
  }
  through.request_stop();
  co_return code;
}

Async<Result<RunningAgent::Who>> HostDrain::findAgent(std::stop_token late) {
  Backoff backoff(kRetry, means_.random);
  const MonoTime limit = means_.clock.now().mono + pace_.agentAnswers;
  while (true) {
    auto who = co_await means_.agent.who(late);
    if (who) co_return who;
    // One that answers, but has not joined, may take longer: its controller may be away.
    const Status answers = co_await means_.agent.answers(late);
    if (late.stop_requested() || (!answers && means_.clock.now().mono > limit)) co_return who;
    complain(who.error().message);
    co_await sleepFor(backoff.next(), late);
  }
}

Async<bool> HostDrain::setState(RunningAgent::Who who, std::string state, std::stop_token late) {
  const auto attempt = [&]() -> Async<Status> {
    auto failure = co_await means_.controlPlane.setInstanceStatus(who.cluster, who.instanceArn, state, late);
    co_return failure ? Status(failure->error) : Status();
  };
  Status done = co_await repeat(attempt, late);
  if (done) {
    means_.out << who.instanceArn << " in " << who.cluster << " is " << state << std::endl;
    co_return true;
  }
  fail("can't make " + who.instanceArn + " " + state + ": " + done.error().message);
  co_return false;
}

/// Before a shutdown: notes whether the next start may take the draining back. It may not when somebody has
/// drained the host before: that was for a reason which the restart does not end.
Async<bool> HostDrain::noteState(const RunningAgent::Who& who, std::stop_token late) {
  std::string state;
  const auto attempt = [&]() -> Async<Status> {
    auto status = co_await means_.controlPlane.instanceStatus(who.cluster, who.instanceArn, late);
    if (!status) co_return status.error();
    state = *status;
    co_return Status();
  };
  Status asked = co_await repeat(attempt, late);
  if (!asked) {
    fail("can't ask for the state of " + who.instanceArn + ": " + asked.error().message);
    co_return false;
  }
  if (state == "DRAINING" && readMarker(means_.marker) != who.instanceArn) {
    means_.out << who.instanceArn << " was draining before: the next start does not take that back"
               << std::endl;
    co_return true;
  }
  // Before the call: a host that goes down right behind it has to find it.
  if (!writeMarker(means_.marker, who.instanceArn)) {
    fail("can't write " + means_.marker + ": after the next start, run berth-agent --activate");
  }
  co_return true;
}

Async<int> HostDrain::drain(RunningAgent::Who who, std::stop_token late) {
  if (command_.atShutdown) {
    if (!co_await noteState(who, late)) co_return exit_code::kFailed;
  } else {
    removeMarker(means_.marker);
  }
  if (!co_await setState(who, "DRAINING", late)) {
    removeMarker(means_.marker);
    co_return exit_code::kFailed;
  }
  if (!command_.stopTasks) co_return exit_code::kStopped;
  co_return co_await stopTasks(who, late);
}

Async<int> HostDrain::activate(RunningAgent::Who who, std::stop_token late) {
  if (command_.afterShutdown && readMarker(means_.marker) != who.instanceArn) {
    means_.out << "the shutdown drained another container instance: nothing to take back" << std::endl;
    removeMarker(means_.marker);
    co_return exit_code::kStopped;
  }
  if (!co_await setState(who, "ACTIVE", late)) co_return exit_code::kFailed;
  removeMarker(means_.marker);
  co_return exit_code::kStopped;
}

Async<void> HostDrain::stopNew(const RunningAgent::Who& who, const std::vector<std::string>& live,
                               std::stop_token late) {
  for (const std::string& arn : live) {
    const MonoTime now = means_.clock.now().mono;
    if (const auto found = asked_.find(arn); found != asked_.end() && found->second > now) continue;
    if (!asked_.contains(arn)) means_.out << "stopping " << arn << std::endl;
    auto failure = co_await means_.controlPlane.stopTask(who.cluster, arn, command_.reason, late);
    asked_[arn] = failure ? now + kAskAgain : MonoTime::max();
    if (failure && !late.stop_requested()) complain("can't stop " + arn + ": " + failure->error.message);
  }
}

Async<int> HostDrain::stopTasks(RunningAgent::Who who, std::stop_token late) {
  std::vector<std::string> live;
  for (int empty = 0; empty < kEmptyLooks;) {
    auto found = co_await means_.agent.liveTasks(late);
    if (found) {
      for (const std::string& arn : live)
        if (std::ranges::count(*found, arn) == 0) means_.out << arn << " has stopped" << std::endl;
      live = *found;
      empty = live.empty() ? empty + 1 : 0;
      co_await stopNew(who, live, late);
    } else if (!late.stop_requested()) {
      complain(found.error().message);
    }
    if (empty < kEmptyLooks && !co_await sleepFor(pace_.look, late)) break;
  }
  if (live.empty() && !late.stop_requested()) {
    means_.out << "no task runs on this host" << std::endl;
    co_return exit_code::kStopped;
  }
  if (live.empty()) co_return fail("can't tell whether all tasks have stopped: it took too long");
  std::string names;
  for (const std::string& arn : live) names += " " + arn;
  co_return fail("after " + formatDuration(command_.timeout) + " these tasks still run:" + names);
}

}  // namespace berth::agent
