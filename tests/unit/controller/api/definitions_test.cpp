#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

const std::string kPrefix = "arn:aws:ecs:us-east-1:000000000000:task-definition/";

std::string broken(Json containers, Json more = Json::object()) {
  Bench bench;
  Json input{{"family", "f"}, {"containerDefinitions", std::move(containers)}};
  input.update(more);
  return bench.refusal("RegisterTaskDefinition", input);
}

std::string brokenContainer(Json more) { return broken(Json::array({container("app", std::move(more))})); }

}  // namespace

TEST_CASE("each registration is a revision of its family, and revisions are never given twice") {
  Bench bench;
  CHECK(bench.define("web") == kPrefix + "web:1");
  CHECK(bench.define("web") == kPrefix + "web:2");
  CHECK(bench.define("job") == kPrefix + "job:1");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:2"}});
  CHECK(bench.define("web") == kPrefix + "web:3");
}

TEST_CASE("a definition is returned as it was given, with the service's defaults") {
  Bench bench;
  Json health{{"command", {"CMD-SHELL", "true"}}, {"interval", 5}};
  bench.define(
      "web",
      Json::array({container("app", {{"healthCheck", health}, {"portMappings", {{{"containerPort", 80}}}}})}),
      {{"taskRoleArn", "arn:aws:iam::000000000000:role/r"}});
  Json definition = bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["taskDefinition"];
  CHECK(definition["networkMode"] == "bridge");
  CHECK(definition["status"] == "ACTIVE");
  CHECK(definition["revision"] == 1);
  CHECK(definition["taskRoleArn"] == "arn:aws:iam::000000000000:role/r");
  CHECK(definition["compatibilities"] == Json({"EC2", "EXTERNAL"}));
  Json app = definition["containerDefinitions"][0];
  CHECK(app["healthCheck"] == health);
  CHECK(app["essential"] == true);
  CHECK(app["environment"] == Json::array());
  CHECK(app["portMappings"][0] == Json{{"containerPort", 80}, {"hostPort", 0}, {"protocol", "tcp"}});
}

TEST_CASE("in network mode host the host's port is the container's") {
  Bench bench;
  bench.define("web", Json::array({container("app", {{"portMappings", {{{"containerPort", 80}}}}})}),
               {{"networkMode", "host"}});
  Json definition = bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["taskDefinition"];
  CHECK(definition["containerDefinitions"][0]["portMappings"][0]["hostPort"] == 80);
}

TEST_CASE("a family means its newest active revision") {
  Bench bench;
  bench.define("web");
  bench.define("web");
  auto newest = [&] {
    return bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["taskDefinition"]["revision"];
  };
  CHECK(newest() == 2);
  Json gone = bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:2"}})["taskDefinition"];
  CHECK(gone["status"] == "INACTIVE");
  CHECK(gone.contains("deregisteredAt"));
  CHECK(newest() == 1);
  CHECK(bench.call("DescribeTaskDefinition",
                   {{"taskDefinition", kPrefix + "web:2"}})["taskDefinition"]["status"] == "INACTIVE");
}

TEST_CASE("a definition that is not there is a client's error") {
  Bench bench;
  CHECK_THAT(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "none"}}),
             Catch::StartsWith("ClientException: "));
  CHECK_THAT(bench.refusal("DeregisterTaskDefinition", {{"taskDefinition", "none:1"}}),
             Catch::StartsWith("ClientException: "));
}

TEST_CASE("definitions are listed by family, status and order") {
  Bench bench;
  for (int i = 0; i < 11; ++i) bench.define("web");
  bench.define("job");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:3"}});
  auto list = [&](Json input) {
    return bench.call("ListTaskDefinitions", std::move(input))["taskDefinitionArns"];
  };
  CHECK(list(Json::object()).size() == 11);
  CHECK(list({{"status", "INACTIVE"}}) == Json::array({kPrefix + "web:3"}));
  Json web = list({{"familyPrefix", "web"}});
  CHECK(web.front() == kPrefix + "web:1");
  CHECK(web.back() == kPrefix + "web:11");
  CHECK(list({{"familyPrefix", "web"}, {"sort", "DESC"}}).front() == kPrefix + "web:11");
  CHECK(list({{"familyPrefix", "we"}}).empty());
}

