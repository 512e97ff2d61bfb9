#include "proto/docker/output.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "proto/docker/codec.hpp"

using namespace berth;
using namespace berth::docker;
using berth::streams::LogLine;

namespace {

std::string streamed(char stream, const std::string& content) {
  std::string out{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(content.size() >> shift & 0xff);
  return out + content;
}

/// The lines of a stream that comes in pieces of `step` bytes.
std::vector<LogLine> linesOf(LogReader reader, const std::string& bytes, size_t step) {
  std::vector<LogLine> out;
  const auto take = [&](LogLine line) { out.push_back(std::move(line)); };
  for (size_t at = 0; at < bytes.size(); at += step)
    REQUIRE(reader.feed(std::string_view(bytes).substr(at, step), take).ok());
  reader.finish(take);
  return out;
}

constexpr const char* kTime = "2026-11-27T18:00:00.123456789Z";

}  // namespace

TEST_CASE("stdout and stderr are taken apart, however the bytes come") {
  const std::string bytes = streamed(1, "out") + streamed(2, "err") + streamed(1, "") + streamed(0, "more");
  for (size_t step : {1, 3, 7, 100}) {
    Demultiplexer frames;
    std::string out, err;
    int ends = 0;
    for (size_t at = 0; at < bytes.size(); at += step)
      REQUIRE(frames
                  .feed(std::string_view(bytes).substr(at, step),
                        [&](bool isStderr, std::string_view piece, bool frameEnds) {
                          (isStderr ? err : out) += piece;
                          ends += frameEnds ? 1 : 0;
                        })
                  .ok());
    CHECK(out == "outmore");
    CHECK(err == "err");
    CHECK(ends == 4);
    CHECK_FALSE(frames.inside());
  }
}

TEST_CASE("bytes that are no frames are an error, a frame that is cut is seen") {
  Demultiplexer frames;
  const auto none = [](bool, std::string_view, bool) {};
  CHECK(frames.feed("plain text", none).error().code == Code::DataLoss);
  Demultiplexer cut;
  CHECK(cut.feed(streamed(1, "abc").substr(0, 9), none).ok());
  CHECK(cut.inside());
}

TEST_CASE("entries of a log are lines with their time and stream") {
  const std::string time = std::string(kTime) + " ";
  const std::string bytes = streamed(1, time + "first\n") + streamed(2, time + "\n") +
                            streamed(1, time + "cut by the driver ") + streamed(1, time + "here\n") +
                            streamed(1, "without a time\r\n");
  const std::vector<LogLine> expected = {{kTime, false, false, "first"},
                                         {kTime, true, false, ""},
                                         {kTime, false, true, "cut by the driver "},
                                         {kTime, false, false, "here"},
                                         {"", false, false, "without a time"}};
  for (size_t step : {1, 5, 1000}) CHECK(linesOf(LogReader(false, 1024), bytes, step) == expected);
}

TEST_CASE("a terminal's log has no frames, and its last line may have no end") {
  const std::string time = std::string(kTime) + " ";
  const std::vector<LogLine> expected = {{kTime, false, false, "$ ls"}, {kTime, false, false, "$ "}};
  for (size_t step : {1, 5, 1000})
    CHECK(linesOf(LogReader(true, 1024), time + "$ ls\r\n" + time + "$ ", step) == expected);
}

TEST_CASE("a line that is too long comes in parts of one time") {
  const std::string text(100, 'x');
  for (bool tty : {false, true}) {
    const std::string entry = std::string(kTime) + " " + text + "\n";
    const auto lines = linesOf(LogReader(tty, 16), tty ? entry : streamed(1, entry), 1000);
    REQUIRE(lines.size() > 2);
    std::string whole;
    for (const LogLine& line : lines) {
      CHECK(line.time == kTime);
      CHECK(line.text.size() <= 56);
      CHECK(line.partial == (&line != &lines.back()));
      whole += line.text;
    }
    CHECK(whole == text);
  }
}

TEST_CASE("a command in a container is asked for and looked at") {
  CHECK(
      encodeExec({{"sh", "-c", "id"}, "app", true, false}) ==
      R"({"AttachStderr":true,"AttachStdin":false,"AttachStdout":true,"Cmd":["sh","-c","id"],"Tty":true,"User":"app"})");
  CHECK(encodeExecStart(false) == R"({"Detach":false,"Tty":false})");
  const auto running = decodeExec(R"({"Running":true,"ExitCode":null,"Pid":42})");
  REQUIRE(running);
  CHECK(running->running);
  CHECK(running->pid == 42);
  CHECK_FALSE(running->exitCode);
  CHECK(decodeExec(R"({"Running":false,"ExitCode":3,"Pid":42})")->exitCode == 3);
}
