#include "agent/endpoints/recent_documents.hpp"

#include <catch2/catch.hpp>

namespace berth::agent::endpoints {
namespace {

/// Asks and tells how many answers were made so far.
struct Asked {
  explicit Asked(size_t most) : documents(most) {}
  int madeAfter(const std::string& path, const std::shared_ptr<const TaskView>& view) {
    const Response answer =
        documents.of(path, view, [&] { return Response{.body = path + std::to_string(++made)}; });
    CHECK_THAT(answer.body, Catch::StartsWith(path));
    return made;
  }
  RecentDocuments documents;
  int made = 0;
};

TEST_CASE("An answer holds for its path and its view") {
  Asked asked(10);
  const auto first = std::make_shared<const TaskView>();
  const auto second = std::make_shared<const TaskView>();
  CHECK(asked.madeAfter("/a", first) == 1);
  CHECK(asked.madeAfter("/a", first) == 1);
  CHECK(asked.madeAfter("/b", first) == 2);
  CHECK(asked.madeAfter("/a", second) == 3);
  CHECK(asked.madeAfter("/a", second) == 3);
  CHECK(asked.madeAfter("/a", first) == 4);
}

TEST_CASE("A view that is gone is not taken for another at its place") {
  Asked asked(10);
  asked.madeAfter("/a", std::make_shared<const TaskView>());
  CHECK(asked.madeAfter("/a", std::make_shared<const TaskView>()) == 2);
}

TEST_CASE("No more answers are kept than allowed") {
  Asked asked(2);
  const auto view = std::make_shared<const TaskView>();
  for (const char* path : {"/a", "/b", "/c"}) asked.madeAfter(path, view);
  CHECK(asked.madeAfter("/c", view) == 3);
  CHECK(asked.madeAfter("/a", view) == 4);
}

}  // namespace
}  // namespace berth::agent::endpoints
