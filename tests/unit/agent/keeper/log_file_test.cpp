#include "agent/keeper/log_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

namespace berth::agent::keeper {
namespace {

namespace fs = std::filesystem;

struct LogFolder {
  LogFolder() {
    std::string name = (fs::temp_directory_path() / "berth-log-file.XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~LogFolder() { fs::remove_all(path); }
  std::string log() const { return path + "/log"; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
  }
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(path)) {
      std::ifstream file(entry.path());
      out[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return out;
  }
  std::string path;
};

using Files = std::map<std::string, std::string>;

TEST_CASE("Files are moved on, and the oldest goes") {
  const LogFolder folder;
  LogFile log;
  log.use(folder.log(), 4, 3);
  for (const char* text : {"aaa", "bbb", "ccc", "ddd"}) {
    if (log.full(3)) log.rotate();
    CHECK(log.append(text));
  }
  CHECK(folder.all() == Files{{"log", "ddd"}, {"log.1", "ccc"}, {"log.2", "bbb"}});
  CHECK_FALSE(log.full(1));
  CHECK(log.full(2));
  log.cut(1);
  CHECK(log.size() == 1);
  LogFile single;
  single.use(folder.path + "/single", 4, 1);
  CHECK(single.append("much too long"));
  CHECK(single.full(1));
  single.rotate();
  CHECK(single.size() == 0);
}

TEST_CASE("A rotation that was broken off anywhere ends as though it had not been") {
  // With four files: log.2 to log.3, log.1 to log.2, log to log.1, a new one.
  const Files started = GENERATE(Files{{"log", "d"}, {"log.1", "c"}, {"log.2", "b"}, {"log.3", "a"}},
                                 Files{{"log", "d"}, {"log.1", "c"}, {"log.3", "b"}},
                                 Files{{"log", "d"}, {"log.2", "c"}, {"log.3", "b"}});
  const LogFolder folder;
  for (const auto& [name, text] : started) folder.write(name, text);
  LogFile log;
  log.use(folder.log(), 1, 4);
  log.rotate();
  CHECK(folder.all() == Files{{"log", ""}, {"log.1", "d"}, {"log.2", "c"}, {"log.3", "b"}});
}

TEST_CASE("What is more than a file may hold is told of an empty one, too, and then it is not for a new one") {
  const LogFolder folder;
  LogFile file;
  file.use(folder.log(), 10, 2);
  CHECK_FALSE(file.exceeds(10));
  CHECK(file.exceeds(11));
  CHECK_FALSE(file.full(11));
  REQUIRE(file.append("12345"));
  CHECK_FALSE(file.full(5));
  CHECK(file.full(6));
}

}  // namespace
}  // namespace berth::agent::keeper
