#include <catch2/catch.hpp>

#include "agent/endpoints/start_metrics.hpp"
#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

Response introspect(const Directory& directory, const std::string& path,
                    const IntrospectionSources& sources = {}) {
  return answerIntrospection(get(path), directory, sources);
}

const json kNothing = {
    {"Arn", ""}, {"KnownStatus", ""}, {"Family", ""}, {"Version", ""}, {"Containers", nullptr}};

TEST_CASE("Introspection tells who the instance is") {
  Directory directory;
  directory.setInstance({"default", "", "1.105.1 (a8b3e7d3)"});
  CHECK(json::parse(introspect(directory, "/v1/metadata").body) ==
        json({{"Cluster", "default"},
              {"ContainerInstanceArn", nullptr},
              {"Version", "Amazon ECS Agent - v1.105.1 (a8b3e7d3)"}}));
  directory.setInstance({"default", "arn:ci", "1"});
  CHECK(json::parse(introspect(directory, "/v1/metadata").body)["ContainerInstanceArn"] == "arn:ci");
}

TEST_CASE("Introspection lists tasks in the words of the API, without the agent's own") {
  Directory directory;
  TaskView task = sampleTask();
  task.knownStatus = "CREATED";
  task.containers[0].ports = {{80, "tcp", 32768, "0.0.0.0"}};
  task.containers[0].restartCount = 1;
  task.containers[1].type = "CNI_PAUSE";
  directory.put(shared(task));
  TaskView own = sampleTask("internal");
  own.internal = true;
  own.containers.clear();
  directory.put(shared(own));
  const json list = json::parse(introspect(directory, "/v1/tasks").body);
  REQUIRE(list["Tasks"].size() == 1);
  const json shown = list["Tasks"][0];
  CHECK(shown["KnownStatus"] == "PENDING");
  CHECK(shown["DesiredStatus"] == "RUNNING");
  CHECK(shown["Version"] == "7");
  REQUIRE(shown["Containers"].size() == 1);
  const json web = shown["Containers"][0];
  CHECK(web["DockerId"] == kWebId);
  CHECK(web["Ports"][0] ==
        json({{"ContainerPort", 80}, {"Protocol", "tcp"}, {"HostPort", 32768}, {"HostIp", "0.0.0.0"}}));
  CHECK(
      web["Networks"][0] ==
      json({{"NetworkMode", "bridge"}, {"IPv4Addresses", {"172.17.0.2"}}, {"IPv6Addresses", json::array()}}));
  CHECK(web["RestartCount"] == 1);
}

TEST_CASE("A desired state that was overtaken is left out") {
  Directory directory;
  TaskView task = sampleTask();
  task.knownStatus = "STOPPED";
  directory.put(shared(task));
  CHECK_FALSE(json::parse(introspect(directory, "/v1/tasks?taskarn=" + kArn).body).contains("DesiredStatus"));
  task.desiredStatus = "STOPPED";
  directory.put(shared(task));
  CHECK(json::parse(introspect(directory, "/v1/tasks?taskarn=" + kArn).body)["DesiredStatus"] == "STOPPED");
}

TEST_CASE("One task is asked for by its ARN or by a Docker id, long or short") {
  Directory directory;
  directory.put(shared(sampleTask()));
  CHECK(json::parse(introspect(directory, "/v1/tasks?taskarn=" + kArn).body)["Arn"] == kArn);
  CHECK(json::parse(introspect(directory, "/v1/tasks?dockerid=" + kWebId).body)["Arn"] == kArn);
  CHECK(json::parse(introspect(directory, "/v1/tasks?dockerid=" + kWebId.substr(0, 12)).body)["Arn"] == kArn);
  struct Case {
    std::string query;
    int status;
  };
  for (const Case& one : std::vector<Case>{{"taskarn=other", 404},
                                           {"dockerid=ffff", 404},
                                           {"dockerid=" + kWebId.substr(0, 20), 404},
                                           {"dockerid=aa", 400},
                                           {"taskarn=" + kArn + "&dockerid=aaaa", 400}}) {
    const Response response = introspect(directory, "/v1/tasks?" + one.query);
    INFO(one.query);
    CHECK(response.status == one.status);
    CHECK(json::parse(response.body) == kNothing);
  }
}

