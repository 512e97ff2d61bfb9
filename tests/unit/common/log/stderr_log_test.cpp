#include "common/log/stderr_log.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

using namespace berth;

namespace {

/// Standard error goes to a file while this lives.
class StderrToFile {
 public:
  StderrToFile() : file_(memfd_create("stderr", MFD_CLOEXEC)), saved_(dup(STDERR_FILENO)) {
    dup2(file_, STDERR_FILENO);
  }
  ~StderrToFile() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(file_);
  }
  std::vector<std::string> lines() const {
    std::string text(static_cast<size_t>(lseek(file_, 0, SEEK_END)), '\0');
    const ssize_t size = pread(file_, text.data(), text.size(), 0);
    CHECK(size == static_cast<ssize_t>(text.size()));
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

 private:
  int file_;
  int saved_;
};

/// What a log made with these options writes.
std::vector<std::string> written(const LogOptions& options, const std::function<void(Log&)>& use) {
  const StderrToFile file;
  const auto log = makeLog(options);
  use(*log);
  return file.lines();
}

}  // namespace

TEST_CASE("off a terminal the log writes json lines") {
  LogOptions options;
  options.program = "berth-test";
  const auto lines = written(options, [](Log& log) { log.info("started {}", {{"port", 7400}}); });
  REQUIRE(lines.size() == 1);
  const auto line = nlohmann::json::parse(lines[0]);
  CHECK(line["level"] == "info");
  CHECK(line["msg"] == "started {}");
  CHECK(line["program"] == "berth-test");
  CHECK(line["port"] == 7400);
  CHECK_THAT(line["time"].get<std::string>(),
             Catch::Matches("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
}

TEST_CASE("on a terminal the log writes text") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(terminal >= 0);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  const int far = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(far >= 0);
  const int saved = dup(STDERR_FILENO);
  dup2(far, STDERR_FILENO);
  makeLog(LogOptions())->info("started", {{"port", 7400}});
  dup2(saved, STDERR_FILENO);
  std::string text(200, '\0');
  const ssize_t size = read(terminal, text.data(), text.size());
  for (int file : {saved, far, terminal}) close(file);
  REQUIRE(size > 0);
  CHECK_THAT(text.substr(0, static_cast<size_t>(size)), Catch::EndsWith("Z INFO started port=7400\r\n"));
}

TEST_CASE("the format can be chosen") {
  LogOptions options;
  options.format = LogFormat::Text;
  const auto lines = written(options, [](Log& log) { log.warn("careful"); });
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::EndsWith("Z WARN careful"));
}

TEST_CASE("the log drops what is below its level") {
  LogOptions options;
  options.level = LogLevel::Warn;
  const auto lines = written(options, [](Log& log) {
    CHECK_FALSE(log.enabled(LogLevel::Info));
    CHECK(log.enabled(LogLevel::Warn));
    log.debug("no");
    log.info("no");
    log.warn("yes");
    log.error("yes");
  });
  CHECK(lines.size() == 2);
}

TEST_CASE("lines of several threads stay whole") {
  const auto lines = written(LogOptions(), [](Log& log) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&log] {
        for (int n = 0; n < 200; ++n) log.info("line", {{"filler", std::string(200, 'x')}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  REQUIRE(lines.size() == 800);
  for (const std::string& line : lines) CHECK(nlohmann::json::accept(line));
}

TEST_CASE("levels and formats are known by name") {
  CHECK(*parseLogLevel("debug") == LogLevel::Debug);
  CHECK(*parseLogLevel("info") == LogLevel::Info);
  CHECK(*parseLogLevel("warn") == LogLevel::Warn);
  CHECK(*parseLogLevel("error") == LogLevel::Error);
  CHECK(parseLogLevel("loud").error().message == "log level \"loud\" is not one of debug, info, warn, error");
  CHECK(*parseLogFormat("auto") == LogFormat::Auto);
  CHECK(*parseLogFormat("text") == LogFormat::Text);
  CHECK(*parseLogFormat("json") == LogFormat::Json);
  CHECK(parseLogFormat("xml").error().message == "log format \"xml\" is not one of auto, text, json");
}
