#include "agent/sinks/log_sink.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::agent::sinks {
namespace {

using Options = std::map<std::string, std::string>;

const std::string kId = "0123456789abcdef0123456789abcdef";
const std::vector<streams::LogLine> kLines = {{"2026-01-02T03:04:05.678Z", false, false, "out"},
                                              {"2026-01-02T03:04:06.000Z", true, true, "err"}};

TEST_CASE("Addresses of sinks are Docker's") {
  CHECK(parseSinkAddress("udp://logs:1514", "tcp", "514") == SinkAddress{"udp", "logs", "1514"});
  CHECK(parseSinkAddress("tcp://logs", "tcp", "514") == SinkAddress{"tcp", "logs", "514"});
  CHECK(parseSinkAddress("logs:24225", "tcp", "24224") == SinkAddress{"tcp", "logs", "24225"});
  CHECK(parseSinkAddress("tcp://[::1]:99", "tcp", "514") == SinkAddress{"tcp", "::1", "99"});
  CHECK(parseSinkAddress("[::1]", "tcp", "514") == SinkAddress{"tcp", "::1", "514"});
  CHECK(parseSinkAddress("unixgram:///dev/log", "tcp", "514") == SinkAddress{"unixgram", "/dev/log", ""});
  for (const char* bad :
       {"", "tcp://", "tls://logs:1", "tcp://logs:0", "tcp://logs:99999", "tcp://logs:", "unix://log"})
    CHECK_FALSE(parseSinkAddress(bad, "tcp", "514"));
  CHECK_FALSE(parseSinkAddress("unix:///" + std::string(108, 'x'), "tcp", "514"));
}

TEST_CASE("Options are taken, refused by name, or wrong") {
  const auto plan = planSink("syslog",
                             {{"syslog-address", "tcp://logs:1"},
                              {"syslog-facility", "local3"},
                              {"syslog-format", "rfc5424"},
                              {"tag", "{{.Name}}/{{.ID}}"},
                              {"mode", "non-blocking"}},
                             kId, "web");
  REQUIRE(plan);
  CHECK(plan->address == SinkAddress{"tcp", "logs", "1"});
  CHECK((plan->facility == 19 && plan->form == SyslogForm::Rfc5424 && plan->tag == "web/0123456789ab"));
  CHECK(planSink("syslog", {}, kId, "web")->address == SinkAddress{"unixgram", "/dev/log", ""});
  CHECK(planSink("journald", {}, kId, "web")->address.host == "/run/systemd/journal/socket");
  CHECK(planSink("fluentd", {}, kId, "web")->address == SinkAddress{"tcp", "127.0.0.1", "24224"});
  struct Row {
    const char* driver;
    const char* name;
    const char* value;
    Code code;
  };
  const Row row = GENERATE(Row{"syslog", "syslog-tls-cert", "x", Code::Unimplemented},
                           Row{"syslog", "fluentd-address", "x", Code::Unimplemented},
                           Row{"journald", "labels", "x", Code::Unimplemented},
                           Row{"journald", "journald-address", "x", Code::Unimplemented},
                           Row{"syslog", "syslog-facility", "24", Code::InvalidArgument},
                           Row{"syslog", "syslog-facility", "", Code::InvalidArgument},
                           Row{"syslog", "syslog-format", "json", Code::InvalidArgument},
                           Row{"syslog", "syslog-address", "tls://x:1", Code::InvalidArgument},
                           Row{"fluentd", "fluentd-address", "udp://x:1", Code::InvalidArgument},
                           Row{"fluentd", "tag", "{{.ImageName}}", Code::InvalidArgument});
  const auto refused = planSink(row.driver, {{row.name, row.value}}, kId, "web");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == row.code);
  CHECK(refused.error().message.find(row.name) != std::string::npos);
}

TEST_CASE("Lines are messages of syslog in each of its forms") {
  SinkPlan plan = *planSink("syslog", {{"tag", "app"}}, kId, "web");
  plan.hostname = "host";
  // The host's own time zone.
  const auto messages = syslogMessages(plan, kLines);
  REQUIRE(messages.size() == 2);
  CHECK((messages[0].starts_with("<30>Jan  ") && messages[0].ends_with(":05 app: out")));
  CHECK((messages[1].starts_with("<27>Jan  ") && messages[1].ends_with(":06 app: err")));
  plan.form = SyslogForm::Rfc3164;
  CHECK(syslogMessages(plan, kLines)[0].ends_with(":05 host app: out"));
  plan.form = SyslogForm::Rfc5424;
  plan.facility = 16;
  plan.address.protocol = "tcp";
  CHECK(syslogMessages(plan, kLines)[0] == "<134>1 2026-01-02T03:04:05.678Z host app - app - out\n");
}

TEST_CASE("Lines are messages of the journal") {
  const SinkPlan plan = *planSink("journald", {{"tag", "app"}}, kId, "web");
  const auto messages = journalMessages(plan, kLines);
  CHECK(messages[0] == "PRIORITY=6\nCONTAINER_ID=0123456789ab\nCONTAINER_ID_FULL=" + kId +
                           "\nCONTAINER_NAME=web\nCONTAINER_TAG=app\nSYSLOG_IDENTIFIER=app\n"
                           "SYSLOG_TIMESTAMP=2026-01-02T03:04:05.678Z\nMESSAGE=out\n");
  CHECK(messages[1].starts_with("PRIORITY=3\n"));
  CHECK(messages[1].ends_with("CONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=err\n"));
}

TEST_CASE("Lines are one message of fluentd's forward mode") {
  const SinkPlan plan = *planSink("fluentd", {}, kId, "web");
  const auto read = nlohmann::json::from_msgpack(fluentdMessage(plan, kLines));
  REQUIRE(read.size() == 2);
  CHECK(read[0] == "0123456789ab");
  CHECK(read[1][0] ==
        nlohmann::json::array(
            {1767323045,
             {{"container_id", kId}, {"container_name", "/web"}, {"source", "stdout"}, {"log", "out"}}}));
  CHECK(read[1][1][1]["partial_message"] == "true");
  CHECK(read[1][1][1]["source"] == "stderr");
}

}  // namespace
}  // namespace berth::agent::sinks
