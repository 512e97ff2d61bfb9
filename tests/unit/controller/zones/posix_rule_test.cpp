// The rule at the end of a compiled time zone.
#include "controller/zones/posix_rule.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "common/time/timestamp.hpp"

using namespace berth;
using namespace berth::controller;

namespace {

WallTime momentOf(const std::string& text) { return *parseTimestamp(text + ":00Z"); }

/// "offset in minutes, from, to"
std::string stretch(const std::string& rule, const std::string& moment) {
  const auto parsed = PosixRule::parse(rule);
  REQUIRE(parsed);
  const ZonePeriod period = parsed->periodAt(momentOf(moment));
  const auto shown = [](WallTime time) {
    const bool ever = time == WallTime::min() || time == WallTime::max();
    return ever ? std::string("ever") : toRfc3339(time).substr(0, 16);
  };
  return std::to_string(period.offset.count() / 60) + " " + shown(period.begin) + " " + shown(period.end);
}

}  // namespace

TEST_CASE("a rule without summer time is one stretch") {
  CHECK(stretch("<+0530>-5:30", "2050-06-01T00:00") == "330 ever ever");
  CHECK(stretch("EST5", "2050-06-01T00:00") == "-300 ever ever");
}

TEST_CASE("summer time begins by standard time, and ends by its own") {
  const std::string rule = "CET-1CEST,M3.5.0,M10.5.0/3";
  CHECK(stretch(rule, "2040-01-15T00:00") == "60 2039-10-30T01:00 2040-03-25T01:00");
  CHECK(stretch(rule, "2040-03-25T00:59") == "60 2039-10-30T01:00 2040-03-25T01:00");
  CHECK(stretch(rule, "2040-03-25T01:00") == "120 2040-03-25T01:00 2040-10-28T01:00");
  CHECK(stretch("EST5EDT,M3.2.0,M11.1.0", "2040-07-01T00:00") == "-240 2040-03-11T07:00 2040-11-04T06:00");
}

TEST_CASE("in the south summer goes over the turn of the year") {
  CHECK(stretch("AEST-10AEDT,M10.1.0,M4.1.0/3", "2040-01-01T00:00") ==
        "660 2039-10-01T16:00 2040-03-31T16:00");
}

TEST_CASE("summer time may be less than an hour, or winter's own, and change on another day") {
  CHECK(stretch("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2040-12-01T00:00") ==
        "660 2040-10-06T15:30 2041-04-06T15:00");
  CHECK(stretch("IST-1GMT0,M10.5.0,M3.5.0/1", "2040-01-01T00:00") == "0 2039-10-30T01:00 2040-03-25T01:00");
  CHECK(stretch("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-07-01T00:00") ==
        "-60 2040-03-25T01:00 2040-10-28T01:00");
  CHECK(stretch("IST-2IDT,M3.4.4/26,M10.5.0", "2040-07-01T00:00") == "180 2040-03-23T00:00 2040-10-27T23:00");
}

TEST_CASE("days may be numbered, with 29 February and without") {
  CHECK(stretch("AAA0BBB,J60/0,J61/0", "2040-03-01T12:00") == "60 2040-03-01T00:00 2040-03-01T23:00");
  CHECK(stretch("AAA0BBB,59/0,60/0", "2040-02-29T12:00") == "60 2040-02-29T00:00 2040-02-29T23:00");
  // Summer all year.
  CHECK(stretch("XXX3EDT4,0/0,J365/23", "2040-06-01T00:00").starts_with("-240 "));
}

TEST_CASE("what is no rule is none") {
  for (const char* wrong : {"", "CE-1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
                            "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J2", "CET-1CEST,366,2", "CET-25",
                            "<+01-1", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1:60"}) {
    INFO(wrong);
    CHECK_FALSE(PosixRule::parse(wrong));
  }
}
