// Schedules as text, and when they are due in UTC.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/time/timestamp.hpp"
#include "controller/jobs/occurrence.hpp"

using namespace berth;
using namespace berth::controller;

namespace {

WallTime when(const std::string& text) {
  const auto time = parseTimestamp(text + ":00Z");
  REQUIRE(time);
  return *time;
}

std::string shown(WallTime time) { return toRfc3339(time).substr(0, 16); }

/// The first moments after `after`, as "2026-01-01T00:00 2026-...".
std::string due(const std::string& schedule, const std::string& after, int count = 3) {
  const auto parsed = parseSchedule(schedule);
  if (!parsed) return parsed.error().message;
  const auto zone = OnlyUtc().find("UTC");
  std::string out;
  std::optional<WallTime> at = when(after);
  for (int i = 0; i < count; ++i) {
    at = nextAfter(*parsed, *zone, when("2026-01-01T00:00"), *at);
    if (!at) return out + "never";
    out += shown(*at) + (i + 1 < count ? " " : "");
  }
  return out;
}

std::string fault(const std::string& schedule) {
  const auto parsed = parseSchedule(schedule);
  if (parsed) return "no fault";
  CHECK(parsed.error().code == Code::InvalidArgument);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("cron of six fields is due when EventBridge says so") {
  const std::string from = "2026-11-27T20:15";  // a Friday
  CHECK(due("cron(0 10 * * ? *)", from) == "2026-11-28T10:00 2026-11-29T10:00 2026-11-30T10:00");
  CHECK(due("cron(15 12 * * ? *)", from, 1) == "2026-11-28T12:15");
  CHECK(due("cron(0 18 ? * MON-FRI *)", from) == "2026-11-30T18:00 2026-12-01T18:00 2026-12-02T18:00");
  CHECK(due("cron(0 8 1 * ? *)", from) == "2026-12-01T08:00 2027-01-01T08:00 2027-02-01T08:00");
  CHECK(due("cron(0/10 * ? * MON-FRI *)", from) == "2026-11-27T20:20 2026-11-27T20:30 2026-11-27T20:40");
  CHECK(due("cron(0/5 8-17 ? * MON-FRI *)", from, 2) == "2026-11-30T08:00 2026-11-30T08:05");
  CHECK(due("cron(0 9 ? * 2#1 *)", from) == "2026-12-07T09:00 2027-01-04T09:00 2027-02-01T09:00");
  CHECK(due("cron(0 9 ? * FRI#5 *)", from, 2) == "2027-01-29T09:00 2027-04-30T09:00");
  CHECK(due("cron(0 0 L * ? *)", from) == "2026-11-30T00:00 2026-12-31T00:00 2027-01-31T00:00");
  CHECK(due("cron(0 0 L-2 * ? *)", from, 2) == "2026-11-28T00:00 2026-12-29T00:00");
  CHECK(due("cron(0 0 LW * ? *)", from, 2) == "2026-11-30T00:00 2026-12-31T00:00");
  CHECK(due("cron(0 0 ? * 6L *)", from, 2) == "2026-12-25T00:00 2027-01-29T00:00");
  CHECK(due("cron(0 0 ? * L *)", from, 2) == "2026-11-28T00:00 2026-12-05T00:00");
  CHECK(due("cron(0 0 ? * SAT-SUN *)", from) == "2026-11-28T00:00 2026-11-29T00:00 2026-12-05T00:00");
  CHECK(due("cron(0 0 ? jan-mar,DEC 7 *)", from, 2) == "2026-12-05T00:00 2026-12-12T00:00");
  CHECK(due("cron(30 6 29 2 ? *)", from) == "2028-02-29T06:30 2032-02-29T06:30 2036-02-29T06:30");
  CHECK(due("cron(0 12 1 1 ? 2026-2028)", from) == "2027-01-01T12:00 2028-01-01T12:00 never");
  CHECK(due("cron(0 12 1 1 ? 2030/2)", from, 2) == "2030-01-01T12:00 2032-01-01T12:00");
  CHECK(due("cron(10,40 1,23 * * ? 2026)", from) == "2026-11-27T23:10 2026-11-27T23:40 2026-11-28T01:10");
  CHECK(due("  Cron( 0   10 * * ? * ) ", from, 1) == "2026-11-28T10:00");
}

TEST_CASE("the workday nearest to a day stays within its month") {
  // 1 August 2026 is a Saturday, 31 May 2026 a Sunday.
  CHECK(due("cron(0 9 1W * ? *)", "2026-07-15T00:00", 1) == "2026-08-03T09:00");
  CHECK(due("cron(0 9 31W * ? *)", "2026-05-02T00:00", 2) == "2026-05-29T09:00 2026-07-31T09:00");
  CHECK(due("cron(0 9 15W * ? *)", "2026-08-01T00:00", 2) == "2026-08-14T09:00 2026-09-15T09:00");
  CHECK(due("cron(0 9 16W * ? *)", "2026-08-01T00:00", 1) == "2026-08-17T09:00");
}

TEST_CASE("cron of five fields is due as crontab says") {
  const std::string from = "2026-11-27T20:15";
  CHECK(due("*/20 * * * *", from) == "2026-11-27T20:20 2026-11-27T20:40 2026-11-27T21:00");
  CHECK(due("0 9 * * 1-5", from) == "2026-11-30T09:00 2026-12-01T09:00 2026-12-02T09:00");
  CHECK(due("0 0 * * 0", from, 1) == "2026-11-29T00:00");
  CHECK(due("0 0 * * 7", from, 1) == "2026-11-29T00:00");
  CHECK(due("0 0 * * fri-mon", from) == "2026-11-28T00:00 2026-11-29T00:00 2026-11-30T00:00");
  // Both days given: one of them is enough.
  CHECK(due("0 0 13 * 5", "2026-12-05T00:00") == "2026-12-11T00:00 2026-12-13T00:00 2026-12-18T00:00");
  CHECK(due("0 0 13 * *", from, 1) == "2026-12-13T00:00");
  CHECK(due("5 4 1-10/3 */6 *", from) == "2027-01-01T04:05 2027-01-04T04:05 2027-01-07T04:05");
}

TEST_CASE("a rate counts from its anchor, however late it is asked") {
  CHECK(due("rate(5 minutes)", "2026-01-01T00:00") == "2026-01-01T00:05 2026-01-01T00:10 2026-01-01T00:15");
  CHECK(due("rate(1 hour)", "2026-03-01T12:34", 1) == "2026-03-01T13:00");
  CHECK(due("rate(2 days)", "2026-01-02T01:00", 2) == "2026-01-03T00:00 2026-01-05T00:00");
  CHECK(due("rate(1 day)", "2025-06-01T00:00", 1) == "2026-01-02T00:00");
}

TEST_CASE("a moment that is due is not its own next one") {
  CHECK(due("0 9 * * *", "2026-11-27T09:00", 1) == "2026-11-28T09:00");
  CHECK(due("0 9 * * *", "2026-11-27T08:59", 1) == "2026-11-27T09:00");
}

TEST_CASE("a date that there is not is never due") {
  CHECK(due("0 0 30 2 *", "2026-01-01T00:00", 1) == "never");
  CHECK(due("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00", 1) == "never");
}

TEST_CASE("a schedule that can't be read is told by field, with what may stand there") {
  CHECK(fault("cron(60 * * * ? *)") ==
        "schedule 'cron(60 * * * ? *)': the minutes '60': use a number from 0 to 59");
  CHECK_THAT(fault("0 24 * * *"), Catch::Contains("the hours '24': use a number from 0 to 23"));
  CHECK_THAT(fault("0 0 0 * *"), Catch::Contains("the days of the month '0'"));
  CHECK_THAT(fault("0 0 * FOO *"), Catch::Contains("the months 'FOO'") && Catch::Contains("JAN to DEC"));
  CHECK_THAT(fault("0 0 * * 8"), Catch::Contains("the days of the week '8': use a number from 0 to 7"));
  CHECK_THAT(fault("cron(0 0 ? * 0 *)"), Catch::Contains("use a number from 1 to 7"));
  CHECK_THAT(fault("cron(0 0 * * * *)"), Catch::Contains("must be '?'"));
  CHECK_THAT(fault("cron(0 0 ? * ? *)"), Catch::Contains("must be '?'"));
  CHECK_THAT(fault("cron(0 0 * * *)"), Catch::Contains("five fields are written without cron(...)"));
  CHECK_THAT(fault("0 0 * * ? *"), Catch::Contains("are written cron("));
  CHECK_THAT(fault("30-10 * * * *"), Catch::Contains("the range ends before it begins"));
  CHECK_THAT(fault("*/0 * * * *"), Catch::Contains("a step from 1 to 59"));
  CHECK_THAT(fault("1,,2 * * * *"), Catch::Contains("beside a comma"));
  CHECK_THAT(fault("0 0 L * *"), Catch::Contains("the days of the month 'L'"));
  CHECK_THAT(fault("cron(0 0 L-31 * ? *)"), Catch::Contains("from 1 to 30"));
  CHECK_THAT(fault("cron(0 0 40W * ? *)"), Catch::Contains("before 'W'"));
  CHECK_THAT(fault("cron(0 0 ? * MON#6 *)"), Catch::Contains("from 1 to 5"));
  CHECK_THAT(fault("cron(0 0 ? * 9L *)"), Catch::Contains("days of the week '9'"));
  CHECK_THAT(fault("cron(0 0 1 1 ? 2200)"), Catch::Contains("the years '2200'"));
  CHECK_THAT(fault("rate(0 minutes)"), Catch::Contains("from 1 to 527040"));
  CHECK_THAT(fault("rate(5)"), Catch::Contains("rate(5 minutes)"));
  CHECK_THAT(fault("rate(5 weeks)"), Catch::Contains("minutes, hours or days"));
  CHECK_THAT(fault("rate(5 minutes"), Catch::Contains("')'"));
  CHECK_THAT(fault("at(2026-01-01T00:00:00)"), Catch::Contains("use rate(...), cron(...)"));
  CHECK_THAT(fault(""), Catch::Contains("use rate(5 minutes)"));
  CHECK_THAT(fault("0 0 * * *\n"), Catch::Contains("printable"));
  CHECK_THAT(fault(std::string(300, '0')), Catch::Contains("256"));
}

TEST_CASE("moments that have passed are counted, and the last of them is found") {
  const auto zone = OnlyUtc().find("UTC");
  const auto passed = [&](const std::string& text, const std::string& first, const std::string& now) {
    const auto out =
        passedUpTo(*parseSchedule(text), *zone, when("2026-01-01T00:00"), when(first), when(now));
    return std::to_string(out.count) + " to " + shown(out.last);
  };
  CHECK(passed("0 9 * * *", "2026-11-01T09:00", "2026-11-01T09:00") == "1 to 2026-11-01T09:00");
  CHECK(passed("0 9 * * *", "2026-11-01T09:00", "2026-11-05T08:00") == "4 to 2026-11-04T09:00");
  CHECK(passed("* * * * *", "2026-01-01T00:01", "2026-12-31T12:34") == "1000 to 2026-12-31T12:34");
  CHECK(passed("* * * 1 *", "2026-01-01T00:01", "2026-12-31T12:34") == "1000 to 2026-01-31T23:59");
  CHECK(passed("rate(1 minute)", "2026-01-01T00:01", "2026-12-31T12:34") == "1000 to 2026-12-31T12:34");
}
