#include "controller/model/service_upkeep.hpp"

namespace berth::controller {

std::set<std::string> definitionsInUse(const State& state) {
  std::set<std::string> out;
  for (const auto& [key, service] : state.services()) {
    if (service.status == ServiceStatus::Inactive) continue;
    out.insert(service.taskDefinition);
    for (const Deployment& deployment : service.deployments) out.insert(deployment.taskDefinition);
  }
  for (const auto& [key, set] : state.taskSets()) out.insert(set.taskDefinition);
  return out;
}

void forgetHistory(Transaction& tx, const std::string& service) {
  for (const ServiceDeployment* one : tx.state().deploymentsOf(service)) {
    tx.erase(Kind::ServiceDeployment, one->key());
  }
  for (const ServiceRevision* one : tx.state().revisionsOf(service)) {
    tx.erase(Kind::ServiceRevision, one->key());
  }
  for (const TaskSet* one : tx.state().taskSetsOf(service)) tx.erase(Kind::TaskSet, one->key());
}

void trimHistory(Transaction& tx, const Service& service, Now now) {
  std::set<std::string> revisions;
  std::set<std::string> deployments;
  for (const Deployment& one : service.deployments) {
    revisions.insert(one.revision);
    deployments.insert(one.serviceDeployment);
  }
  const ServiceDeployment* completed = tx.state().lastSuccessful(service.key());
  for (const ServiceDeployment* one : tx.state().deploymentsOf(service.key())) {
    const bool old = one->finishedAt && now.wall - *one->finishedAt >= kKeepHistory;
    if (old && one != completed && !deployments.contains(one->id)) {
      tx.erase(Kind::ServiceDeployment, one->key());
      continue;
    }
    revisions.insert(one->target);
    revisions.insert(one->sources.begin(), one->sources.end());
    if (one->rollback) revisions.insert(one->rollback->revision);
  }
  for (const ServiceRevision* one : tx.state().revisionsOf(service.key())) {
    if (!revisions.contains(one->id)) tx.erase(Kind::ServiceRevision, one->key());
  }
}

void forgetEnded(Transaction& tx, Now now, Duration keep) {
  for (const auto& [key, service] : tx.state().services()) {
    if (!service.deletedAt || now.wall - *service.deletedAt < keep) continue;
    forgetHistory(tx, key);
    tx.erase(Kind::Service, key);
  }
  for (const auto& [id, protection] : tx.state().protections()) {
    if (!tx.state().task(id) || protection.expiresAt <= now.wall) tx.erase(Kind::TaskProtection, id);
  }
}

}  // namespace berth::controller
