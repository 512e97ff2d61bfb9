#include "common/log/render.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

using namespace berth;

namespace {

const WallTime kTime = fromEpochMillis(1'719'650'000'123);

std::string text(std::string_view message, const std::vector<LogField>& fields = {}) {
  return renderText(LogLevel::Info, message, fields);
}

nlohmann::json json(std::string_view message, const std::vector<LogField>& fields = {}) {
  const std::string line = renderJson(kTime, LogLevel::Warn, "berth-agent", message, fields);
  CAPTURE(line);
  CHECK(line.find('\n') == std::string::npos);
  return nlohmann::json::parse(line);
}

}  // namespace

TEST_CASE("text lines have time, level, message and fields") {
  const std::vector<LogField> fields = {
      {"task", "default/0123"}, {"note", "two words"}, {"code", 137}, {"ok", true},
      {"load", 0.25},           {"left", -3}};
  CHECK(
      renderText(kTime, LogLevel::Info, "container stopped", fields) ==
      "2024-06-29T08:33:20.123Z INFO container stopped task=default/0123 note=\"two words\" code=137 ok=true "
      "load=0.25 left=-3");
}

TEST_CASE("each level has its name") {
  CHECK(renderText(LogLevel::Debug, "m", {}) == "DEBUG m");
  CHECK(renderText(LogLevel::Warn, "m", {}) == "WARN m");
  CHECK(renderText(LogLevel::Error, "m", {}) == "ERROR m");
}

TEST_CASE("text values that are not one plain word are quoted") {
  CHECK(text("m", {{"a", ""}}) == "INFO m a=\"\"");
  CHECK(text("m", {{"a", "x=y"}}) == "INFO m a=\"x=y\"");
  CHECK(text("m", {{"a", "say \"hi\""}}) == "INFO m a=\"say \\\"hi\\\"\"");
  CHECK(text("m", {{"a", "back\\slash"}}) == "INFO m a=\"back\\\\slash\"");
  CHECK(text("m", {{"a", "Grüße"}}) == "INFO m a=Grüße");
}

TEST_CASE("nothing in a text line begins a line of its own or steers the terminal") {
  CHECK(text("a\nERROR forged") == "INFO a\\nERROR forged");
  CHECK(text("m", {{"a", "x\r\n\ty"}}) == "INFO m a=\"x\\r\\n\\ty\"");
  CHECK(text("m", {{"a", "\x1b[31mred"}}) == "INFO m a=\"\\u001b[31mred\"");
  CHECK(text("m", {{"a", std::string_view("nul\0nul", 7)}}) == "INFO m a=\"nul\\u0000nul\"");
  CHECK(text("m", {{"a", "\x7f"}}) == "INFO m a=\"\\u007f\"");
  CHECK(text("m", {{"a", "\xc2\x9b\x33"}}) == "INFO m a=\"\\u009b3\"");
  CHECK(text("m", {{"a",
                    "\xe2\x80\xae"
                    "gpj"}}) == "INFO m a=\"\\u202egpj\"");
  CHECK(text("m", {{"k\ney", "v"}}) == "INFO m k\\ney=v");
}

TEST_CASE("invalid utf-8 is shown byte by byte in text") {
  CHECK(text("m", {{"a", "\xff"}}) == "INFO m a=\"\\xff\"");
  CHECK(text("m", {{"a", "\xc0\x8a"}}) == "INFO m a=\"\\xc0\\x8a\"");                    // overlong line end
  CHECK(text("m", {{"a", "\xe0\x80\x8a"}}) == "INFO m a=\"\\xe0\\x80\\x8a\"");           // overlong again
  CHECK(text("m", {{"a", "\xed\xa0\x80"}}) == "INFO m a=\"\\xed\\xa0\\x80\"");           // surrogate
  CHECK(text("m", {{"a", "\xf4\x90\x80\x80"}}) == "INFO m a=\"\\xf4\\x90\\x80\\x80\"");  // past the last one
  CHECK(text("m", {{"a", "\xe2\x82"}}) == "INFO m a=\"\\xe2\\x82\"");                    // cut short
  CHECK(text("m", {{"a", "\xf0\x9f\x90\xb3"}}) == "INFO m a=\xf0\x9f\x90\xb3");
}

TEST_CASE("json lines are objects with time, level, msg, program and the fields in their types") {
  const std::vector<LogField> fields = {{"task", "t"}, {"code", 137}, {"ok", false}, {"load", 0.5}};
  CHECK(renderJson(kTime, LogLevel::Error, "berth-agent", "it failed", fields) ==
        R"({"time":"2024-06-29T08:33:20.123Z","level":"error","msg":"it failed","program":"berth-agent",)"
        R"("task":"t","code":137,"ok":false,"load":0.5})");
  CHECK(renderJson(kTime, LogLevel::Debug, "", "m", {}) ==
        R"({"time":"2024-06-29T08:33:20.123Z","level":"debug","msg":"m"})");
}

TEST_CASE("json lines hold any text as one line") {
  const auto line = json("a\nb\"c\\", {{"a", "\x1b[0m\x7f"}, {"b", "\xff!"}, {"c", "\xe2\x80\xa8"}});
  CHECK(line["msg"] == "a\nb\"c\\");
  CHECK(line["a"] == "\x1b[0m\x7f");
  CHECK(line["b"] == "\xef\xbf\xbd!");
  CHECK(line["c"] == "\xe2\x80\xa8");
}

TEST_CASE("numbers that json does not have become strings") {
  CHECK(json("m", {{"a", std::numeric_limits<double>::infinity()}})["a"] == "inf");
  CHECK(json("m", {{"a", std::numeric_limits<double>::quiet_NaN()}})["a"] == "nan");
  CHECK(json("m", {{"a", std::numeric_limits<int64_t>::min()}})["a"] == std::numeric_limits<int64_t>::min());
}

TEST_CASE("a field does not hide what each json line has") {
  const auto line = json("m", {{"level", "x"}, {"time", 1}, {"msg", "y"}, {"program", "z"}});
  CHECK(line["level"] == "warn");
  CHECK(line["level_"] == "x");
  CHECK(line["time_"] == 1);
  CHECK(line["msg_"] == "y");
  CHECK(line["program_"] == "z");
}