TEST_CASE("families are listed by prefix and by whether they have an active revision") {
  Bench bench;
  bench.define("web");
  bench.define("work");
  bench.define("job");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "work:1"}});
  auto list = [&](Json input) {
    return bench.call("ListTaskDefinitionFamilies", std::move(input))["families"];
  };
  CHECK(list(Json::object()) == Json({"job", "web", "work"}));
  CHECK(list({{"familyPrefix", "w"}}) == Json({"web", "work"}));
  CHECK(list({{"familyPrefix", "w"}, {"status", "ACTIVE"}}) == Json({"web"}));
  CHECK(list({{"status", "INACTIVE"}}) == Json({"work"}));
}

TEST_CASE("a definition that breaks a rule is refused with the rule") {
  CHECK(broken(Json::array()) == "ClientException: Container list cannot be empty.");
  CHECK(broken(Json::array({container(), container()})) ==
        "ClientException: Container names must be unique: 'app' stands twice.");
  CHECK(brokenContainer({{"memory", 4}}) ==
        "ClientException: Invalid setting for container 'app'. The 'memory' must be at least 6 MiB.");
  CHECK(brokenContainer({{"memoryReservation", 256}}) ==
        "ClientException: Invalid setting for container 'app'. 'memory' must not be less than "
        "'memoryReservation'.");
  CHECK(
      broken(Json::array({{{"name", "app"}, {"image", "i"}}})) ==
      "ClientException: Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' "
      "must be specified.");
  CHECK(brokenContainer({{"essential", false}}) ==
        "ClientException: A task definition must have at least one essential container.");
  CHECK(brokenContainer({{"mountPoints", {{{"sourceVolume", "v"}, {"containerPath", "/v"}}}}}) ==
        "ClientException: Unknown volume 'v' in a mount point of container 'app'.");
  CHECK(brokenContainer({{"healthCheck", {{"command", {"true"}}}}}) ==
        "ClientException: Invalid health check of container 'app': the command must start with CMD or "
        "CMD-SHELL.");
  CHECK(brokenContainer({{"healthCheck", {{"command", {"CMD", "true"}}, {"interval", 1}}}}) ==
        "ClientException: Invalid health check of container 'app': interval must be between 5 and 300.");
  CHECK(
      brokenContainer({{"dependsOn", {{{"containerName", "b"}, {"condition", "START"}}}}}) ==
      "ClientException: Container 'app' depends on 'b', which is no other container of the task definition.");
  CHECK(broken(Json::array({container()}), {{"family", "a b"}}) ==
        "ClientException: Family contains invalid characters: use up to 255 letters, digits, '_' and '-'.");
}

TEST_CASE("a volume needs a name and its mount point a path, as no agent could run it otherwise") {
  Json volumes{{{"name", "v"}, {"host", {{"sourcePath", "/srv"}}}}};
  for (const Json& mount :
       {Json{{"sourceVolume", "v"}}, Json{{"sourceVolume", "v"}, {"containerPath", ""}}}) {
    CHECK(broken(Json::array({container("app", {{"mountPoints", {mount}}})}), {{"volumes", volumes}}) ==
          "ClientException: The mount point of volume 'v' in container 'app' needs a containerPath.");
  }
  volumes[0].erase("name");
  CHECK(broken(Json::array({container()}), {{"volumes", volumes}}) ==
        "ClientException: Volume.name should not be null or empty.");
}

TEST_CASE("only the end of a container that is not essential can be waited for") {
  const auto waits = [](const char* condition, bool essential) {
    const Json on{{"dependsOn", {{{"containerName", "b"}, {"condition", condition}}}}};
    return Json::array({container("app", on), container("b", {{"essential", essential}})});
  };
  for (const std::string condition : {"COMPLETE", "SUCCESS"}) {
    CHECK(broken(waits(condition.c_str(), true)) == "ClientException: Container 'app' depends on 'b' to be " +
                                                        condition +
                                                        ", which is essential: its end would stop the task.");
    Bench().define("f", waits(condition.c_str(), false));
  }
  Bench().define("f", waits("START", true));
  CHECK(broken(waits("HEALTHY", true)) ==
        "ClientException: Container 'app' depends on 'b' to be HEALTHY, which has no healthCheck.");
}

