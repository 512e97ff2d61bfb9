#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/children.hpp"
#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Duration kPoll = std::chrono::milliseconds(200);
constexpr int kPolls = 150;  ///< half a minute

struct DevOptions {
  std::string folder;
  std::string listen = "127.0.0.1:7400";
  std::string docker = "/var/run/docker.sock";
  bool once = false;
};

/// Where things are: below a folder of the user's, or where the packages have them.
struct Places {
  fs::path controllerConfig;
  fs::path agentConfig;
  fs::path controllerData;
  fs::path agentData;
};

Places placesOf(const DevOptions& options) {
  if (options.folder.empty())
    return {"/etc/berth/controller.yaml", "/etc/berth/agent.yaml", "/var/lib/berth/controller",
            "/var/lib/berth/agent"};
  std::error_code ignored;
  const fs::path folder = fs::absolute(options.folder, ignored);
  return {folder / "controller.yaml", folder / "agent.yaml", folder / "controller", folder / "agent"};
}

/// A program of ours: beside this one, else among those that the shell finds.
std::string programNamed(const std::string& name) {
  std::error_code fault;
  const fs::path beside = fs::read_symlink("/proc/self/exe", fault).parent_path() / name;
  if (!fault && access(beside.c_str(), X_OK) == 0) return beside.string();
  const std::string installed = "/usr/bin/" + name;
  return access(installed.c_str(), X_OK) == 0 ? installed : std::string();
}

Status writeWhereAbsent(const fs::path& path, const std::string& text) {
  std::error_code fault;
  if (fs::exists(path, fault)) {
    std::cout << "keeps   " << path.string() << "\n";
    return {};
  }
  fs::create_directories(path.parent_path(), fault);
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) return makeError(Code::FailedPrecondition, path.string() + ": can't be written");
  std::cout << "writes  " << path.string() << "\n";
  return {};
}

class Dev {
 public:
  explicit Dev(DevOptions options) : options_(std::move(options)), places_(placesOf(options_)) {}

  Result<int> run() {
    if (Status ready = check(); !ready) return ready.error();
    if (Status written = writeConfigs(); !written) return written.error();
    const bool units = options_.folder.empty();
    if (Status up = units ? enable("berth-controller") : startController(); !up) return up.error();
    if (Status answers = connect(); !answers) return answers.error();
    Session session{*api_, target_, Terminal(), false, std::cout, std::cerr};
    auto cluster = session.api.call("CreateCluster", {{"clusterName", "default"}});
    if (!cluster) return cluster.error();
    if (Status up = units ? enable("berth-agent") : startAgent(); !up) return up.error();
    if (Status joined = awaitNode(session); !joined) return joined.error();
    tellWhatToType(units);
    return units || options_.once ? Result<int>(exits::kDone) : watch();
  }

 private:
  Status check() {
    std::string missing;
    controller_ = programNamed("berth-controller");
    agent_ = programNamed("berth-agent");
    if (controller_.empty()) missing += " berth-controller";
    if (agent_.empty()) missing += " berth-agent";
    if (!missing.empty())
      return makeError(Code::FailedPrecondition,
                       "not installed:" + missing + ": apt-get install ./berth-*.deb");
    if (access(options_.docker.c_str(), R_OK | W_OK) != 0)
      return makeError(Code::FailedPrecondition,
                       "no Docker that may be used at " + options_.docker +
                           ": apt-get install docker.io, be root, or name its socket by --docker");
    if (!options_.folder.empty()) return {};
    std::error_code ignored;
    if (!fs::exists("/run/systemd/system", ignored))
      return makeError(
          Code::FailedPrecondition,
          "this host has no systemd to run the services: `berth dev --dir FOLDER` runs them here, with "
          "all they write below FOLDER");
    if (geteuid() != 0)
      return makeError(Code::PermissionDenied, "enabling services takes root; or `berth dev --dir FOLDER`");
    return {};
  }

  Status writeConfigs() const {
    const std::string data = places_.controllerData.string();
    Status written =
        writeWhereAbsent(places_.controllerConfig, "listen: " + options_.listen + "\ndata_dir: " + data +
                                                       "\nregion: us-east-1\naccount: \"000000000000\"\n"
                                                       "auth: sigv4\n");
    if (!written) return written;
    return writeWhereAbsent(places_.agentConfig,
                            "cluster: default\ncontroller: http://" + options_.listen +
                                "\nregion: us-east-1\ncredentials: {file: " + data +
                                "/admin-credentials}\nruntime: {kind: docker, socket: \"unix://" +
                                options_.docker + "\"}\ndata_dir: " + places_.agentData.string() + "\n");
  }

  static Status enable(const std::string& unit) {
    std::cout << "enables " << unit << ".service" << std::endl;
    if (runToEnd({"systemctl", "enable", "--now", unit}) == 0) return {};
    return makeError(Code::Unavailable,
                     "systemctl enable --now " + unit + " failed: `journalctl -u " + unit + "`");
  }

