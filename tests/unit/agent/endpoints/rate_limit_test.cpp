#include "agent/endpoints/rate_limit.hpp"

#include <catch2/catch.hpp>
#include <chrono>

namespace berth::agent::endpoints::test {
namespace {

using Verdict = RateLimit::Verdict;
using namespace std::chrono_literals;

MonoTime momentAt(Duration since) { return MonoTime(1h + since); }

int servedOf(RateLimit& limit, const std::string& address, const std::string& path, int asked,
             MonoTime when) {
  int count = 0;
  for (int one = 0; one < asked; ++one) count += limit.take(address, path, when) == Verdict::Serve ? 1 : 0;
  return count;
}

TEST_CASE("A caller has a burst of 60 and then 40 a second, for each path") {
  RateLimit limit;
  CHECK(servedOf(limit, "a", "/p", 100, momentAt(0s)) == 60);
  CHECK(servedOf(limit, "a", "/p", 100, momentAt(500ms)) == 20);
  CHECK(servedOf(limit, "a", "/p", 100, momentAt(1500ms)) == 40);
  CHECK(servedOf(limit, "a", "/p", 100, momentAt(60s)) == 60);
  CHECK(servedOf(limit, "a", "/q", 100, momentAt(60s)) == 60);
  CHECK(servedOf(limit, "b", "/p", 100, momentAt(60s)) == 60);
}

TEST_CASE("A caller that goes on asking has to wait for its refusals, and others do not") {
  RateLimit limit;
  int later = 0;
  for (int one = 0; one < 1000; ++one) {
    later += limit.take("flood", "/p", momentAt(0s)) == Verdict::RefuseLater ? 1 : 0;
  }
  CHECK(later == 1000 - 60 - 200);
  CHECK(limit.take("other", "/p", momentAt(0s)) == Verdict::Serve);
  CHECK(limit.take("flood", "/p", momentAt(10s)) == Verdict::Serve);
}

TEST_CASE("The table of paths of one caller is bounded, and the rest share one bucket") {
  RateLimit limit({.mostPaths = 10});
  for (int path = 0; path < 1000; ++path) {
    static_cast<void>(limit.take("a", "/" + std::to_string(path), momentAt(0s)));
  }
  CHECK(limit.size() == 10);
  CHECK(limit.take("a", "/fresh", momentAt(0s)) != Verdict::Serve);
  CHECK(limit.take("a", "/0", momentAt(0s)) == Verdict::Serve);
  // What has recovered makes room again.
  CHECK(limit.take("a", "/fresh", momentAt(2s)) == Verdict::Serve);
  CHECK(limit.size() == 1);
}

TEST_CASE("The table of callers is bounded and forgets who was quiet") {
  RateLimit limit({.mostPeers = 100});
  for (int peer = 0; peer < 5000; ++peer) {
    static_cast<void>(limit.take("p" + std::to_string(peer), "/x", momentAt(0s)));
  }
  CHECK(limit.size() == 100);
  CHECK(limit.take("p0", "/x", momentAt(10s)) == Verdict::Serve);
  CHECK(limit.size() == 1);
}

TEST_CASE("Readings of the time in another order change nothing") {
  RateLimit limit;
  CHECK(servedOf(limit, "a", "/p", 60, momentAt(1s)) == 60);
  CHECK(servedOf(limit, "a", "/p", 10, momentAt(0s)) == 0);
  CHECK(servedOf(limit, "a", "/p", 100, momentAt(2s)) == 40);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
