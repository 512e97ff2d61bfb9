// What placing one task costs, by the number of instances: bench-placement [TASKS].
//
// Each cluster has three zones and racks of ten; a task is placed with a constraint on attributes, spread
// over the zones and packed by memory within them, then taken of its instance, and an older one ends. Placed
// one by one, as RunTask with count 1 does.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/time/clock.hpp"
#include "controller/model/state.hpp"
#include "controller/scheduler/scheduler.hpp"

namespace {

using namespace berth;
using namespace berth::controller;

std::string number(const char* prefix, size_t value) { return prefix + std::to_string(value); }

void put(State& state, Entity entity) { state.apply({Mutation(std::move(entity))}); }

void addInstances(State& state, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    Instance instance;
    instance.id = number("instance-", i);
    instance.cluster = "c";
    instance.registered.cpu = 64 * 1024;
    instance.registered.memory = 256 * 1024;
    instance.attributes = Attributes({{"ecs.availability-zone", number("zone-", i % 3)},
                                      {"rack", number("rack-", i / 10)},
                                      {"ecs.instance-type", i % 7 == 0 ? "small" : "large"}});
    put(state, instance);
    state.setConnected(instance.id, true);
  }
}

PlacementRequest requestOf() {
  PlacementRequest out;
  out.cluster = "c";
  out.group = "service:web";
  out.ask.cpu = 256;
  out.ask.memory = 512;
  const char* text = "attribute:ecs.instance-type == large and attribute:rack exists";
  out.expressions.push_back({text, *Query::parse(text)});
  out.strategies = {{Strategy::Kind::SpreadAttribute, "ecs.availability-zone"},
                    {Strategy::Kind::BinpackMemory, ""}};
  return out;
}

struct Cost {
  double p50 = 0;  ///< microseconds
  double p99 = 0;
  double taken = 0;  ///< of the state's own part, mean
};

Cost measure(size_t instances, size_t tasks) {
  const SystemClock clock;
  State state;
  addInstances(state, instances);
  Scheduler scheduler(state.fleet());
  SeededRandom random(1);
  const PlacementRequest request = requestOf();
  std::deque<std::string> running;
  std::vector<double> costs;
  Duration state_cost{};
  Shared<TaskSpec> spec;
  spec.edit([&](TaskSpec& common) {
    common.cluster = "c";
    common.group = request.group;
    common.resources = request.ask;
  });
  for (size_t i = 0; i < tasks; ++i) {
    const MonoTime began = clock.now().mono;
    const auto places = scheduler.place(request, 1, random);
    const MonoTime placed = clock.now().mono;
    if (places.empty()) {
      std::printf("no place for task %zu\n", i);
      std::exit(1);
    }
    Task task;
    task.id = number("task-", i);
    task.spec = spec;
    task.instance = state.fleet().at(places[0]).instance->id;
    put(state, task);
    running.push_back(task.id);
    if (running.size() > instances * 20) {
      state.apply({{Kind::Task, running.front(), nullptr}});
      running.pop_front();
    }
    state_cost += clock.now().mono - placed;
    // The first two look at all: once by a scan, once to make the view.
    if (i >= 2) costs.push_back(std::chrono::duration<double, std::micro>(placed - began).count());
  }
  std::ranges::sort(costs);
  const auto at = [&](double part) {
    return costs[static_cast<size_t>(part * static_cast<double>(costs.size() - 1))];
  };
  return {at(0.5), at(0.99),
          std::chrono::duration<double, std::micro>(state_cost).count() / static_cast<double>(tasks)};
}

}  // namespace

int main(int argc, char** argv) {
  const size_t tasks = argc > 1 ? static_cast<size_t>(std::atoi(argv[1])) : 50'000;
  double first = 0;
  for (const size_t instances : {100, 1'000, 10'000}) {
    const Cost cost = measure(instances, tasks);
    if (first == 0) first = cost.p50;
    std::printf(
        "%6zu instances: p50 %.2f us, p99 %.2f us a placement (%.2f times that of 100; the logarithm grows "
        "%.2f times), %.2f us to take it in the state\n",
        instances, cost.p50, cost.p99, cost.p50 / first,
        std::log(static_cast<double>(instances)) / std::log(100.0), cost.taken);
  }
  return 0;
}
