#include "controller/model/state.hpp"

#include <algorithm>
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
  const auto service = serviceOfGroup(task.spec->group);
  return service ? std::optional(Service::keyOf(task.spec->cluster, *service)) : std::nullopt;
}

void removeFrom(std::vector<const Task*>& tasks, const Task* task) {
  *std::ranges::find(tasks, task) = tasks.back();
  tasks.pop_back();
}

std::shared_ptr<const Instance> withConnected(Instance instance, bool connected) {
  instance.connected = connected;
  return std::make_shared<const Instance>(std::move(instance));
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
  std::string operator()(const AccountSetting& s) const { return s.key(); }
  std::string operator()(const CapacityProvider& p) const { return p.name; }
  std::string operator()(const Service& s) const { return s.key(); }
  std::string operator()(const ServiceDeployment& d) const { return d.key(); }
  std::string operator()(const ServiceRevision& r) const { return r.key(); }
  std::string operator()(const TaskSet& s) const { return s.key(); }
  std::string operator()(const TaskProtection& p) const { return p.task; }
  std::string operator()(const Job& j) const { return j.key(); }
  std::string operator()(const JobRun& r) const { return r.key(); }
  std::string operator()(const StoppedTask& t) const { return t.id; }
  std::string operator()(const Alarm& a) const { return a.name; }
};

}  // namespace

std::string keyOf(const Entity& entity) { return std::visit(KeyOf{}, entity); }

Mutation::Mutation(Entity entity) : kind(kindOf(entity)), key(keyOf(entity)) {
  std::visit([&](auto& of) { value = std::make_shared<const std::decay_t<decltype(of)>>(std::move(of)); },
             entity);
}

const Cluster* State::cluster(const std::string& name) const { return lookUp(clusters_, name); }
const Family* State::family(const std::string& name) const { return lookUp(families_, name); }
const Instance* State::instance(const std::string& id) const {
  const Host* host = lookUp(hosts_, id);
  return host ? host->instance : nullptr;
}
std::shared_ptr<const Instance> State::sharedInstance(const std::string& id) const {
  const auto found = instances_.find(std::string_view(id));
  return found == instances_.end() ? nullptr : *found;
}
const Task* State::task(const std::string& id) const {
  const TaskIndex::Place place = task_index_.find(id);
  return place ? place->get() : nullptr;
}
const ClientToken* State::token(const std::string& key) const { return lookUp(tokens_, key); }
const AccountSetting* State::accountSetting(const std::string& key) const {
  return lookUp(account_settings_, key);
}
const CapacityProvider* State::capacityProvider(const std::string& name) const {
  return lookUp(capacity_providers_, name);
}

const Service* State::service(const std::string& key) const { return lookUp(services_, key); }
const ServiceDeployment* State::serviceDeployment(const std::string& key) const {
  return lookUp(service_deployments_, key);
}
const ServiceRevision* State::serviceRevision(const std::string& key) const {
  return lookUp(service_revisions_, key);
}
const TaskSet* State::taskSet(const std::string& key) const { return lookUp(task_sets_, key); }
const TaskProtection* State::protection(const std::string& task) const { return lookUp(protections_, task); }

const Alarm* State::alarm(const std::string& name) const { return lookUp(alarms_, name); }

const Job* State::job(const std::string& key) const { return lookUp(jobs_, key); }
const JobRun* State::jobRun(const std::string& key) const { return lookUp(job_runs_, key); }
std::vector<const JobRun*> State::runsOf(const std::string& job) const { return belonging(job_runs_, job); }

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

const std::vector<const Task*>& State::tasksOf(const std::string& service) const {
  static const std::vector<const Task*> kNone;
  const auto* tasks = lookUp(tasks_of_, service);
  return tasks ? *tasks : kNone;
}

const std::vector<const Task*>& State::tasksOn(const std::string& instance) const {
  static const std::vector<const Task*> kNone;
  const Host* host = lookUp(hosts_, instance);
  return host ? host->tasks : kNone;
}

const WaitingTasks& State::waitingIn(const std::string& cluster) const {
  static const WaitingTasks kNone;
  const auto* tasks = lookUp(waiting_, cluster);
  return tasks ? *tasks : kNone;
}

const Load& State::load(const std::string& instance) const {
  static const Load kNone;
  const Host* host = lookUp(hosts_, instance);
  return host ? host->load : kNone;
}