TEST_CASE("links are for the network mode bridge") {
  const Json linked = Json::array({container("app", {{"links", {"db:store"}}}), container("db")});
  Bench().define("f", linked, {{"networkMode", "bridge"}});
  for (const std::string mode : {"host", "none", "awsvpc"}) {
    CHECK(broken(linked, {{"networkMode", mode}}) ==
          "ClientException: Links are not supported when networkMode=" + mode + " (container 'app').");
  }
}

TEST_CASE("port mappings keep to their network mode") {
  Json port{{"containerPort", 80}, {"hostPort", 8080}};
  Json app = container("app", {{"portMappings", {port}}});
  CHECK(broken(Json::array({app}), {{"networkMode", "none"}}) ==
        "ClientException: Port mappings are not allowed with network mode 'none' (container 'app').");
  CHECK(broken(Json::array({app}), {{"networkMode", "host"}}) ==
        "ClientException: When networkMode=host, the host ports and container ports in port mappings must "
        "match.");
  CHECK(broken(Json::array({app, container("b", {{"portMappings", {port}}})})) ==
        "ClientException: The host port 8080/tcp is used by more than one port mapping.");
  CHECK(brokenContainer({{"portMappings", {{{"containerPort", 70000}}}}}) ==
        "ClientException: Invalid port mapping of container 'app': ports are between 0 and 65535.");
}

TEST_CASE("a task's size holds its containers, in any of its units") {
  Bench bench;
  bench.define("sized", Json::array({container()}), {{"cpu", ".5 vCPU"}, {"memory", "1 GB"}});
  Json definition = bench.call("DescribeTaskDefinition", {{"taskDefinition", "sized"}})["taskDefinition"];
  CHECK(definition["cpu"] == "512");
  CHECK(definition["memory"] == "1024");
  CHECK(broken(Json::array({container()}), {{"memory", "100"}}) ==
        "ClientException: Total memory of the containers exceeds the 'memory' of the task.");
  CHECK(broken(Json::array({container()}), {{"cpu", "much"}}) ==
        "ClientException: Invalid 'cpu' setting for task.");
}

TEST_CASE("what names no definition is refused by its own rule") {
  Bench bench;
  bench.define("web");
  CHECK(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "none"}}) ==
        "ClientException: Unable to describe task definition.");
  CHECK(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "web:2"}}) ==
        "ClientException: Unable to describe task definition.");
  CHECK(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "web:new"}}) ==
        "ClientException: Invalid revision number. Number: new");
  CHECK(bench.refusal("DeregisterTaskDefinition", {{"taskDefinition", "web"}}) ==
        "ClientException: Revision is missing.");
  CHECK(bench.refusal("DeregisterTaskDefinition", {{"taskDefinition", "web:0"}}) ==
        "InvalidParameterException: Invalid revision number. Number: 0");
  CHECK(bench.refusal("DeregisterTaskDefinition", {{"taskDefinition", "web:2"}}) ==
        "ClientException: Unable to describe task definition.");
  CHECK_THAT(bench.refusal("DeregisterTaskDefinition", {{"taskDefinition", "we b:1"}}),
             Catch::StartsWith("InvalidParameterException: Invalid identifier 'we b:1'"));
}

TEST_CASE("a family whose revisions are all inactive means none of them") {
  Bench bench;
  bench.define("web");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:1"}});
  CHECK(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "web"}}) ==
        "ClientException: Unable to describe task definition.");
  CHECK(bench.call("DescribeTaskDefinition", {{"taskDefinition", "web:1"}})["taskDefinition"]["revision"] ==
        1);
}

TEST_CASE("a definition is deregistered once") {
  Bench bench;
  bench.define("web");
  Json first = bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:1"}});
  CHECK(bench.last.mutations.size() == 1);
  CHECK(bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:1"}}) == first);
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("a definition's tags are shown when they are asked for") {
  Bench bench;
  Json tags = Json::array({{{"key", "team"}, {"value", "a"}}});
  Json input{{"family", "web"}, {"containerDefinitions", {container()}}, {"tags", tags}};
  CHECK(bench.call("RegisterTaskDefinition", input)["tags"] == tags);
  CHECK(bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["tags"].empty());
  CHECK(bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}, {"include", {"TAGS"}}})["tags"] ==
        tags);
}

