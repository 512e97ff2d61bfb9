#include "controller/callers/throttle.hpp"

#include <catch2/catch.hpp>

#include "proto/ecs/model.hpp"

namespace berth::controller {
namespace {

using namespace std::chrono_literals;

MonoTime at(Duration since) { return MonoTime(1h + since); }

TEST_CASE("a bucket gives its burst at once, and then as much as it is filled") {
  TokenBucket bucket;
  const Rate rate{2, 3};
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(rate, at(0s)));
  CHECK_FALSE(bucket.take(rate, at(0s)));
  CHECK_FALSE(bucket.take(rate, at(499ms)));
  CHECK(bucket.take(rate, at(500ms)));
  CHECK_FALSE(bucket.take(rate, at(500ms)));
  int served = 0;
  for (int i = 0; i < 100; ++i) served += bucket.take(rate, at(1h));
  CHECK(served == 3);
}

TEST_CASE("a bucket loses nothing by being asked often, nor by a clock that stands") {
  TokenBucket bucket;
  const Rate rate{10, 1};
  CHECK(bucket.take(rate, at(0s)));
  int served = 0;
  for (int i = 1; i <= 1000; ++i) served += bucket.take(rate, at(i * 1ms));
  CHECK(served >= 9);
  CHECK(served <= 10);
  CHECK_FALSE(bucket.take(rate, at(0s)));
}

TEST_CASE("no rate is no limit") {
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) REQUIRE(bucket.take(Rate{}, at(0s)));
}

TEST_CASE("every operation of the API is in a class, and every class has a name") {
  for (const auto& [operation, declared] : ecs::model().operations()) {
    INFO(operation);
    CHECK(callClassOf(operation));
  }
  CHECK_FALSE(callClassOf("RunTasks"));
  for (size_t i = 0; i < kCallClasses; ++i) {
    const auto call_class = static_cast<CallClass>(i);
    CHECK(callClassNamed(name(call_class)) == call_class);
  }
  CHECK_FALSE(callClassNamed("resources"));
  CHECK(callClassOf("RunTask") == CallClass::ResourceModify);
  CHECK(callClassOf("SubmitTaskStateChange") == CallClass::AgentModify);
}

TEST_CASE("callers and classes do not take each other's tokens, and agents' calls have ten times as many") {
  Throttle throttle(throttleRates(Rate{1, 2}));
  CHECK(throttle.admit("a", "RunTask", at(0s)));
  CHECK(throttle.admit("a", "StopTask", at(0s)));
  CHECK_FALSE(throttle.admit("a", "StartTask", at(0s)));
  CHECK(throttle.admit("b", "StartTask", at(0s)));
  CHECK(throttle.admit("a", "DescribeTasks", at(0s)));
  int reports = 0;
  for (int i = 0; i < 100; ++i) reports += throttle.admit("a", "SubmitTaskStateChange", at(0s));
  CHECK(reports == 20);
  CHECK(throttle.admit("a", "StartTask", at(1s)));
}

TEST_CASE("what the API does not have is let through") {
  Throttle throttle(throttleRates(Rate{1, 1}));
  for (int i = 0; i < 10; ++i) CHECK(throttle.admit("a", "Nonsense", at(0s)));
}

}  // namespace
}  // namespace berth::controller
