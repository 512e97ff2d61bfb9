// Names and the healthy tasks behind them, kept by the state's changes: a question looks nothing up but its
// name. Only tasks that have a name are kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/time/clock.hpp"
#include "controller/discovery/endpoint.hpp"

namespace berth::controller {

/// A name of a cluster, and who answers to it now.
struct NamedTasks {
  std::string cluster;  ///< as they were written first
  std::string name;
  std::vector<Endpoint> endpoints;  ///< in no order
  size_t claims = 0;  ///< services, task sets, and tasks that are not STOPPED, that have the name
};

class DiscoveryIndex {
 public:
  /// By cluster and name, both in lower case.
  using Names = std::map<std::pair<std::string, std::string>, NamedTasks>;

  /// Tasks of an instance without a session are left out after `keepLost`.
  explicit DiscoveryIndex(Duration keepLost) : keep_lost_(keepLost) {}

  /// Forgets all, and takes in a whole state. Instances without a session are taken as lost now.
  void load(const State& state, MonoTime now);
  /// Takes in changes: `mutations` that `state` has had, and instances that have lost their sessions.
  void changed(const Mutations& mutations, const std::vector<std::string>& lost, const State& state,
               MonoTime now);
  /// Leaves out the tasks of those that have been lost for too long.
  void expire(const State& state, MonoTime now);
  /// When expire() next has something to do.
  std::optional<MonoTime> nextExpiry() const;

  const Names& names() const { return names_; }
  /// Null when nobody has the name; case is ignored.
  const NamedTasks* find(std::string_view cluster, std::string_view name) const;
  /// Null when the task is none of the name's that answer.
  const Endpoint* find(const NamedTasks& name, const std::string& task) const;
  /// Whether any name is of this cluster.
  bool knows(std::string_view cluster) const;
  size_t endpoints() const { return endpoints_; }
  /// How often an answer has changed.
  uint64_t changes() const { return changes_; }

 private:
  struct Host {
    std::optional<IpAddress> address;
    bool connected = false;
    MonoTime lostAt;
    bool gone = false;  ///< lost for too long

    bool operator==(const Host&) const = default;
  };
  struct NamedService {
    Naming naming;
    Names::iterator name;
  };
  static constexpr size_t kNowhere = SIZE_MAX;
  struct Member {
    Names::iterator name;
    size_t place = kNowhere;  ///< among the endpoints
  };

  void noteTask(const std::string& id, const State& state);
  void noteHost(const std::string& id, const State& state, MonoTime now);
  void noteService(const std::string& key, const State& state);
  void noteTaskSet(const std::string& key, const State& state);
  /// What `known` has under a key gets another name, or none. Whether that is a change.
  bool rename(std::unordered_map<std::string, NamedService>& known, const std::string& key,
              const std::string& cluster, const std::optional<Naming>& naming);
  /// As namingIn(), of what is kept.
  std::optional<Naming> namingFor(const Task& task) const;
  std::optional<Endpoint> endpointFor(const Task& task, const Naming& naming, const State& state) const;
  Names::iterator claim(const std::string& cluster, const std::string& name);
  void release(Names::iterator name);
  void leave(Member& member);
  void forgetTask(const std::string& id);

  Duration keep_lost_;
  Names names_;
  std::unordered_map<std::string, Host> hosts_;
  std::unordered_map<std::string, NamedService> services_;
  std::unordered_map<std::string, NamedService> sets_;
  std::unordered_map<std::string, Member> members_;  ///< by task
  std::set<std::pair<MonoTime, std::string>> expiries_;
  size_t endpoints_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace berth::controller
