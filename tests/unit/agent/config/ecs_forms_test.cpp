#include "agent/config/ecs_forms.hpp"

#include <catch2/catch.hpp>

#include "agent/config/rules.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;
using config::Alias;
using config::Setting;
using config::Value;

namespace {

using Strings = std::vector<std::string>;

Value valueOf(const Setting& setting, const Alias& alias, std::string_view text) {
  auto made = alias.translate(setting, alias, text);
  if (!made) FAIL(made.error().message);
  CHECK(made->warning.empty());
  REQUIRE(made->value);
  return *made->value;
}

std::string refusal(const Setting& setting, const Alias& alias, std::string_view text) {
  const auto made = alias.translate(setting, alias, text);
  return made ? "accepted" : made.error().message;
}

}  // namespace

TEST_CASE("Go's booleans have six words each") {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) CHECK(parseGoBoolean(yes) == true);
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) CHECK(parseGoBoolean(no) == false);
  for (const char* neither : {"", "yes", "no", "on", "tRUE", "2", "true "})
    CHECK(parseGoBoolean(neither) == std::nullopt);
}

TEST_CASE("Go's durations have parts in any order, fractions and a sign") {
  CHECK(parseGoDuration("10m") == 10min);
  CHECK(parseGoDuration("1h30m") == 90min);
  CHECK(parseGoDuration("30m1h") == 90min);
  CHECK(parseGoDuration("1.5h") == 90min);
  CHECK(parseGoDuration(".5s") == 500ms);
  CHECK(parseGoDuration("1.s") == 1s);
  CHECK(parseGoDuration("1.1s") == 1100ms);
  CHECK(parseGoDuration("250ms") == 250ms);
  CHECK(parseGoDuration("3us") == 3us);
  CHECK(parseGoDuration("3\xC2\xB5s") == 3us);
  CHECK(parseGoDuration("3\xCE\xBCs") == 3us);
  CHECK(parseGoDuration("7ns") == 7ns);
  CHECK(parseGoDuration("-2s") == -2s);
  CHECK(parseGoDuration("+2s") == 2s);
  CHECK(parseGoDuration("0") == 0s);
  CHECK(parseGoDuration("0s") == 0s);
  CHECK(parseGoDuration("10800000000000ns") == 3h);
  CHECK(parseGoDuration("2540400h") == Duration(2540400h));
  CHECK(parseGoDuration("9223372036854775807ns") == Duration::max());
  for (const char* text : {"", "-", "10", "h", "1d", "1.2.3s", ".s", "1 h", "ten", "9223372036854775808ns",
                           "99999999999999999999s", "3000000h", "1h-2m"})
    CHECK(parseGoDuration(text) == std::nullopt);
}

TEST_CASE("a text is taken as it is and must follow the setting's rule") {
  const Setting setting = config::string("k", "d").matching(isPortRange, "must be two ports");
  CHECK(valueOf(setting, asText("V", "J"), "1-2") == Value(std::string("1-2")));
  CHECK(refusal(setting, asText("V", "J"), "2-1") == "'k' is \"2-1\": must be two ports");
}

TEST_CASE("a number is whole and within its range, a size is in MiB") {
  const Setting number = config::integer("k", "d").between(0, 100);
  CHECK(valueOf(number, asNumber("V", ""), "64") == Value(int64_t{64}));
  for (const char* text : {"101", "-1", "6.5", "64MiB", "x"})
    CHECK_THAT(refusal(number, asNumber("V", ""), text), Catch::Contains("must be a whole number"));
  const Setting size = config::size("k", "d").between(0, 1 << 30);
  CHECK(valueOf(size, asNumber("V", ""), "2") == Value(int64_t{2} << 20));
  CHECK_THAT(refusal(size, asNumber("V", ""), "x"), Catch::Contains("must be a size"));
}

TEST_CASE("a boolean may be the opposite of the setting") {
  const Setting setting = config::boolean("k", "d");
  CHECK(valueOf(setting, asBoolean("V", ""), "T") == Value(true));
  CHECK(valueOf(setting, asBoolean("V", ""), "0") == Value(false));
  CHECK(valueOf(setting, asOpposite("V", ""), "true") == Value(false));
  CHECK(valueOf(setting, asOpposite("V", ""), "f") == Value(true));
  for (const Alias& alias : {asBoolean("V", ""), asOpposite("V", "")})
    CHECK(refusal(setting, alias, "yes") == "'k' is \"yes\": must be true or false (or 1, t, 0, f)");
}

TEST_CASE("a duration below the least is raised to it, or counts as not set") {
  const Setting setting = config::duration("k", "d").between(Duration(1s), Duration(2h)).byDefault("3m");
  const Alias raised = asDuration("V", "", Duration(45s));
  const Alias ignored = asDurationOrDefault("V", "", Duration(45s));
  for (const Alias& alias : {raised, ignored}) {
    CHECK(valueOf(setting, alias, "45s") == Value(Duration(45s)));
    CHECK(valueOf(setting, alias, "30m1h") == Value(Duration(90min)));
    CHECK_THAT(refusal(setting, alias, "3h"), Catch::Contains("must be between 1s and 2h"));
    for (const char* text : {"10", "-1s", "soon"})
      CHECK_THAT(refusal(setting, alias, text), Catch::Contains("must be a duration with a unit"));
    const auto zero = alias.translate(setting, alias, "0s");
    REQUIRE(zero);
    CHECK_FALSE(zero->value);
    CHECK(zero->warning == "0 counts as not set");
  }
  const auto low = raised.translate(setting, raised, "10s");
  REQUIRE(low);
  CHECK(low->value == Value(Duration(45s)));
  CHECK(low->warning == "10s is raised to 45s");
  const auto none = ignored.translate(setting, ignored, "10s");
  REQUIRE(none);
  CHECK_FALSE(none->value);
  CHECK(none->warning == "10s counts as not set: it is less than 45s");
}

