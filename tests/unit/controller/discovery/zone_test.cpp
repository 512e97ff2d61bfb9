#include "controller/discovery/zone.hpp"

#include <set>

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;
using dns::Labels;
using dns::Rcode;

Labels labels(std::string_view text) {
  Labels out;
  while (!text.empty()) {
    const size_t dot = std::min(text.find('.'), text.size());
    out.emplace_back(text.substr(0, dot));
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return out;
}

std::string joined(const Labels& name) {
  std::string out;
  for (const std::string& label : name) out += (out.empty() ? "" : ".") + label;
  return out;
}

std::string dataOf(const dns::Record& record) {
  if (const auto* address = std::get_if<IpAddress>(&record.data)) return toString(*address);
  if (const auto* srv = std::get_if<dns::Srv>(&record.data))
    return std::to_string(srv->port) + " " + joined(srv->target);
  if (const auto* ns = std::get_if<dns::Ns>(&record.data)) return joined(ns->server);
  return "soa";
}

/// Two hosts; web with a task on each, and a container port 53/udp on one; api without one that runs.
struct Asked : Followed {
  Asked() {
    join(host("h1", "10.0.0.1"));
    join(host("h2", "10.0.0.2"));
    put(publishing(publishing(named(running("t1", "h1"), "web"), 80, 32768), 53, 32700, true));
    put(publishing(named(running("t2", "h2"), "web"), 80, 32769));
    Task pending = named(running("t3", "h2"), "api");
    pending.lastStatus = TaskStatus::Pending;
    put(pending);
  }

  dns::Reply ask(const std::string& name, uint16_t type, uint16_t klass = dns::kInternet) {
    dns::Query query;
    query.question = dns::Question{labels(name), type, klass};
    return zone.answer(query);
  }
  /// "a b", sorted; "NODATA", "NXDOMAIN" or "REFUSED" without an answer.
  std::string told(const std::string& name, uint16_t type) {
    const dns::Reply reply = ask(name, type);
    if (reply.rcode == Rcode::Refused) {
      CHECK_FALSE(reply.authoritative);
      return "REFUSED";
    }
    CHECK(reply.authoritative);
    if (reply.answers.empty()) {
      REQUIRE(reply.authority.size() == 1);
      CHECK(dataOf(reply.authority[0]) == "soa");
      CHECK(joined(reply.authority[0].owner) == "berth.internal");
      return reply.rcode == Rcode::NoSuchName ? "NXDOMAIN" : "NODATA";
    }
    CHECK(reply.rcode == Rcode::NoError);
    std::multiset<std::string> lines;
    for (const dns::Record& record : reply.answers) {
      CHECK(joined(record.owner) == name);
      CHECK(record.ttl == 3);
      lines.insert(dataOf(record));
    }
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "" : ", ") + line;
    return out;
  }

  SeededRandom random{7};
  DnsZone zone{{*parseZone("Berth.internal"), 3, 1000, parseIpAddress("127.0.0.1")}, index, random};
};

constexpr uint16_t kTxt = 16;
constexpr uint16_t kAxfr = 252;

TEST_CASE("a name has the addresses and the main ports of its tasks") {
  Asked asked;
  CHECK(asked.told("web.default.berth.internal", dns::type::kA) == "10.0.0.1, 10.0.0.2");
  CHECK(asked.told("WEB.Default.BERTH.internal", dns::type::kA) == "10.0.0.1, 10.0.0.2");
  CHECK(asked.told("web.default.berth.internal", dns::type::kAny) == "10.0.0.1, 10.0.0.2");
  CHECK(asked.told("web.default.berth.internal", dns::type::kAaaa) == "NODATA");
  CHECK(asked.told("web.default.berth.internal", kTxt) == "NODATA");
  CHECK(asked.told("web.default.berth.internal", dns::type::kSoa) == "NODATA");
  CHECK(asked.told("web.default.berth.internal", dns::type::kSrv) ==
        "32768 t1.web.default.berth.internal, 32769 t2.web.default.berth.internal");
}

TEST_CASE("what SRV records point at has an address, which comes along") {
  Asked asked;
  const dns::Reply reply = asked.ask("_80._tcp.web.default.berth.internal", dns::type::kSrv);
  REQUIRE(reply.answers.size() == 2);
  REQUIRE(reply.additional.size() == 2);
  for (const dns::Record& record : reply.additional)
    CHECK(asked.told(joined(record.owner), dns::type::kA) == dataOf(record));
  CHECK(asked.told("t1.web.default.berth.internal", dns::type::kSrv) ==
        "32768 t1.web.default.berth.internal");
  CHECK(asked.told("t1.api.default.berth.internal", dns::type::kA) == "NXDOMAIN");
  CHECK(asked.told("t3.api.default.berth.internal", dns::type::kA) == "NXDOMAIN");
}

