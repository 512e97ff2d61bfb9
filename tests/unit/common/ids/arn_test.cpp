#include "common/ids/arn.hpp"

#include <catch2/catch.hpp>
#include <unordered_set>

#include "common/ids/id.hpp"

using namespace berth;

TEST_CASE("an arn splits into its parts and back") {
  const std::string text = "arn:aws:ecs:us-east-1:000000000000:task/default/0123abcd";
  const auto arn = parseArn(text);
  REQUIRE(arn);
  CHECK(arn->partition == "aws");
  CHECK(arn->service == "ecs");
  CHECK(arn->region == "us-east-1");
  CHECK(arn->account == "000000000000");
  CHECK(arn->resource == "task/default/0123abcd");
  CHECK(arn->resourceType() == "task");
  CHECK(arn->lastComponent() == "0123abcd");
  CHECK(arn->str() == text);
}

TEST_CASE("a resource keeps its own colons") {
  const auto arn = parseArn("arn:aws:ecs:us-east-1:000000000000:task-definition/web:3");
  REQUIRE(arn);
  CHECK(arn->resource == "task-definition/web:3");
  CHECK(arn->resourceType() == "task-definition");
  CHECK(arn->lastComponent() == "web:3");
}

TEST_CASE("region and account may be empty, and a resource may be one word") {
  const auto arn = parseArn("arn:aws:s3:::bucket");
  REQUIRE(arn);
  CHECK(arn->region.empty());
  CHECK(arn->account.empty());
  CHECK(arn->resourceType() == "bucket");
  CHECK(arn->lastComponent() == "bucket");
  CHECK(parseArn("arn:aws:sns:us-east-1:1:topic:sub")->resourceType() == "topic");
}

TEST_CASE("what is no arn is refused with the form it should have") {
  const std::string text =
      GENERATE("", "task/default/0123", "arn:aws:ecs", "arn:aws:ecs:us-east-1:000000000000",
               "ARN:aws:ecs:r:a:x", "urn:aws:ecs:r:a:x", "arn:aws::r:a:x", "arn:aws:ecs:r:a:");
  const auto arn = parseArn(text);
  CAPTURE(text);
  REQUIRE_FALSE(arn);
  CHECK(arn.error().code == Code::InvalidArgument);
  CHECK_THAT(arn.error().message, Catch::StartsWith("\"" + text + "\" is not an ARN: ") &&
                                      Catch::Contains("arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"));
}

TEST_CASE("a huge text that is no arn is quoted in part") {
  const auto arn = parseArn(std::string(1'000'000, 'x'));
  REQUIRE_FALSE(arn);
  CHECK(arn.error().message.size() < 400);
}

TEST_CASE("ids of one kind compare, order and hash by their text") {
  using TaskId = Id<struct TaskTag>;
  CHECK(TaskId().empty());
  CHECK(TaskId("a") == TaskId("a"));
  CHECK(TaskId("a") < TaskId("b"));
  const std::unordered_set<TaskId> ids = {TaskId("a"), TaskId("a"), TaskId("b")};
  CHECK(ids.size() == 2);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, TaskId>);
  STATIC_REQUIRE_FALSE(std::is_constructible_v<TaskId, Id<struct OtherTag>>);
}
