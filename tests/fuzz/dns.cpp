// What a DNS server gets: the first byte says how (odd: by TCP), the rest is the message.
#include "controller/dns/codec.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using namespace berth::controller;

/// web with two tasks, and a name without any.
State& sampleState() {
  static State state;
  if (!state.tasks().empty()) return state;
  Instance host;
  host.id = "h1";
  host.cluster = "default";
  host.address = "10.0.0.1";
  Mutations all{Mutation(host)};
  for (const char* id : {"t1", "t2", "t3"}) {
    TaskSpec spec;
    spec.cluster = "default";
    spec.group = "family:app";
    spec.containers.push_back({"app", "x", true, false, "", "", ""});
    Task task;
    task.id = id;
    task.spec = Shared<TaskSpec>(std::move(spec));
    task.instance = "h1";
    task.tags = R"([{"key":"berth:dns","value":"web"}])";
    task.lastStatus = TaskStatus::Running;
    task.containers.resize(1);
    task.containers[0].bindings.push_back({"0.0.0.0", 80, 32768, 0, 0, false});
    all.emplace_back(std::move(task));
  }
  state.apply(all);
  return state;
}

void checkReply(std::string_view asked, std::string_view reply, size_t limit) {
  fuzz::require(reply.size() >= 12 && reply.size() <= limit, "a reply has a header, and its limit", asked);
  fuzz::require(reply.substr(0, 2) == asked.substr(0, 2), "a reply has the question's id", asked);
  fuzz::require((reply[2] & '\x80') != 0, "a reply says that it is one", asked);
  fuzz::require((reply[2] & '\x78') == (asked[2] & '\x78'), "a reply has the question's opcode", asked);
  fuzz::require(!dns::decode(reply), "a reply is not answered", asked);
}

}  // namespace

BERTH_FUZZ_TARGET(dns) {
  static SeededRandom random(1);
  static DiscoveryIndex index{std::chrono::seconds(30)};
  if (index.names().empty()) index.load(sampleState(), MonoTime{});
  static const DnsZone zone({{"berth", "internal"}, 1, 1, std::nullopt}, index, random);
  if (input.empty()) return;
  const bool by_tcp = (input[0] & 1) != 0;
  const std::string_view wire = input.substr(1);
  const std::string reply = dns::respond(zone, wire, by_tcp);
  const bool to_answer = wire.size() >= 12 && wire.size() <= dns::kMostByTcp && (wire[2] & '\x80') == 0;
  fuzz::require(reply.empty() != to_answer, "every question is answered", wire);
  if (to_answer) checkReply(wire, reply, by_tcp ? dns::kMostByTcp : dns::kMostByUdp);
}
