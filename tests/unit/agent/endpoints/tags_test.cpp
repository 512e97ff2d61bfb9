#include "agent/endpoints/tags.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

TEST_CASE("Documents with tags are asked for in each version, by who the caller is") {
  Directory directory;
  directory.put(shared(sampleTask()));
  const auto v4 = tagsRequest(get("/v4/" + kDbEndpoint + "/taskWithTags"), directory);
  REQUIRE(v4);
  CHECK(v4->task->taskArn == kArn);
  CHECK(v4->container == "db");
  CHECK(v4->v4);
  CHECK_FALSE(tagsRequest(get("/v3/" + kDbEndpoint + "/taskWithTags"), directory)->v4);
  CHECK_FALSE(tagsRequest(get("/v2/metadataWithTags"), directory));
  TaskView task = sampleTask();
  task.networkMode = "awsvpc";
  directory.put(shared(task));
  for (const char* path : {"/v2/metadataWithTags", "/v2/metadataWithTags/"}) {
    INFO(path);
    REQUIRE(tagsRequest(get(path), directory));
    CHECK(tagsRequest(get(path), directory)->container.empty());
  }
  for (const std::string& path : {std::string("/v4/nobody/taskWithTags"), "/v4/" + kWebEndpoint + "/task",
                                  "/v4/" + kWebEndpoint + "/taskWithTags/",
                                  "/v5/" + kWebEndpoint + "/taskWithTags", "/v2/metadataWithTags/" + kWebId,
                                  std::string("/v2/metadata"), std::string("/%zz"), std::string("/")}) {
    INFO(path);
    CHECK_FALSE(tagsRequest(get(path), directory));
  }
  CHECK_FALSE(tagsRequest(get("/v2/metadataWithTags", "172.17.0.9"), directory));
}

TEST_CASE("A document has the tags that came, and in version 4 why others did not") {
  const TagsRequest v4{shared(sampleTask()), "web", true};
  TagsFound found;
  found.task = Tags{{"team", "web"}};
  found.instance = TagsFailure{"AccessDeniedException", "no", 400, "r-1"};
  const json shown = json::parse(taskWithTags(v4, found, "arn:ci").body);
  CHECK(shown["TaskTags"] == json({{"team", "web"}}));
  CHECK_FALSE(shown.contains("ContainerInstanceTags"));
  CHECK(shown["Errors"] == json::array({{{"ErrorField", "ContainerInstanceTags"},
                                         {"ErrorCode", "AccessDeniedException"},
                                         {"ErrorMessage", "no"},
                                         {"StatusCode", 400},
                                         {"RequestId", "r-1"},
                                         {"ResourceARN", "arn:ci"}}}));
  const TagsRequest v3{v4.task, "web", false};
  const Response old = taskWithTags(v3, found, "arn:ci");
  CHECK(old.status == 200);
  CHECK(json::parse(old.body)["TaskTags"] == json({{"team", "web"}}));
  CHECK_FALSE(json::parse(old.body).contains("Errors"));
}

}  // namespace
}  // namespace berth::agent::endpoints::test
