#include "controller/state/codec.hpp"

#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;

namespace {

/// A store that only remembers.
class Rows {
 public:
  void apply(const Mutations& mutations) {
    for (const Change& change : toChanges(mutations)) {
      if (change.value) {
        rows_[{change.kind, change.key}] = *change.value;
      } else {
        rows_.erase({change.kind, change.key});
      }
    }
  }
  std::vector<Record> records() const {
    std::vector<Record> out;
    for (const auto& [name, value] : rows_) out.push_back(Record{name.first, name.second, value});
    return out;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::string> rows_;
};

/// A core that has seen a task in each state, with all that reports bring.
void live(Bench& bench, Rows& rows) {
  auto call = [&](const std::string& operation, Json input) {
    Json reply = bench.call(operation, std::move(input));
    rows.apply(bench.last.mutations);
    return reply;
  };
  call("CreateCluster", {{"tags", {{{"key", "a"}, {"value", "1"}}}}});
  call("RegisterTaskDefinition", {{"family", "app"},
                                  {"containerDefinitions", {sample::container()}},
                                  {"tags", {{{"key", "b"}, {"value", "2"}}}}});
  call("RegisterTaskDefinition", {{"family", "app"}, {"containerDefinitions", {sample::container()}}});
  call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  std::string host =
      bench.host("default", {{"clientToken", "t"}, {"attributes", {{{"name", "rack"}, {"value", "7"}}}}});
  rows.apply(bench.last.mutations);
  bench.join(host);
  rows.apply(bench.last.mutations);
  Json run{{"taskDefinition", "app"}, {"count", 3}, {"clientToken", "c"}, {"startedBy", "me"}};
  Json tasks = call("RunTask", run)["tasks"];
  Json change{
      {"containerName", "app"},
      {"status", "RUNNING"},
      {"runtimeId", "c1"},
      {"imageDigest", "sha256:1"},
      {"networkBindings", {{{"bindIP", "::"}, {"containerPort", 80}, {"hostPort", 1}, {"protocol", "udp"}}}}};
  call("SubmitTaskStateChange",
       {{"task", tasks[0]["taskArn"]}, {"status", "RUNNING"}, {"containers", {change}}});
  change = {{"containerName", "app"}, {"status", "STOPPED"}, {"exitCode", 3}, {"reason", "r"}};
  call("SubmitTaskStateChange",
       {{"task", tasks[1]["taskArn"]}, {"status", "STOPPED"}, {"containers", {change}}});
  call("StopTask", {{"task", tasks[2]["taskArn"]}, {"reason", "enough"}});
}

Json everything(Bench& bench) {
  Json out;
  out["clusters"] = bench.call("DescribeClusters", {{"include", {"TAGS", "SETTINGS"}}});
  out["definitions"] = bench.call("ListTaskDefinitions", {{"status", "ACTIVE"}});
  for (const char* revision : {"app:1", "app:2"}) {
    out[revision] =
        bench.call("DescribeTaskDefinition", {{"taskDefinition", revision}, {"include", {"TAGS"}}});
  }
  Json hosts = bench.call("ListContainerInstances")["containerInstanceArns"];
  out["instances"] = bench.call("DescribeContainerInstances", {{"containerInstances", hosts}});
  out["instances"]["containerInstances"][0].erase("agentConnected");
  Json tasks = bench.call("ListTasks")["taskArns"];
  Json stopped = bench.call("ListTasks", {{"desiredStatus", "STOPPED"}});
  for (const Json& arn : stopped["taskArns"]) tasks.push_back(arn);
  CHECK(tasks.size() == 3);
  out["tasks"] = bench.call("DescribeTasks", {{"tasks", tasks}, {"include", {"TAGS"}}});
  for (Json& task : out["tasks"]["tasks"]) task.erase("connectivity");
  return out;
}

}  // namespace

TEST_CASE("what was stored is read back as it was") {
  Bench before;
  Rows rows;
  live(before, rows);
  Decoded decoded = fromRecords(rows.records());
  CHECK(decoded.damaged.empty());
  Bench after;
  after.core.load(decoded.entities);
  CHECK(everything(after) == everything(before));
  // The token, too: the same call again is the same tasks.
  Json again{{"taskDefinition", "app"}, {"count", 3}, {"clientToken", "c"}, {"startedBy", "me"}};
  CHECK(after.run(again) == before.run(again));
  // And numbers are not given twice.
  CHECK(after.define("app").ends_with("app:3"));
}

TEST_CASE("what was erased is gone from the store") {
  ControllerOptions options;
  options.keepStopped = std::chrono::seconds(1);
  Bench bench(options);
  Rows rows;
  live(bench, rows);
  size_t before = rows.records().size();
  bench.wait(10);
  rows.apply(bench.last.mutations);
  CHECK(rows.records().size() == before - 1);
}

TEST_CASE("a row that can't be read costs that row, and is named") {
  Bench before;
  Rows rows;
  live(before, rows);
  std::vector<Record> records = rows.records();
  size_t whole = fromRecords(records).entities.size();
  for (Record& record : records) {
    if (record.kind == "cluster") record.value = "{\"name\":";
  }
  Decoded decoded = fromRecords(records);
  CHECK(decoded.entities.size() == whole - 1);
  REQUIRE(decoded.damaged.size() == 1);
  CHECK(decoded.damaged[0] == "cluster/default is not valid JSON");
}

TEST_CASE("a member of the wrong type damages its row alone") {
  Bench before;
  Rows rows;
  live(before, rows);
  std::vector<Record> records = rows.records();
  for (Record& record : records) {
    if (record.kind != "task") continue;
    Json value = Json::parse(record.value);
    value["version"] = "seven";
    record.value = value.dump();
  }
  CHECK(fromRecords(records).damaged.size() == 3);
}

TEST_CASE("damage deep inside a row is named from its top, and nothing of the row is guessed") {
  Bench before;
  Rows rows;
  live(before, rows);
  auto damaged = [&](const std::string& kind, const std::string& pointer, Json value) {
    std::vector<Record> one;
    for (const Record& record : rows.records()) {
      if (record.kind != kind || !one.empty()) continue;
      Json row = Json::parse(record.value);
      row[Json::json_pointer(pointer)] = std::move(value);
      one.push_back(record);
      one.back().value = row.dump();
    }
    Decoded decoded = fromRecords(one);
    CHECK(decoded.entities.empty());
    return decoded.damaged.empty() ? "nothing" : decoded.damaged[0];
  };
  CHECK_THAT(damaged("task", "/containers/0/status", 3),
             Catch::StartsWith("task/") && Catch::Contains("containers") && Catch::Contains("no state"));
  CHECK_THAT(damaged("task", "/lastStatus", -1), Catch::Contains("lastStatus"));
  CHECK_THAT(damaged("task", "/resources/cpu", "much"),
             Catch::Contains("resources") && Catch::Contains("cpu"));
  CHECK_THAT(damaged("instance", "/registered/ports/0", 70000), Catch::Contains("registered.ports"));
  CHECK_THAT(damaged("instance", "/registered/ports/0", "ssh"), Catch::Contains("registered.ports"));
}

TEST_CASE("rows of a kind that this program does not know are left alone") {
  Decoded decoded = fromRecords({Record{"ship", "web", "{}"}});
  CHECK(decoded.entities.empty());
  CHECK(decoded.damaged.empty());
}
