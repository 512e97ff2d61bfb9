#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::container;
using sample::kArns;
using sample::kInvalid;
using sample::kUnsupported;
using sample::merged;
using sample::ServiceBench;

namespace {

std::string with(const Json& more) {
  ServiceBench bench;
  return bench.refused(ServiceBench::wanted(more));
}

std::string deployedBy(const Json& configuration) {
  return with({{"deploymentConfiguration", configuration}});
}

/// Of a service without that member.
std::string without(const char* member) {
  ServiceBench bench;
  Json input = ServiceBench::wanted();
  input.erase(member);
  return bench.refused(input);
}

}  // namespace

TEST_CASE("a service needs a name, a definition and a count") {
  CHECK_THAT(without("serviceName"), Catch::StartsWith(kInvalid));
  CHECK(without("taskDefinition") == kInvalid + "TaskDefinition can not be blank.");
  CHECK(with({{"taskDefinition", ""}}) == kInvalid + "TaskDefinition can not be blank.");
  CHECK(without("desiredCount") ==
        kInvalid + "A service with the REPLICA scheduling strategy needs a desiredCount.");
  CHECK(with({{"serviceName", "a/b"}}) ==
        kInvalid + "serviceName must have up to 255 letters, digits, '_' and '-'.");
  CHECK_THAT(with({{"serviceName", std::string(256, 'x')}}), Catch::StartsWith(kInvalid + "serviceName"));
}

TEST_CASE("a service is made in a cluster that is there") {
  CHECK(with({{"cluster", "none"}}) == "ClusterNotFoundException: Cluster not found.");
  ServiceBench bench;
  bench.cluster("gone");
  bench.call("DeleteCluster", {{"cluster", "gone"}});
  CHECK(bench.refused(ServiceBench::wanted({{"cluster", "gone"}})) ==
        "ClusterNotFoundException: The referenced cluster was inactive.");
}

TEST_CASE("a service's definition is one that new tasks may use") {
  CHECK(with({{"taskDefinition", "none"}}) == "ClientException: TaskDefinition not found.");
  CHECK(with({{"taskDefinition", "app:x"}}) == "ClientException: Invalid revision number. Number: x");
  ServiceBench bench;
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  CHECK(bench.refused(ServiceBench::wanted({{"taskDefinition", "app:1"}})) ==
        "ClientException: TaskDefinition is inactive");
}

TEST_CASE("numbers and tokens of a service have bounds") {
  CHECK(with({{"desiredCount", -1}}) == kInvalid + "desiredCount must be 0 or more, not -1.");
  CHECK(with({{"healthCheckGracePeriodSeconds", -1}}) ==
        kInvalid + "healthCheckGracePeriodSeconds must be 0 or more, not -1.");
  const std::string token =
      kInvalid + "clientToken must have up to 36 printable ASCII characters without spaces.";
  CHECK(with({{"clientToken", std::string(37, 'x')}}) == token);
  CHECK(with({{"clientToken", "a b"}}) == token);
  ServiceBench bench;
  bench.create(ServiceBench::wanted({{"clientToken", std::string(36, 'x')}}));
}

TEST_CASE("the percentages of a deployment leave it a way") {
  CHECK(deployedBy({{"maximumPercent", 99}}) == kInvalid + "maximumPercent must be 100 or more, not 99.");
  for (const int wrong : {-1, 101}) {
    CHECK(deployedBy({{"minimumHealthyPercent", wrong}}) ==
          kInvalid + "minimumHealthyPercent must be between 0 and 100, not " + std::to_string(wrong) + ".");
  }
}

TEST_CASE("a circuit breaker's threshold is a number of failures") {
  CHECK(deployedBy({{"deploymentCircuitBreaker",
                     {{"enable", true},
                      {"rollback", false},
                      {"thresholdConfiguration", {{"type", "COUNT"}, {"value", 0}}}}}}) ==
        kInvalid + "The value of a circuit breaker's thresholdConfiguration must be 1 or more, not 0.");
}

TEST_CASE("deployments that need what only AWS has are refused, and say what") {
  for (const char* strategy : {"BLUE_GREEN", "LINEAR", "CANARY"}) {
    CHECK(deployedBy({{"strategy", strategy}}) ==
          kUnsupported + "The deployment strategy " + strategy +
              " needs a load balancer that shifts traffic between revisions, which Berth does not have: use "
              "the strategy ROLLING alone.");
  }
  CHECK_THAT(deployedBy({{"lifecycleHooks", {{{"hookTargetArn", "x"}}}}}),
             Catch::StartsWith(kUnsupported + "lifecycleHooks needs a load balancer"));
}

