#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/definition.hpp"
#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"
#include "cli/commands/watch.hpp"
#include "common/text/number.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct DeployOptions {
  std::string service;
  std::vector<std::string> images;
  std::string file;
  std::string definition;
  bool force = false;
  bool detach = false;
  std::string timeout;
};

/// Nothing: none.
Result<Duration> timeoutOf(const std::string& text) {
  if (text.empty()) return Duration(0);
  const auto duration = parseDuration(text);
  if (duration) return *duration;
  return makeError(Code::InvalidArgument, "--timeout '" + text + "': write a time like 90s, 10m or 1h30m");
}

/// The revision that the service is to go to; nothing where it stays.
Result<std::string> newDefinition(const Session& session, const DeployOptions& options, const json& service) {
  if (!options.file.empty()) return registerFile(session, options.file);
  if (!options.definition.empty()) return options.definition;
  if (options.images.empty()) return std::string();
  std::string definition = textAt(service, "taskDefinition");
  for (const std::string& image : options.images) {
    auto made = registerWithImage(session, definition, image);
    if (!made) return made.error();
    definition = *made;
  }
  return definition;
}

Result<int> updateAndWatch(Session& session, const json& members, bool detach, Duration timeout) {
  auto answer = session.inCluster("UpdateService", members);
  if (!answer) return answer.error();
  const json service = answer->value("service", json::object());
  const std::string name = textAt(service, "serviceName");
  const std::string deployment = primaryOf(service);
  session.out << "service " << name << " goes to " << idOf(textAt(service, "taskDefinition")) << std::endl;
  if (detach) return exits::kDone;
  return watchDeployment(session, {name, deployment, "", timeout});
}

Result<int> deploy(Session& session, const DeployOptions& options) {
  const int ways = (options.images.empty() ? 0 : 1) + (options.file.empty() ? 0 : 1) +
                   (options.definition.empty() ? 0 : 1);
  if (ways > 1 || (ways == 0 && !options.force))
    return makeError(Code::InvalidArgument,
                     "deploy what? Give one of --image, --file and --task-definition, or --force alone");
  auto timeout = timeoutOf(options.timeout);
  if (!timeout) return timeout.error();
  auto service = describeFoundService(session, options.service);
  if (!service) return service.error();
  auto definition = newDefinition(session, options, *service);
  if (!definition) return definition.error();
  json members{{"service", textAt(*service, "serviceName")}};
  if (!definition->empty()) members["taskDefinition"] = *definition;
  if (options.force) members["forceNewDeployment"] = true;
  return updateAndWatch(session, members, options.detach, *timeout);
}

struct RollbackOptions {
  std::string service;
  std::string to;
  bool detach = false;
  std::string timeout;
};

/// The deployments of a service with one of these statuses, the newest first.
Result<json> deploymentsOf(const Session& session, const std::string& service, const json& statuses) {
  return session.listInCluster("ListServiceDeployments", {{"service", service}, {"status", statuses}},
                               "serviceDeployments", 20);
}

/// The definition of the last completed deployment of another one than now.
Result<std::string> formerDefinition(const Session& session, const json& service) {
  auto deployments = deploymentsOf(session, textAt(service, "serviceName"), {"SUCCESSFUL"});
  if (!deployments) return deployments.error();
  json revisions = json::array();
  for (const json& deployment : *deployments) {
    if (std::string arn = textAt(deployment, "targetServiceRevisionArn"); !arn.empty())
      revisions.push_back(arn);
  }
  if (!revisions.empty()) {
    auto answer = session.api.call("DescribeServiceRevisions", {{"serviceRevisionArns", revisions}});
    if (!answer) return answer.error();
    for (const json& revision : listAt(*answer, "serviceRevisions")) {
      if (std::string one = textAt(revision, "taskDefinition"); one != textAt(service, "taskDefinition"))
        return one;
    }
  }
  return makeError(Code::FailedPrecondition,
                   "service '" + textAt(service, "serviceName") +
                       "' has completed no deployment of another task definition: name one "
                       "by --to FAMILY:REVISION");
}

/// A deployment that goes is stopped and turned back by the controller.
Result<int> turnBack(Session& session, const RollbackOptions& options, const json& service,
                     const std::string& deployment, Duration timeout) {
  auto answer = session.api.call("StopServiceDeployment",
                                 {{"serviceDeploymentArn", deployment}, {"stopType", "ROLLBACK"}});
  if (!answer) return answer.error();
  const std::string name = textAt(service, "serviceName");
  session.out << "service " << name << ": deployment " << primaryOf(service) << " is turned back"
              << std::endl;
  if (options.detach) return exits::kDone;
  return watchDeployment(session, {name, "", primaryOf(service), timeout});
}

