#include "common/log/capture.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace berth;

TEST_CASE("a capture log keeps lines with their fields") {
  CaptureLog log;
  log.info("task started", {{"task", "a b"}, {"tries", 2}, {"ok", true}});
  log.error("task lost");
  REQUIRE(log.lines().size() == 2);
  CHECK(log.lines()[0].level == LogLevel::Info);
  CHECK(log.lines()[0].field("task") == "a b");
  CHECK(log.lines()[0].field("tries") == "2");
  CHECK(log.lines()[0].field("ok") == "true");
  CHECK(log.lines()[0].field("other").empty());
  CHECK(log.has("task lost"));
  CHECK_FALSE(log.has("task"));
  CHECK(log.text() == "INFO task started task=\"a b\" tries=2 ok=true\nERROR task lost\n");
}

TEST_CASE("a capture log drops what is below its level") {
  CaptureLog log(LogLevel::Warn);
  log.info("quiet");
  log.warn("loud");
  CHECK(log.lines().size() == 1);
  CHECK(log.has("loud"));
}

TEST_CASE("a capture log takes lines from several threads") {
  CaptureLog log;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 100; ++n) log.info("line", {{"n", n}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(log.lines().size() == 400);
}