/// Equal specs are kept once, whether they come from one launch, from several or from the store.
std::shared_ptr<const Task> State::withKnownSpec(std::shared_ptr<const Task> task) {
  auto known = specs_.own(task->spec.pointer());
  if (known == task->spec.pointer()) return task;
  Task copy = *task;
  copy.spec = Shared<TaskSpec>(std::move(known));
  return std::make_shared<const Task>(std::move(copy));
}

void State::putTask(std::shared_ptr<const Task> task) {
  const TaskIndex::Place found = task_index_.find(task->id);
  if (!found || (*found)->spec.pointer() != task->spec.pointer()) task = withKnownSpec(std::move(task));
  const Task* old = found ? found->get() : nullptr;
  if (old && old->instance != task->instance) {
    eraseTask(task->id);
    return putTask(std::move(task));
  }
  if (old && old->waits()) stopWaiting(*old);
  if (task->waits()) waiting_[task->spec->cluster].insert(task.get());
  // A task without a place is none of an instance's.
  Host* host = task->instance.empty() ? nullptr : &hosts_[task->instance];
  if (host) changeLoad(host->load, old, *task);
  if (!old) {
    if (host) host->tasks.push_back(task.get());
    if (const auto service = serviceKeyOf(*task)) tasks_of_[*service].push_back(task.get());
    // Ids begin with the time: most new tasks are the last ones.
    task_index_.insert(&*tasks_.insert(tasks_.end(), std::move(task)));
    return;
  }
  if (host) std::ranges::replace(host->tasks, old, task.get());
  if (const auto service = serviceKeyOf(*task)) std::ranges::replace(tasks_of_[*service], old, task.get());
  // In its place: the order is by id, and that is the same.
  const_cast<std::shared_ptr<const Task>&>(*found) = std::move(task);
}

/// Most changes of a task are none to what it makes of its instance; placement need not look again then.
void State::changeLoad(Load& load, const Task* old, const Task& task) {
  const bool took = old && old->lastStatus != TaskStatus::Stopped;
  const bool takes = task.lastStatus != TaskStatus::Stopped;
  if (took && takes && old->spec.pointer() == task.spec.pointer() && old->stopWanted == task.stopWanted) {
    load.count(*old, -1);
    load.count(task, 1);
    return;
  }
  if (took) load.subtract(*old);
  if (takes) load.add(task);
  if (took || takes) fleet_.touch(task.instance);
}

void State::eraseTask(const std::string& id) {
  const auto found = tasks_.find(std::string_view(id));
  if (found == tasks_.end()) return;
  const Task& task = **found;
  if (task.waits()) stopWaiting(task);
  if (!task.instance.empty()) leaveHost(task);
  if (const auto service = serviceKeyOf(task)) {
    const auto found_service = tasks_of_.find(*service);
    removeFrom(found_service->second, &task);
    if (found_service->second.empty()) tasks_of_.erase(found_service);
  }
  task_index_.erase(id);
  tasks_.erase(found);
}

void State::leaveHost(const Task& task) {
  Host& host = hosts_[task.instance];
  if (task.lastStatus != TaskStatus::Stopped) host.load.subtract(task);
  fleet_.touch(task.instance);
  removeFrom(host.tasks, &task);
  if (host.tasks.empty() && !host.instance) hosts_.erase(task.instance);
}

void State::stopWaiting(const Task& task) {
  const auto cluster = waiting_.find(task.spec->cluster);
  cluster->second.erase(&task);
  if (cluster->second.empty()) waiting_.erase(cluster);
}

/// The value is kept as it came, so that others who keep it have the same one.
State::Host& State::keepInstance(std::shared_ptr<const Instance> instance) {
  Host& host = hosts_[instance->id];
  const auto [place, added] = instances_.insert(instance);
  // In its place: the order is by id, and that is the same.
  if (!added) const_cast<std::shared_ptr<const Instance>&>(*place) = std::move(instance);
  host.instance = place->get();
  return host;
}

void State::putInstance(std::shared_ptr<const Instance> instance) {
  // The fleet looks at the value before until it has this one.
  const auto old = sharedInstance(instance->id);
  const bool connected = old && old->connected;
  // Of that, setConnected alone decides.
  if (instance->connected != connected) instance = withConnected(*instance, connected);
  const Host& host = keepInstance(std::move(instance));
  fleet_.put(*host.instance, host.load);
}

/// Its tasks stay, and so does what they make of it.
void State::eraseInstance(const std::string& id) {
  fleet_.erase(id);
  if (const auto found = instances_.find(std::string_view(id)); found != instances_.end())
    instances_.erase(found);
  const auto host = hosts_.find(id);
  if (host == hosts_.end()) return;
  host->second.instance = nullptr;
  if (host->second.tasks.empty()) hosts_.erase(host);
}

