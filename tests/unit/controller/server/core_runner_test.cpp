#include "controller/server/core_runner.hpp"

#include <boost/asio/io_context.hpp>

#include "tests/support/loop/run_loop.hpp"
#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using namespace sample;

/// Answers commits when the test lets it.
class LateStore final : public Store {
 public:
  Result<std::vector<Record>> load() override { return std::vector<Record>{}; }
  void commit(Changes, std::function<void(Status)> done) override { waiting.push_back(std::move(done)); }

  void finish(const Status& status) {
    for (const auto& done : std::exchange(waiting, {})) done(status);
  }
  std::vector<std::function<void(Status)>> waiting;
};

class NoLinks final : public AgentLinks {
 public:
  void send(SessionId, const acs::ToAgent&) override {}
  void close(SessionId, const std::string&) override {}
  void closeAll(const std::string&) override {}
};

/// A runner of a core with one host and two tasks of it.
struct Running {
  Running()
      : runner({io, store, [](const Mutations&) { return Changes{}; },
                [this] { return Result<std::vector<Entity>>(entities); },
                [this] { return std::make_unique<Controller>(bench.names, patient(), bench.random); }, clock,
                log}) {
    host = bench.ready();
    tasks = bench.run({{"taskDefinition", "app"}, {"count", 2}});
    REQUIRE(tasks.size() == 2);
    entities = storedOf(bench.core.state());
    REQUIRE(runner.start(links).ok());
    store.finish({});
  }

  /// What comes of a call, by and by.
  std::shared_ptr<std::optional<Reply>> call(const std::string& operation, Json input) {
    auto out = std::make_shared<std::optional<Reply>>();
    runner.call(operation, std::move(input), bench.caller, [out](Reply reply) { *out = std::move(reply); });
    return out;
  }
  std::shared_ptr<std::optional<Reply>> describe(const Json& which) {
    return call("DescribeTasks", {{"tasks", which}});
  }

  boost::asio::io_context io;
  CaptureLog log;
  SystemClock clock;
  LateStore store;
  NoLinks links;
  Bench bench;
  std::string host;
  std::vector<std::string> tasks;
  std::vector<Entity> entities;
  CoreRunner runner;
};

}  // namespace

TEST_CASE("tasks that nothing changes are described while other changes become durable") {
  Running f;
  const auto stopped = f.call("StopTask", {{"task", f.tasks[0]}});
  const auto other = f.describe({f.tasks[1]});
  REQUIRE(*other);
  CHECK(treeOf(**other).index() == 0);
  const auto changed = f.describe({f.tasks[1], f.tasks[0]});
  CHECK_FALSE(*stopped);
  CHECK_FALSE(*changed);
  f.store.finish({});
  REQUIRE(*stopped);
  REQUIRE(*changed);
  CHECK(std::get<Json>(treeOf(std::move(**changed)))["tasks"][1]["desiredStatus"] == "STOPPED");
}

TEST_CASE("what is described waits for changes of its host and its cluster, and for what may be gone") {
  Running f;
  const auto set = f.call(
      "PutAttributes",
      {{"attributes",
        {{{"name", "rack"}, {"value", "7"}, {"targetType", "container-instance"}, {"targetId", f.host}}}}});
  const auto of_host = f.describe({f.tasks[1]});
  CHECK_FALSE(*of_host);
  f.store.finish({});
  CHECK(*of_host);
  const auto updated =
      f.call("UpdateCluster",
             {{"cluster", "default"}, {"settings", {{{"name", "containerInsights"}, {"value", "enabled"}}}}});
  const auto of_cluster = f.describe({f.tasks[1]});
  CHECK_FALSE(*of_cluster);
  const auto badly = f.describe("no list");
  CHECK_FALSE(*badly);
  f.store.finish({});
  CHECK(*of_cluster);
  CHECK(std::holds_alternative<ApiError>(**badly));
}

TEST_CASE("operations that may depend on anything wait for all that is not durable") {
  Running f;
  const auto stopped = f.call("StopTask", {{"task", f.tasks[0]}});
  const auto listed = f.call("ListTasks", Json::object());
  CHECK_FALSE(*listed);
  f.store.finish(makeError(Code::ResourceExhausted, "the disk is full"));
  REQUIRE(*stopped);
  CHECK(std::holds_alternative<ApiError>(**stopped));
  CHECK(std::holds_alternative<ApiError>(**listed));
}

}  // namespace berth::controller
