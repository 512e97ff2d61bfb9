#include "cli/commands/watch.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/commands/lookup.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {

using nlohmann::json;

namespace {

constexpr Duration kPause = std::chrono::milliseconds(500);
constexpr Duration kPatience = std::chrono::seconds(60);  ///< with a controller that does not answer

const json* deploymentOf(const json& service, const std::string& id) {
  for (const json& deployment : listAt(service, "deployments")) {
    if (textAt(deployment, "id") == id) return &deployment;
  }
  return nullptr;
}

/// What is on the screen of a deployment that goes.
class Picture {
 public:
  explicit Picture(const Session& session) : session_(session) {}

  void show(const json& service) {
    const bool redraws = session_.terminal.width > 0;
    if (redraws) erase();
    showEvents(service);
    for (const json& deployment : listAt(service, "deployments")) {
      const std::string line = describeDeployment(deployment, session_.terminal);
      std::string& before = told_[textAt(deployment, "id")];
      if (!redraws && before == line) continue;
      before = line;
      session_.out << line << "\n";
      ++drawn_;
    }
    session_.out.flush();
  }

  /// Events of before are not told.
  void know(const json& service) { events_ = eventsOf(service); }

 private:
  void erase() {
    if (drawn_ > 0) session_.out << "\033[" << drawn_ << "A\033[J";
    drawn_ = 0;
  }

  /// They come newest first, and are told oldest first.
  void showEvents(const json& service) {
    const json& events = listAt(service, "events");
    for (size_t i = events.size(); i-- > 0;) {
      if (!events_.insert(textAt(events[i], "id")).second) continue;
      std::string line = textAt(events[i], "message");
      if (const auto at = timeAt(events[i], "createdAt")) line = toRfc3339(*at) + " " + line;
      session_.out << line << "\n";
    }
  }

  const Session& session_;
  std::map<std::string, std::string> told_;
  std::set<std::string> events_;
  size_t drawn_ = 0;
};

enum class End { Open, Done, Failed };

/// How the watched deployment stands; where it has failed, and another takes its place, that one is watched
/// on.
class Judge {
 public:
  Judge(const Session& session, Watched watched) : session_(session), watched_(std::move(watched)) {}

  End judge(const json& service) {
    if (watched_.deployment.empty()) {
      const std::string primary = primaryOf(service);
      if (primary.empty() || primary == watched_.former) return End::Open;
      watched_.deployment = primary;
    }
    const json* deployment = deploymentOf(service, watched_.deployment);
    const std::string state = deployment ? textAt(*deployment, "rolloutState") : std::string("GONE");
    if (state == "COMPLETED") return failed_ ? End::Failed : End::Done;
    if (state != "FAILED" && state != "GONE") return End::Open;
    tell(service, deployment);
    const std::string primary = primaryOf(service);
    if (primary.empty() || primary == watched_.deployment) return End::Failed;
    failed_ = true;
    watched_.deployment = primary;
    return End::Open;
  }

 private:
  void tell(const json& service, const json* deployment) {
    const std::string why = deployment ? textAt(*deployment, "rolloutStateReason") : std::string();
    session_.out << session_.paint(
                        "deployment " + watched_.deployment + (deployment ? " failed" : " was replaced"),
                        Tone::Bad)
                 << (why.empty() ? "" : ": " + why) << "\n";
    const std::string primary = primaryOf(service);
    const json* next = primary == watched_.deployment ? nullptr : deploymentOf(service, primary);
    if (next)
      session_.out << "now goes " << primary << " of " << idOf(textAt(*next, "taskDefinition")) << "\n";
  }

  const Session& session_;
  Watched watched_;
  bool failed_ = false;
};

}  // namespace

std::set<std::string> eventsOf(const json& service) {
  std::set<std::string> out;
  for (const json& event : listAt(service, "events")) out.insert(textAt(event, "id"));
  return out;
}

std::string primaryOf(const json& service) {
  for (const json& deployment : listAt(service, "deployments")) {
    if (textAt(deployment, "status") == "PRIMARY") return textAt(deployment, "id");
  }
  return {};
}

std::string describeDeployment(const json& deployment, const Terminal& terminal) {
  const std::string state = textAt(deployment, "rolloutState");
  const auto count = [&](const char* member) { return std::to_string(numberAt(deployment, member)); };
  const std::string status = textAt(deployment, "status") + " ";
  std::string rest = " " + idOf(textAt(deployment, "taskDefinition")) + " desired " + count("desiredCount") +
                     ", running " + count("runningCount") + ", pending " + count("pendingCount") +
                     ", failed " + count("failedTasks");
  const size_t before = charactersOf(status) + charactersOf(state);
  if (terminal.width > before) rest = cutTo(rest, terminal.width - before);
  return status + painted(state, toneOf(state), terminal) + rest;
}

Result<int> watchDeployment(Session& session, const Watched& watched) {
  session.api.catchInterrupts();
  Picture picture(session);
  Judge judge(session, watched);
  Duration gone{0};
  Duration passed{0};
  bool first = true;
  for (;;) {
    auto service = describeService(session, watched.service);
    if (!service && (!service.error().retryable || gone >= kPatience)) {
      if (!session.api.interrupted()) return service.error();
    }
    if (service) {
      if (first) picture.know(*service);
      first = false;
      gone = Duration(0);
      picture.show(*service);
      const End end = judge.judge(*service);
      if (end != End::Open) return end == End::Done ? exits::kDone : exits::kFailed;
    }
    if (!session.api.wait(kPause)) {
      session.err << "The deployment goes on: `berth why " << watched.service
                  << "` tells how far it is, `berth rollback " << watched.service << "` turns it back\n";
      return exits::kStopped;
    }
    passed += kPause;
    gone += kPause;
    if (watched.timeout > Duration(0) && passed >= watched.timeout)
      return makeError(Code::DeadlineExceeded,
                       "the deployment is not done within " + formatDuration(watched.timeout) +
                           "; it goes on: `berth why " + watched.service + "` tells how far it is");
  }
}

}  // namespace berth::cli
