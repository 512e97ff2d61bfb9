#include "proto/ecs/last_lines.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using Lines = std::vector<std::string>;

TEST_CASE("of many lines the last five are told") {
  CHECK(ecs::tellable({"1", "2", "3", "4", "5", "6", "7"}) == Lines{"3", "4", "5", "6", "7"});
  CHECK(ecs::tellable({"only"}) == Lines{"only"});
  CHECK(ecs::tellable({}).empty());
}

TEST_CASE("lines without anything don't count") {
  CHECK(ecs::tellable({"a", "", "  ", "\r", "\x1b[0m", "b"}) == Lines{"a", "b"});
}

TEST_CASE("escape sequences and control characters go, and what is no UTF-8 is marked") {
  CHECK(ecs::tellable({"\x1b[1;31mred\x1b[0m and\tplain\r"}) == Lines{"red and plain"});
  CHECK(ecs::tellable({"bell\a\b\x7f \x1b]0;title"}) == Lines{"bell 0;title"});
  CHECK(ecs::tellable({"ends in \x1b"}) == Lines{"ends in "});
  CHECK(ecs::tellable({"ends in \x1b[3"}) == Lines{"ends in "});
  CHECK(ecs::tellable({"na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\xA2"}) ==
        Lines{"na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x9A\xA2"});
  CHECK(ecs::tellable({"\xFF \xC3 \xC0\xAF \xED\xA0\x80 \xC2\x85 \xF4\x90\x80\x80 \xE2\x82"}) ==
        Lines{"? ? ?? ??? ?? ???? ??"});
}

TEST_CASE("long lines lose their ends, and all together their beginning") {
  const std::string line(2000, 'x');
  const Lines told = ecs::tellable({line, line, line, line, line});
  CHECK(told.size() == 4);
  for (const std::string& one : told) CHECK(one == std::string(250, 'x'));
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xE2\x82\xAC";
  CHECK(ecs::tellable({wide}).at(0).size() == 249);
}
