#include "controller/callers/needs.hpp"

#include <algorithm>

#include "common/aws/policy.hpp"
#include "common/ids/arn.hpp"

namespace berth::controller {
namespace {

/// What a member of a request refers to.
enum class Form {
  None,        ///< nothing: "*"
  InCluster,   ///< nothing but a cluster as a condition
  Cluster,     ///< clusters: TYPE/NAME
  Member,      ///< what is in a cluster: TYPE/CLUSTER/ID
  Named,       ///< what is not: TYPE/NAME
  Definition,  ///< definitions: TYPE/FAMILY:REVISION
  Family,      ///< a definition to be: TYPE/FAMILY:*
  Attributes,  ///< the targets of attributes: TYPE/CLUSTER/ID
  TaskSet,     ///< TYPE/CLUSTER/SERVICE/ID
  Arn,         ///< ARNs of any type
};

struct NeedRow {
  std::string_view operation;
  Form form;
  const char* type = "";
  const char* member = "";
};

constexpr NeedRow kNeeds[] = {
    {"ContinueServiceDeployment", Form::Arn, "", "serviceDeploymentArn"},
    {"CreateCapacityProvider", Form::Named, "capacity-provider", "name"},
    {"CreateCluster", Form::Cluster, "cluster", "clusterName"},
    {"CreateDaemon", Form::Member, "daemon", "daemonName"},
    {"CreateExpressGatewayService", Form::Member, "service", "serviceName"},
    {"CreateService", Form::Member, "service", "serviceName"},
    {"CreateTaskSet", Form::TaskSet, "task-set", ""},
    {"DeleteAccountSetting", Form::None},
    {"DeleteAttributes", Form::Attributes, "container-instance", "attributes"},
    {"DeleteCapacityProvider", Form::Named, "capacity-provider", "capacityProvider"},
    {"DeleteCluster", Form::Cluster, "cluster", "cluster"},
    {"DeleteDaemon", Form::Arn, "", "daemonArn"},
    {"DeleteDaemonTaskDefinition", Form::Named, "daemon-task-definition", "daemonTaskDefinition"},
    {"DeleteExpressGatewayService", Form::Arn, "", "serviceArn"},
    {"DeleteService", Form::Member, "service", "service"},
    {"DeleteTaskDefinitions", Form::Definition, "task-definition", "taskDefinitions"},
    {"DeleteTaskSet", Form::TaskSet, "task-set", "taskSet"},
    {"DeregisterContainerInstance", Form::Cluster, "cluster", "cluster"},
    {"DeregisterTaskDefinition", Form::None},
    {"DescribeCapacityProviders", Form::Named, "capacity-provider", "capacityProviders"},
    {"DescribeClusters", Form::Cluster, "cluster", "clusters"},
    {"DescribeContainerInstances", Form::Member, "container-instance", "containerInstances"},
    {"DescribeDaemon", Form::Arn, "", "daemonArn"},
    {"DescribeDaemonDeployments", Form::Arn, "", "daemonDeploymentArns"},
    {"DescribeDaemonRevisions", Form::Arn, "", "daemonRevisionArns"},
    {"DescribeDaemonTaskDefinition", Form::Named, "daemon-task-definition", "daemonTaskDefinition"},
    {"DescribeExpressGatewayService", Form::Arn, "", "serviceArn"},
    {"DescribeServiceDeployments", Form::Arn, "", "serviceDeploymentArns"},
    {"DescribeServiceRevisions", Form::Arn, "", "serviceRevisionArns"},
    {"DescribeServices", Form::Member, "service", "services"},
    {"DescribeTaskDefinition", Form::None},
    {"DescribeTaskSets", Form::TaskSet, "task-set", "taskSets"},
    {"DescribeTasks", Form::Member, "task", "tasks"},
    {"DiscoverPollEndpoint", Form::None},
    {"ExecuteCommand", Form::Cluster, "cluster", "cluster"},
    {"ExecuteCommand", Form::Member, "task", "task"},
    {"GetTaskProtection", Form::Member, "task", "tasks"},
    {"ListAccountSettings", Form::None},
    {"ListAttributes", Form::Cluster, "cluster", "cluster"},
    {"ListClusters", Form::None},
    {"ListContainerInstances", Form::Cluster, "cluster", "cluster"},
    {"ListDaemonDeployments", Form::Arn, "", "daemonArn"},
    {"ListDaemonTaskDefinitions", Form::None},
    {"ListDaemons", Form::InCluster},
    {"ListServiceDeployments", Form::Member, "service", "service"},
    {"ListServices", Form::InCluster},
    {"ListServicesByNamespace", Form::None},
    {"ListTagsForResource", Form::Arn, "", "resourceArn"},
    {"ListTaskDefinitionFamilies", Form::None},
    {"ListTaskDefinitions", Form::None},
    {"ListTasks", Form::Member, "container-instance", "containerInstance"},
    {"Poll", Form::Member, "container-instance", "containerInstance"},
    {"PutAccountSetting", Form::None},
    {"PutAccountSettingDefault", Form::None},
    {"PutAttributes", Form::Attributes, "container-instance", "attributes"},
    {"PutClusterCapacityProviders", Form::Cluster, "cluster", "cluster"},
    {"RegisterContainerInstance", Form::Cluster, "cluster", "cluster"},
    {"RegisterDaemonTaskDefinition", Form::Family, "daemon-task-definition", "family"},
    {"RegisterTaskDefinition", Form::Family, "task-definition", "family"},
    {"RunTask", Form::Definition, "task-definition", "taskDefinition"},
    {"StartTask", Form::Definition, "task-definition", "taskDefinition"},
    {"StartTelemetrySession", Form::Member, "container-instance", "containerInstance"},
    {"StopServiceDeployment", Form::Arn, "", "serviceDeploymentArn"},
    {"StopTask", Form::Member, "task", "task"},
    {"SubmitAttachmentStateChanges", Form::Cluster, "cluster", "cluster"},
    {"SubmitContainerStateChange", Form::Cluster, "cluster", "cluster"},
    {"SubmitTaskStateChange", Form::Cluster, "cluster", "cluster"},
    {"TagResource", Form::Arn, "", "resourceArn"},
    {"UntagResource", Form::Arn, "", "resourceArn"},
    {"UpdateCapacityProvider", Form::Named, "capacity-provider", "name"},
    {"UpdateCluster", Form::Cluster, "cluster", "cluster"},
    {"UpdateClusterSettings", Form::Cluster, "cluster", "cluster"},
    {"UpdateContainerAgent", Form::Member, "container-instance", "containerInstance"},
    {"UpdateContainerInstancesState", Form::Member, "container-instance", "containerInstances"},
    {"UpdateDaemon", Form::Arn, "", "daemonArn"},
    {"UpdateExpressGatewayService", Form::Arn, "", "serviceArn"},
    {"UpdateService", Form::Member, "service", "service"},
    {"UpdateServicePrimaryTaskSet", Form::Member, "service", "service"},
    {"UpdateTaskProtection", Form::Member, "task", "tasks"},
    {"UpdateTaskSet", Form::TaskSet, "task-set", "taskSet"},
    {"berth:Discovery", Form::Arn, "", "resource"},
    {"berth:DeleteAlarm", Form::Arn, "", "resource"},
    {"berth:DeleteJob", Form::Arn, "", "resource"},
    {"berth:Events", Form::Arn, "", "resource"},
    {"berth:FindTasks", Form::Arn, "", "resource"},
    {"berth:GetAlarms", Form::Arn, "", "resource"},
    {"berth:GetJobs", Form::Arn, "", "resource"},
    {"berth:History", Form::Arn, "", "resource"},
    {"berth:Logs", Form::Arn, "", "resource"},
    {"berth:PauseJob", Form::Arn, "", "resource"},
    {"berth:PutAlarm", Form::Arn, "", "resource"},
    {"berth:PutJob", Form::Arn, "", "resource"},
    {"berth:RunJob", Form::Arn, "", "resource"},
    {"berth:Summary", Form::Arn, "", "resource"},
    {"berth:Why", Form::Arn, "", "resource"},
};

constexpr std::string_view kInCluster[] = {"container-instance",
                                           "daemon",
                                           "daemon-deployment",
                                           "daemon-revision",
                                           "job",
                                           "service",
                                           "service-deployment",
                                           "service-revision",
                                           "task",
                                           "task-set"};

/// Makes the needs of one call.
class NeedReader {
 public:
  NeedReader(const Json& input, const ecs::Names& names, const State& state)
      : input_(input), names_(names), state_(state) {}

