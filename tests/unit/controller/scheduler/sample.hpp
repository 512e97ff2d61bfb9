// Instances and tasks for the scheduler, through the state that keeps its fleet.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "controller/model/state.hpp"
#include "controller/scheduler/scheduler.hpp"
#include "controller/scheduler/view.hpp"

namespace berth::controller::test {

/// A cluster "c" that grows and fills.
class Cluster {
 public:
  Instance& add(const std::string& id, int64_t cpu = 1000, int64_t memory = 1000,
                std::vector<Attribute> attributes = {}) {
    Instance instance;
    instance.id = id;
    instance.cluster = "c";
    instance.registered.cpu = cpu;
    instance.registered.memory = memory;
    instance.attributes = Attributes(std::move(attributes));
    change(instance);
    state.setConnected(id, true);
    last_ = instance;
    return last_;
  }
  void change(const Instance& instance) { put(instance); }
  void eraseInstance(const std::string& id) { state.apply({{Kind::Instance, id, nullptr}}); }

  /// A PENDING task; its id.
  std::string run(const std::string& instance, const Resources& takes, const std::string& group = "g") {
    Task task;
    task.id = "task-" + std::to_string(++tasks_);
    task.instance = instance;
    task.spec.edit([&](TaskSpec& spec) {
      spec.cluster = "c";
      spec.group = group;
      spec.resources = takes;
    });
    put(task);
    return task.id;
  }
  void eraseTask(const std::string& id) { state.apply({{Kind::Task, id, nullptr}}); }

  const Fleet& fleet() const { return state.fleet(); }
  const Fleet::Member& member(const std::string& id) const { return fleet().at(*fleet().find(id)); }
  std::vector<std::string> ids(const std::vector<Fleet::Slot>& slots) const {
    std::vector<std::string> out;
    for (const Fleet::Slot slot : slots) out.push_back(fleet().at(slot).instance->id);
    return out;
  }

  State state;

 private:
  void put(Entity value) { state.apply({Mutation(std::move(value))}); }

  int tasks_ = 0;
  Instance last_;
};

inline Resources ask(int64_t cpu, int64_t memory, std::set<uint16_t> ports = {},
                     std::set<uint16_t> udp = {}) {
  return Resources{cpu, memory, std::move(ports), std::move(udp)};
}

inline PlacementRequest request(Resources takes = ask(100, 100), std::vector<Strategy> strategies = {}) {
  PlacementRequest out;
  out.cluster = "c";
  out.group = "g";
  out.ask = std::move(takes);
  out.strategies = std::move(strategies);
  return out;
}

inline Expression expression(const std::string& text) { return {text, *Query::parse(text)}; }

inline Strategy spreadOver(const std::string& attribute) {
  return {Strategy::Kind::SpreadAttribute, attribute};
}
inline const Strategy kSpreadInstances{Strategy::Kind::SpreadInstance, ""};
inline const Strategy kBinpackCpu{Strategy::Kind::BinpackCpu, ""};
inline const Strategy kBinpackMemory{Strategy::Kind::BinpackMemory, ""};
inline const Strategy kRandom{Strategy::Kind::Random, ""};

/// The two ways to place.
using Placing =
    std::function<std::vector<Fleet::Slot>(const Fleet&, const PlacementRequest&, int64_t, Random&)>;
inline std::vector<Fleet::Slot> byView(const Fleet& fleet, const PlacementRequest& wanted, int64_t count,
                                       Random& random) {
  return PlacementView(fleet, wanted).place(count, random);
}

}  // namespace berth::controller::test
