#include "common/metrics/registry.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <limits>

using namespace berth;

namespace {

/// Whether `misuse` ends the program.
bool aborts(const std::function<void()>& misuse) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    misuse();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

TEST_CASE("counters and gauges are rendered by name and labels") {
  Registry registry;
  registry.gauge("berth_tasks", "Tasks by status", {{"status", "RUNNING"}}).set(3);
  registry.gauge("berth_tasks", "Tasks by status", {{"status", "PENDING"}}).add(-0.5);
  registry.counter("berth_api_requests_total", "API requests", {{"code", "200"}, {"action", "RunTask"}})
      .add();
  registry.counter("berth_starts_total", "Starts").add(2);
  CHECK(registry.render() ==
        "# HELP berth_api_requests_total API requests\n"
        "# TYPE berth_api_requests_total counter\n"
        "berth_api_requests_total{action=\"RunTask\",code=\"200\"} 1\n"
        "# HELP berth_starts_total Starts\n"
        "# TYPE berth_starts_total counter\n"
        "berth_starts_total 2\n"
        "# HELP berth_tasks Tasks by status\n"
        "# TYPE berth_tasks gauge\n"
        "berth_tasks{status=\"PENDING\"} -0.5\n"
        "berth_tasks{status=\"RUNNING\"} 3\n");
}

TEST_CASE("a histogram counts what is at or below each bound") {
  Registry registry;
  Histogram& histogram = registry.histogram("berth_seconds", "Time", {0.1, 1}, {{"op", "a"}});
  for (double value : {0.05, 0.1, 0.5, 7.0}) histogram.observe(value);
  CHECK(registry.render() ==
        "# HELP berth_seconds Time\n"
        "# TYPE berth_seconds histogram\n"
        "berth_seconds_bucket{le=\"0.1\",op=\"a\"} 2\n"
        "berth_seconds_bucket{le=\"1\",op=\"a\"} 3\n"
        "berth_seconds_bucket{le=\"+Inf\",op=\"a\"} 4\n"
        "berth_seconds_sum{op=\"a\"} 7.65\n"
        "berth_seconds_count{op=\"a\"} 4\n");
}

TEST_CASE("a value that is no number counts above all bounds") {
  Histogram histogram({1});
  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  histogram.observe(std::numeric_limits<double>::infinity());
  CHECK(histogram.counts() == std::vector<uint64_t>{0, 2});
}

TEST_CASE("the same name and labels are the same metric") {
  Registry registry;
  Counter& first = registry.counter("a_total", "A", {{"x", "1"}});
  for (int i = 0; i < 100; ++i) registry.counter("a_total", "A", {{"x", std::to_string(i)}});
  registry.counter("a_total", "A", {{"x", "1"}}).add(5);
  CHECK(first.value() == 5);
}

TEST_CASE("label values and help texts are escaped, special numbers have names") {
  Registry registry;
  registry.gauge("a", "one\\two\nthree \"x\"", {{"l", "a\\b\"c\nd"}})
      .set(std::numeric_limits<double>::infinity());
  registry.gauge("b", "B").set(-std::numeric_limits<double>::infinity());
  registry.gauge("c", "C").set(std::numeric_limits<double>::quiet_NaN());
  const std::string text = registry.render();
  CHECK_THAT(text, Catch::Contains("# HELP a one\\\\two\\nthree \"x\"\n"));
  CHECK_THAT(text, Catch::Contains("a{l=\"a\\\\b\\\"c\\nd\"} +Inf\n"));
  CHECK_THAT(text, Catch::Contains("b -Inf\n"));
  CHECK_THAT(text, Catch::Contains("c NaN\n"));
}

TEST_CASE("an empty registry renders nothing") { CHECK(Registry().render().empty()); }

TEST_CASE("misuse of metrics ends the program") {
  Registry registry;
  registry.counter("a_total", "A", {{"x", "1"}});
  registry.histogram("h", "H", {1, 2});
  CHECK_FALSE(aborts([&] { registry.counter("a_total", "A", {{"x", "2"}}); }));
  CHECK(aborts([&] { registry.gauge("a_total", "A", {{"x", "1"}}); }));
  CHECK(aborts([&] { registry.counter("a_total", "A", {{"y", "1"}}); }));
  CHECK(aborts([&] { registry.histogram("h", "H", {1, 3}); }));
  CHECK(aborts([&] { registry.counter("0a", "A"); }));
  CHECK(aborts([&] { registry.counter("", "A"); }));
  CHECK(aborts([&] { registry.gauge("g", "G", {{"a-b", "1"}}); }));
  CHECK(aborts([&] { registry.gauge("g", "G", {{"le", "1"}}); }));
  CHECK(aborts([&] { registry.gauge("g", "G", {{"__a", "1"}}); }));
  CHECK(aborts([&] { registry.counter("b_total", "B").add(-1); }));
  CHECK(aborts([] { Histogram({2, 1}); }));
  CHECK(aborts([] { Histogram({1, std::numeric_limits<double>::infinity()}); }));
}
