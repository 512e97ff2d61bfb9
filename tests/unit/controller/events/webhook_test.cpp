#include "controller/events/webhook.hpp"

#include <catch2/catch.hpp>

namespace berth::controller {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a webhook's signature is the HMAC of the time and the body") {
  // As `printf '1700000000.{}' | openssl dgst -sha256 -hmac key` has it.
  CHECK(webhookSignature("key", WallTime(1'700'000'000'500ms), "{}") ==
        "t=1700000000,v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST_CASE("pauses between attempts grow up to a minute, with any length up to that") {
  CHECK(webhookPause(1, 0) == 0ms);
  CHECK(webhookPause(1, 0.5) == 200ms);
  CHECK(webhookPause(2, 0.5) == 400ms);
  CHECK(webhookPause(5, 0.25) == 1600ms);
  CHECK(webhookPause(20, 0.5) == 30s);
  CHECK(webhookPause(2'000'000'000, 0.5) == 30s);
}

TEST_CASE("an answer that may be another one later is told from a refusal") {
  for (int status : {408, 429, 500, 502, 503}) CHECK(isPassing(status));
  for (int status : {301, 400, 401, 404, 410}) CHECK_FALSE(isPassing(status));
}

}  // namespace
}  // namespace berth::controller
