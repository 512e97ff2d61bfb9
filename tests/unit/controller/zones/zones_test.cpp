// Schedules in real time zones, over the changes of their clocks.
#include "controller/zones/zones.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

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

/// The first moments after `after`, in UTC.
std::string due(const std::string& schedule, const std::string& zone_name, const std::string& after,
                int count = 3) {
  static const SystemZones kZones;
  const auto zone = kZones.find(zone_name);
  REQUIRE(zone);
  const auto parsed = parseSchedule(schedule);
  REQUIRE(parsed);
  std::string out;
  std::optional<WallTime> at = when(after);
  for (int i = 0; i < count; ++i) {
    at = nextAfter(*parsed, *zone, when("2026-01-01T00:00"), *at);
    REQUIRE(at);
    out += (i == 0 ? "" : " ") + toRfc3339(*at).substr(5, 11);
  }
  return out;
}

}  // namespace

TEST_CASE("a zone is found by its name, and only by that") {
  const SystemZones zones;
  CHECK(zones.find("Europe/Berlin"));
  CHECK(zones.find("UTC"));
  CHECK(zones.find("America/New_York") == zones.find("America/New_York"));
  for (const char* name : {"", "Berlin", "europe/berlin", "../zoneinfo/UTC", "/etc/passwd", "tzdata.zi"}) {
    CAPTURE(name);
    CHECK_FALSE(zones.find(name));
  }
}

TEST_CASE("a time of day that spring leaves out is due right behind the gap, once") {
  // Berlin's clocks went from 2:00 to 3:00 at 01:00 UTC on 29 March 2026.
  const std::string zone = "Europe/Berlin";
  CHECK(due("30 2 * * *", zone, "2026-03-28T00:00") == "03-28T01:30 03-29T01:00 03-30T00:30");
  CHECK(due("*/20 2 * * *", zone, "2026-03-28T01:30") == "03-28T01:40 03-29T01:00 03-30T00:00");
  CHECK(due("0 2,3 * * *", zone, "2026-03-28T02:30") == "03-29T01:00 03-30T00:00 03-30T01:00");
  CHECK(due("0 4 * * *", zone, "2026-03-28T12:00", 2) == "03-29T02:00 03-30T02:00");
  // New York's at 07:00 UTC on 8 March.
  CHECK(due("cron(30 2 * * ? *)", "America/New_York", "2026-03-07T12:00", 2) == "03-08T07:00 03-09T06:30");
}

TEST_CASE("a time of day that autumn has twice is due the first time") {
  // Berlin's clocks went from 3:00 to 2:00 at 01:00 UTC on 25 October 2026.
  const std::string zone = "Europe/Berlin";
  CHECK(due("30 2 * * *", zone, "2026-10-24T00:00") == "10-24T00:30 10-25T00:30 10-26T01:30");
  CHECK(due("*/30 2 * * *", zone, "2026-10-24T12:00") == "10-25T00:00 10-25T00:30 10-26T01:00");
  CHECK(due("0 3 * * *", zone, "2026-10-24T12:00", 2) == "10-25T02:00 10-26T02:00");
  // Asked for within the second of the two hours.
  CHECK(due("45 2 * * *", zone, "2026-10-25T01:10", 1) == "10-26T01:45");
}

TEST_CASE("a schedule for each hour follows the clock") {
  const std::string zone = "Europe/Berlin";
  CHECK(due("30 * * * *", zone, "2026-03-29T00:00") == "03-29T00:30 03-29T01:30 03-29T02:30");
  CHECK(due("30 * * * *", zone, "2026-10-24T23:45", 4) == "10-25T00:30 10-25T01:30 10-25T02:30 10-25T03:30");
  CHECK(due("rate(1 day)", zone, "2026-03-28T12:00", 2) == "03-29T00:00 03-30T00:00");
}

TEST_CASE("zones with unusual changes are followed, too") {
  // Lord Howe Island moves by half an hour: 2:00 to 2:30 on 4 October 2026 at 15:30 UTC of the day before.
  CHECK(due("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T16:00", 2) == "10-03T15:30 10-04T15:15");
  // Samoa had no 30 December 2011.
  CHECK(due("0 12 * * *", "Pacific/Apia", "2011-12-29T20:00", 3) == "12-29T22:00 12-30T10:00 12-30T22:00");
}

TEST_CASE("each day of ten years has its run, in every kind of zone") {
  static const SystemZones kZones;
  for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
                           "Africa/Casablanca", "America/Santiago"}) {
    for (const char* text : {"30 2 * * *", "0 0 * * *", "59 23 * * *"}) {
      CAPTURE(name, text);
      const auto schedule = parseSchedule(text);
      const auto zone = kZones.find(name);
      WallTime at = when("2026-01-01T12:00");
      int runs = 0;
      while (const auto next = nextAfter(*schedule, *zone, at, at)) {
        if (*next > when("2036-01-01T12:00")) break;
        REQUIRE(*next > at);
        at = *next;
        ++runs;
      }
      CHECK(runs == 3652);
    }
  }
}

TEST_CASE("clocks change after 2037, too") {
  const std::string zone = "Europe/Berlin";
  // Berlin's clocks will go forward at 01:00 UTC on 25 March 2040, and back on 28 October.
  CHECK(due("0 12 * * *", zone, "2040-03-23T12:00", 3) == "03-24T11:00 03-25T10:00 03-26T10:00");
  CHECK(due("30 2 * * *", zone, "2040-03-24T12:00", 2) == "03-25T01:00 03-26T00:30");
  CHECK(due("30 2 * * *", zone, "2040-10-26T12:00", 3) == "10-27T00:30 10-28T00:30 10-29T01:30");
  // What the lists say last, and what the rules say first.
  CHECK(due("0 12 * * *", zone, "2037-10-24T00:00", 2) == "10-24T10:00 10-25T11:00");
  CHECK(due("0 12 * * *", zone, "2038-03-27T00:00", 2) == "03-27T11:00 03-28T10:00");
  CHECK(due("0 12 * * *", "Australia/Sydney", "2041-04-05T00:00", 3) ==
        "04-05T01:00 04-06T01:00 04-07T02:00");
}
