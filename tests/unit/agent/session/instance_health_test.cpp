#include "agent/session/instance_health.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

const Identity kHost{"prod", "arn:instance", "us-east-1"};

struct Checked {
  InstanceHealth health{sample::at(0).wall};

  void check(const Status& outcome, int now) { health.end(*health.begin(), outcome, sample::at(now).wall); }
  std::optional<tcs::PublishInstanceStatus> take(int now) {
    return health.take(kHost, "r", sample::at(now).wall);
  }
};

TEST_CASE("Before any check the host is initializing, which is told once") {
  Checked host;
  const auto first = host.take(20);
  REQUIRE(first);
  CHECK(first->cluster == "prod");
  CHECK(first->containerInstance == "arn:instance");
  CHECK(first->requestId == "r");
  CHECK(first->timestamp == sample::at(20).wall);
  REQUIRE(first->statuses.size() == 1);
  CHECK(first->statuses[0].type == "ContainerRuntime");
  CHECK(first->statuses[0].status == "INITIALIZING");
  CHECK(first->statuses[0].updated == sample::at(0).wall);
  CHECK_FALSE(host.take(40));
}

TEST_CASE("Each check is told, with the times of the check and of the last change") {
  Checked host;
  host.check({}, 5);
  host.check({}, 10);
  auto status = host.take(20)->statuses.at(0);
  CHECK(status.status == "OK");
  CHECK(status.reason.empty());
  CHECK(status.updated == sample::at(10).wall);
  CHECK(status.changed == sample::at(5).wall);
  CHECK_FALSE(host.take(21));

  host.check(makeError(Code::Unavailable, "no answer"), 30);
  status = host.take(40)->statuses.at(0);
  CHECK(status.status == "IMPAIRED");
  CHECK(status.reason == "no answer");
  CHECK(status.changed == sample::at(30).wall);

  host.check({}, 50);
  status = host.take(60)->statuses.at(0);
  CHECK(status.status == "OK");
  CHECK(status.reason.empty());
  CHECK(status.changed == sample::at(50).wall);
}

TEST_CASE("One check runs at a time, and an answer that comes too late does not count") {
  Checked host;
  const auto first = host.health.begin();
  REQUIRE(first);
  CHECK_FALSE(host.health.begin());
  host.health.end(*first, makeError(Code::DeadlineExceeded, "too slow"), sample::at(2).wall);
  host.health.end(*first, {}, sample::at(3).wall);
  CHECK(host.take(4)->statuses.at(0).status == "IMPAIRED");
  const auto second = host.health.begin();
  REQUIRE(second);
  host.health.end(*first, {}, sample::at(5).wall);
  CHECK_FALSE(host.take(6));
  host.health.end(*second, {}, sample::at(7).wall);
  CHECK(host.take(8)->statuses.at(0).status == "OK");
}

}  // namespace
}  // namespace berth::agent
