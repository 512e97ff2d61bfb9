#include "agent/endpoints/waiting_room.hpp"

#include <catch2/catch.hpp>

namespace berth::agent::endpoints {
namespace {

TEST_CASE("A room has places for so many, and for so many of one address") {
  WaitingRoom room(3, 2);
  CHECK(room.enter("a"));
  CHECK(room.enter("a"));
  CHECK_FALSE(room.enter("a"));
  CHECK(room.enter("b"));
  CHECK_FALSE(room.enter("c"));
  CHECK(room.size() == 3);
  room.leave("a");
  CHECK(room.enter("c"));
  room.leave("a");
  CHECK(room.enter("a"));
}

}  // namespace
}  // namespace berth::agent::endpoints
