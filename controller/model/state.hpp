// The controller's state in memory, and transactions on it. An action reads through its transaction and
// stages changed copies there; nothing shows before commit(), so an action that fails has changed nothing.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "controller/model/entities.hpp"
#include "controller/model/fleet.hpp"
#include "controller/model/jobs.hpp"
#include "controller/model/services.hpp"
#include "controller/model/spec_pool.hpp"
#include "controller/model/task_index.hpp"

namespace berth::controller {

/// The highest revision that a family has ever had: numbers are never given twice.
struct Family {
  std::string name;
  int64_t lastRevision = 0;
};

using Entity = std::variant<Cluster, Family, TaskDefinition, Instance, Task, ClientToken, AccountSetting,
                            CapacityProvider, Service, ServiceDeployment, ServiceRevision, TaskSet,
                            TaskProtection, Job, JobRun, StoppedTask, Alarm>;

/// In the order of Entity's alternatives.
enum class Kind : size_t {
  Cluster,
  Family,
  TaskDefinition,
  Instance,
  Task,
  ClientToken,
  AccountSetting,
  CapacityProvider,
  Service,
  ServiceDeployment,
  ServiceRevision,
  TaskSet,
  TaskProtection,
  Job,
  JobRun,
  StoppedTask,
  Alarm
};
inline Kind kindOf(const Entity& entity) { return static_cast<Kind>(entity.index()); }

/// The key of an entity within its kind: a cluster's name, a definition's family:revision, a task's id, ...
std::string keyOf(const Entity& entity);

template <class Variant>
struct PointersTo;
template <class... Kinds>
struct PointersTo<std::variant<Kinds...>> {
  using Type = std::variant<std::nullptr_t, std::shared_ptr<const Kinds>...>;
};

/// An entity's new value, or (nullptr) that it is gone. Values are shared with the state and never change.
struct Mutation {
  Kind kind = Kind::Cluster;
  std::string key;
  PointersTo<Entity>::Type value = nullptr;

  Mutation(Kind which, std::string name, std::nullptr_t) : kind(which), key(std::move(name)) {}
  explicit Mutation(Entity entity);

  bool erases() const { return value.index() == 0; }
  /// Null when it is of another kind, or erases.
  template <class Of>
  const Of* as() const {
    const auto* pointer = std::get_if<std::shared_ptr<const Of>>(&value);
    return pointer ? pointer->get() : nullptr;
  }
};
using Mutations = std::vector<Mutation>;

template <class Of>
struct ById {
  using is_transparent = void;
  using Pointer = std::shared_ptr<const Of>;
  bool operator()(const Pointer& a, const Pointer& b) const { return a->id < b->id; }
  bool operator()(const Pointer& a, std::string_view b) const { return a->id < b; }
  bool operator()(std::string_view a, const Pointer& b) const { return a < b->id; }
};
/// By id.
using Tasks = std::set<std::shared_ptr<const Task>, ById<Task>>;
using Instances = std::set<std::shared_ptr<const Instance>, ById<Instance>>;

struct WaitingOrder {
  bool operator()(const Task* a, const Task* b) const {
    return a->createdAt != b->createdAt ? a->createdAt < b->createdAt : a->id < b->id;
  }
};
/// The one that has waited longest first.
using WaitingTasks = std::set<const Task*, WaitingOrder>;

class State {
 public:
  State() = default;
  /// The fleet points at the entities.
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const Cluster* cluster(const std::string& name) const;
  const Family* family(const std::string& name) const;
  const TaskDefinition* definition(const std::string& key) const;
  /// The newest ACTIVE revision of a family.
  const TaskDefinition* newestActive(const std::string& family) const;
  const Instance* instance(const std::string& id) const;
  /// The value itself, to keep; null when there is none.
  std::shared_ptr<const Instance> sharedInstance(const std::string& id) const;
  const Task* task(const std::string& id) const;
  const ClientToken* token(const std::string& key) const;
  const AccountSetting* accountSetting(const std::string& key) const;
  const CapacityProvider* capacityProvider(const std::string& name) const;
  /// By Service::key, ServiceDeployment::key, ...; a protection by its task's id.
  const Service* service(const std::string& key) const;
  const ServiceDeployment* serviceDeployment(const std::string& key) const;
  const ServiceRevision* serviceRevision(const std::string& key) const;
  const TaskSet* taskSet(const std::string& key) const;
  const TaskProtection* protection(const std::string& task) const;
  const Alarm* alarm(const std::string& name) const;
  /// By Job::key and JobRun::key.
  const Job* job(const std::string& key) const;
  const JobRun* jobRun(const std::string& key) const;

