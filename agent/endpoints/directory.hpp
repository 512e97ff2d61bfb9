// Who is who on this instance: tasks by every name that a request may bear.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/endpoints/view.hpp"

namespace berth::agent::endpoints {

/// A container within its task. The view stays as it was, whatever happens to the directory.
struct Found {
  std::shared_ptr<const TaskView> task;
  size_t index = 0;
  const ContainerView& container() const { return task->containers[index]; }
};

/// What is known under a credentials id.
struct CredentialsState {
  std::string taskArn;
  RoleCredentials::Role role = RoleCredentials::Role::Task;
  std::shared_ptr<const RoleCredentials> credentials;  ///< null: announced, not yet sent
};

/// Safe to call from any thread. Every call holds one lock for some table operations and no longer; what it
/// answers is immutable. One thread writes (the agent's loop); all others read.
class Directory {
 public:
  /// Adds the task, or replaces the view of its ARN. A name (endpoint id, Docker id, address) that two tasks
  /// claim belongs to the one that was put last. A stopped container has no address: it may be another's by
  /// now. The credentials of a stopped task's own role are forgotten; those of its execution role are not, as
  /// its log drivers may still have something to send.
  void put(std::shared_ptr<const TaskView> task);
  /// Forgets the task, its containers' statistics and its credentials.
  void erase(const std::string& taskArn);
  void setInstance(InstanceView instance);
  /// What was current is the previous reading from now on. Ignored for a container that no task has.
  void putStats(const std::string& dockerId, StatsReading reading);
  void eraseStats(const std::string& dockerId);

  /// The id is known from saved state, its credentials have still to come: requests wait for them. Without
  /// effect when they are there. Here as there, the role of a stopped task is ignored.
  void announceCredentials(const std::string& id, const std::string& taskArn, RoleCredentials::Role role);
  void putCredentials(const std::string& id, RoleCredentials credentials);

  InstanceView instance() const;
  std::shared_ptr<const TaskView> byArn(const std::string& taskArn) const;
  std::optional<Found> byEndpointId(const std::string& endpointId) const;
  std::optional<Found> byDockerId(const std::string& dockerId) const;
  /// At most `most` containers whose Docker id begins so, by id.
  std::vector<Found> byDockerIdPrefix(const std::string& prefix, size_t most) const;
  /// The task that has a container with this address.
  std::shared_ptr<const TaskView> byAddress(const std::string& address) const;
  /// All, by ARN. Copies one pointer a task under the lock.
  std::vector<std::shared_ptr<const TaskView>> all() const;
  std::optional<ContainerStats> stats(const std::string& dockerId) const;
  std::optional<CredentialsState> credentials(const std::string& id) const;
  size_t size() const;

 private:
  struct Spot {
    std::string taskArn;
    size_t index;
  };
  void unlink(const TaskView& task);
  void forgetRole(const std::string& taskArn);
  /// Whether credentials of the role are not wanted (any more).
  bool needsNone(const std::string& taskArn, RoleCredentials::Role role) const;
  std::optional<Found> at(const Spot& spot) const;

  mutable std::mutex lock_;
  std::map<std::string, std::shared_ptr<const TaskView>> tasks_;
  std::unordered_map<std::string, Spot> endpoints_;
  std::map<std::string, Spot> dockerIds_;  ///< ordered, for prefixes
  std::unordered_map<std::string, std::string> addresses_;
  std::unordered_map<std::string, ContainerStats> stats_;
  std::unordered_map<std::string, CredentialsState> credentials_;
  InstanceView instance_;
};

}  // namespace berth::agent::endpoints
