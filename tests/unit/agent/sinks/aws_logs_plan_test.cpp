#include "agent/sinks/aws_logs_plan.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::agent::sinks {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<streams::LogLine>;

constexpr const char* kTime = "2026-01-02T03:04:05.678Z";
constexpr int64_t kMillis = 1767323045678;

streams::LogLine out(std::string text, bool partial = false, const char* time = kTime) {
  return {time, false, partial, std::move(text)};
}
streams::LogLine err(std::string text) { return {kTime, true, false, std::move(text)}; }

std::vector<std::string> messages(const std::string& begins, const Lines& lines) {
  std::vector<std::string> found;
  for (const AwsLogsEvent& event : awsLogsEvents(MessageRule(begins), lines)) found.push_back(event.message);
  return found;
}

TEST_CASE("awslogs takes Docker's options") {
  const auto plan = planAwsLogs({{"awslogs-group", "/ecs/web"},
                                 {"awslogs-region", "eu-west-1"},
                                 {"awslogs-stream", "web/app/1"},
                                 {"awslogs-endpoint", "http://127.0.0.1:4566"},
                                 {"awslogs-create-group", "true"},
                                 {"awslogs-credentials-endpoint", "/v2/credentials/one"},
                                 {"awslogs-datetime-format", "%Y-%m-%d"},
                                 {"mode", "non-blocking"},
                                 {"max-buffer-size", "25m"}},
                                "0123", "web");
  REQUIRE(plan);
  CHECK((plan->group == "/ecs/web" && plan->region == "eu-west-1" && plan->stream == "web/app/1"));
  CHECK((plan->endpoint == "http://127.0.0.1:4566" && plan->createGroup && plan->createStream));
  CHECK((plan->credentialsId == "one" && !plan->begins.empty()));
  CHECK(planAwsLogs({{"awslogs-group", "g"}}, "0123", "web")->stream == "0123");
  CHECK(planAwsLogs({{"awslogs-group", "g"}, {"tag", "{{.Name}}"}}, "0123", "web")->stream == "web");
}

TEST_CASE("options of awslogs that are wrong or not known are told by name") {
  struct Row {
    const char* name;
    const char* value;
    Code code;
  };
  const Row row = GENERATE(Row{"awslogs-format", "json", Code::Unimplemented},
                           Row{"awslogs-stream-prefix", "x", Code::Unimplemented},
                           Row{"awslogs-group", "a b", Code::InvalidArgument},
                           Row{"awslogs-stream", "a:b", Code::InvalidArgument},
                           Row{"awslogs-create-group", "yes", Code::InvalidArgument},
                           Row{"awslogs-create-stream", "", Code::InvalidArgument},
                           Row{"awslogs-region", "", Code::InvalidArgument},
                           Row{"awslogs-endpoint", "logs", Code::InvalidArgument},
                           Row{"awslogs-credentials-endpoint", "http://x/", Code::InvalidArgument},
                           Row{"awslogs-multiline-pattern", "(", Code::InvalidArgument},
                           Row{"awslogs-datetime-format", "%Q", Code::InvalidArgument},
                           Row{"tag", "{{.ImageName}}", Code::InvalidArgument});
  std::map<std::string, std::string> options = {{"awslogs-group", "g"}};
  options[row.name] = row.value;
  const auto refused = planAwsLogs(options, "0123", "web");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == row.code);
  CHECK(refused.error().message.find(row.name) != std::string::npos);
}

TEST_CASE("awslogs needs a group, and one rule for its messages") {
  CHECK(planAwsLogs({}, "0123", "web").error().message.find("awslogs-group") != std::string::npos);
  const auto two = planAwsLogs(
      {{"awslogs-group", "g"}, {"awslogs-datetime-format", "%Y"}, {"awslogs-multiline-pattern", "^a"}},
      "0123", "web");
  REQUIRE_FALSE(two);
  CHECK(two.error().code == Code::InvalidArgument);
}

TEST_CASE("lines are messages, and parts of a line are one") {
  CHECK(messages("", {out("a"), out(""), err("b"), out("c", true), out("d", true), out("e"), out("f")}) ==
        std::vector<std::string>{"a", "b", "cde", "f"});
  CHECK(messages("", {out("c", true), err("b"), out("d")}) == std::vector<std::string>{"c", "b", "d"});
}