TEST_CASE("a registration says who made it and when") {
  Bench bench;
  bench.define("web");
  Json definition = bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["taskDefinition"];
  CHECK(definition["registeredBy"] == "arn:aws:iam::000000000000:user/test");
  CHECK(definition["registeredAt"] == 1790000001.0);
  CHECK_FALSE(definition.contains("deregisteredAt"));
}

TEST_CASE("containers have a name, an image, and their greatest number") {
  Json ten = Json::array();
  for (int i = 0; i < 10; ++i) ten.push_back(container("c" + std::to_string(i)));
  Bench().define("f", ten);
  ten.push_back(container("c10"));
  CHECK(broken(ten) == "ClientException: A task definition has at most 10 containers.");
  CHECK(broken(Json::array({{{"image", "i"}, {"memory", 6}}})) ==
        "ClientException: Container.name should not be null or empty.");
  CHECK(broken(Json::array({{{"name", "app"}, {"memory", 6}}})) ==
        "ClientException: Container.image should not be null or empty.");
}

TEST_CASE("a container may go without memory when its task has some, or have a soft limit alone") {
  Bench bench;
  Json bare{{"name", "app"}, {"image", "i"}};
  bench.define("sized", Json::array({bare}), {{"memory", "64"}});
  bare["memoryReservation"] = 64;
  bench.define("soft", Json::array({bare}));
  bare["memory"] = 64;
  bench.define("both", Json::array({bare}));
}

TEST_CASE("each number of a health check has its range") {
  auto check = [](const char* member, int value) {
    return Json{{"healthCheck", {{"command", {"CMD", "true"}}, {member, value}}}};
  };
  struct Range {
    const char* member;
    int least, most;
  };
  for (const Range& range : {Range{"interval", 5, 300}, Range{"timeout", 2, 60}, Range{"retries", 1, 10},
                             Range{"startPeriod", 0, 300}}) {
    std::string refusal =
        "ClientException: Invalid health check of container 'app': " + std::string(range.member) +
        " must be between " + std::to_string(range.least) + " and " + std::to_string(range.most) + ".";
    CHECK(brokenContainer(check(range.member, range.least - 1)) == refusal);
    CHECK(brokenContainer(check(range.member, range.most + 1)) == refusal);
    Bench bench;
    bench.define("least", Json::array({container("app", check(range.member, range.least))}));
    bench.define("most", Json::array({container("app", check(range.member, range.most))}));
  }
  CHECK_THAT(brokenContainer({{"healthCheck", {{"command", Json::array()}}}}),
             Catch::EndsWith("the command must start with CMD or CMD-SHELL."));
}

TEST_CASE("a port mapping says a port, and may repeat a host's port for the other protocol") {
  CHECK(
      brokenContainer({{"portMappings", {{{"hostPort", 80}}}}}) ==
      "ClientException: Invalid port mapping of container 'app': containerPort or containerPortRange must be "
      "given.");
  CHECK(brokenContainer({{"portMappings", {{{"containerPort", 80}, {"hostPort", -1}}}}}) ==
        "ClientException: Invalid port mapping of container 'app': ports are between 0 and 65535.");
  Json both = Json::array({{{"containerPort", 53}, {"hostPort", 53}},
                           {{"containerPort", 53}, {"hostPort", 53}, {"protocol", "udp"}}});
  Bench().define("dns", Json::array({container("app", {{"portMappings", both}})}));
}

TEST_CASE("a definition has its greatest size, and meets what it says it is compatible with") {
  CHECK(brokenContainer({{"dockerLabels", {{"long", std::string(65536, 'x')}}}}) ==
        "ClientException: Actual length of the task definition exceeds the maximum of 65536 bytes.");
  for (const char* wanted : {"FARGATE", "MANAGED_INSTANCES"}) {
    CHECK(broken(Json::array({container()}), {{"requiresCompatibilities", {wanted}}}) ==
          "ClientException: Task definition does not meet the requirements of " + std::string(wanted) + ".");
  }
  Bench bench;
  bench.define("fargate", Json::array({container()}),
               {{"requiresCompatibilities", {"FARGATE"}},
                {"networkMode", "awsvpc"},
                {"cpu", "256"},
                {"memory", "512"}});
  CHECK(bench.call("DescribeTaskDefinition",
                   {{"taskDefinition", "fargate"}})["taskDefinition"]["compatibilities"] ==
        Json({"EC2", "FARGATE"}));
}