Result<int> rollback(Session& session, const RollbackOptions& options) {
  auto timeout = timeoutOf(options.timeout);
  if (!timeout) return timeout.error();
  auto service = describeFoundService(session, options.service);
  if (!service) return service.error();
  const std::string name = textAt(*service, "serviceName");
  std::string to = options.to;
  if (to.empty()) {
    auto going = deploymentsOf(session, name, {"PENDING", "IN_PROGRESS"});
    if (!going) return going.error();
    if (!going->empty())
      return turnBack(session, options, *service, textAt((*going)[0], "serviceDeploymentArn"), *timeout);
    auto former = formerDefinition(session, *service);
    if (!former) return former.error();
    to = *former;
  }
  return updateAndWatch(session, {{"service", name}, {"taskDefinition", to}}, options.detach, *timeout);
}

struct ScaleOptions {
  std::vector<std::string> wishes;
  bool wait = false;
};

Result<int> waitForCounts(Session& session, const std::map<std::string, int64_t>& counts) {
  std::map<std::string, std::string> told;
  for (;;) {
    bool all = true;
    for (const auto& [name, count] : counts) {
      auto service = describeService(session, name);
      if (!service) return service.error();
      const int64_t running = numberAt(*service, "runningCount");
      all = all && running == count && numberAt(*service, "pendingCount") == 0;
      const std::string line = name + " runs " + std::to_string(running) + " of " + std::to_string(count);
      if (told[name] != line) session.err << line << "\n";
      told[name] = line;
    }
    if (all) return exits::kDone;
    if (!session.api.wait(std::chrono::milliseconds(500))) return exits::kStopped;
  }
}

Result<int> scale(Session& session, const ScaleOptions& options) {
  std::map<std::string, int64_t> counts;
  for (const std::string& wish : options.wishes) {
    const size_t equals = wish.find('=');
    const auto count =
        equals == std::string::npos ? std::nullopt : parseNumber<int64_t>(wish.substr(equals + 1));
    if (!count || *count < 0)
      return makeError(Code::InvalidArgument, "'" + wish + "': write SERVICE=NUMBER, as web=3");
    auto service = findService(session, wish.substr(0, equals));
    if (!service) return service.error();
    counts[service->id] = *count;
  }
  for (const auto& [name, count] : counts) {
    auto answer = session.inCluster("UpdateService", {{"service", name}, {"desiredCount", count}});
    if (!answer) return answer.error();
    session.out << name << " desired " << numberAt((*answer)["service"], "desiredCount") << ", running "
                << numberAt((*answer)["service"], "runningCount") << std::endl;
  }
  return options.wait ? waitForCounts(session, counts) : Result<int>(exits::kDone);
}

}  // namespace

void addDeploy(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DeployOptions>();
  CLI::App* sub = app.add_subcommand("deploy", "Bring a service to a new image or revision, and watch it go");
  sub->add_option("service", options->service, "Its name or the beginning of it")
      ->required()
      ->type_name("SERVICE");
  sub->add_option("--image", options->images, "IMAGE, or CONTAINER=IMAGE; may come several times")
      ->type_name("IMAGE");
  sub->add_option("--file", options->file, "A task definition in JSON or YAML, to be registered")
      ->type_name("FILE");
  sub->add_option("--task-definition", options->definition, "One that is there")
      ->type_name("FAMILY[:REVISION]");
  sub->add_flag("--force", options->force, "New tasks, also where nothing has changed");
  sub->add_flag("--detach", options->detach, "Don't wait for the end");
  sub->add_option("--timeout", options->timeout, "Wait no longer than this; the deployment goes on")
      ->type_name("TIME");
  sub->footer("Exit codes: 0 completed, 1 failed, rolled back, replaced or not done in time.");
  sub->callback([&chosen, options] {
    chosen.work = [options](Session& session) { return deploy(session, *options); };
  });
}

void addRollback(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RollbackOptions>();
  CLI::App* sub =
      app.add_subcommand("rollback", "Turn back a deployment that goes, or go back to the one before");
  sub->add_option("service", options->service, "Its name or the beginning of it")
      ->required()
      ->type_name("SERVICE");
  sub->add_option("--to", options->to, "To this one instead")->type_name("FAMILY:REVISION");
  sub->add_flag("--detach", options->detach, "Don't wait for the end");
  sub->add_option("--timeout", options->timeout, "Wait no longer than this")->type_name("TIME");
  sub->callback([&chosen, options] {
    chosen.work = [options](Session& session) { return rollback(session, *options); };
  });
}

void addScale(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ScaleOptions>();
  CLI::App* sub = app.add_subcommand("scale", "Set how many tasks services are to have");
  sub->add_option("wish", options->wishes, "web=3; several at once")->required()->type_name("SERVICE=NUMBER");
  sub->add_flag("--wait", options->wait, "Until so many run");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return scale(session, *options); }; });
}

}  // namespace berth::cli
