#include "controller/model/state.hpp"

#include <utility>

#include "common/text/number.hpp"

namespace berth::controller {
namespace {

template <class Map>
auto lookUp(const Map& map, const typename Map::key_type& key) -> const typename Map::mapped_type* {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

/// Nullopt for a task of no service.
std::optional<std::string> serviceKeyOf(const Task& task) {
  const auto service = serviceOfGroup(task.group);
  return service ? std::optional(Service::keyOf(task.cluster, *service)) : std::nullopt;
}

/// The values whose keys begin with that of a service.
template <class Of>
std::vector<const Of*> belonging(const std::map<std::string, Of>& map, const std::string& service) {
  const std::string prefix = service + "/";
  std::vector<const Of*> out;
  for (auto it = map.lower_bound(prefix); it != map.end() && it->first.starts_with(prefix); ++it) {
    out.push_back(&it->second);
  }
  return out;
}

struct KeyOf {
  std::string operator()(const Cluster& c) const { return c.name; }
  std::string operator()(const Family& f) const { return f.name; }
  std::string operator()(const TaskDefinition& d) const { return d.key(); }
  std::string operator()(const Instance& i) const { return i.id; }
  std::string operator()(const Task& t) const { return t.id; }
  std::string operator()(const ClientToken& t) const { return t.key; }
  std::string operator()(const Service& s) const { return s.key(); }
  std::string operator()(const ServiceDeployment& d) const { return d.key(); }
  std::string operator()(const ServiceRevision& r) const { return r.key(); }
  std::string operator()(const TaskSet& s) const { return s.key(); }
  std::string operator()(const TaskProtection& p) const { return p.task; }
};

}  // namespace

std::string keyOf(const Entity& entity) { return std::visit(KeyOf{}, entity); }

const Cluster* State::cluster(const std::string& name) const { return lookUp(clusters_, name); }
const Family* State::family(const std::string& name) const { return lookUp(families_, name); }
const Instance* State::instance(const std::string& id) const { return lookUp(instances_, id); }
const Task* State::task(const std::string& id) const { return lookUp(tasks_, id); }
const ClientToken* State::token(const std::string& key) const { return lookUp(tokens_, key); }

const Service* State::service(const std::string& key) const { return lookUp(services_, key); }
const ServiceDeployment* State::serviceDeployment(const std::string& key) const {
  return lookUp(service_deployments_, key);
}
const ServiceRevision* State::serviceRevision(const std::string& key) const {
  return lookUp(service_revisions_, key);
}
const TaskSet* State::taskSet(const std::string& key) const { return lookUp(task_sets_, key); }
const TaskProtection* State::protection(const std::string& task) const { return lookUp(protections_, task); }

std::vector<const ServiceDeployment*> State::deploymentsOf(const std::string& service) const {
  return belonging(service_deployments_, service);
}
std::vector<const ServiceRevision*> State::revisionsOf(const std::string& service) const {
  return belonging(service_revisions_, service);
}
std::vector<const TaskSet*> State::taskSetsOf(const std::string& service) const {
  return belonging(task_sets_, service);
}

const ServiceDeployment* State::lastSuccessful(const std::string& service) const {
  const ServiceDeployment* last = nullptr;
  for (const ServiceDeployment* one : deploymentsOf(service)) {
    if (one->status != ServiceDeploymentStatus::Successful) continue;
    if (!last || one->finishedAt > last->finishedAt) last = one;
  }
  return last;
}

const TaskDefinition* State::definition(const std::string& key) const {
  size_t colon = key.rfind(':');
  if (colon == std::string::npos) return nullptr;
  const auto* revisions = lookUp(definitions_, key.substr(0, colon));
  if (!revisions) return nullptr;
  auto revision = parseNumber<int64_t>(std::string_view(key).substr(colon + 1));
  return revision ? lookUp(*revisions, *revision) : nullptr;
}

const TaskDefinition* State::newestActive(const std::string& family) const {
  const auto* revisions = lookUp(definitions_, family);
  if (!revisions) return nullptr;
  for (auto it = revisions->rbegin(); it != revisions->rend(); ++it) {
    if (it->second.active) return &it->second;
  }
  return nullptr;
}

const std::set<std::string>& State::tasksOf(const std::string& service) const {
  static const std::set<std::string> kNone;
  const auto* tasks = lookUp(tasks_of_, service);
  return tasks ? *tasks : kNone;
}

const std::set<std::string>& State::tasksOn(const std::string& instance) const {
  static const std::set<std::string> kNone;
  const auto* tasks = lookUp(tasks_on_, instance);
  return tasks ? *tasks : kNone;
}

const Load& State::load(const std::string& instance) const {
  static const Load kNone;
  const auto* load = lookUp(loads_, instance);
  return load ? *load : kNone;
}

void State::forgetTask(const Task& task) {
  tasks_on_[task.instance].erase(task.id);
  if (const auto service = serviceKeyOf(task)) {
    const auto found = tasks_of_.find(*service);
    found->second.erase(task.id);
    if (found->second.empty()) tasks_of_.erase(found);
  }
  if (task.lastStatus == TaskStatus::Stopped) return;
  loads_[task.instance].subtract(task);
  fleet_.touch(task.instance);
}

void State::putTask(const Task& task) {
  if (const Task* old = this->task(task.id)) forgetTask(*old);
  tasks_on_[task.instance].insert(task.id);
  if (const auto service = serviceKeyOf(task)) tasks_of_[*service].insert(task.id);
  if (task.lastStatus != TaskStatus::Stopped) {
    loads_[task.instance].add(task);
    fleet_.touch(task.instance);
  }
  tasks_.insert_or_assign(task.id, task);
}

void State::putInstance(const Instance& instance) {
  const Instance* old = this->instance(instance.id);
  const bool connected = old && old->connected;
  Instance& kept = instances_.insert_or_assign(instance.id, instance).first->second;
  kept.connected = connected;
  fleet_.put(kept, loads_[instance.id]);
}

void State::put(const Entity& entity) {
  if (const auto* cluster = std::get_if<Cluster>(&entity)) {
    clusters_.insert_or_assign(cluster->name, *cluster);
  } else if (const auto* family = std::get_if<Family>(&entity)) {
    families_.insert_or_assign(family->name, *family);
  } else if (const auto* definition = std::get_if<TaskDefinition>(&entity)) {
    definitions_[definition->family].insert_or_assign(definition->revision, *definition);
  } else if (const auto* instance = std::get_if<Instance>(&entity)) {
    putInstance(*instance);
  } else if (const auto* task = std::get_if<Task>(&entity)) {
    putTask(*task);
  } else if (const auto* token = std::get_if<ClientToken>(&entity)) {
    tokens_.insert_or_assign(token->key, *token);
  } else if (const auto* service = std::get_if<Service>(&entity)) {
    services_.insert_or_assign(service->key(), *service);
  } else if (const auto* deployment = std::get_if<ServiceDeployment>(&entity)) {
    service_deployments_.insert_or_assign(deployment->key(), *deployment);
  } else if (const auto* revision = std::get_if<ServiceRevision>(&entity)) {
    service_revisions_.insert_or_assign(revision->key(), *revision);
  } else if (const auto* set = std::get_if<TaskSet>(&entity)) {
    task_sets_.insert_or_assign(set->key(), *set);
  } else if (const auto* protection = std::get_if<TaskProtection>(&entity)) {
    protections_.insert_or_assign(protection->task, *protection);
  }
}

void State::erase(Kind kind, const std::string& key) {
  switch (kind) {
    case Kind::Task:
      if (const Task* task = this->task(key)) forgetTask(*task);
      tasks_.erase(key);
      return;
    case Kind::Instance:
      fleet_.erase(key);
      instances_.erase(key);
      tasks_on_.erase(key);
      loads_.erase(key);
      return;
    case Kind::Cluster:
      clusters_.erase(key);
      return;
    case Kind::Family:
      families_.erase(key);
      return;
    case Kind::ClientToken:
      tokens_.erase(key);
      return;
    case Kind::Service:
      services_.erase(key);
      return;
    case Kind::ServiceDeployment:
      service_deployments_.erase(key);
      return;
    case Kind::ServiceRevision:
      service_revisions_.erase(key);
      return;
    case Kind::TaskSet:
      task_sets_.erase(key);
      return;
    case Kind::TaskProtection:
      protections_.erase(key);
      return;
    case Kind::TaskDefinition:
      if (auto it = definitions_.find(key.substr(0, key.rfind(':'))); it != definitions_.end()) {
        std::erase_if(it->second, [&](const auto& entry) { return entry.second.key() == key; });
      }
      return;
  }
}

void State::apply(const Mutations& mutations) {
  for (const Mutation& mutation : mutations) {
    if (mutation.value) {
      put(*mutation.value);
    } else {
      erase(mutation.kind, mutation.key);
    }
  }
}

void State::setConnected(const std::string& instance, bool connected) {
  const auto found = instances_.find(instance);
  if (found == instances_.end()) return;
  found->second.connected = connected;
  fleet_.touch(instance);
}

void Transaction::put(Entity entity) {
  Kind kind = kindOf(entity);
  std::string key = keyOf(entity);
  auto value = std::make_shared<const Entity>(std::move(entity));
  for (Mutation& mutation : staged_) {
    if (mutation.kind == kind && mutation.key == key) {
      mutation.value = std::move(value);
      return;
    }
  }
  staged_.push_back(Mutation{kind, std::move(key), std::move(value)});
}

void Transaction::erase(Kind kind, std::string key) {
  std::erase_if(staged_, [&](const Mutation& one) { return one.kind == kind && one.key == key; });
  staged_.push_back(Mutation{kind, std::move(key), nullptr});
}

std::optional<Task> Transaction::task(const std::string& id) const {
  for (const Mutation& mutation : staged_) {
    if (mutation.kind != Kind::Task || mutation.key != id) continue;
    return mutation.value ? std::optional<Task>(std::get<Task>(*mutation.value)) : std::nullopt;
  }
  const Task* task = state_.task(id);
  return task ? std::optional<Task>(*task) : std::nullopt;
}

Mutations Transaction::take() { return std::exchange(staged_, {}); }

}  // namespace berth::controller