void State::put(const Mutation& mutation) {
  if (const auto* cluster = mutation.as<Cluster>()) {
    clusters_.insert_or_assign(cluster->name, *cluster);
  } else if (const auto* family = mutation.as<Family>()) {
    families_.insert_or_assign(family->name, *family);
  } else if (const auto* definition = mutation.as<TaskDefinition>()) {
    definitions_[definition->family].insert_or_assign(definition->revision, *definition);
  } else if (mutation.as<Instance>()) {
    putInstance(std::get<std::shared_ptr<const Instance>>(mutation.value));
  } else if (mutation.as<Task>()) {
    putTask(std::get<std::shared_ptr<const Task>>(mutation.value));
  } else if (const auto* token = mutation.as<ClientToken>()) {
    tokens_.insert_or_assign(token->key, *token);
  } else if (const auto* setting = mutation.as<AccountSetting>()) {
    account_settings_.insert_or_assign(setting->key(), *setting);
  } else if (const auto* provider = mutation.as<CapacityProvider>()) {
    capacity_providers_.insert_or_assign(provider->name, *provider);
  } else if (const auto* service = mutation.as<Service>()) {
    services_.insert_or_assign(service->key(), *service);
  } else if (const auto* deployment = mutation.as<ServiceDeployment>()) {
    service_deployments_.insert_or_assign(deployment->key(), *deployment);
  } else if (const auto* revision = mutation.as<ServiceRevision>()) {
    service_revisions_.insert_or_assign(revision->key(), *revision);
  } else if (const auto* set = mutation.as<TaskSet>()) {
    task_sets_.insert_or_assign(set->key(), *set);
  } else if (const auto* protection = mutation.as<TaskProtection>()) {
    protections_.insert_or_assign(protection->task, *protection);
  } else if (const auto* job = mutation.as<Job>()) {
    jobs_.insert_or_assign(job->key(), *job);
  } else if (const auto* run = mutation.as<JobRun>()) {
    job_runs_.insert_or_assign(run->key(), *run);
  } else if (const auto* alarm = mutation.as<Alarm>()) {
    alarms_.insert_or_assign(alarm->name, *alarm);
  }
}

void State::erase(Kind kind, const std::string& key) {
  switch (kind) {
    case Kind::Task:
      return eraseTask(key);
    case Kind::Instance:
      return eraseInstance(key);
    case Kind::Cluster:
      clusters_.erase(key);
      return;
    case Kind::Family:
      families_.erase(key);
      return;
    case Kind::ClientToken:
      tokens_.erase(key);
      return;
    case Kind::AccountSetting:
      account_settings_.erase(key);
      return;
    case Kind::CapacityProvider:
      capacity_providers_.erase(key);
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
    case Kind::Job:
      jobs_.erase(key);
      return;
    case Kind::JobRun:
      job_runs_.erase(key);
      return;
    case Kind::StoppedTask:
      return;
    case Kind::Alarm:
      alarms_.erase(key);
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
    if (mutation.erases()) {
      erase(mutation.kind, mutation.key);
    } else {
      put(mutation);
    }
  }
}

void State::setConnected(const std::string& instance, bool connected) {
  const Instance* known = this->instance(instance);
  if (known && known->connected != connected)
    fleet_.connect(*keepInstance(withConnected(*known, connected)).instance);
}

void Transaction::put(Entity entity) {
  Mutation staged(std::move(entity));
  for (Mutation& mutation : staged_) {
    if (mutation.kind == staged.kind && mutation.key == staged.key) {
      mutation = std::move(staged);
      return;
    }
  }
  staged_.push_back(std::move(staged));
}

void Transaction::erase(Kind kind, std::string key) {
  std::erase_if(staged_, [&](const Mutation& one) { return one.kind == kind && one.key == key; });
  staged_.emplace_back(kind, std::move(key), nullptr);
}

std::optional<Task> Transaction::task(const std::string& id) const {
  for (const Mutation& mutation : staged_) {
    if (mutation.kind != Kind::Task || mutation.key != id) continue;
    return mutation.erases() ? std::nullopt : std::optional<Task>(*mutation.as<Task>());
  }
  const Task* task = state_.task(id);
  return task ? std::optional<Task>(*task) : std::nullopt;
}

Mutations Transaction::take() { return std::exchange(staged_, {}); }

}  // namespace berth::controller
