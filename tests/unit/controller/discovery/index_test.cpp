#include "controller/discovery/index.hpp"

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;

/// A host h1 at 10.0.0.1.
struct Index : Followed {
  Index() { join(host("h1", "10.0.0.1")); }

  void checkSameAsAnew() const {
    DiscoveryIndex anew(kKeepLost);
    anew.load(state, now);
    REQUIRE(anew.names().size() == index.names().size());
    CHECK(anew.endpoints() == index.endpoints());
    for (const auto& [key, name] : index.names()) {
      INFO(key.second);
      CHECK(anew.names().at(key).claims == name.claims);
      CHECK(anew.names().at(key).endpoints.size() == name.endpoints.size());
    }
  }
};

TEST_CASE("a task with the tag has a name from its start, and answers while it runs") {
  Index all;
  Task task = publishing(named(running("t1", "h1"), "web"), 80, 32768);
  task.lastStatus = TaskStatus::Pending;
  all.put(task);
  CHECK(all.behind("web") == "");
  task.lastStatus = TaskStatus::Running;
  all.put(task);
  CHECK(all.behind("web") == "t1@10.0.0.1:32768");
  CHECK(all.behind("WEB", "Default") == "t1@10.0.0.1:32768");
  CHECK(all.behind("web", "other") == "none");
  CHECK(all.index.endpoints() == 1);
  task.stopWanted = true;
  all.put(task);
  CHECK(all.behind("web") == "");
  task.lastStatus = TaskStatus::Stopped;
  all.put(task);
  CHECK(all.behind("web") == "none");
  CHECK(all.index.endpoints() == 0);
}

TEST_CASE("a task with an address of its own answers with that, wherever its host is") {
  Index all;
  TaskDefinition definition;
  definition.family = "app";
  definition.revision = 1;
  definition.document = R"({"networkMode":"awsvpc","containerDefinitions":[
      {"name":"app","portMappings":[{"containerPort":8080}]}]})";
  all.put(definition);
  all.join(host("h2", ""));
  for (const char* on : {"h1", "h2"}) {
    Task task = named(running(std::string("t-") + on, on), "web");
    task.address = R"({"privateIPv4Address":"10.191.0.)" + std::string(on + 1) + R"("})";
    all.put(task);
  }
  CHECK(all.behind("web") == "t-h1@10.191.0.1:8080 t-h2@10.191.0.2:8080");
}

TEST_CASE("tasks without a name are not kept") {
  Index all;
  all.put(running("t1", "h1"));
  all.put(running("t2", "h1", "service:web"));
  Task odd = running("t3", "h1");
  odd.tags = nameTag("no label at all");
  all.put(odd);
  CHECK(all.index.names().empty());
}

TEST_CASE("an essential container with a check has to be healthy") {
  Index all;
  Task task = named(running("t1", "h1"), "web");
  task.spec.edit([](TaskSpec& spec) {
    spec.containers[0].checksHealth = true;
    spec.containers.push_back(containerSpec("side", false, true));
    spec.containers.push_back(containerSpec("plain"));
  });
  task.containers.resize(3);
  all.put(task);
  CHECK(all.behind("web") == "");
  task.containers[0].health = Health::Healthy;
  task.containers[1].health = Health::Unhealthy;
  all.put(task);
  CHECK(all.behind("web") == "t1@10.0.0.1");
  task.containers[0].health = Health::Unhealthy;
  all.put(task);
  CHECK(all.behind("web") == "");
}

TEST_CASE("a service with a registry or the tag names its tasks, those that were there before too") {
  Index all;
  all.put(publishing(running("t1", "h1", "service:web"), 80, 32768));
  CHECK(all.behind("web") == "none");
  all.put(registered("web"));
  CHECK(all.behind("web") == "t1@10.0.0.1:32768");
  Service tagged = registered("web");
  tagged.tags = nameTag("front");
  all.put(tagged);
  CHECK(all.behind("web") == "none");
  CHECK(all.behind("front") == "t1@10.0.0.1:32768");
  tagged.document = "{}";
  all.put(tagged);
  CHECK(all.behind("front") == "t1@10.0.0.1:32768");
  tagged.tags = "[]";
  all.put(tagged);
  CHECK(all.behind("front") == "none");
  all.put(registered("web"));
  Task task = running("t1", "h1", "service:web");
  task.lastStatus = TaskStatus::Stopped;
  all.put(task);
  CHECK(all.behind("web") == "");
  Service gone = registered("web");
  gone.status = ServiceStatus::Inactive;
  all.put(gone);
  CHECK(all.behind("web") == "none");
  all.erase(Kind::Service, gone.key());
  all.checkSameAsAnew();
}

TEST_CASE("a task set with a registry or the tag names its own tasks alone") {
  Index all;
  Service service = registered("web");
  service.controller = DeploymentController::External;
  all.put(service);
  TaskSet set;
  set.cluster = "default";
  set.service = "web";
  set.id = "ecs-svc/1";
  Task blue = running("t1", "h1", "service:web");
  blue.startedBy = set.id;
  Task green = running("t2", "h1", "service:web");
  green.startedBy = "ecs-svc/2";
  all.put(blue);
  all.put(green);
  CHECK(all.behind("web") == "none");
  set.document = registered("web").document;
  all.put(set);
  CHECK(all.behind("web") == "t1@10.0.0.1");
  set.tags = nameTag("blue");
  all.put(set);
  CHECK(all.behind("web") == "none");
  CHECK(all.behind("blue") == "t1@10.0.0.1");
  all.checkSameAsAnew();
  all.erase(Kind::TaskSet, set.key());
  CHECK(all.behind("blue") == "none");
  all.checkSameAsAnew();
}

