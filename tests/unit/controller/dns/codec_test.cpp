#include "controller/dns/codec.hpp"

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller::dns {
namespace {

using namespace std::string_literals;
using sample::Followed;

std::string two(size_t number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
}

std::string name(const Labels& labels) {
  std::string out;
  for (const std::string& label : labels) out += static_cast<char>(label.size()) + label;
  return out + '\0';
}

/// A question as a client sends it (RFC 1035, section 4.1).
struct Wire {
  std::string id = "\x12\x34";
  std::string flags = "\x01\x00"s;  // recursion desired
  std::string counts = two(1) + two(0) + two(0) + two(0);
  std::string question;
  std::string more = {};

  std::string bytes() const { return id + flags + counts + question + more; }
};

const Labels kWeb{"web", "default", "berth", "internal"};

Wire ask(const Labels& labels, uint16_t type = type::kA) {
  return {.question = name(labels) + two(type) + two(1)};
}

/// With EDNS (RFC 6891, section 6.1.2).
Wire askWithEdns(const Labels& labels, uint16_t type, uint16_t size, char version = 0) {
  Wire out = ask(labels, type);
  out.counts = two(1) + two(0) + two(0) + two(1);
  out.more = "\0"s + two(41) + two(size) + "\0"s + version + "\0\0\0\0"s;
  return out;
}

size_t number(const std::string& wire, size_t at) {
  return static_cast<size_t>(static_cast<uint8_t>(wire[at])) << 8U | static_cast<uint8_t>(wire[at + 1]);
}
int rcodeOf(const std::string& wire) { return wire[3] & 0xf; }
bool isTruncated(const std::string& wire) { return (wire[2] & 2) != 0; }
size_t answersIn(const std::string& wire) { return number(wire, 6); }

/// A zone with so many tasks behind web, each on a host of its own.
struct Served : Followed {
  explicit Served(int tasks = 1) {
    for (int i = 0; i < tasks; ++i) {
      const std::string id = std::to_string(i);
      join(sample::host("h" + id, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)));
      put(sample::publishing(sample::named(sample::running("task" + id, "h" + id), "web"), 80, 32768));
    }
  }
  std::string told(const Wire& question, bool byTcp = false) {
    return respond(zone, question.bytes(), byTcp);
  }

  SeededRandom random{7};
  DnsZone zone{{*parseZone("berth.internal"), 5, 1, parseIpAddress("127.0.0.1")}, index, random};
};

TEST_CASE("an answer repeats the question, and has the address") {
  Served served;
  const Wire question = ask({"WeB", "default", "berth", "internal"});
  const std::string reply = served.told(question);
  CHECK(reply == "\x12\x34\x85\x00"s + two(1) + two(1) + two(0) + two(0) + question.question +
                     // a pointer to the question's name
                     "\xc0\x0c"s + two(type::kA) + two(1) + two(0) + two(5) + two(4) + "\x0a\x00\x00\x01"s);
}

TEST_CASE("an SRV record names its target whole, and its address comes along") {
  Served served;
  const std::string reply =
      served.told(ask({"_80", "_tcp", "web", "default", "berth", "internal"}, type::kSrv));
  REQUIRE(answersIn(reply) == 1);
  CHECK(number(reply, 10) == 1);
  const std::string target = name({"task0", "web", "default", "berth", "internal"});
  const std::string record = two(1) + two(1) + two(32768) + target;
  CHECK(reply.find(two(type::kSrv) + two(1) + two(0) + two(5) + two(record.size()) + record) !=
        std::string::npos);
  CHECK(reply.ends_with(two(type::kA) + two(1) + two(0) + two(5) + two(4) + "\x0a\x00\x00\x01"s));
}

TEST_CASE("what is not there is told with the begin of authority") {
  Served served;
  const std::string none = served.told(ask({"no", "default", "berth", "internal"}));
  CHECK(rcodeOf(none) == 3);
  CHECK(answersIn(none) == 0);
  CHECK(number(none, 8) == 1);
  CHECK(none.ends_with(two(0) + two(5)));  // how long that is true
  const std::string empty = served.told(ask(kWeb, type::kAaaa));
  CHECK(rcodeOf(empty) == 0);
  CHECK(number(empty, 8) == 1);
  CHECK(rcodeOf(served.told(ask({"example", "com"}))) == 5);
}

TEST_CASE("EDNS is answered with EDNS, another version of it with BADVERS") {
  Served served;
  const std::string opt = "\0"s + two(41) + two(kMostByUdp);
  CHECK(served.told(askWithEdns(kWeb, type::kA, 4096)).ends_with(opt + "\0\0\0\0\0\0"s));
  CHECK(served.told(ask(kWeb)).find(opt) == std::string::npos);
  const std::string bad = served.told(askWithEdns(kWeb, type::kA, 4096, 1));
  CHECK(rcodeOf(bad) == 0);
  CHECK(bad.ends_with(opt + "\1\0\0\0\0\0"s));  // 16, in two parts
}

TEST_CASE("by UDP an answer has the size that the asker takes, and is marked when it was cut") {
  Served served(200);
  const std::string plain = served.told(ask(kWeb));
  CHECK(isTruncated(plain));
  CHECK(plain.size() <= 512);
  CHECK(answersIn(plain) > 25);
  for (const uint16_t size : {uint16_t{0}, uint16_t{100}, uint16_t{900}, uint16_t{1232}, uint16_t{65535}}) {
    const std::string reply = served.told(askWithEdns(kWeb, type::kA, size));
    CHECK(isTruncated(reply));
    CHECK(reply.size() <= std::clamp<size_t>(size, 512, 1232));
    CHECK(reply.size() > std::clamp<size_t>(size, 512, 1232) - 100);
  }
  const std::string whole = served.told(ask(kWeb), /*byTcp=*/true);
  CHECK_FALSE(isTruncated(whole));
  CHECK(answersIn(whole) == 200);
  const std::string servers = served.told(askWithEdns(kWeb, type::kSrv, 1232));
  CHECK(isTruncated(servers));
  CHECK(servers.size() <= 1232);
  CHECK(number(served.told(ask(kWeb, type::kSrv), true), 10) == 200);
}

TEST_CASE("addresses that only come along are left out without a mark") {
  Served served(8);
  const std::string reply = served.told(ask(kWeb, type::kSrv));
  CHECK(answersIn(reply) == 8);
  CHECK_FALSE(isTruncated(reply));
  CHECK(number(reply, 10) < 8);
  CHECK(reply.size() <= 512);
}

TEST_CASE("the largest answer fits into one by TCP") {
  Served served(300);
  const std::string cluster(63, 'c');
  const std::string service(63, 's');
  for (int i = 0; i < 300; ++i) {
    Task task = sample::publishing(
        sample::named(
            sample::running(std::string(28, 'a') + std::to_string(1000 + i), "h" + std::to_string(i)),
            service),
        80, 32768);
    task.spec.edit([&](TaskSpec& spec) { spec.cluster = cluster; });
    served.put(task);
  }
  const std::string reply = served.told(ask({service, cluster, "berth", "internal"}, type::kSrv), true);
  CHECK(answersIn(reply) == DnsZone::kMostAnswers);
  CHECK_FALSE(isTruncated(reply));
  CHECK(number(reply, 10) == DnsZone::kMostAnswers);
}

TEST_CASE("other opcodes are not implemented, and answers are not answered") {
  Served served;
  for (const uint8_t opcode : {1, 2, 4, 5, 6, 15}) {
    Wire question = ask(kWeb);
    question.flags[0] = static_cast<char>(opcode << 3U);
    const std::string reply = served.told(question);
    CHECK(rcodeOf(reply) == 4);
    CHECK(((reply[2] >> 3) & 0xf) == opcode);
    CHECK(reply.size() == 12);
  }
  Wire answer = ask(kWeb);
  answer.flags = "\x81\x80";
  CHECK(served.told(answer).empty());
}

TEST_CASE("what can't be read is a format error, or too short for one") {
  Served served;
  const std::string good = ask(kWeb).bytes();
  for (size_t size = 0; size < good.size(); ++size) {
    const std::string reply = respond(served.zone, good.substr(0, size), false);
    if (size < 12) {
      CHECK(reply.empty());
    } else {
      CHECK(rcodeOf(reply) == 1);
      CHECK(reply.size() == 12);
    }
  }
  for (const std::string& counts : {two(0) + two(0) + two(0) + two(0), two(2) + two(0) + two(0) + two(0),
                                    two(1) + two(1) + two(0) + two(0), two(1) + two(0) + two(1) + two(0),
                                    two(1) + two(0) + two(0) + two(3)}) {
    Wire question = ask(kWeb);
    question.counts = counts;
    CHECK(rcodeOf(served.told(question)) == 1);
  }
  Wire circle = ask(kWeb);
  circle.question = "\xc0\x0c"s + two(type::kA) + two(1);
  CHECK(rcodeOf(served.told(circle)) == 1);
}

TEST_CASE("names keep any bytes") {
  const auto query = decode(ask({"a.b", "\0\xff"s, std::string(63, 'x')}, 999).bytes());
  REQUIRE(query);
  REQUIRE(query->question);
  CHECK(query->question->name == Labels{"a.b", "\0\xff"s, std::string(63, 'x')});
  CHECK(query->question->type == 999);
  CHECK(decode(ask({}).bytes())->question->name.empty());
}

}  // namespace
}  // namespace berth::controller::dns