  void add(const NeedRow& row) {
    std::vector<std::string> given;
    if (row.form == Form::Attributes) {
      given = targets();
    } else if (*row.member != '\0') {
      given = textsOf(input_, row.member);
    }
    if (row.form == Form::None) return put("*", "");
    if (row.form == Form::InCluster) return put("*", clusterArn(cluster()));
    if (given.empty()) return addAbsent(row);
    for (const std::string& reference : given) addOne(row, reference);
  }

  std::vector<Need> take() { return std::move(out_); }

 private:
  void put(std::string resource, std::string cluster) {
    out_.push_back(Need{std::move(resource), std::move(cluster)});
  }

  std::string arn(const std::string& resource) const {
    return Arn{names_.partition, "ecs", names_.region, names_.account, resource}.str();
  }
  static std::string under(const NeedRow& row, const std::string& rest) {
    return std::string(row.type) + "/" + rest;
  }

  /// The cluster that the call names, as it was written.
  std::string cluster() const { return textOf(input_, "cluster", textOf(input_, "clusterArn", "default")); }
  std::string clusterName(const std::string& reference) const {
    const auto name = names_.parseCluster(reference);
    return name ? name->str() : reference;
  }
  std::string clusterArn(const std::string& reference) const {
    const std::string name = clusterName(reference);
    return name.starts_with("arn:") ? name : names_.cluster(name).str();
  }