TEST_CASE("a task's size is a positive number, and not less than its containers'") {
  for (const char* size : {"0", "-1", "1.5", "1 gibibyte", "", "nan vCPU", "inf vCPU"}) {
    CHECK(broken(Json::array({container()}), {{"cpu", size}}) ==
          "ClientException: Invalid 'cpu' setting for task.");
  }
  for (const char* size : {"0", "-1", "1.5", "1 vCPU", "", "0 GB"}) {
    CHECK(broken(Json::array({container()}), {{"memory", size}}) ==
          "ClientException: Invalid 'memory' setting for task.");
  }
  CHECK(broken(Json::array({container(), container("b")}), {{"cpu", "511"}}) ==
        "ClientException: Total cpu of the containers exceeds the 'cpu' of the task.");
  Bench().define("exact", Json::array({container(), container("b")}), {{"cpu", "512"}, {"memory", "256"}});
}

TEST_CASE("a volume without particulars is one on the host") {
  Bench bench;
  bench.define("web", Json::array({container()}), {{"volumes", {{{"name", "v"}}}}});
  Json definition = bench.call("DescribeTaskDefinition", {{"taskDefinition", "web"}})["taskDefinition"];
  CHECK(definition["volumes"] == Json::array({{{"name", "v"}, {"host", Json::object()}}}));
}

TEST_CASE("sizes are neither negative nor beyond all hosts") {
  CHECK(brokenContainer({{"cpu", -1}}) ==
        "ClientException: Invalid setting for container 'app'. The 'cpu' must not be negative.");
  CHECK(brokenContainer({{"memoryReservation", 0}}) ==
        "ClientException: Invalid setting for container 'app'. The 'memoryReservation' must be at least 6 "
        "MiB.");
  for (const char* cpu : {"9223372036854775807", "1000000001", "0", "-1", "0.0001 vCPU"}) {
    CHECK(broken(Json::array({container()}), {{"cpu", cpu}}) ==
          "ClientException: Invalid 'cpu' setting for task.");
  }
}

TEST_CASE("a container's name has the characters of names") {
  CHECK(broken(Json::array({container("a/b c")})) ==
        "ClientException: Invalid container name 'a/b c': use up to 255 letters, digits, '_' and '-'.");
}

TEST_CASE("definitions that are being deleted are none yet") {
  Bench bench;
  bench.define("web");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "web:1"}});
  CHECK(bench.call("ListTaskDefinitions", {{"status", "DELETE_IN_PROGRESS"}})["taskDefinitionArns"].empty());
}

TEST_CASE("a counter whose record was lost overwrites no revision") {
  Bench before;
  before.define("web");
  before.define("web");
  std::vector<Entity> stored;
  for (const auto& [revision, definition] : before.core.state().definitions().at("web")) {
    stored.emplace_back(definition);
  }
  Bench after;
  after.core.load(stored);
  CHECK(after.define("web") == kPrefix + "web:3");
}

TEST_CASE("containers that wait for each other in a circle are refused") {
  auto one = [](const std::string& name, const std::vector<std::string>& on) {
    Json out = container();
    out["name"] = name;
    for (const std::string& other : on) {
      out["dependsOn"].push_back({{"containerName", other}, {"condition", "START"}});
    }
    return out;
  };
  CHECK(broken(Json::array({one("a", {"b"}), one("b", {"c"}), one("c", {"a"}), one("d", {"a"})})) ==
        "ClientException: Containers must not depend on each other in a circle: 'a' waits for itself.");
  CHECK_THAT(broken(Json::array({one("x", {}), one("y", {"z"}), one("z", {"x", "y"})})),
             Catch::Contains("circle: 'y'"));
  Bench bench;
  bench.define("chain", Json::array({one("a", {"b", "c"}), one("b", {"c"}), one("c", {})}));
}