TEST_CASE("the parts of a deployment's configuration go together") {
  CHECK(deployedBy({{"linearConfiguration", {{"stepPercent", 10}}}}) ==
        kInvalid + "linearConfiguration is for the deployment strategy LINEAR, not for ROLLING.");
  CHECK(deployedBy({{"strategy", "LINEAR"}, {"canaryConfiguration", {{"canaryPercent", 5}}}}) ==
        kInvalid + "canaryConfiguration is for the deployment strategy CANARY, not for LINEAR.");
  CHECK(deployedBy({{"bakeTimeInMinutes", 1441}}) ==
        kInvalid + "bakeTimeInMinutes must be between 0 and 1440, not 1441.");
  CHECK(deployedBy({{"alarms", {{"alarmNames", Json::array()}, {"enable", true}, {"rollback", false}}}}) ==
        kInvalid + "Deployment alarms that are enabled need alarmNames.");
  CHECK(deployedBy({{"alarms", {{"alarmNames", {"\t"}}, {"enable", true}, {"rollback", false}}}}) ==
        kInvalid + "An alarm's name has 1 to 255 printable ASCII characters.");
  CHECK(deployedBy({{"bakeTimeInMinutes", 5}}) ==
        kInvalid +
            "bakeTimeInMinutes of the strategy ROLLING is the time for which alarms watch a finished "
            "deployment: enable alarms, or set it to 0.");
}

TEST_CASE("a daemon has no count, no strategy, no room for more, and is rolled by Berth") {
  ServiceBench bench;
  const auto daemon = [&](const Json& more) { return bench.refused(ServiceBench::daemon(more)); };
  CHECK(
      daemon({{"desiredCount", 1}}) ==
      kInvalid +
          "The daemon scheduling strategy does not support a desired count for services. Remove the desired "
          "count value and try again");
  CHECK(daemon({{"placementStrategy", {{{"type", "random"}}}}}) ==
        kInvalid +
            "The daemon scheduling strategy does not support placement strategies for services. Remove the "
            "placement strategy value and try again");
  CHECK(daemon({{"deploymentConfiguration", {{"maximumPercent", 200}}}}) ==
        kInvalid +
            "The maximumPercent of a service with the daemon scheduling strategy must be 100, not 200.");
  for (const char* controller : {"CODE_DEPLOY", "EXTERNAL"}) {
    CHECK(daemon({{"deploymentController", {{"type", controller}}}}) ==
          kInvalid + "The daemon scheduling strategy is not supported with the " + controller +
              " deployment controller: use ECS.");
  }
}

