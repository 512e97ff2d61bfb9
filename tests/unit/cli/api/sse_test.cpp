#include "cli/api/sse.hpp"

#include <catch2/catch.hpp>

using berth::cli::EventReader;
using berth::cli::StreamEvent;

TEST_CASE("events are whole however their bytes are cut") {
  const std::string text = ": hello\nid: 1\nevent: gap\ndata: a\ndata: b\n\nid: 2\r\ndata:c\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    EventReader reader;
    std::vector<StreamEvent> all;
    for (size_t from = 0; from < text.size(); from += step) {
      for (StreamEvent& one : reader.feed(std::string_view(text).substr(from, step)))
        all.push_back(std::move(one));
    }
    REQUIRE(all.size() == 2);
    CHECK(all[0].id == "1");
    CHECK(all[0].type == "gap");
    CHECK(all[0].data == "a\nb");
    CHECK(all[1].id == "2");
    CHECK(all[1].type == "message");
    CHECK(all[1].data == "c");
  }
}

TEST_CASE("a bare id moves on without an event's data") {
  EventReader reader;
  const auto events = reader.feed(":\nid: 7\n\n");
  REQUIRE(events.size() == 1);
  CHECK(events[0].data.empty());
  CHECK(reader.lastId() == "7");
}

TEST_CASE("an event that has not ended is not there") {
  EventReader reader;
  CHECK(reader.feed("data: x\n").empty());
}
