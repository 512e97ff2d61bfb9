#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr const char* kDockerSocket = "/var/run/docker.sock";
constexpr const char* kAgentConfig = "/etc/berth/agent.yaml";
constexpr Duration kAnswerTime = std::chrono::seconds(5);

enum class Finding { Good, Note, Bad };

/// One thing that was looked at.
struct Check {
  std::string what;
  Finding finding;
  std::string text;
  std::string wayOut{};
};

class Doctor {
 public:
  explicit Doctor(const Session& session) : session_(session) {}

  std::vector<Check> examine() {
    settings();
    if (endpoint() && credentials()) {
      cluster();
      nodes();
    }
    docker();
    agent();
    return std::move(checks_);
  }

 private:
  void add(Check check) { checks_.push_back(std::move(check)); }

  static bool exists(const char* path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
  }

  void settings() {
    const Target& target = session_.target;
    std::string key = target.credentials.accessKeyId + ", by " + target.credentialsFrom;
    if (target.thisHost) key += ": the controller on this host, as no profile, key or endpoint is named";
    add({"settings", Finding::Good,
         "endpoint " + target.endpoint.value + " (" + target.endpoint.from + "), region " +
             target.region.value + " (" + target.region.from + "), cluster " + target.cluster.value + " (" +
             target.cluster.from + "), access key " + key});
  }

  bool endpoint() {
    const http::Url& url = session_.target.url;
    const auto answer = session_.api.plain(url.origin() + "/health", "", kAnswerTime);
    const std::string ours = url.loopback()
                                 ? ": `systemctl status berth-controller`, `journalctl -u berth-controller`"
                                 : ": is its host up, does its `listen` name that address, does a "
                                   "firewall stand between?";
    if (!answer) {
      add({"endpoint", Finding::Bad, answer.error().message,
           "start the controller, or name another by --endpoint" + ours});
      return false;
    }
    if (answer->status == 503) {
      add({"endpoint", Finding::Bad, "the controller can't write its state",
           "make room on the disk of its data_dir" + ours});
      return true;
    }
    if (answer->status != 200) {
      add({"endpoint", Finding::Bad, "answers /health with " + std::to_string(answer->status),
           "another server may be there: name the controller's address by --endpoint"});
      return false;
    }
    add({"endpoint", Finding::Good, "answers, and its state can be written"});
    return true;
  }

  /// A signature holds only for minutes, so that it was accepted says that the clocks agree.
  bool credentials() {
    auto answer = session_.api.call("ListClusters", {{"maxResults", 1}});
    if (answer || answer.error().code == Code::PermissionDenied) {
      add({"access key", Finding::Good, "accepted"});
      add({"clock", Finding::Good, "within five minutes of the controller's"});
      return true;
    }
    const std::string& message = answer.error().message;
    const bool clocks = message.find("Signature expired") != std::string::npos ||
                        message.find("not yet current") != std::string::npos;
    if (clocks) {
      add({"clock", Finding::Bad, message.substr(0, message.find('\n')),
           "set the clock that is wrong, here or on the controller's host: `timedatectl set-ntp true`"});
    } else {
      add({"access key", Finding::Bad, message.substr(0, message.find('\n')),
           "take a key of this controller: its admin's is in " + std::string(kHostKeyFile) +
               " on its host, for root; or name another profile by --profile"});
    }
    return false;
  }

  void cluster() {
    const std::string& name = session_.target.cluster.value;
    auto answer = session_.api.call("DescribeClusters", {{"clusters", {name}}});
    if (!answer) {
      add({"cluster", Finding::Bad, answer.error().message.substr(0, answer.error().message.find('\n')),
           "ask for a policy that allows ecs:DescribeClusters"});
      return;
    }
    const json& clusters = listAt(*answer, "clusters");
    const std::string status = clusters.empty() ? std::string() : textAt(clusters[0], "status");
    if (status == "ACTIVE") {
      add({"cluster", Finding::Good,
           name + " has " + std::to_string(numberAt(clusters[0], "runningTasksCount")) +
               " running tasks and " + std::to_string(numberAt(clusters[0], "activeServicesCount")) +
               " services"});
      return;
    }
    add({"cluster", Finding::Bad, "there is no cluster '" + name + "'",
         "make it: aws --endpoint-url " + session_.target.endpoint.value +
             " ecs create-cluster --cluster-name " + name +
             "; or name another by --cluster or BERTH_CLUSTER"});
  }

