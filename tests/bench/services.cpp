// What services cost the controller's core alone, without network and disk, in CPU time, which a busy machine
// hardly changes: bench-services [SERVICES] [COPIES] [HOSTS] [LOST].
//
// So many services of so many tasks are made on so many hosts; then some of the hosts are gone at once, and
// the tasks of theirs are replaced. Agents are played: each acknowledges and reports what it is sent at once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"

namespace {

using namespace berth;
using namespace berth::controller;
using namespace std::chrono_literals;

double cpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Town {
 public:
  Town() : core_(names_, optionsOf(), random_) {
    call("CreateCluster", Json{{"clusterName", "default"}});
    call("RegisterTaskDefinition",
         Json{{"family", "app"},
              {"containerDefinitions",
               {{{"name", "app"}, {"image", "registry.example/app:1"}, {"cpu", 10}, {"memory", 8}}}}});
  }

  void addHosts(int count) {
    for (int i = 0; i < count; ++i) {
      Json input{{"cluster", "default"},
                 {"totalResources",
                  {{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", 10'000}},
                   {{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", 8'000}}}},
                 {"attributes",
                  {{{"name", "ecs.availability-zone"}, {"value", "zone-" + std::to_string(i % 3)}},
                   {{"name", "com.amazonaws.ecs.capability.docker-remote-api.1.24"}},
                   {{"name", "com.amazonaws.ecs.capability.logging-driver.json-file"}}}}};
      const Json reply = call("RegisterContainerInstance", std::move(input));
      const std::string arn = reply["containerInstance"]["containerInstanceArn"];
      Output out;
      const auto session = core_.connect(Hello{"default", arn, "1.0", "abc", "20.10"}, now_, out);
      sessions_.push_back(std::get<SessionId>(session));
      take(std::move(out));
    }
  }

  void addServices(int count, int copies) {
    for (int i = 0; i < count; ++i) {
      call("CreateService", Json{{"serviceName", "s" + std::to_string(i)},
                                 {"taskDefinition", "app"},
                                 {"desiredCount", copies}});
      settle();
    }
  }

  void loseHosts(int count) {
    for (int i = 0; i < count; ++i) {
      gone_.insert(sessions_[static_cast<size_t>(i)]);
      Output out;
      core_.disconnect(sessions_[static_cast<size_t>(i)], now_, out);
      take(std::move(out));
    }
  }

  /// Lets time pass; what is due is done when it is due.
  void pass(Duration length) {
    const MonoTime until = now_.mono + length;
    settle();
    while (core_.nextDeadline() <= until) {
      advance(std::max(core_.nextDeadline() - now_.mono, Duration(1ms)));
      Output out;
      core_.onTimer(now_, out);
      take(std::move(out));
      settle();
    }
    advance(std::max(until - now_.mono, Duration::zero()));
  }

  size_t started() const { return started_; }
  size_t running() const {
    return static_cast<size_t>(std::ranges::count_if(core_.state().tasks(), [](const auto& task) {
      return task->lastStatus == TaskStatus::Running && !task->stopWanted;
    }));
  }

 private:
  static ControllerOptions optionsOf() {
    ControllerOptions options;
    options.quotas.instancesPerCluster = 100'000;
    return options;
  }

  Json call(const char* operation, Json input) {
    Output out;
    auto reply = treeOf(core_.call(operation, std::move(input), caller_, now_, out));
    if (const auto* error = std::get_if<ApiError>(&reply)) {
      std::fprintf(stderr, "%s: %s\n", operation, error->message.c_str());
      std::exit(1);
    }
    take(std::move(out));
    return std::get<Json>(std::move(reply));
  }

  void advance(Duration length) {
    now_.mono += length;
    now_.wall += std::chrono::duration_cast<WallTime::duration>(length);
  }

  void take(Output out) {
    for (Effect& effect : out.effects) {
      if (auto* send = std::get_if<SendEffect>(&effect); send && !gone_.contains(send->session))
        sent_.push_back(std::move(*send));
    }
  }

  /// The agents answer until nothing is under way.
  void settle() {
    while (!sent_.empty()) {
      const SendEffect send = std::move(sent_.front());
      sent_.pop_front();
      if (const auto* beat = std::get_if<acs::HeartbeatMessage>(&send.message)) {
        answer(send.session, acs::AckRequest{"", "", beat->messageId});
      } else if (const auto* payload = std::get_if<acs::PayloadMessage>(&send.message)) {
        answer(send.session, acs::AckRequest{"", "", payload->messageId});
        for (const auto& task : payload->tasks) report(task.arn, task.desiredStatus);
      }
    }
  }

  void answer(SessionId session, const acs::FromAgent& frame) {
    Output out;
    core_.onFrame(session, frame, now_, out);
    take(std::move(out));
  }

  void report(const std::string& task, const std::string& status) {
    started_ += status == "RUNNING";
    call("SubmitTaskStateChange", Json{{"task", task}, {"status", status}});
  }

  ecs::Names names_{"aws", "us-east-1", "000000000000"};
  SeededRandom random_{1};
  Controller core_;
  const Caller caller_{"", "http://127.0.0.1", ""};
  Now now_{MonoTime(1s), WallTime(1'790'000'000s)};
  std::vector<SessionId> sessions_;
  std::unordered_set<SessionId> gone_;
  std::deque<SendEffect> sent_;
  size_t started_ = 0;
};

int numberAt(int argc, char** argv, int place, int otherwise) {
  return argc > place ? std::atoi(argv[place]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const int services = numberAt(argc, argv, 1, 1'000);
  const int copies = numberAt(argc, argv, 2, 100);
  const int hosts = numberAt(argc, argv, 3, 5'000);
  const int lost = numberAt(argc, argv, 4, 500);
  Town town;
  town.addHosts(hosts);
  double began = cpuSeconds();
  town.addServices(services, copies);
  town.pass(5s);
  std::printf("%d services of %d tasks on %d hosts made: %zu running, CPU %.2f s\n", services, copies, hosts,
              town.running(), cpuSeconds() - began);
  began = cpuSeconds();
  town.pass(60s);
  std::printf("a minute at rest: CPU %.2f s\n", cpuSeconds() - began);
  town.loseHosts(lost);
  town.pass(9s);
  const size_t before = town.started();
  began = cpuSeconds();
  for (int second = 1; second <= 10; ++second) {
    town.pass(1s);
    std::printf("%d hosts gone, %d s after the bound: %zu tasks replaced, CPU %.2f s\n", lost, second - 1,
                town.started() - before, cpuSeconds() - began);
  }
  std::printf("%zu running\n", town.running());
  return 0;
}
