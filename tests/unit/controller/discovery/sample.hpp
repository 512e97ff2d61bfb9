// A state that is changed by hand, and the index that follows it.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "controller/discovery/index.hpp"

namespace berth::controller::sample {

inline std::string nameTag(const std::string& name) {
  return R"([{"key":"berth:dns","value":")" + name + R"("}])";
}

inline ContainerSpec containerSpec(const std::string& name, bool essential = true,
                                   bool checksHealth = false) {
  return {name, "x", essential, checksHealth, "", "", ""};
}

/// Container ports 9000 to 9009 on host ports 40000 to 40009.
inline NetworkBinding range() { return {"0.0.0.0", 9000, 40000, 9009, 40009, false}; }

inline Instance host(const std::string& id, const std::string& address) {
  Instance out;
  out.id = id;
  out.cluster = "default";
  out.address = address;
  return out;
}

/// RUNNING, with one container, and nothing published.
inline Task running(const std::string& id, const std::string& instance,
                    const std::string& group = "family:app") {
  TaskSpec spec;
  spec.cluster = "default";
  spec.definition = "app:1";
  spec.group = group;
  spec.containers.push_back(containerSpec("app"));
  Task out;
  out.id = id;
  out.spec = Shared<TaskSpec>(std::move(spec));
  out.instance = instance;
  out.lastStatus = TaskStatus::Running;
  out.containers.resize(1);
  return out;
}

inline Task publishing(Task task, uint16_t containerPort, uint16_t hostPort, bool udp = false) {
  task.containers[0].bindings.push_back({"0.0.0.0", containerPort, hostPort, 0, 0, udp});
  return task;
}

inline Task named(Task task, const std::string& name) {
  task.tags = nameTag(name);
  return task;
}

inline Service registered(const std::string& name, const std::string& registry = R"({"registryArn":"r"})") {
  Service out;
  out.cluster = "default";
  out.name = name;
  out.document = R"({"serviceRegistries":[)" + registry + "]}";
  return out;
}

struct Followed {
  static constexpr Duration kKeepLost = std::chrono::seconds(30);

  Followed() { index.load(state, now); }

  void put(Entity entity) { apply({Mutation(std::move(entity))}); }
  void erase(Kind kind, const std::string& key) { apply({Mutation(kind, key, nullptr)}); }
  void apply(const Mutations& mutations, const std::vector<std::string>& lost = {}) {
    state.apply(mutations);
    index.changed(mutations, lost, state, now);
  }
  /// A host whose agent has a session.
  void join(const Instance& instance) {
    put(instance);
    state.setConnected(instance.id, true);
    apply({Mutation(instance)});
  }
  void lose(const std::string& id) {
    state.setConnected(id, false);
    apply({}, {id});
  }
  void wait(Duration time) {
    now += time;
    index.expire(state, now);
  }
  /// Ids of the tasks behind a name, with their places; "none" when there is no such name.
  std::string behind(const std::string& name, const std::string& cluster = "default") const {
    const NamedTasks* found = index.find(cluster, name);
    if (!found) return "none";
    std::set<std::string> lines;
    for (const Endpoint& one : found->endpoints) {
      std::string line = one.task + "@" + toString(one.address);
      for (const ServedPort& port : one.ports) line += ":" + std::to_string(port.hostPort);
      lines.insert(line);
      CHECK(index.find(*found, one.task) == &one);
    }
    std::string out;
    for (const std::string& line : lines) out += (out.empty() ? "" : " ") + line;
    return out;
  }

  MonoTime now{std::chrono::hours(1)};
  State state;
  DiscoveryIndex index{kKeepLost};
};

}  // namespace berth::controller::sample