TEST_CASE("a service's name comes before that of its tasks' own tags") {
  Index all;
  all.put(named(running("t1", "h1", "service:web"), "own"));
  CHECK(all.behind("own") == "t1@10.0.0.1");
  all.put(registered("web"));
  CHECK(all.behind("own") == "none");
  CHECK(all.behind("web") == "t1@10.0.0.1");
  all.erase(Kind::Service, "default/web");
  CHECK(all.behind("own") == "t1@10.0.0.1");
}

TEST_CASE("a service of which nothing that matters has changed costs no change") {
  Index all;
  all.put(registered("web"));
  all.put(running("t1", "h1", "service:web"));
  const uint64_t before = all.index.changes();
  Service again = registered("web");
  again.desiredCount = 9;
  all.put(again);
  Task same = running("t1", "h1", "service:web");
  same.version = 7;
  all.put(same);
  CHECK(all.index.changes() == before);
  all.put(publishing(same, 80, 32768));
  CHECK(all.index.changes() == before + 1);
}

TEST_CASE("a lost host's tasks answer for a while, and again when it is back") {
  Index all;
  all.put(named(running("t1", "h1"), "web"));
  all.wait(std::chrono::hours(1));
  all.lose("h1");
  all.wait(std::chrono::seconds(29));
  CHECK(all.behind("web") == "t1@10.0.0.1");
  REQUIRE(all.index.nextExpiry() == all.now + std::chrono::seconds(1));
  all.wait(std::chrono::seconds(1));
  CHECK(all.behind("web") == "");
  CHECK_FALSE(all.index.nextExpiry());
  all.join(host("h1", "10.0.0.1"));
  CHECK(all.behind("web") == "t1@10.0.0.1");
}

TEST_CASE("a host that was back in the meantime is lost anew") {
  Index all;
  all.put(named(running("t1", "h1"), "web"));
  all.lose("h1");
  all.wait(std::chrono::seconds(20));
  all.join(host("h1", "10.0.0.1"));
  all.lose("h1");
  all.wait(std::chrono::seconds(20));
  CHECK(all.behind("web") == "t1@10.0.0.1");
  all.wait(std::chrono::seconds(10));
  CHECK(all.behind("web") == "");
}

TEST_CASE("after a start of the controller its hosts have time to come back") {
  Index all;
  all.put(named(running("t1", "h1"), "web"));
  all.state.setConnected("h1", false);
  all.index.load(all.state, all.now);
  CHECK(all.behind("web") == "t1@10.0.0.1");
  all.wait(std::chrono::seconds(30));
  CHECK(all.behind("web") == "");
}

TEST_CASE("a host's address is that of its attribute, or where its agent comes from") {
  Index all;
  all.put(named(running("t1", "h1"), "web"));
  all.put(host("h1", "fd00::5"));
  CHECK(all.behind("web") == "t1@fd00::5");
  Instance named_host = host("h1", "10.0.0.1");
  named_host.setAttribute("berth.address", "192.0.2.7");
  all.put(named_host);
  CHECK(all.behind("web") == "t1@192.0.2.7");
  named_host.setAttribute("berth.address", "my-host");
  all.put(named_host);
  CHECK(all.behind("web") == "");
  all.put(host("h1", ""));
  CHECK(all.behind("web") == "");
  all.put(host("h1", "10.0.0.2"));
  CHECK(all.behind("web") == "t1@10.0.0.2");
  Instance inactive = host("h1", "10.0.0.2");
  inactive.status = "INACTIVE";
  all.put(inactive);
  CHECK(all.behind("web") == "");
}

TEST_CASE("names that differ in case are one name") {
  Index all;
  all.put(named(running("t1", "h1"), "Web"));
  all.put(named(running("t2", "h1"), "web"));
  CHECK(all.behind("wEB") == "t1@10.0.0.1 t2@10.0.0.1");
}

TEST_CASE("whatever comes and goes, the index is as one made anew") {
  Index all;
  uint64_t dice = 1;
  const auto draw = [&dice](uint64_t sides) {
    dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
    return (dice >> 33U) % sides;
  };
  for (int step = 0; step < 2000; ++step) {
    const uint64_t which = draw(6);
    const std::string number = std::to_string(which);
    switch (draw(4)) {
      case 0: {
        // Whose a task is never changes.
        const char* group = which < 3 ? "service:s" : "family:x";
        Task task = running("t" + number, "h" + std::to_string(which % 2), group);
        if (draw(2)) task.tags = nameTag("n" + std::to_string(draw(3)));
        task.lastStatus = draw(4) ? TaskStatus::Running : TaskStatus::Stopped;
        all.put(task);
        break;
      }
      case 1:
        all.erase(Kind::Task, "t" + number);
        break;
      case 2: {
        Service service = registered("s");
        if (draw(2)) service.tags = nameTag("n" + std::to_string(draw(3)));
        if (draw(3) == 0) service.document = "{}";
        all.put(service);
        break;
      }
      default:
        all.join(host("h" + std::to_string(draw(2)), "10.0.0." + std::to_string(draw(3))));
    }
    all.checkSameAsAnew();
  }
}

}  // namespace
}  // namespace berth::controller
