#include "proto/ecs/names.hpp"

#include <catch2/catch.hpp>

namespace berth::ecs {
namespace {

const Names kNames{"aws", "us-east-1", "000000000000"};
const std::string kPrefix = "arn:aws:ecs:us-east-1:000000000000:";
const std::string kId = "0123456789abcdef0123456789abcdef";

TEST_CASE("ARNs have the long format") {
  CHECK(kNames.cluster("prod").str() == kPrefix + "cluster/prod");
  CHECK(kNames.task("prod", kId).str() == kPrefix + "task/prod/" + kId);
  CHECK(kNames.instance("prod", kId).str() == kPrefix + "container-instance/prod/" + kId);
  CHECK(kNames.capacityProvider("rack") == kPrefix + "capacity-provider/rack");
  CHECK(*kNames.parseCapacityProvider(kPrefix + "capacity-provider/rack") == "rack");
  CHECK(*kNames.parseCapacityProvider("rack") == "rack");
  CHECK_FALSE(kNames.parseCapacityProvider("a/b"));
  CHECK_FALSE(kNames.parseCapacityProvider(kPrefix + "cluster/rack"));
  CHECK(kNames.oldInstance(kId).str() == kPrefix + "container-instance/" + kId);
  CHECK(kNames.taskDefinition("web", 12).str() == kPrefix + "task-definition/web:12");
  CHECK(kNames.service("prod", "web").str() == kPrefix + "service/prod/web");
  CHECK(kNames.container("prod", kId, "u-1") == kPrefix + "container/prod/" + kId + "/u-1");
  CHECK(kNames.attachment("u-2") == kPrefix + "attachment/u-2");
}

TEST_CASE("A task whose id is a UUID has ARNs of the old format, and so have its containers") {
  const std::string uuid = "4b2f8a2e-6a4e-4b0e-8a6c-1f1c2d3e4f50";
  CHECK(kNames.task("prod", uuid).str() == kPrefix + "task/" + uuid);
  CHECK(kNames.container("prod", uuid, "u-1") == kPrefix + "container/u-1");
  CHECK(kNames.parseTask(kNames.task("prod", uuid).str())->id == uuid);
}

TEST_CASE("A cluster is meant by its name or its ARN") {
  CHECK(kNames.parseCluster("prod")->str() == "prod");
  CHECK(kNames.parseCluster(kPrefix + "cluster/my_prod-1")->str() == "my_prod-1");
  CHECK(kNames.parseCluster(std::string(255, 'a')));
}

TEST_CASE("A task, instance or service is meant by its id, its long ARN or its old one") {
  const Reference id = kNames.parseTask(kId).value();
  CHECK(id.id == kId);
  CHECK_FALSE(id.cluster);
  const Reference longArn = kNames.parseTask(kPrefix + "task/prod/" + kId).value();
  CHECK(longArn.id == kId);
  CHECK(longArn.cluster == "prod");
  const Reference oldArn = kNames.parseTask(kPrefix + "task/4b2f8a2e-6a4e-4b0e-8a6c-1f1c2d3e4f50").value();
  CHECK(oldArn.id == "4b2f8a2e-6a4e-4b0e-8a6c-1f1c2d3e4f50");
  CHECK_FALSE(oldArn.cluster);
  CHECK(kNames.parseInstance(kPrefix + "container-instance/prod/" + kId)->cluster == "prod");
  CHECK(kNames.parseInstance(kId)->id == kId);
  CHECK(kNames.parseService(kPrefix + "service/prod/web")->id == "web");
  CHECK(kNames.parseService("web")->id == "web");
}

TEST_CASE("A part of a service is meant by its ARN alone") {
  for (const auto& [type, id] : {std::pair("task-set", "ecs-svc/123"), std::pair("service-revision", "456"),
                                 std::pair("service-deployment", "a_B-9")}) {
    const std::string arn = kNames.servicePart(type, {"prod", "web", id});
    CHECK(arn == kPrefix + type + "/prod/web/" + id);
    const ServicePart part = kNames.parseServicePart(arn, type).value();
    CHECK(part.cluster == "prod");
    CHECK(part.service == "web");
    CHECK(part.id == id);
  }
  for (const std::string& wrong :
       {std::string("ecs-svc/123"), kPrefix + "task-set/prod", kPrefix + "task-set/prod/web",
        kPrefix + "task-set/a b/web/1", kPrefix + "service/prod/web/1"}) {
    CHECK_FALSE(kNames.parseServicePart(wrong, "task-set"));
  }
}

TEST_CASE("What the names make, they read") {
  CHECK(kNames.parseCluster(kNames.cluster("c").str())->str() == "c");
  CHECK(kNames.parseTask(kNames.task("c", kId).str())->id == kId);
  CHECK(kNames.parseInstance(kNames.instance("c", kId).str())->id == kId);
  CHECK(kNames.parseService(kNames.service("c", "web").str())->cluster == "c");
  CHECK(kNames.parseTaskDefinition(kNames.taskDefinition("web", 3).str())->revision == 3);
}

TEST_CASE("References that are none of ours are refused and quoted") {
  const auto text = GENERATE(
      as<std::string>(), "", "a b", "prod/0123", "arn:", "arn:aws:ecs:us-east-1",
      "arn:aws:ecs:eu-west-1:000000000000:task/c/1", "arn:aws:ecs:us-east-1:111111111111:task/c/1",
      "arn:aws-cn:ecs:us-east-1:000000000000:task/c/1", "arn:aws:ecr:us-east-1:000000000000:task/c/1",
      "arn:aws:ecs:us-east-1:000000000000:cluster/c/1", "arn:aws:ecs:us-east-1:000000000000:task",
      "arn:aws:ecs:us-east-1:000000000000:task/", "arn:aws:ecs:us-east-1:000000000000:task/c/",
      "arn:aws:ecs:us-east-1:000000000000:task//1", "arn:aws:ecs:us-east-1:000000000000:task/c/d/1");
  CAPTURE(text);
  const auto task = kNames.parseTask(text);
  REQUIRE_FALSE(task);
  CHECK(task.error().code == Code::InvalidArgument);
  CHECK_THAT(task.error().message, Catch::StartsWith("Invalid identifier '" + text + "': "));
  CHECK_FALSE(kNames.parseInstance(text));
  if (text.find("cluster/") == std::string::npos) CHECK_FALSE(kNames.parseCluster(text));
  CHECK_FALSE(kNames.parseTaskDefinition(text));
}

TEST_CASE("A task definition is meant by its family, family and revision, or its ARN") {
  CHECK(kNames.parseTaskDefinition("web")->family == "web");
  CHECK_FALSE(kNames.parseTaskDefinition("web")->revision);
  CHECK(kNames.parseTaskDefinition("web:7")->revision == 7);
  const DefinitionReference arn = kNames.parseTaskDefinition(kPrefix + "task-definition/web:8").value();
  CHECK(arn.family == "web");
  CHECK(arn.revision == 8);
}

TEST_CASE("A revision that is no number is named") {
  const auto revision =
      GENERATE(as<std::string>(), "foo", "", "0", "-1", "1:2", "99999999999999999999", "1x");
  const auto parsed = kNames.parseTaskDefinition("web:" + revision);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message == "Invalid revision number. Number: " + revision);
}

TEST_CASE("Names have letters, digits, underscores and hyphens") {
  CHECK(isName("Web_1-a"));
  CHECK_FALSE(isName(""));
  CHECK_FALSE(isName("a.b"));
  CHECK_FALSE(isName("\xc3\xbc"));
  CHECK_FALSE(isName(std::string(256, 'a')));
}

}  // namespace
}  // namespace berth::ecs