TEST_CASE("a port of the containers is found by its number") {
  Asked asked;
  CHECK(asked.told("_80._tcp.web.default.berth.internal", dns::type::kSrv) ==
        "32768 t1.web.default.berth.internal, 32769 t2.web.default.berth.internal");
  CHECK(asked.told("_53._UDP.web.default.berth.internal", dns::type::kSrv) ==
        "32700 t1.web.default.berth.internal");
  for (const char* nothing : {"_53._tcp", "_81._tcp", "_tcp", "_udp"})
    CHECK(asked.told(std::string(nothing) + ".web.default.berth.internal", dns::type::kSrv) == "NODATA");
  CHECK(asked.told("_80._tcp.web.default.berth.internal", dns::type::kA) == "NODATA");
  for (const char* none :
       {"80._tcp", "_http._tcp", "_0._tcp", "_80._sctp", "_65536._tcp", "x._80._tcp", "a.b"})
    CHECK(asked.told(std::string(none) + ".web.default.berth.internal", dns::type::kSrv) == "NXDOMAIN");
}

TEST_CASE("a port of a range is found by its number") {
  Asked asked;
  Task task = named(running("t1", "h1"), "web");
  task.containers[0].bindings.push_back(range());
  asked.put(task);
  CHECK(asked.told("_9009._tcp.web.default.berth.internal", dns::type::kSrv) ==
        "40009 t1.web.default.berth.internal");
  CHECK(asked.told("_9010._tcp.web.default.berth.internal", dns::type::kSrv) == "NODATA");
}

TEST_CASE("a name that nobody answers to has no data, and one that nobody has does not exist") {
  Asked asked;
  CHECK(asked.told("api.default.berth.internal", dns::type::kA) == "NODATA");
  CHECK(asked.told("_80._tcp.api.default.berth.internal", dns::type::kSrv) == "NODATA");
  CHECK(asked.told("none.default.berth.internal", dns::type::kA) == "NXDOMAIN");
  CHECK(asked.told("_80._tcp.none.default.berth.internal", dns::type::kSrv) == "NXDOMAIN");
  CHECK(asked.told("default.berth.internal", dns::type::kA) == "NODATA");
  CHECK(asked.told("other.berth.internal", dns::type::kA) == "NXDOMAIN");
}

TEST_CASE("the zone has its begin of authority and its server") {
  Asked asked;
  CHECK(asked.told("berth.internal", dns::type::kSoa) == "soa");
  CHECK(asked.told("berth.internal", dns::type::kNs) == "ns.berth.internal");
  CHECK(asked.told("berth.internal", dns::type::kA) == "NODATA");
  CHECK(asked.told("ns.berth.internal", dns::type::kA) == "127.0.0.1");
  CHECK(asked.told("ns.berth.internal", dns::type::kAaaa) == "NODATA");
  const auto serial = [&] {
    return std::get<dns::Soa>(asked.ask("berth.internal", dns::type::kSoa).answers[0].data).serial;
  };
  const uint32_t before = serial();
  asked.erase(Kind::Task, "t1");
  CHECK(serial() > before);
}

TEST_CASE("what is not of the zone is refused") {
  Asked asked;
  for (const char* outside : {"example.com", "internal", "", "web.default.xberth.internal"})
    CHECK(asked.told(outside, dns::type::kA) == "REFUSED");
  CHECK(asked.told("berth.internal", kAxfr) == "REFUSED");
  CHECK(asked.ask("web.default.berth.internal", dns::type::kA, 3).rcode == Rcode::Refused);
  dns::Query query;
  query.question = dns::Question{labels("web.default.berth.internal"), dns::type::kA, dns::kInternet};
  query.edns = dns::Edns{1232, 1};
  CHECK(asked.zone.answer(query).rcode == Rcode::BadVersion);
  query.fault = Rcode::NotImplemented;
  CHECK(asked.zone.answer(query).rcode == Rcode::NotImplemented);
}

TEST_CASE("answers come in random order, bounded, and each address once") {
  Asked asked;
  std::set<std::string> firsts;
  for (int i = 0; i < 50; ++i)
    firsts.insert(dataOf(asked.ask("web.default.berth.internal", dns::type::kA).answers[0]));
  CHECK(firsts.size() == 2);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i);
    asked.join(host("m" + id, "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
    asked.put(publishing(named(running("n" + id, "m" + id), "many"), 80, 32768));
    asked.put(publishing(named(running("o" + id, "h1"), "one"), 80, static_cast<uint16_t>(i + 1)));
  }
  CHECK(asked.ask("many.default.berth.internal", dns::type::kA).answers.size() == DnsZone::kMostAnswers);
  CHECK(asked.ask("many.default.berth.internal", dns::type::kSrv).answers.size() == DnsZone::kMostAnswers);
  CHECK(asked.ask("one.default.berth.internal", dns::type::kA).answers.size() == 1);
}

TEST_CASE("a zone's name is one of labels, with room in front of it") {
  CHECK(parseZone("Berth.Internal") == Labels{"berth", "internal"});
  CHECK(parseZone("internal") == Labels{"internal"});
  for (const std::string& wrong :
       {std::string(), std::string("."), std::string("a..b"), std::string("a."), std::string(".a"),
        std::string("a b"), std::string(64, 'a'), std::string(50, 'a') + "." + std::string(40, 'b')}) {
    INFO(wrong);
    CHECK_FALSE(parseZone(wrong));
  }
}

}  // namespace
}  // namespace berth::controller
