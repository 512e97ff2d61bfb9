#include "agent/network/forwarding.hpp"

#include <array>
#include <utility>

#include "agent/network/plugin_process.hpp"

namespace berth::agent::network {
namespace {

constexpr const char* kWait = "10";  // seconds for whoever else changes rules

struct Jump {
  const char* table;
  const char* from;
  const char* to;
};
constexpr std::array kJumps = {Jump{"nat", "POSTROUTING", "BERTH-MASQ"},
                               Jump{"filter", "FORWARD", "BERTH-FORWARD"},
                               Jump{"filter", "INPUT", "BERTH-INPUT"}};

Error filterFailure(const std::string& command, const ProgramEnd& end) {
  const std::string said = end.errors.empty() ? "exit code " + std::to_string(end.code) : end.errors;
  return makeError(Code::Internal,
                   "can't let containers out: " + command + ": " + said.substr(0, said.find('\n')));
}

Async<Status> ensureJump(Jump jump, std::vector<std::string> environment) {
  // -C looks for the rule, -I puts it first.
  for (const bool make : {false, true}) {
    ProgramCall call;
    call.command = {"iptables", "-w", kWait, "-t", jump.table, make ? "-I" : "-C", jump.from, "-j", jump.to};
    call.environment = environment;
    const auto end = co_await runProgram(std::move(call));
    if (!end) co_return end.error();
    if (end->code == 0) co_return Status();
    if (make) co_return filterFailure("iptables", *end);
  }
  co_return Status();
}

}  // namespace

std::string forwardingRules(const std::vector<OwnNetwork>& networks) {
  std::string nat = "*nat\n:BERTH-MASQ - [0:0]\n-A BERTH-MASQ -d 224.0.0.0/4 -j RETURN\n";
  for (const OwnNetwork& own : networks) nat += "-A BERTH-MASQ -d " + own.subnet + " -j RETURN\n";
  std::string filter = "*filter\n:BERTH-FORWARD - [0:0]\n:BERTH-INPUT - [0:0]\n";
  for (const OwnNetwork& own : networks) {
    nat += "-A BERTH-MASQ -s " + own.subnet + " -j MASQUERADE\n";
    const std::string from = " -i " + own.bridge;
    if (own.closesMetadata) {
      filter += "-A BERTH-FORWARD" + from + " -d 169.254.169.254/32 -j REJECT\n";
      filter += "-A BERTH-INPUT" + from + " -d 169.254.169.254/32 -j REJECT\n";
    }
    filter += "-A BERTH-FORWARD" + from + " -j ACCEPT\n";
    filter +=
        "-A BERTH-FORWARD -o " + own.bridge + " -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n";
    filter += "-A BERTH-INPUT" + from +
              " -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n";
  }
  return nat + "COMMIT\n" + filter + "COMMIT\n";
}

Async<Status> allowForwarding(std::vector<OwnNetwork> networks, std::vector<std::string> environment) {
  ProgramCall rules;
  rules.command = {"iptables-restore", "-w", kWait, "--noflush"};
  rules.environment = environment;
  rules.input = forwardingRules(networks);
  const auto end = co_await runProgram(std::move(rules));
  if (!end && end.error().code == Code::NotFound)
    co_return makeError(Code::FailedPrecondition, end.error().message + ": install the package iptables");
  if (!end) co_return end.error();
  if (end->code != 0) co_return filterFailure("iptables-restore", *end);
  for (const Jump& jump : kJumps) {
    if (Status there = co_await ensureJump(jump, environment); !there) co_return there;
  }
  co_return Status();
}

}  // namespace berth::agent::network
