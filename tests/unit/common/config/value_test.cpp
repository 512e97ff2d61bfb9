#include "common/config/value.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::config;
using namespace std::chrono_literals;

namespace {

std::string failure(const Setting& setting, std::string_view text) {
  const auto value = parseValue(setting, text);
  if (value) return "accepted";
  CHECK(value.error().code == Code::InvalidArgument);
  return value.error().message;
}

template <class T>
T read(const Setting& setting, std::string_view text) {
  auto value = parseValue(setting, text);
  if (!value) FAIL(value.error().message);
  return std::get<T>(*value);
}

}  // namespace

TEST_CASE("strings are taken as they are, but not empty") {
  CHECK(read<std::string>(string("a", ""), " x y ") == " x y ");
  CHECK(read<std::string>(string("a", ""), "000000000000") == "000000000000");
  CHECK(failure(string("a", ""), "") == "'a' is \"\": must not be empty; give a value or leave it out");
}

TEST_CASE("paths are absolute") {
  CHECK(read<std::string>(path("a", ""), "/var/lib/berth") == "/var/lib/berth");
  CHECK(failure(path("a", ""), "data") ==
        "'a' is \"data\": must be an absolute path, one that begins with /");
}

TEST_CASE("choices are one of the listed words") {
  const Setting setting = choice("auth", {"sigv4", "none"}, "");
  CHECK(read<std::string>(setting, "none") == "none");
  CHECK(failure(setting, "None") == "'auth' is \"None\": must be one of sigv4, none");
}

TEST_CASE("integers are whole and within their range") {
  const Setting setting = integer("port", "").between(1, 65535);
  CHECK(read<int64_t>(setting, "1") == 1);
  CHECK(read<int64_t>(setting, "65535") == 65535);
  CHECK(read<int64_t>(integer("n", ""), "-9223372036854775808") == INT64_MIN);
  for (const char* text :
       {"0", "65536", "1.0", "1e3", " 1", "1 ", "0x10", "+1", "one", "99999999999999999999"}) {
    CHECK(failure(setting, text) ==
          "'port' is \"" + std::string(text) + "\": must be a whole number between 1 and 65535");
  }
  CHECK_THAT(failure(integer("n", "").between(0, INT64_MAX), "-1"),
             Catch::EndsWith("whole number of at least 0"));
  CHECK_THAT(failure(integer("n", "").between(INT64_MIN, 9), "10"),
             Catch::EndsWith("whole number of at most 9"));
  CHECK_THAT(failure(integer("n", ""), "x"), Catch::EndsWith("must be a whole number"));
}

TEST_CASE("booleans are true or false") {
  CHECK(read<bool>(boolean("a", ""), "true"));
  CHECK_FALSE(read<bool>(boolean("a", ""), "false"));
  for (const char* text : {"yes", "1", "True", "on"}) {
    CHECK_THAT(failure(boolean("a", ""), text), Catch::EndsWith(": must be true or false"));
  }
}

TEST_CASE("durations need a unit") {
  CHECK(read<Duration>(duration("a", ""), "1h30m") == 90min);
  CHECK(failure(duration("a", ""), "10") ==
        "'a' is \"10\": must be a duration with a unit, like 500ms, 10s, 5m or 1h30m");
}

TEST_CASE("durations are within their range") {
  const Setting setting = duration("a", "").between(100ms, 1min);
  CHECK(read<Duration>(setting, "100ms") == 100ms);
  CHECK(read<Duration>(setting, "60s") == 1min);
  CHECK(failure(setting, "0s") == "'a' is \"0s\": must be between 100ms and 1m");
  CHECK(failure(setting, "61s") == "'a' is \"61s\": must be between 100ms and 1m");
}

