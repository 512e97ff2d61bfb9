#include "controller/discovery/index.hpp"

#include "common/text/letter_case.hpp"

namespace berth::controller {

void DiscoveryIndex::load(const State& state, MonoTime now) {
  members_.clear();
  services_.clear();
  sets_.clear();
  hosts_.clear();
  names_.clear();
  expiries_.clear();
  endpoints_ = 0;
  ++changes_;
  for (const auto& instance : state.instances()) noteHost(instance->id, state, now);
  for (const auto& [key, service] : state.services()) noteService(key, state);
  for (const auto& [key, set] : state.taskSets()) noteTaskSet(key, state);
  for (const auto& task : state.tasks()) noteTask(task->id, state);
}

void DiscoveryIndex::changed(const Mutations& mutations, const std::vector<std::string>& lost,
                             const State& state, MonoTime now) {
  for (const Mutation& mutation : mutations) {
    if (mutation.kind == Kind::Task) noteTask(mutation.key, state);
    if (mutation.kind == Kind::Instance) noteHost(mutation.key, state, now);
    if (mutation.kind == Kind::Service) noteService(mutation.key, state);
    if (mutation.kind == Kind::TaskSet) noteTaskSet(mutation.key, state);
  }
  for (const std::string& instance : lost) noteHost(instance, state, now);
}

void DiscoveryIndex::expire(const State& state, MonoTime now) {
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const std::string id = expiries_.begin()->second;
    expiries_.erase(expiries_.begin());
    noteHost(id, state, now);
  }
}

std::optional<MonoTime> DiscoveryIndex::nextExpiry() const {
  return expiries_.empty() ? std::nullopt : std::optional(expiries_.begin()->first);
}

const NamedTasks* DiscoveryIndex::find(std::string_view cluster, std::string_view name) const {
  const auto found = names_.find({lowered(cluster), lowered(name)});
  return found == names_.end() ? nullptr : &found->second;
}

const Endpoint* DiscoveryIndex::find(const NamedTasks& name, const std::string& task) const {
  const auto member = members_.find(task);
  if (member == members_.end() || member->second.place == kNowhere) return nullptr;
  if (&member->second.name->second != &name) return nullptr;
  return &name.endpoints[member->second.place];
}

bool DiscoveryIndex::knows(std::string_view cluster) const {
  const std::string wanted = lowered(cluster);
  const auto first = names_.lower_bound({wanted, {}});
  return first != names_.end() && first->first.first == wanted;
}

/// A host that comes, goes or moves takes its tasks along.
void DiscoveryIndex::noteHost(const std::string& id, const State& state, MonoTime now) {
  const Instance* instance = state.instance(id);
  const auto known = hosts_.find(id);
  if (!instance || instance->status == "INACTIVE") {
    if (known == hosts_.end()) return;
    hosts_.erase(known);
  } else {
    const bool first = known == hosts_.end();
    const Host before = first ? Host{} : known->second;
    Host host{addressOf(*instance), instance->connected, before.lostAt, false};
    if (!host.connected) {
      if (first || before.connected) {
        host.lostAt = now;
        expiries_.emplace(now + keep_lost_, id);
      }
      host.gone = now - host.lostAt >= keep_lost_;
    }
    hosts_[id] = host;
    if (!first && host.gone == before.gone && host.address == before.address) return;
  }
  for (const Task* task : state.tasksOn(id)) noteTask(task->id, state);
}

bool DiscoveryIndex::rename(std::unordered_map<std::string, NamedService>& known, const std::string& key,
                            const std::string& cluster, const std::optional<Naming>& naming) {
  const auto found = known.find(key);
  if (found != known.end()) {
    // Its counts and events change more often than this.
    if (naming && *naming == found->second.naming) return false;
    release(found->second.name);
    known.erase(found);
  } else if (!naming) {
    return false;
  }
  if (naming) known.emplace(key, NamedService{*naming, claim(cluster, naming->name)});
  return true;
}