TEST_CASE("no duration at all is one where that is the default") {
  const Setting setting = config::duration("k", "d").between(Duration(0), Duration(2h)).byDefault("0s");
  CHECK(valueOf(setting, asDuration("V", ""), "0") == Value(Duration(0)));
}

TEST_CASE("a JSON array is a list") {
  const Setting ports = config::list("k", "d").matching(isPort, "must be ports");
  CHECK(valueOf(ports, asJsonList("V", ""), "[22, 80]") == Value(Strings{"22", "80"}));
  CHECK(valueOf(ports, asJsonList("V", ""), "[]") == Value(Strings{}));
  CHECK(refusal(ports, asJsonList("V", ""), "[0]") == "'k' is \"0\": must be ports");
  const Setting words = config::list("k", "d");
  CHECK(valueOf(words, asJsonList("V", ""), R"(["a,b","c"])") == Value(Strings{"a,b", "c"}));
  for (const char* text : {"22,80", "{}", "[22", "[1.5]", "[[1]]", "[null]", "[\"\"]", "22", "\"a\""})
    CHECK_THAT(refusal(words, asJsonList("V", ""), text), Catch::Contains("must be a JSON array"));
}

TEST_CASE("a JSON object of strings is a map") {
  const Setting setting = config::map("k", "d");
  CHECK(valueOf(setting, asJsonMap("V", ""), R"({"a":"1,2=3","b":""})") ==
        Value(config::StringMap{{"a", "1,2=3"}, {"b", ""}}));
  CHECK(valueOf(setting, asJsonMap("V", ""), "{}") == Value(config::StringMap{}));
  for (const char* text : {"a=1", "[]", "{\"a\":1}", "{\"a\":{}}", "{\"a\"", "null"})
    CHECK_THAT(refusal(setting, asJsonMap("V", ""), text),
               Catch::Contains("must be a JSON object of strings"));
}

TEST_CASE("a list of names is separated by commas, in JSON an array") {
  const Setting setting = config::list("k", "d");
  CHECK(valueOf(setting, asCommaList("V", ""), "a:1, b:2") == Value(Strings{"a:1", "b:2"}));
  CHECK(valueOf(setting, asCommaList("V", ""), R"(["a:1"])") == Value(Strings{"a:1"}));
  CHECK_THAT(refusal(setting, asCommaList("V", ""), "a,,b"), Catch::Contains("without empty parts"));
}

TEST_CASE("an endpoint without a scheme is https") {
  const Setting setting = config::string("k", "d").matching(isApi, "must be a URL");
  CHECK(valueOf(setting, asEndpoint("V", ""), "ecs.example:8443") ==
        Value(std::string("https://ecs.example:8443")));
  CHECK(valueOf(setting, asEndpoint("V", ""), "http://ecs.example") ==
        Value(std::string("http://ecs.example")));
  CHECK_THAT(refusal(setting, asEndpoint("V", ""), "ftp://x"), Catch::Contains("must be a URL"));
}

TEST_CASE("words of the log and of pulls are translated") {
  const Setting level = config::choice("k", {"debug", "info", "warn", "error"}, "d");
  CHECK(valueOf(level, asLogLevel("V"), "crit") == Value(std::string("error")));
  CHECK(valueOf(level, asLogLevel("V"), "WARN") == Value(std::string("warn")));
  CHECK(refusal(level, asLogLevel("V"), "loud") ==
        "'k' is \"loud\": must be one of debug, info, warn, error, crit");
  const Setting format = config::choice("k", {"auto", "text", "json"}, "d");
  CHECK(valueOf(format, asLogFormat("V"), "logfmt") == Value(std::string("text")));
  CHECK(valueOf(format, asLogFormat("V"), "json") == Value(std::string("json")));
  CHECK_THAT(refusal(format, asLogFormat("V"), "xml"), Catch::Contains("must be one of logfmt, json"));
  const Setting pull = config::choice("k", {"default", "always", "once", "prefer-cached"}, "d");
  CHECK(valueOf(pull, asPullBehavior("V", ""), "once") == Value(std::string("once")));
  CHECK(valueOf(pull, asPullBehavior("V", ""), "3") == Value(std::string("prefer-cached")));
  CHECK_THAT(refusal(pull, asPullBehavior("V", ""), "4"),
             Catch::EndsWith("must be one of default, always, once, prefer-cached"));
}

TEST_CASE("a secret is not quoted by the error of any form") {
  const Setting secret = config::string("k", "d").secret().matching(isApi, "must be a URL");
  CHECK(refusal(secret, asText("V", ""), "hidden-one") == "'k' must be a URL");
}