TEST_CASE("a service of task sets leaves to them what is theirs") {
  ServiceBench bench;
  const auto external = [&](const Json& more) { return bench.refused(ServiceBench::external(more)); };
  const std::string theirs =
      " can't be given to a service with the EXTERNAL deployment controller: its task sets have their own, "
      "see CreateTaskSet.";
  CHECK(external({{"taskDefinition", "app"}}) == kInvalid + "taskDefinition" + theirs);
  CHECK(external({{"launchType", "EC2"}}) == kInvalid + "launchType" + theirs);
  CHECK(external({{"platformVersion", "LATEST"}}) == kInvalid + "platformVersion" + theirs);
  CHECK(external({{"capacityProviderStrategy", {{{"capacityProvider", "a"}}}}}) ==
        kInvalid + "capacityProviderStrategy" + theirs);
  CHECK(external({{"deploymentConfiguration",
                   {{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", false}}}}}}) ==
        kInvalid +
            "A deployment circuit breaker is for services with the ECS deployment controller: leave it out.");
}

TEST_CASE("CodeDeploy is not there, after its definition was asked for") {
  const Json controller{{"deploymentController", {{"type", "CODE_DEPLOY"}}}};
  CHECK(with(controller) ==
        kUnsupported +
            "The CODE_DEPLOY deployment controller needs AWS CodeDeploy, which Berth does "
            "not have: use ECS, or EXTERNAL with task sets.");
  CHECK(with(merged(controller, {{"taskDefinition", ""}})) == kInvalid + "TaskDefinition can not be blank.");
}

TEST_CASE("launch types are checked by name, against the definition, and by what Berth has") {
  CHECK(with({{"launchType", "MOON"}, {"cluster", "none"}}) ==
        kInvalid + "launch type should be one of [EC2,FARGATE,EXTERNAL]");
  CHECK(with({{"launchType", "FARGATE"}}) ==
        kInvalid + "Task definition does not support launch_type FARGATE.");
  CHECK(with({{"launchType", "EC2"}, {"platformVersion", "1.4.0"}}) ==
        kInvalid + "The platform version must be null when specifying an EC2 launch type.");
  CHECK(with({{"launchType", "EC2"}, {"capacityProviderStrategy", {{{"capacityProvider", "a"}}}}}) ==
        kInvalid + "Specify either launchType or capacityProviderStrategy, not both.");
  CHECK(with({{"launchType", "MANAGED_INSTANCES"}}) ==
        kUnsupported +
            "Launch type MANAGED_INSTANCES needs hosts that AWS provides, which Berth does not have: use EC2 "
            "or EXTERNAL.");
}

TEST_CASE("Fargate is not there even where the definition fits it") {
  ServiceBench bench;
  bench.define("net", Json::array({container()}),
               {{"networkMode", "awsvpc"}, {"cpu", "256"}, {"memory", "512"}});
  const Json network{{"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"s"}}}}}}};
  const Json fargate = merged({{"taskDefinition", "net"}, {"launchType", "FARGATE"}}, network);
  CHECK(bench.refused(ServiceBench::wanted(fargate)) ==
        kUnsupported +
            "Launch type FARGATE needs hosts that AWS provides, which Berth does not have: use EC2 or "
            "EXTERNAL.");
  CHECK(bench.refused(ServiceBench::wanted({{"taskDefinition", "net"}})) ==
        kInvalid + "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  const Json guarded{
      {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"s"}}, {"securityGroups", {"sg"}}}}}}};
  CHECK_THAT(bench.refused(ServiceBench::wanted(merged({{"taskDefinition", "net"}}, guarded))),
             Catch::StartsWith(kUnsupported + "securityGroups is not offered"));
  CHECK(bench.refused(ServiceBench::wanted(network)) ==
        kInvalid + "Network Configuration is not valid for the given networkMode of this task definition.");
}

TEST_CASE("a capacity provider strategy has rules of its own") {
  const auto strategy = [](Json items) { return with({{"capacityProviderStrategy", std::move(items)}}); };
  Json many = Json::array();
  for (int i = 0; i < 21; ++i) many.push_back({{"capacityProvider", "p" + std::to_string(i)}, {"weight", 1}});
  CHECK(strategy(many) ==
        kInvalid + "A capacity provider strategy can contain at most 20 capacity providers.");
  CHECK(strategy(Json::array(
            {{{"capacityProvider", "a"}, {"weight", 1}}, {{"capacityProvider", "a"}, {"weight", 1}}})) ==
        kInvalid + "The capacity provider a stands twice in the strategy.");
  CHECK(strategy(Json::array({{{"capacityProvider", "a"}, {"base", 1}, {"weight", 1}},
                              {{"capacityProvider", "b"}, {"base", 1}}})) ==
        kInvalid + "Only one capacity provider of a strategy can have a base.");
  CHECK(strategy(Json::array({{{"capacityProvider", "a"}}, {{"capacityProvider", "b"}}})) ==
        kInvalid +
            "A strategy with several capacity providers needs at least one with a weight greater than zero.");
  CHECK_THAT(strategy(Json::array({{{"capacityProvider", "none"}}})),
             Catch::StartsWith(kInvalid + "The specified capacity provider 'none' was not found."));
  CHECK_THAT(strategy(Json::array({{{"capacityProvider", "a"}, {"weight", 1001}}})),
             Catch::StartsWith(kInvalid));
  CHECK_THAT(strategy(Json::array({{{"capacityProvider", "a"}, {"base", 100001}}})),
             Catch::StartsWith(kInvalid));
  for (const char* provider : {"FARGATE", "FARGATE_SPOT"}) {
    CHECK_THAT(strategy(Json::array({{{"capacityProvider", provider}}})),
               Catch::StartsWith(kUnsupported + "FARGATE and FARGATE_SPOT are AWS's own capacity"));
  }
}

TEST_CASE("load balancers are checked against the definition, and then are not there") {
  ServiceBench bench;
  bench.define("port", Json::array({container("app", {{"portMappings", {{{"containerPort", 80}}}}})}));
  const auto balanced = [&](Json list) {
    return bench.refused(
        ServiceBench::wanted({{"taskDefinition", "port"}, {"loadBalancers", std::move(list)}}));
  };
  const Json good{{"targetGroupArn", "arn:g"}, {"containerName", "app"}, {"containerPort", 80}};
  const std::string either =
      kInvalid + "A load balancer needs either a targetGroupArn or a loadBalancerName.";
  CHECK(balanced(Json::array({merged(good, {{"loadBalancerName", "x"}})})) == either);
  CHECK(balanced(Json::array({merged(good, {{"targetGroupArn", ""}})})) == either);
  CHECK(balanced(Json::array({merged(good, {{"containerName", "no"}})})) ==
        kInvalid + "The container no does not exist in the task definition.");
  CHECK(balanced(Json::array({merged(good, {{"containerPort", 81}})})) ==
        kInvalid + "The container app did not have a container port 81 defined.");
  const Json classic{{"loadBalancerName", "x"}, {"containerName", "app"}, {"containerPort", 80}};
  const std::string many =
      kInvalid + "A service can have up to 5 target groups, and 1 Classic Load Balancer.";
  CHECK(balanced(Json::array({good, good, good, good, good, good})) == many);
  CHECK(balanced(Json::array({classic, classic})) == many);
  CHECK(balanced(Json::array({good})) ==
        kUnsupported +
            "loadBalancers needs Elastic Load Balancing, which Berth does not have: leave it out.");
}

TEST_CASE("a service registry names a port of the definition, and the service has a name for DNS") {
  ServiceBench bench;
  bench.define("port", Json::array({container("app", {{"portMappings", {{{"containerPort", 80}}}}})}));
  const auto wanted = [](const Json& registry, const Json& more = Json::object()) {
    return merged(
        ServiceBench::wanted({{"taskDefinition", "port"}, {"serviceRegistries", Json::array({registry})}}),
        more);
  };
  const Json good{{"registryArn", "arn:r"}, {"containerName", "app"}, {"containerPort", 80}};
  CHECK(bench.create(wanted(good))["serviceRegistries"] == Json::array({good}));
  const std::string needs = kInvalid + "A service registry needs a containerName and a containerPort";
  CHECK_THAT(bench.refused(wanted({{"registryArn", "arn:r"}})), Catch::StartsWith(needs));
  CHECK_THAT(bench.refused(wanted(merged(good, {{"port", 80}}))), Catch::StartsWith(needs));
  CHECK(bench.refused(wanted(merged(good, {{"containerName", "no"}}))) ==
        kInvalid + "The container no does not exist in the task definition.");
  CHECK(bench.refused(wanted(merged(good, {{"containerPort", 81}}))) ==
        kInvalid + "The container app did not have a container port 81 defined.");
  const Json long_name{{"serviceName", std::string(64, 'x')}};
  CHECK_THAT(bench.refused(wanted(good, long_name)),
             Catch::Contains("give it another name by the tag berth:dns"));
  const Json tagged{{"tags", {{{"key", "berth:dns"}, {"value", "short"}}}}};
  CHECK(bench.create(wanted(good, merged(long_name, tagged)))["status"] == "ACTIVE");
}

TEST_CASE("what else only AWS has is refused by name") {
  CHECK(with({{"serviceRegistries", {{{"registryArn", "r"}}, {{"registryArn", "s"}}}}}) ==
        kInvalid + "A service can have up to 1 service registry.");
  CHECK_THAT(with({{"volumeConfigurations", {{{"name", "v"}}}}}),
             Catch::StartsWith(kUnsupported + "volumeConfigurations needs Amazon EBS"));
  CHECK_THAT(
      with({{"vpcLatticeConfigurations", {{{"roleArn", "r"}, {"targetGroupArn", "g"}, {"portName", "p"}}}}}),
      Catch::StartsWith(kUnsupported + "vpcLatticeConfigurations needs Amazon VPC Lattice"));
  CHECK_THAT(with({{"serviceConnectConfiguration", {{"enabled", true}, {"namespace", "n"}}}}),
             Catch::StartsWith(kUnsupported + "Service Connect needs a namespace"));
  CHECK(with({{"role", "r"}}) ==
        kInvalid + "IAM roles are only valid for services configured to use load balancers.");
}

TEST_CASE("what is empty or switched off is as if it were left out") {
  ServiceBench bench;
  const Json bare = bench.create();
  Json empty = ServiceBench::wanted({{"loadBalancers", Json::array()},
                                     {"serviceRegistries", Json::array()},
                                     {"capacityProviderStrategy", Json::array()},
                                     {"placementStrategy", Json::array()},
                                     {"platformVersion", ""},
                                     {"role", ""}});
  CHECK(bench.create(empty) == bare);
  CHECK(bench.create(ServiceBench::wanted({{"serviceName", "off"},
                                           {"serviceConnectConfiguration", {{"enabled", false}}},
                                           {"enableExecuteCommand", false}}))["status"] == "ACTIVE");
}

TEST_CASE("placement and tags of a service keep their rules") {
  CHECK(with({{"placementConstraints", {{{"type", "memberOf"}}}}}) ==
        kInvalid + "A memberOf placement constraint needs an expression.");
  CHECK_THAT(with({{"placementConstraints", {{{"type", "memberOf"}, {"expression", "a ="}}}}}),
             Catch::StartsWith(kInvalid + "Invalid placement constraint expression"));
  CHECK(with({{"placementStrategy", {{{"type", "binpack"}, {"field", "disk"}}}}}) ==
        kInvalid + "The binpack placement strategy needs a field: cpu or memory.");
  CHECK_THAT(with({{"tags", {{{"key", "aws:x"}, {"value", ""}}}}}),
             Catch::Contains("keys that begin with aws: can't be set"));
}