  void addAbsent(const NeedRow& row) {
    const std::string of_call = clusterArn(cluster());
    if (row.form == Form::Cluster) return put(clusterArn("default"), "");
    if (row.form == Form::TaskSet) return put(taskSet(row, "*"), of_call);
    put("*", row.form == Form::Named ? "" : of_call);
  }

  void addOne(const NeedRow& row, const std::string& reference) {
    const std::string of_call = clusterArn(cluster());
    switch (row.form) {
      case Form::Cluster:
        return put(clusterArn(reference), "");
      case Form::Member:
      case Form::Attributes:
        return addMember(row, reference);
      case Form::Named:
        return put(reference.starts_with("arn:") ? reference : arn(under(row, reference)), "");
      case Form::Definition:
        return put(definition(row, reference), of_call);
      case Form::Family:
        return put(arn(under(row, reference + ":*")), "");
      case Form::TaskSet:
        return put(taskSet(row, reference), of_call);
      case Form::Arn:
        return addArn(reference);
      case Form::None:
      case Form::InCluster:
        break;
    }
  }

  /// Tasks, instances and services by name, id or ARN of either format; others as they are written.
  Result<ecs::Reference> parsed(std::string_view type, const std::string& reference) const {
    if (type == "task") return names_.parseTask(reference);
    if (type == "container-instance") return names_.parseInstance(reference);
    if (type == "service") return names_.parseService(reference);
    if (reference.starts_with("arn:")) return makeError(Code::InvalidArgument, "as it is written");
    return ecs::Reference{std::nullopt, reference};
  }

  void addMember(const NeedRow& row, const std::string& reference) {
    const auto member = parsed(row.type, reference);
    if (!member) return addArn(reference);
    const std::string in = member->cluster.value_or(clusterName(cluster()));
    put(arn(under(row, in + "/" + member->id)), clusterArn(in));
  }

