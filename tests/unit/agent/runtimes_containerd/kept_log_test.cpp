#include "agent/runtimes/containerd/kept_log.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "agent/keeper/lines.hpp"
#include "agent/keeper/log_file.hpp"
#include "agent/runtimes/containerd/outputs.hpp"

namespace berth::agent::containerd {
namespace {

namespace fs = std::filesystem;

/// A log as the keeper writes it, one file for each two lines.
struct Written {
  Written() {
    std::string name = (fs::temp_directory_path() / "berth-kept-log.XXXXXX").string();
    folder = ::mkdtemp(name.data());
    file.use(path(), 2 * lineOf(0).size(), 3);
  }
  ~Written() { fs::remove_all(folder); }
  static std::string lineOf(int number) {
    std::string out;
    const std::string text = "line " + std::to_string(number);
    keeper::appendLine(out, keeper::Piece{text, false, 0}, number % 2 == 1, "2026-01-02T03:04:05.678Z");
    return out;
  }
  std::string path() const { return folder + "/log"; }
  void add(int number) {
    const std::string line = lineOf(number);
    if (file.full(line.size())) file.rotate();
    REQUIRE(file.append(line));
  }
  std::string folder;
  keeper::LogFile file;
};

std::vector<std::string> all(KeptLog& log) {
  std::vector<std::string> out;
  for (auto lines = log.read(); !lines.empty(); lines = log.read()) {
    for (const streams::LogLine& line : lines) out.push_back(line.text);
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST_CASE("Lines of json-file are read, and what is none is left out") {
  const auto line = parseLogLine(Written::lineOf(1));
  REQUIRE(line);
  CHECK(*line == streams::LogLine{"2026-01-02T03:04:05.678Z", true, false, "line 1"});
  CHECK(parseLogLine(R"({"log":"part","stream":"stdout","time":"t"})")->partial);
  CHECK(parseLogLine(R"({"log":"\u0000<\n","stream":"stdout","time":"t"})")->text == std::string("\0<", 2));
  for (const char* bad :
       {"", "{", "[]", "\0\0", R"({"log":1,"stream":"stdout","time":"t"})", R"({"log":"x"})"})
    CHECK_FALSE(parseLogLine(bad));
}

TEST_CASE("Long lines come in parts, which no character is cut by") {
  const auto parts = inParts({"t", true, false,
                              "abc\xc3\xa4"
                              "def"},
                             4);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0] == streams::LogLine{"t", true, true, "abc"});
  CHECK(parts[1] == streams::LogLine{"t", true, true,
                                     "\xc3\xa4"
                                     "de"});
  CHECK(parts[2] == streams::LogLine{"t", true, false, "f"});
  CHECK(inParts({"t", false, true, ""}, 4).size() == 1);
  // What is no UTF-8 is cut somewhere.
  CHECK(inParts({"t", false, false, std::string(9, '\x80')}, 8).size() == 2);
}

TEST_CASE("A log is read over its files, from any of its last lines") {
  Written log;
  KeptLog none(log.path());
  CHECK(all(none).empty());
  for (int i = 0; i < 5; ++i) log.add(i);
  KeptLog whole(log.path());
  CHECK(all(whole) == Texts{"line 0", "line 1", "line 2", "line 3", "line 4"});
  struct Row {
    int64_t lines;
    Texts read;
  };
  const Row row = GENERATE(Row{0, {}}, Row{1, {"line 4"}}, Row{2, {"line 3", "line 4"}},
                           Row{4, {"line 1", "line 2", "line 3", "line 4"}},
                           Row{99, {"line 0", "line 1", "line 2", "line 3", "line 4"}});
  KeptLog last(log.path());
  last.fromEnd(row.lines);
  CHECK(all(last) == row.read);
  log.add(5);
  CHECK(all(last) == Texts{"line 5"});
}

TEST_CASE("A log that is followed goes on over rotations") {
  Written log;
  log.add(0);
  KeptLog reader(log.path());
  CHECK(all(reader) == Texts{"line 0"});
  log.add(1);
  log.add(2);
  log.add(3);
  CHECK(all(reader) == Texts{"line 1", "line 2", "line 3"});
  // While a rotation is half done, nothing is read twice.
  fs::rename(log.path() + ".1", log.path() + ".2");
  fs::rename(log.path(), log.path() + ".1");
  CHECK(all(reader).empty());
  log.file = keeper::LogFile();
  log.file.use(log.path(), 2 * Written::lineOf(0).size(), 3);
  // So much that a file goes which was not read.
  for (int i = 4; i < 12; ++i) log.add(i % 10);
  CHECK(all(reader) == Texts{"line 6", "line 7", "line 8", "line 9", "line 0", "line 1"});
}

TEST_CASE("A reader goes on where another was, and may leave a file that is about to go") {
  Written log;
  for (int i = 0; i < 3; ++i) log.add(i);
  KeptLog first(log.path());
  CHECK(first.read().size() == 2);
  const LogPosition at = first.position();
  REQUIRE(first.starts().size() == 2);
  KeptLog within(log.path());
  within.seek(first.starts()[1]);
  CHECK(all(within) == Texts{"line 1", "line 2"});
  for (int i = 3; i < 5; ++i) log.add(i);
  KeptLog second(log.path());
  second.seek(at);
  CHECK(second.position() == at);
  CHECK(all(second) == Texts{"line 2", "line 3", "line 4"});
  KeptLog gone(log.path());
  gone.seek({at.file + 1000000, 5});
  CHECK(all(gone).front() == "line 0");

  // Three files, the newest half full: the oldest is the next to go.
  KeptLog slow(log.path());
  CHECK_FALSE(slow.nearlyLost());
  slow.seek({at.file, 0});
  CHECK_FALSE(slow.nearlyLost());
  log.add(5);
  CHECK(slow.nearlyLost());
  CHECK(slow.skipFile() == 2);
  CHECK_FALSE(slow.nearlyLost());
  CHECK(all(slow) == Texts{"line 2", "line 3", "line 4", "line 5"});
}

TEST_CASE("What is wanted of an output, and when it is complete") {
  const Written place;
  Outputs outputs(place.folder + "/logs");
  CHECK(outputs.complete("one"));
  REQUIRE(outputs.begin("one", "run1", {1000, 2}));
  const auto wanted = [&] {
    return keeper::decodeWanted(keeper::readSmallFile(outputs.folder().wanted("one")));
  };
  CHECK(
      (wanted()->run == "run1" && wanted()->maxBytes == 1000 && wanted()->maxFiles == 2 && !wanted()->ended));
  CHECK(fs::is_fifo(outputs.standardOutput("one")));
  CHECK_FALSE(outputs.complete("one"));
  // Nothing is known to have come of that start: its pipes may be in use.
  REQUIRE(outputs.begin("one", "run2", {1000, 2}));
  CHECK(wanted()->run == "run1");
  outputs.end("one");
  CHECK((wanted()->ended && outputs.ending("one")));
  keeper::replaceFile(outputs.folder().done("one"), "run1");
  CHECK((outputs.complete("one") && !outputs.ending("one")));
  REQUIRE(outputs.begin("one", "run3", {1000, 2}));
  CHECK((wanted()->run == "run3" && !wanted()->ended && !outputs.complete("one")));
  outputs.remove("one");
  CHECK((outputs.complete("one") && !fs::exists(outputs.folder().of("one"))));
}

}  // namespace
}  // namespace berth::agent::containerd
