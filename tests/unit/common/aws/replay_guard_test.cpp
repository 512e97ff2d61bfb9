#include "common/aws/replay_guard.hpp"

#include <catch2/catch.hpp>

#include "common/aws/crypto.hpp"

using namespace berth;
using namespace berth::aws;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a signature counts once for at least the window, then it is forgotten") {
  const MonoTime start = MonoTime{} + std::chrono::hours(100);
  const std::string first = sha256Hex("first");
  for (const seconds offset : {seconds(0), seconds(1), seconds(299), seconds(599), seconds(600)}) {
    ReplayGuard guard(minutes(10));
    CHECK(guard.firstUse(sha256Hex("other"), start));
    CHECK(guard.firstUse(first, start + offset));
    for (const minutes later : {minutes(0), minutes(3), minutes(6), minutes(9)}) {
      CHECK_FALSE(guard.firstUse(first, start + offset + later));
    }
    CHECK_FALSE(guard.firstUse(first, start + offset + minutes(10) - Duration(1)));
    CHECK(guard.firstUse(first, start + offset + minutes(20)));
  }
}

TEST_CASE("a quiet spell forgets everything") {
  ReplayGuard guard(minutes(10));
  const MonoTime start = MonoTime{} + std::chrono::hours(1);
  CHECK(guard.firstUse(sha256Hex("a"), start));
  CHECK(guard.firstUse(sha256Hex("a"), start + minutes(20)));
}

TEST_CASE("a full guard refuses what is new and still knows what it saw, until the next generation") {
  ReplayGuard guard(minutes(10), 2);
  const MonoTime start = MonoTime{} + std::chrono::hours(1);
  CHECK(guard.firstUse(sha256Hex("a"), start));
  CHECK(guard.firstUse(sha256Hex("b"), start));
  CHECK_FALSE(guard.firstUse(sha256Hex("c"), start));
  CHECK(guard.firstUse(sha256Hex("c"), start + minutes(10)));
  CHECK_FALSE(guard.firstUse(sha256Hex("a"), start + minutes(10)));
}