  void nodes() {
    auto all = allNodes(session_);
    if (!all) return;
    size_t connected = 0;
    std::string lost;
    for (const json& node : *all) {
      if (flagAt(node, "agentConnected")) {
        ++connected;
      } else {
        const std::string name = nodeName(node);
        lost += " " + (name.empty() ? idOf(textAt(node, "containerInstanceArn")) : name);
      }
    }
    if (all->empty()) {
      add({"nodes", Finding::Bad, "no host has joined",
           "install berth-agent on one, and name this controller and cluster in its /etc/berth/agent.yaml"});
    } else if (!lost.empty()) {
      add({"nodes", Finding::Bad,
           std::to_string(connected) + " of " + std::to_string(all->size()) + " connected; not:" + lost,
           "there: `systemctl status berth-agent`; `berth why NODE` says since when"});
    } else {
      add({"nodes", Finding::Good, std::to_string(connected) + " connected"});
    }
  }

  void docker() {
    if (!exists(kDockerSocket)) {
      const bool wanted = exists(kAgentConfig);
      add({"docker", wanted ? Finding::Bad : Finding::Note,
           std::string("no ") + kDockerSocket + " on this host",
           wanted ? "apt-get install docker.io, or name its socket in /etc/berth/agent.yaml: runtime.socket"
                  : "nothing to do, unless tasks are to run on this host"});
      return;
    }
    const auto answer = session_.api.plain("http://localhost/_ping", kDockerSocket, kAnswerTime);
    if (answer && answer->status == 200) {
      add({"docker", Finding::Good, "answers on this host"});
    } else if (access(kDockerSocket, R_OK | W_OK) != 0) {
      add({"docker", Finding::Note, std::string("you may not use ") + kDockerSocket, "look as root"});
    } else {
      add({"docker", Finding::Bad,
           answer ? "answers " + std::to_string(answer->status) : answer.error().message,
           "`systemctl status docker`, `journalctl -u docker`"});
    }
  }

  void agent() {
    if (!exists(kAgentConfig)) return;
    const auto answer = session_.api.plain("http://127.0.0.1:51678/v1/metadata", "", kAnswerTime);
    if (answer && answer->status == 200) {
      const json said = json::parse(answer->body, nullptr, false);
      add({"agent", Finding::Good, "runs on this host, in cluster " + textAt(said, "Cluster")});
    } else {
      add({"agent", Finding::Bad, "does not answer on this host",
           "`systemctl status berth-agent`, `journalctl -u berth-agent`"});
    }
  }

  const Session& session_;
  std::vector<Check> checks_;
};

const char* wordOf(Finding finding) {
  if (finding == Finding::Good) return "ok  ";
  return finding == Finding::Note ? "note" : "BAD ";
}

Result<int> doctor(const Session& session, bool asJson) {
  bool bad = false;
  json all = json::array();
  for (const Check& check : Doctor(session).examine()) {
    bad = bad || check.finding == Finding::Bad;
    const std::string word = wordOf(check.finding);
    all.push_back({{"check", check.what},
                   {"finding", word.substr(0, word.find(' '))},
                   {"text", check.text},
                   {"do", check.wayOut}});
    if (asJson) continue;
    const Tone tone = check.finding == Finding::Good  ? Tone::Good
                      : check.finding == Finding::Bad ? Tone::Bad
                                                      : Tone::Wait;
    session.out << session.paint(word, tone) << "  " << check.what << ": " << check.text << "\n";
    if (!check.wayOut.empty()) session.out << "      " << check.wayOut << "\n";
  }
  if (asJson) session.print({{"checks", all}});
  return bad ? exits::kFailed : exits::kDone;
}

}  // namespace

void addDoctor(CLI::App& app, Chosen& chosen) {
  auto asJson = std::make_shared<bool>(false);
  CLI::App* sub =
      app.add_subcommand("doctor", "What stands between you and a running task, each with the way out");
  sub->add_flag("--json", *asJson, "For programs");
  sub->footer("Exit codes: 0 nothing is wrong, 1 something is.");
  sub->callback(
      [&chosen, asJson] { chosen.work = [asJson](Session& session) { return doctor(session, *asJson); }; });
}

}  // namespace berth::cli