  Status startController() { return startProgram(controller_, places_.controllerConfig); }
  Status startAgent() { return startProgram(agent_, places_.agentConfig); }

  Status startProgram(const std::string& program, const fs::path& config) {
    const fs::path log = config.parent_path() / (config.stem().string() + ".log");
    auto child = Child::start({program, "--config", config.string()}, log.string());
    if (!child) return child.error();
    std::cout << "starts  " << program << ", log " << log.string() << std::endl;
    children_.push_back(std::move(*child));
    return {};
  }

  /// Until the controller answers and has made its admin's key.
  Status connect() {
    target_.endpoint = {"http://" + options_.listen, "--listen"};
    auto url = http::parseUrl(target_.endpoint.value);
    if (!url) return url.error();
    target_.url = *url;
    target_.region = {"us-east-1", "the default"};
    target_.cluster = {"default", "the default"};
    const std::string key = (places_.controllerData / "admin-credentials").string();
    target_.credentialsFrom = key;
    Connection health(target_);
    health.catchInterrupts();
    for (int poll = 0; poll < kPolls; ++poll) {
      const auto answer = health.plain(target_.endpoint.value + "/health", "", std::chrono::seconds(2));
      auto credentials = aws::readCredentialsFile(key);
      if (answer && answer->status == 200 && credentials) {
        target_.credentials = *credentials;
        api_ = std::make_unique<Connection>(target_);
        api_->catchInterrupts();
        return {};
      }
      if (Status alive = childrenLive(); !alive) return alive;
      if (!health.wait(kPoll)) return makeError(Code::Cancelled, "interrupted");
    }
    return makeError(Code::Unavailable, "the controller does not answer at " + target_.endpoint.value +
                                            ", or its key is not at " + key + ": does " +
                                            places_.controllerConfig.string() + " name others?");
  }

  Status awaitNode(const Session& session) {
    for (int poll = 0; poll < kPolls; ++poll) {
      auto nodes = allNodes(session);
      if (!nodes) return nodes.error();
      for (const json& node : *nodes) {
        if (flagAt(node, "agentConnected")) {
          std::cout << "node    " << idOf(textAt(node, "containerInstanceArn")) << " has joined" << std::endl;
          return {};
        }
      }
      if (Status alive = childrenLive(); !alive) return alive;
      if (!api_->wait(kPoll)) return makeError(Code::Cancelled, "interrupted");
    }
    return makeError(Code::DeadlineExceeded,
                     "no node has joined in half a minute: look into the agent's log");
  }

  Status childrenLive() {
    for (Child& child : children_) {
      if (!child.alive())
        return makeError(Code::Unavailable, "a program has ended; its log is " + child.log());
    }
    return {};
  }

  void tellWhatToType(bool units) const {
    std::cout << "\nReady. To go on" << (units ? ", as root" : ", in another shell") << ":\n\n";
    if (!units || options_.listen != "127.0.0.1:7400")
      std::cout << "    export AWS_SHARED_CREDENTIALS_FILE=" << target_.credentialsFrom
                << " AWS_ENDPOINT_URL=" << target_.endpoint.value << " AWS_REGION=us-east-1\n";
    std::cout
        << "    berth doctor\n    berth up compose.yaml          # or a task definition: berth run FILE\n"
        << "    berth ps\n    berth events -f\n";
    if (!units) std::cout << "\nCtrl-C stops the controller and the agent; tasks run on.\n";
    std::cout.flush();
  }

  Result<int> watch() {
    while (api_->wait(kPoll)) {
      if (Status alive = childrenLive(); !alive) return alive.error();
    }
    std::cout << "\nstops   the agent and the controller" << std::endl;
    while (!children_.empty()) children_.pop_back();
    return exits::kDone;
  }

  DevOptions options_;
  Places places_;
  std::string controller_;
  std::string agent_;
  Target target_;
  std::unique_ptr<Connection> api_;
  std::vector<Child> children_;
};

}  // namespace

void addDev(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DevOptions>();
  CLI::App* sub = app.add_subcommand(
      "dev", "A controller and an agent on this host: sets them up, then tells what to type");
  sub->add_option("--dir", options->folder,
                  "Run both here, without systemd, and write below this folder alone")
      ->type_name("FOLDER");
  sub->add_option("--listen", options->listen,
                  "The controller's address, where its configuration is not there yet");
  sub->add_option("--docker", options->docker, "Docker's socket")->type_name("PATH");
  sub->add_flag("--once", options->once, "With --dir: end once the node has joined");
  sub->callback([&chosen, options] {
    chosen.alone = [options] {
      auto done = Dev(*options).run();
      if (done) return *done;
      std::cerr << "berth: " << done.error().message << "\n";
      return done.error().code == Code::Cancelled ? exits::kStopped : exits::kFailed;
    };
  });
}

}  // namespace berth::cli