TEST_CASE("with a pattern, lines up to the next that matches are one message") {
  const Lines lines = {out("INFO one"), out("  two"), out("INFO three"), out("INFO fo", true), out("ur")};
  CHECK(messages("^INFO", lines) == std::vector<std::string>{"INFO one\n  two", "INFO three", "INFO four"});
  const auto plan = planAwsLogs({{"awslogs-group", "g"}, {"awslogs-datetime-format", "[%b %d, %Y %H:%M:%S]"}},
                                "0123", "web");
  REQUIRE(plan);
  CHECK(messages(plan->begins, {out("[May 01, 2017 19:00:01] A"), out("[May 01] B"),
                                out("at x [Feb 30, 2017 24:00:04]"), out("[Dec 31, 2017 19:00:04] C")}) ==
        std::vector<std::string>{"[May 01, 2017 19:00:01] A\n[May 01] B\nat x [Feb 30, 2017 24:00:04]",
                                 "[Dec 31, 2017 19:00:04] C"});
}

TEST_CASE("what may go on is known") {
  const MessageRule none("");
  CHECK(none.open({}) == 0);
  CHECK(none.open({out("a"), out("b")}) == 0);
  CHECK(none.open({out("a"), out("b", true), out("c", true)}) == 2);
  const MessageRule stamped("^INFO");
  CHECK(stamped.open({out("INFO a"), out("b"), out("INFO c"), out("d")}) == 2);
  CHECK(stamped.open({out("b"), out("d")}) == 2);
}

TEST_CASE("a message is never longer than the service takes") {
  const Lines lines(40, out(std::string(16384, 'x'), true));
  const auto events = awsLogsEvents(MessageRule(""), lines);
  size_t bytes = 0;
  size_t count = 0;
  for (const AwsLogsEvent& event : events) {
    CHECK(event.message.size() <= AwsLogsBounds::kMessage);
    bytes += event.message.size();
    count += event.lines;
  }
  CHECK((events.size() == 3 && bytes == 40 * 16384 && count == 40));
}

TEST_CASE("batches stay within each of the service's bounds, in the order of time") {
  std::vector<AwsLogsEvent> events;
  for (int i = 0; i < 25'000; ++i) events.push_back({kMillis, "x"});
  auto batches = awsLogsBatches(events);
  REQUIRE(batches.size() == 3);
  CHECK((batches[0].size() == 10'000 && batches[2].size() == 5'000));

  // 1,048,576 is 4 times these with 26 each.
  events.assign(5, {kMillis, std::string(AwsLogsBounds::kMessage, 'x')});
  batches = awsLogsBatches(events);
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].size() == 4);

  const int64_t day = AwsLogsBounds::kSpanMillis;
  batches = awsLogsBatches({{day, "late"}, {1, "early"}, {day + 1, "later"}, {1, "early too"}});
  REQUIRE(batches.size() == 2);
  REQUIRE(batches[0].size() == 3);
  CHECK((batches[0][0].message == "early" && batches[0][1].message == "early too"));
  CHECK((batches[0][2].message == "late" && batches[1][0].message == "later"));
}

TEST_CASE("a call has the times of the lines, and lines without one have that of the one before") {
  AwsLogsPlan plan;
  plan.group = "g";
  plan.stream = "s";
  const auto events = awsLogsEvents(MessageRule(""), {out("a"), out("b", false, "")});
  CHECK(Json::parse(putLogEventsBody(plan, events)) ==
        Json{{"logGroupName", "g"},
             {"logStreamName", "s"},
             {"logEvents",
              {{{"timestamp", kMillis}, {"message", "a"}}, {{"timestamp", kMillis}, {"message", "b"}}}}});
}

TEST_CASE("lines that the service refuses are counted") {
  const std::vector<AwsLogsEvent> batch = {{1, "a", 1}, {2, "b", 10}, {3, "c", 100}, {4, "d", 1000}};
  CHECK(refusedLines("{}", batch) == 0);
  CHECK(refusedLines(R"({"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2}})", batch) == 11);
  CHECK(
      refusedLines(R"({"rejectedLogEventsInfo":{"expiredLogEventEndIndex":1,"tooNewLogEventStartIndex":3}})",
                   batch) == 1001);
  CHECK(refusedLines(R"({"rejectedLogEventsInfo":{"tooNewLogEventStartIndex":-5}})", batch) == 1111);
  CHECK(refusedLines("no json", batch) == 0);
}

}  // namespace
}  // namespace berth::agent::sinks