void DiscoveryIndex::noteService(const std::string& key, const State& state) {
  const Service* service = state.service(key);
  if (!rename(services_, key, service ? service->cluster : "", service ? namingOf(*service) : std::nullopt))
    return;
  for (const Task* task : state.tasksOf(key)) noteTask(task->id, state);
}

void DiscoveryIndex::noteTaskSet(const std::string& key, const State& state) {
  const TaskSet* set = state.taskSet(key);
  if (!rename(sets_, key, set ? set->cluster : "", set ? namingOf(*set) : std::nullopt)) return;
  const std::string service = key.substr(0, key.find('/', key.find('/') + 1));
  const std::string id = key.substr(service.size() + 1);
  for (const Task* task : state.tasksOf(service)) {
    if (task->startedBy == id) noteTask(task->id, state);
  }
}

std::optional<Naming> DiscoveryIndex::namingFor(const Task& task) const {
  if (const auto service = serviceOfGroup(task.spec->group)) {
    const std::string key = Service::keyOf(task.spec->cluster, *service);
    if (!sets_.empty()) {
      const auto set = sets_.find(key + "/" + task.startedBy);
      if (set != sets_.end()) return set->second.naming;
    }
    const auto known = services_.find(key);
    if (known != services_.end()) return known->second.naming;
  }
  return namingOf(task);
}

std::optional<Endpoint> DiscoveryIndex::endpointFor(const Task& task, const Naming& naming,
                                                    const State& state) const {
  if (!answers(task)) return std::nullopt;
  const auto host = hosts_.find(task.instance);
  if (host == hosts_.end() || host->second.gone) return std::nullopt;
  const auto own = addressOf(task);
  const auto& address = own ? own : host->second.address;
  if (!address) return std::nullopt;
  return Endpoint{task.id, task.instance, *address, portsOf(state, task, naming)};
}

void DiscoveryIndex::noteTask(const std::string& id, const State& state) {
  const Task* task = state.task(id);
  if (!task || task->lastStatus == TaskStatus::Stopped) return forgetTask(id);
  const auto naming = namingFor(*task);
  if (!naming) return forgetTask(id);
  auto known = members_.find(id);
  const auto key = std::pair(lowered(task->spec->cluster), lowered(naming->name));
  if (known != members_.end() && known->second.name->first != key) {
    forgetTask(id);
    known = members_.end();
  }
  if (known == members_.end()) {
    known = members_.emplace(id, Member{claim(task->spec->cluster, naming->name)}).first;
  }
  Member& member = known->second;
  auto endpoint = endpointFor(*task, *naming, state);
  if (!endpoint) return leave(member);
  std::vector<Endpoint>& all = member.name->second.endpoints;
  if (member.place != kNowhere) {
    if (all[member.place] == *endpoint) return;
    all[member.place] = std::move(*endpoint);
  } else {
    member.place = all.size();
    all.push_back(std::move(*endpoint));
    ++endpoints_;
  }
  ++changes_;
}

DiscoveryIndex::Names::iterator DiscoveryIndex::claim(const std::string& cluster, const std::string& name) {
  const auto made = names_.try_emplace({lowered(cluster), lowered(name)}, NamedTasks{cluster, name, {}, 0});
  ++made.first->second.claims;
  if (made.second) ++changes_;
  return made.first;
}

void DiscoveryIndex::release(Names::iterator name) {
  if (--name->second.claims > 0) return;
  names_.erase(name);
  ++changes_;
}

/// The last endpoint takes the place of the one that goes.
void DiscoveryIndex::leave(Member& member) {
  if (member.place == kNowhere) return;
  std::vector<Endpoint>& all = member.name->second.endpoints;
  if (member.place + 1 < all.size()) {
    all[member.place] = std::move(all.back());
    members_.at(all[member.place].task).place = member.place;
  }
  all.pop_back();
  member.place = kNowhere;
  --endpoints_;
  ++changes_;
}

void DiscoveryIndex::forgetTask(const std::string& id) {
  const auto known = members_.find(id);
  if (known == members_.end()) return;
  leave(known->second);
  release(known->second.name);
  members_.erase(known);
}

}  // namespace berth::controller