  /// An ARN of the old format does not say its cluster; the state does.
  std::string knownCluster(std::string_view type, const std::string& id) const {
    if (type == "task") {
      if (const Task* task = state_.task(id)) return task->spec->cluster;
    }
    if (type == "container-instance") {
      if (const Instance* instance = state_.instance(id)) return instance->cluster;
    }
    return {};
  }

  void addArn(const std::string& reference) {
    const auto given = parseArn(reference);
    const std::string type(given ? given->resourceType() : "");
    if (std::ranges::find(kInCluster, type) == std::end(kInCluster)) return put(reference, "");
    const auto member = parsed(type, reference);
    std::string in = given->resource.substr(std::min(type.size() + 1, given->resource.size()));
    in.resize(std::min(in.find('/'), in.size()));
    if (!member) return put(reference, clusterArn(in));
    in = member->cluster.value_or(knownCluster(type, member->id));
    if (in.empty()) return put(reference, "");
    put(arn(type + "/" + in + "/" + member->id), clusterArn(in));
  }

  std::string definition(const NeedRow& row, const std::string& reference) const {
    const auto known = names_.parseTaskDefinition(reference);
    if (!known) return reference.starts_with("arn:") ? reference : arn(under(row, reference));
    if (known->revision) return names_.taskDefinition(known->family, *known->revision).str();
    const TaskDefinition* newest = state_.newestActive(known->family);
    return newest ? names_.taskDefinition(newest->family, newest->revision).str()
                  : arn(under(row, known->family));
  }

  std::string taskSet(const NeedRow& row, const std::string& reference) const {
    if (reference.starts_with("arn:")) return reference;
    const std::string service = textOf(input_, "service");
    const auto parent = names_.parseService(service);
    return arn(under(row, clusterName(cluster()) + "/" + (parent ? parent->id : service) + "/" + reference));
  }

  std::vector<std::string> targets() const {
    std::vector<std::string> out;
    const auto list = input_.find("attributes");
    if (list == input_.end() || !list->is_array()) return out;
    for (const Json& attribute : *list) {
      std::string target = attribute.is_object() ? textOf(attribute, "targetId") : std::string();
      if (!target.empty()) out.push_back(std::move(target));
    }
    return out;
  }

  const Json& input_;
  const ecs::Names& names_;
  const State& state_;
  std::vector<Need> out_;
};

}  // namespace

std::vector<std::string> textsOf(const Json& input, const char* member) {
  std::vector<std::string> out;
  const auto found = input.is_object() ? input.find(member) : input.end();
  if (found == input.end()) return out;
  if (found->is_string()) out.push_back(found->get<std::string>());
  if (!found->is_array()) return out;
  for (const Json& one : *found) {
    if (one.is_string()) out.push_back(one.get<std::string>());
  }
  return out;
}

std::string textOf(const Json& input, const char* member, std::string fallback) {
  auto texts = textsOf(input, member);
  return texts.empty() ? std::move(fallback) : std::move(texts.front());
}

std::vector<Need> needsOf(std::string_view operation, const Json& input, const ecs::Names& names,
                          const State& state) {
  NeedReader reader(input, names, state);
  for (const NeedRow& row : kNeeds) {
    if (row.operation == operation) reader.add(row);
  }
  std::vector<Need> out = reader.take();
  if (out.empty()) out.push_back(Need{"*", ""});
  return out;
}

bool isKnownOperation(std::string_view operation) {
  return std::ranges::find(kNeeds, operation, &NeedRow::operation) != std::end(kNeeds);
}

std::string actionOf(std::string_view operation) {
  return (operation.starts_with("berth:") ? "" : "ecs:") + std::string(operation);
}

bool namesOperation(std::string_view actionPattern) {
  const bool ours = aws::actionMatch("ecs:*", actionPattern) || aws::actionMatch("berth:*", actionPattern);
  return !ours || std::ranges::any_of(kNeeds, [&](const NeedRow& row) {
    return aws::actionMatch(actionPattern, actionOf(row.operation));
  });
}

}  // namespace berth::controller
