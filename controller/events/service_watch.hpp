// What services have to say, seen by comparing each new value with what was known of the one before.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/model/services.hpp"

namespace berth::controller {

/// One event of a service. Source of types and names: Amazon ECS Developer Guide, "Amazon ECS service action
/// events", "Amazon ECS service deployment state change events".
struct ServiceNote {
  std::string cluster;
  std::string service;
  std::string deployment;  ///< id: it is about that deployment's state; empty: a service action
  std::string type;        ///< INFO, WARN or ERROR
  std::string name;        ///< "SERVICE_STEADY_STATE"
  std::string reason;
  WallTime at{};
};

class ServiceWatch {
 public:
  /// Takes a service as known, without a word on it.
  void know(const Service& service);
  /// What is new about a service, the oldest first; it is known then. Messages that Amazon sends no event for
  /// are left out.
  std::vector<ServiceNote> notesOf(const Service& service);
  void forget(const std::string& key) { known_.erase(key); }

 private:
  struct Known {
    std::string lastEvent;                            ///< id
    std::map<std::string, RolloutState> deployments;  ///< by id
  };
  std::map<std::string, Known> known_;  ///< by Service::key
};

}  // namespace berth::controller
