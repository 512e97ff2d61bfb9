#include "agent/state/codec.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/agent/model/sample.hpp"

using namespace berth;
using namespace berth::agent;
using Json = nlohmann::json;

namespace {

std::vector<Record> records(const Changes& changes) {
  std::vector<Record> out;
  for (const Change& change : changes) {
    REQUIRE(change.value);
    out.push_back(Record{change.kind, change.key, *change.value});
  }
  return out;
}

std::vector<Record> stored(const Task& task) {
  Output output;
  output.save.push_back(task);
  return records(toChanges(output));
}

Task restored(const Task& task) {
  Stored out = fromRecords(stored(task));
  CHECK(out.damaged.empty());
  REQUIRE(out.tasks.size() == 1);
  return out.tasks[0];
}

/// The only row of `task`, its JSON changed.
std::vector<Record> changed(const Task& task, const std::function<void(Json&)>& change) {
  auto rows = stored(task);
  Json value = Json::parse(rows.at(0).value);
  change(value);
  rows[0].value = value.dump();
  return rows;
}

}  // namespace

TEST_CASE("the agent's own containers come back once, with what is known of them") {
  acs::Task payload = sample::payload();
  payload.pidMode = "task";
  Task task = makeTask(payload);
  task.containers[0].runtimeId = "pause-1";
  task.roleId = "role-1";
  const Task again = restored(restored(task));
  REQUIRE(again.containers.size() == 3);
  CHECK(again.containers[0].internal);
  CHECK(again.containers[0].runtimeId == "pause-1");
  CHECK(again.roleId == "role-1");
}

TEST_CASE("credentials of roles are not kept, only which they are") {
  acs::Task payload = sample::payload();
  payload.roleCredentials = acs::Credentials{"role-1", "arn:r", "AKIAX", "sekret", "tok", "2030"};
  const Task task = makeTask(payload);
  const std::string row = stored(task).at(0).value;
  CHECK(row.find("sekret") == std::string::npos);
  CHECK(row.find("AKIAX") == std::string::npos);
  CHECK(restored(task).roleId == "role-1");
}

TEST_CASE("a task comes back as it was kept, in each state of its container") {
  for (auto known : {ContainerStatus::None, ContainerStatus::Pulled, ContainerStatus::Created,
                     ContainerStatus::Running, ContainerStatus::Stopped}) {
    Task task = makeTask(sample::payload());
    task.stopWanted = true;
    task.reason = "r";
    task.cgroupParent = "/ecs/abc";
    task.sent = TaskStatus::Running;
    task.pullStartedAt = sample::at(1).wall;
    task.pullStoppedAt = sample::at(2).wall;
    task.executionStoppedAt = sample::at(3).wall;
    task.stoppedAt = sample::at(4).wall;
    Container& main = task.containers[0];
    main.known = known;
    main.sent = ContainerStatus::Running;
    main.startIntended = true;
    main.runtimeId = "c1";
    main.imageDigest = "sha256:1";
    main.exitCode = 137;
    main.reason = "OutOfMemoryError: Container killed due to memory usage";
    main.ports = {PortMapping{80, 32768, "tcp", "0.0.0.0", 0, 0}};
    main.startedAt = sample::at(5).wall;
    main.finishedAt = sample::at(6).wall;
    Task back = restored(task);
    CHECK(back.arn == task.arn);
    CHECK(back.stopWanted);
    CHECK(back.reason == "r");
    CHECK(back.cgroupParent == "/ecs/abc");
    CHECK(back.sent == TaskStatus::Running);
    CHECK(back.pullStartedAt == task.pullStartedAt);
    CHECK(back.pullStoppedAt == task.pullStoppedAt);
    CHECK(back.executionStoppedAt == task.executionStoppedAt);
    CHECK(back.stoppedAt == task.stoppedAt);
    REQUIRE(back.containers.size() == 2);
    const Container& seen = back.containers[0];
    CHECK(seen.known == known);
    CHECK(seen.sent == ContainerStatus::Running);
    CHECK(seen.startIntended);
    CHECK(seen.runtimeId == "c1");
    CHECK(seen.imageDigest == "sha256:1");
    CHECK(seen.exitCode == 137);
    CHECK(seen.reason == main.reason);
    REQUIRE(seen.ports.size() == 1);
    CHECK(seen.ports[0].hostPort == 32768);
    CHECK(seen.ports[0].bindIp == "0.0.0.0");
    CHECK(seen.startedAt == main.startedAt);
    CHECK(seen.finishedAt == main.finishedAt);
    CHECK(seen.runtimeName == main.runtimeName);
    CHECK(seen.spec.image == main.spec.image);
    CHECK(seen.spec.memory == main.spec.memory);
    CHECK(back.containers[1].known == ContainerStatus::None);
    CHECK(back.spec.family == "web");
  }
}