TEST_CASE("Everything unknown gets the list of commands") {
  Directory directory;
  for (const char* path : {"/", "/v1", "/metrics", "/v1/tasks/"}) {
    const Response response = introspect(directory, path);
    CHECK(response.status == 200);
    CHECK(json::parse(response.body) ==
          json({{"AvailableCommands", {"/v1/metadata", "/v1/tasks", "/license"}}}));
  }
}

TEST_CASE("Licence, health and metrics come from their sources") {
  Directory directory;
  IntrospectionSources sources;
  CHECK(introspect(directory, "/license", sources).status == 500);
  CHECK(introspect(directory, "/health", sources).body == "ok\n");
  sources.license = "free";
  sources.metrics = [] { return std::string("up 1\n"); };
  sources.health = [] { return Status(makeError(Code::Unavailable, "the runtime is away")); };
  CHECK(introspect(directory, "/license", sources).body == "free");
  CHECK(introspect(directory, "/metrics", sources).body == "up 1\n");
  CHECK(introspect(directory, "/metrics", sources).contentType == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(introspect(directory, "/health", sources).status == 503);
  CHECK(introspect(directory, "/health", sources).body == "the runtime is away\n");
}

TEST_CASE("Why a task is as it is comes in words") {
  Directory directory;
  TaskView task = sampleTask();
  task.why = {{"container web", "waits for db to be healthy", wallAt(0), wallAt(60000), "db: exit 1"},
              {"container db", "starts", {}, {}, ""}};
  task.causes = {"db exited with 1"};
  task.lastLogLines = {"no such table"};
  directory.put(shared(task));
  const json shown = json::parse(introspect(directory, "/v1/why?task=" + kArn).body);
  CHECK(shown["why"][0] == json({{"subject", "container web"},
                                 {"what", "waits for db to be healthy"},
                                 {"since", "2024-06-29T08:33:20.000Z"},
                                 {"until", "2024-06-29T08:34:20.000Z"},
                                 {"reason", "db: exit 1"}}));
  CHECK(shown["why"][1] == json({{"subject", "container db"}, {"what", "starts"}}));
  CHECK(shown["causes"] == json({"db exited with 1"}));
  CHECK(shown["lastLogLines"] == json({"no such table"}));
  CHECK(shown["knownStatus"] == "RUNNING");
  CHECK_FALSE(shown.contains("start"));
  CHECK(introspect(directory, "/v1/why").status == 400);
  CHECK(introspect(directory, "/v1/why?task=x").status == 404);
}

TEST_CASE("How a start went is shown step by step, in milliseconds") {
  StartTraces traces;
  traces.begin(kArn, MonoTime());
  traces.mark(kArn, "web", StartStep::ShimUp, MonoTime() + std::chrono::microseconds(40250));
  Directory directory;
  TaskView task = sampleTask();
  task.start = traces.find(kArn);
  directory.put(shared(task));
  const json shown = json::parse(introspect(directory, "/v1/why?task=" + kArn).body)["start"];
  CHECK(shown ==
        json::array({{{"step", "payload received"}, {"tookMs", 0.0}, {"afterMs", 0.0}},
                     {{"step", "shim up"}, {"tookMs", 40.25}, {"afterMs", 40.25}, {"container", "web"}}}));
}

TEST_CASE("Metrics have the time of each step, and that of a start as a whole") {
  StartMetrics metrics;
  CHECK(metrics.text().empty());
  metrics.observe({StartStep::Received, "", {}, {}});
  CHECK(metrics.text().empty());
  metrics.observe({StartStep::ShimUp, "web", std::chrono::milliseconds(40), std::chrono::milliseconds(50)});
  metrics.observe({StartStep::Sent, "", std::chrono::milliseconds(1), std::chrono::milliseconds(90)});
  const std::string text = metrics.text();
  INFO(text);
  CHECK(text.find("berth_agent_start_step_seconds_bucket{le=\"0.025\",step=\"shim_up\"} 0\n") !=
        std::string::npos);
  CHECK(text.find("berth_agent_start_step_seconds_bucket{le=\"0.05\",step=\"shim_up\"} 1\n") !=
        std::string::npos);
  CHECK(text.find("berth_agent_start_seconds_bucket{le=\"0.05\"} 0\n") != std::string::npos);
  CHECK(text.find("berth_agent_start_seconds_count 1\n") != std::string::npos);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
