#include "agent/endpoints/directory.hpp"

#include <utility>

namespace berth::agent::endpoints {
namespace {

constexpr const char* kStopped = "STOPPED";

template <class Visit>
void eachAddress(const ContainerView& container, Visit visit) {
  for (const NetworkView& network : container.networks) {
    // In host mode the address is the host's, which belongs to nobody alone.
    if (network.mode == "host") continue;
    for (const std::string& address : network.ipv4Addresses) visit(address);
    for (const std::string& address : network.ipv6Addresses) visit(address);
  }
}

}  // namespace

void Directory::put(std::shared_ptr<const TaskView> task) {
  std::shared_ptr<const TaskView> old;  // destroyed without the lock
  const std::lock_guard guard(lock_);
  auto& slot = tasks_[task->taskArn];
  old = std::move(slot);
  if (old) unlink(*old);
  slot = std::move(task);
  for (size_t index = 0; index < slot->containers.size(); ++index) {
    const ContainerView& container = slot->containers[index];
    const Spot spot{slot->taskArn, index};
    if (!container.endpointId.empty()) endpoints_.insert_or_assign(container.endpointId, spot);
    if (!container.dockerId.empty()) dockerIds_.insert_or_assign(container.dockerId, spot);
    if (slot->knownStatus == kStopped || container.knownStatus == kStopped) continue;
    eachAddress(container,
                [&](const std::string& address) { addresses_.insert_or_assign(address, slot->taskArn); });
  }
  if (slot->knownStatus == kStopped) forgetRole(slot->taskArn);
  if (!old) return;
  for (const ContainerView& container : old->containers) {
    if (!dockerIds_.contains(container.dockerId)) stats_.erase(container.dockerId);
  }
}

void Directory::unlink(const TaskView& task) {
  const auto mine = [&](const auto& table, const std::string& key) {
    const auto found = table.find(key);
    return found != table.end() && found->second.taskArn == task.taskArn;
  };
  for (const ContainerView& container : task.containers) {
    if (mine(endpoints_, container.endpointId)) endpoints_.erase(container.endpointId);
    if (mine(dockerIds_, container.dockerId)) dockerIds_.erase(container.dockerId);
    eachAddress(container, [&](const std::string& address) {
      const auto found = addresses_.find(address);
      if (found != addresses_.end() && found->second == task.taskArn) addresses_.erase(found);
    });
  }
}

void Directory::erase(const std::string& taskArn) {
  std::shared_ptr<const TaskView> old;
  const std::lock_guard guard(lock_);
  const auto found = tasks_.find(taskArn);
  if (found == tasks_.end()) return;
  old = std::move(found->second);
  tasks_.erase(found);
  unlink(*old);
  for (const ContainerView& container : old->containers) stats_.erase(container.dockerId);
  std::erase_if(credentials_, [&](const auto& entry) { return entry.second.taskArn == taskArn; });
}

void Directory::setInstance(InstanceView instance) {
  const std::lock_guard guard(lock_);
  instance_ = std::move(instance);
}

void Directory::putStats(const std::string& dockerId, StatsReading reading) {
  const std::lock_guard guard(lock_);
  const auto found = stats_.find(dockerId);
  if (found != stats_.end()) {
    found->second.previous = std::exchange(found->second.current, std::move(reading));
  } else if (dockerIds_.contains(dockerId)) {
    stats_.emplace(dockerId, ContainerStats{std::move(reading), std::nullopt});
  }
}

void Directory::eraseStats(const std::string& dockerId) {
  const std::lock_guard guard(lock_);
  stats_.erase(dockerId);
}

void Directory::forgetRole(const std::string& taskArn) {
  std::erase_if(credentials_, [&](const auto& entry) {
    return entry.second.taskArn == taskArn && entry.second.role == RoleCredentials::Role::Task;
  });
}

bool Directory::needsNone(const std::string& taskArn, RoleCredentials::Role role) const {
  if (role != RoleCredentials::Role::Task) return false;
  const auto found = tasks_.find(taskArn);
  return found != tasks_.end() && found->second->knownStatus == kStopped;
}

void Directory::announceCredentials(const std::string& id, const std::string& taskArn,
                                    RoleCredentials::Role role) {
  const std::lock_guard guard(lock_);
  if (!needsNone(taskArn, role)) credentials_.try_emplace(id, CredentialsState{taskArn, role, nullptr});
}

void Directory::putCredentials(const std::string& id, RoleCredentials credentials) {
  auto fresh = std::make_shared<const RoleCredentials>(std::move(credentials));
  const std::lock_guard guard(lock_);
  if (needsNone(fresh->taskArn, fresh->role)) return;
  CredentialsState& entry = credentials_[id];
  entry.taskArn = fresh->taskArn;
  entry.role = fresh->role;
  entry.credentials.swap(fresh);
}

InstanceView Directory::instance() const {
  const std::lock_guard guard(lock_);
  return instance_;
}

std::shared_ptr<const TaskView> Directory::byArn(const std::string& taskArn) const {
  const std::lock_guard guard(lock_);
  const auto found = tasks_.find(taskArn);
  return found == tasks_.end() ? nullptr : found->second;
}

std::optional<Found> Directory::at(const Spot& spot) const {
  return Found{tasks_.find(spot.taskArn)->second, spot.index};
}

std::optional<Found> Directory::byEndpointId(const std::string& endpointId) const {
  const std::lock_guard guard(lock_);
  const auto found = endpoints_.find(endpointId);
  return found == endpoints_.end() ? std::nullopt : at(found->second);
}

std::optional<Found> Directory::byDockerId(const std::string& dockerId) const {
  const std::lock_guard guard(lock_);
  const auto found = dockerIds_.find(dockerId);
  return found == dockerIds_.end() ? std::nullopt : at(found->second);
}

std::vector<Found> Directory::byDockerIdPrefix(const std::string& prefix, size_t most) const {
  std::vector<Found> result;
  const std::lock_guard guard(lock_);
  for (auto it = dockerIds_.lower_bound(prefix);
       it != dockerIds_.end() && result.size() < most && it->first.starts_with(prefix); ++it) {
    result.push_back(*at(it->second));
  }
  return result;
}

std::shared_ptr<const TaskView> Directory::byAddress(const std::string& address) const {
  const std::lock_guard guard(lock_);
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? nullptr : tasks_.find(found->second)->second;
}

std::vector<std::shared_ptr<const TaskView>> Directory::all() const {
  std::vector<std::shared_ptr<const TaskView>> result;
  const std::lock_guard guard(lock_);
  result.reserve(tasks_.size());
  for (const auto& [arn, task] : tasks_) result.push_back(task);
  return result;
}

std::optional<ContainerStats> Directory::stats(const std::string& dockerId) const {
  const std::lock_guard guard(lock_);
  const auto found = stats_.find(dockerId);
  if (found == stats_.end()) return std::nullopt;
  return found->second;
}

std::optional<CredentialsState> Directory::credentials(const std::string& id) const {
  const std::lock_guard guard(lock_);
  const auto found = credentials_.find(id);
  if (found == credentials_.end()) return std::nullopt;
  return found->second;
}

size_t Directory::size() const {
  const std::lock_guard guard(lock_);
  return tasks_.size();
}

}  // namespace berth::agent::endpoints