TEST_CASE("sizes are bytes or have a decimal or binary unit") {
  const Setting setting = size("a", "");
  CHECK(read<int64_t>(setting, "0") == 0);
  CHECK(read<int64_t>(setting, "1048576") == 1048576);
  CHECK(read<int64_t>(setting, "1KB") == 1000);
  CHECK(read<int64_t>(setting, "512MiB") == 512 << 20);
  CHECK(read<int64_t>(setting, "10 GB") == 10'000'000'000);
  CHECK(read<int64_t>(setting, "8388607TiB") == int64_t{8388607} << 40);
  for (const char* text : {"1mb", "MB", "1.5GB", "-1", "1 000", "8388608TiB", "99999999999999999999"}) {
    CHECK_THAT(failure(setting, text), Catch::EndsWith("must be a size, like 1048576, 1MB or 1MiB"));
  }
  CHECK(failure(setting.between(1 << 20, int64_t{1} << 30), "5") ==
        "'a' is \"5\": must be a size between 1MiB and 1GiB, like 1048576, 1MB or 1MiB");
}

TEST_CASE("lists and maps are comma separated") {
  using Strings = std::vector<std::string>;
  CHECK(read<Strings>(list("a", ""), "") == Strings{});
  CHECK(read<Strings>(list("a", ""), "x") == Strings{"x"});
  CHECK(read<Strings>(list("a", ""), "x, y z ,w") == Strings{"x", "y z", "w"});
  CHECK_THAT(failure(list("a", ""), "x,,y"), Catch::EndsWith("must be a list like a,b without empty parts"));

  CHECK(read<StringMap>(map("a", ""), "") == StringMap{});
  CHECK(read<StringMap>(map("a", ""), "x=1, y = a=b ,z=") == StringMap{{"x", "1"}, {"y", "a=b"}, {"z", ""}});
  CHECK_THAT(failure(map("a", ""), "x"), Catch::EndsWith("must be pairs like a=1,b=2"));
  CHECK_THAT(failure(map("a", ""), "=1"), Catch::EndsWith("must be pairs like a=1,b=2"));
  CHECK_THAT(failure(map("a", ""), "x=1,,y=2"), Catch::EndsWith("must be pairs like a=1,b=2"));
  CHECK(failure(map("a", ""), "x=1,x=2") == "'a' has 'x' twice; keep one");
}

TEST_CASE("an error never shows a secret, and shows any other value on one short line") {
  CHECK(failure(integer("pin", "").secret(), "hunter2") == "'pin' must be a whole number");
  CHECK(failure(map("keys", "").secret(), "hunter2") == "'keys' must be pairs like a=1,b=2");
  CHECK_THAT(failure(integer("a", ""), "1\n\x1b[2J"), Catch::StartsWith("'a' is \"1\\x0a\\x1b[2J\":"));
  CHECK(failure(integer("a", ""), std::string(5000, '9')).size() < 200);
}

TEST_CASE("a secret is not shown by errors that would quote a part of it") {
  CHECK(failure(map("keys", "").secret(), "hunter2=1,hunter2=2") == "'keys' has a name twice; keep one");
}

TEST_CASE("a setting may have a rule of its own, for a text or for each item of a list") {
  auto even = [](std::string_view text) { return text.size() % 2 == 0; };
  const Setting word = string("word", "").matching(even, "must be even");
  CHECK(parseValue(word, "ab").ok());
  CHECK(failure(word, "abc") == "'word' is \"abc\": must be even");
  CHECK(failure(word.secret(), "abc") == "'word' must be even");
  const Setting words = list("words", "").matching(even, "must be even");
  CHECK(parseValue(words, "ab,cd").ok());
  CHECK(failure(words, "ab,c") == "'words' is \"c\": must be even");
  CHECK_FALSE(listOf(words, {"ab", "c"}).ok());
}

TEST_CASE("values are shown in the form they are read in") {
  CHECK(formatValue(boolean("a", ""), true) == "true");
  CHECK(formatValue(integer("a", ""), int64_t{-3}) == "-3");
  CHECK(formatValue(size("a", ""), int64_t{0}) == "0");
  CHECK(formatValue(size("a", ""), int64_t{512 << 20}) == "512MiB");
  CHECK(formatValue(size("a", ""), int64_t{3'000'000}) == "3MB");
  CHECK(formatValue(size("a", ""), int64_t{1001}) == "1001B");
  CHECK(formatValue(duration("a", ""), Duration(90s)) == "90s");
  CHECK(formatValue(list("a", ""), std::vector<std::string>{"x", "y, z"}) == "[x, \"y, z\"]");
  CHECK(formatValue(map("a", ""), StringMap{{"k", "v"}, {"m", "1"}}) == "{k: v, m: \"1\"}");
}

TEST_CASE("yaml scalars are plain where yaml reads them as strings") {
  for (const char* text : {"default", "/var/lib", "us-east-1", "http://127.0.0.1:7400", "a@b.c"}) {
    CHECK(yamlScalar(text) == text);
  }
  for (const char* text :
       {"", "true", "No", "null", "~", "1", "-a", "a: b", "a:", "a #b", "[x]", "*x", "é"}) {
    CHECK(yamlScalar(text) == "\"" + std::string(text) + "\"");
  }
  CHECK(yamlScalar("a\"b\\\n") == "\"a\\\"b\\\\\\x0a\"");
}