  const std::map<std::string, Cluster>& clusters() const { return clusters_; }
  const std::map<std::string, Family>& families() const { return families_; }
  const std::map<std::string, std::map<int64_t, TaskDefinition>>& definitions() const { return definitions_; }
  const Instances& instances() const { return instances_; }
  const Tasks& tasks() const { return tasks_; }
  const std::map<std::string, ClientToken>& tokens() const { return tokens_; }
  const std::map<std::string, AccountSetting>& accountSettings() const { return account_settings_; }
  const std::map<std::string, CapacityProvider>& capacityProviders() const { return capacity_providers_; }
  const std::map<std::string, Service>& services() const { return services_; }
  const std::map<std::string, TaskSet>& taskSets() const { return task_sets_; }
  const std::map<std::string, TaskProtection>& protections() const { return protections_; }
  const std::map<std::string, Alarm>& alarms() const { return alarms_; }
  const std::map<std::string, Job>& jobs() const { return jobs_; }
  const std::map<std::string, JobRun>& jobRuns() const { return job_runs_; }
  /// The runs of a job (Job::key), the oldest first.
  std::vector<const JobRun*> runsOf(const std::string& job) const;
  /// What belongs to a service (Service::key), in no order of time.
  std::vector<const ServiceDeployment*> deploymentsOf(const std::string& service) const;
  std::vector<const ServiceRevision*> revisionsOf(const std::string& service) const;
  std::vector<const TaskSet*> taskSetsOf(const std::string& service) const;
  /// The SUCCESSFUL deployment of a service that was finished last; null when there is none.
  const ServiceDeployment* lastSuccessful(const std::string& service) const;
  /// The tasks of a service (Service::key), in any state, in no order.
  const std::vector<const Task*>& tasksOf(const std::string& service) const;
  /// The tasks placed on an instance, likewise.
  const std::vector<const Task*>& tasksOn(const std::string& instance) const;
  /// The tasks of a cluster that wait for a place.
  const WaitingTasks& waitingIn(const std::string& cluster) const;
  const Load& load(const std::string& instance) const;
  /// What the tasks of an instance that are not STOPPED take of it.
  const Resources& used(const std::string& instance) const { return load(instance).used; }
  /// The instances as the scheduler walks them.
  const Fleet& fleet() const { return fleet_; }

  /// Puts or erases entities and keeps the indexes in step.
  void apply(const Mutations& mutations);
  /// Whether an agent's session is open. Not a mutation: it is never stored.
  void setConnected(const std::string& instance, bool connected);

 private:
  /// An instance and what is known of it beside. It may be there before the instance is, and after.
  struct Host {
    const Instance* instance = nullptr;
    std::vector<const Task*> tasks;
    Load load;
  };

  void put(const Mutation& mutation);
  Host& keepInstance(std::shared_ptr<const Instance> instance);
  void putInstance(std::shared_ptr<const Instance> instance);
  void putTask(std::shared_ptr<const Task> task);
  void changeLoad(Load& load, const Task* old, const Task& task);
  void leaveHost(const Task& task);
  void stopWaiting(const Task& task);
  void erase(Kind kind, const std::string& key);
  void eraseTask(const std::string& id);
  void eraseInstance(const std::string& id);
  std::shared_ptr<const Task> withKnownSpec(std::shared_ptr<const Task> task);

  std::map<std::string, Cluster> clusters_;
  std::map<std::string, Family> families_;
  std::map<std::string, std::map<int64_t, TaskDefinition>> definitions_;
  Instances instances_;
  Tasks tasks_;
  TaskIndex task_index_;  ///< of tasks_
  std::map<std::string, ClientToken> tokens_;
  std::map<std::string, AccountSetting> account_settings_;
  std::map<std::string, CapacityProvider> capacity_providers_;
  std::map<std::string, Service> services_;
  std::map<std::string, ServiceDeployment> service_deployments_;
  std::map<std::string, ServiceRevision> service_revisions_;
  std::map<std::string, TaskSet> task_sets_;
  std::map<std::string, TaskProtection> protections_;
  std::map<std::string, Alarm> alarms_;
  std::map<std::string, Job> jobs_;
  std::map<std::string, JobRun> job_runs_;
  std::unordered_map<std::string, std::vector<const Task*>> tasks_of_;  ///< by service
  std::unordered_map<std::string, Host> hosts_;
  std::unordered_map<std::string, WaitingTasks> waiting_;  ///< by cluster; those that have some
  SpecPool specs_;
  Fleet fleet_;
};

/// Changes in the making. Reads through get() see what is staged here before what is in the state.
class Transaction {
 public:
  explicit Transaction(const State& state) : state_(state) {}

  const State& state() const { return state_; }
  /// Stages a new value; a later one for the same key replaces it.
  void put(Entity entity);
  void erase(Kind kind, std::string key);
  /// A copy of a task to be changed, staged one first; nullopt when there is none.
  std::optional<Task> task(const std::string& id) const;
  bool empty() const { return staged_.empty(); }
  /// In the order of the first staging.
  const Mutations& staged() const { return staged_; }
  /// What was staged, in the order of the first staging; the transaction is empty afterwards.
  Mutations take();

 private:
  const State& state_;
  Mutations staged_;
};

}  // namespace berth::controller