TEST_CASE("a refused task, which has no payload, comes back too") {
  Task back = restored(makeRefusedTask(sample::kTaskArn, "UnrecogniedTaskError: no", sample::at(1)));
  CHECK(back.arn == sample::kTaskArn);
  CHECK(back.reason == "UnrecogniedTaskError: no");
  CHECK(back.stopWanted);
  CHECK(back.containers.empty());
}

TEST_CASE("what is erased and the timeline are changes of their own") {
  Output output;
  output.erase.push_back("arn");
  output.timeline = 7;
  Changes changes = toChanges(output);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].kind == "task");
  CHECK(changes[0].key == "arn");
  CHECK_FALSE(changes[0].value);
  CHECK(changes[1].value == "7");
}

TEST_CASE("a registration is remembered, and forgotten with all that belonged to it") {
  auto rows = records(registrationChanges("prod", "arn:instance"));
  rows.push_back(Record{"meta", "timeline", "12"});
  for (const Record& row : stored(makeTask(sample::payload()))) rows.push_back(row);
  rows.push_back(Record{"image", "kept", "{}"});
  Stored out = fromRecords(rows);
  CHECK(out.cluster == "prod");
  CHECK(out.instanceArn == "arn:instance");
  CHECK(out.timeline == 12);
  CHECK(out.tasks.size() == 1);
  Changes forget = forgetChanges(rows, "arn:instance");
  CHECK(forget.size() == 5);
  for (const Change& change : forget) {
    // Its containers are still there.
    CHECK(change.value.has_value() == (change.kind == "former"));
    CHECK(change.kind != "image");
  }
  CHECK(forgetChanges(rows, "").size() == 4);
  out = fromRecords({Record{"former", "arn:instance", ""}});
  CHECK(out.former == std::vector<std::string>{"arn:instance"});
  CHECK_FALSE(sweptChanges("arn:instance").at(0).value);
}

TEST_CASE("what the runtime said of itself is remembered, and asked anew where it can't be read") {
  const RuntimeInfo info{"20.10.24", "1.41", "1.12", {"json-file"}, {"rexray"}, true};
  const Changes changes = runtimeChanges(info);
  CHECK(fromRecords({Record{"meta", "runtime", *changes.at(0).value}}).runtime == info);
  for (const char* text : {"", "[]", "{}", R"({"version": 7})"}) {
    const Stored out = fromRecords({Record{"meta", "runtime", text}});
    CHECK_FALSE(out.runtime);
    CHECK(out.damaged.empty());
  }
}

TEST_CASE("a row that can't be read costs that row, and is named") {
  Task task = makeTask(sample::payload());
  const std::string row = std::string("task/") + sample::kTaskArn;
  auto damage = [&](const std::vector<Record>& rows) {
    Stored out = fromRecords(rows);
    CHECK(out.tasks.empty());
    REQUIRE(out.damaged.size() == 1);
    return out.damaged[0];
  };
  auto rows = stored(task);
  rows[0].value = "{";
  CHECK(damage(rows) == row + " is not valid JSON");
  CHECK(damage(changed(task, [](Json& value) { value["payload"] = "{}"; })) ==
        row + ".payload can't be read");
  CHECK_THAT(damage(changed(task, [](Json& value) { value["stopWanted"] = "yes"; })),
             Catch::Contains(row + ".stopWanted is not a boolean"));
  CHECK_THAT(damage(changed(task, [](Json& value) { value.erase("arn"); })), Catch::Contains(row + ".arn"));
}

TEST_CASE("members of a later version are ignored, missing ones have their defaults") {
  Task task = makeTask(sample::payload());
  Stored out = fromRecords(changed(task, [](Json& value) {
    value["later"] = 1;
    value["containers"][0]["later"] = 1;
    value["containers"][0].erase("ports");
    value.erase("sent");
  }));
  CHECK(out.damaged.empty());
  CHECK(out.tasks.at(0).sent == TaskStatus::Pending);
}
