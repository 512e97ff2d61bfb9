#include "controller/callers/throttle.hpp"

#include <algorithm>
#include <chrono>

namespace berth::controller {
namespace {

constexpr std::array<std::string_view, kCallClasses> kClassNames = {
    "cluster_modify",         "cluster_read",      "definition_modify",
    "definition_read",        "definition_delete", "capacity_provider_modify",
    "capacity_provider_read", "tag_modify",        "tag_read",
    "setting_modify",         "setting_read",      "resource_modify",
    "resource_read",          "agent_modify",      "service_modify",
    "service_read",           "deployment_read",   "revision_read",
    "task_protection",        "namespace_read"};

using ClassTable = std::unordered_map<std::string_view, CallClass>;

const ClassTable& classTable() {
  using enum CallClass;
  static const ClassTable table{
      {"CreateCluster", ClusterModify},
      {"DeleteCluster", ClusterModify},
      {"PutClusterCapacityProviders", ClusterModify},
      {"UpdateCluster", ClusterModify},
      {"UpdateClusterSettings", ClusterModify},
      {"DescribeClusters", ClusterRead},
      {"ListClusters", ClusterRead},
      {"DeregisterTaskDefinition", DefinitionModify},
      {"RegisterDaemonTaskDefinition", DefinitionModify},
      {"RegisterTaskDefinition", DefinitionModify},
      {"DescribeDaemonTaskDefinition", DefinitionRead},
      {"DescribeTaskDefinition", DefinitionRead},
      {"ListDaemonTaskDefinitions", DefinitionRead},
      {"ListTaskDefinitionFamilies", DefinitionRead},
      {"ListTaskDefinitions", DefinitionRead},
      {"DeleteDaemonTaskDefinition", DefinitionDelete},
      {"DeleteTaskDefinitions", DefinitionDelete},
      {"CreateCapacityProvider", CapacityProviderModify},
      {"DeleteCapacityProvider", CapacityProviderModify},
      {"UpdateCapacityProvider", CapacityProviderModify},
      {"DescribeCapacityProviders", CapacityProviderRead},
      {"TagResource", TagModify},
      {"UntagResource", TagModify},
      {"ListTagsForResource", TagRead},
      {"DeleteAccountSetting", SettingModify},
      {"PutAccountSetting", SettingModify},
      {"PutAccountSettingDefault", SettingModify},
      {"ListAccountSettings", SettingRead},
      {"DeleteAttributes", ResourceModify},
      {"DeregisterContainerInstance", ResourceModify},
      {"ExecuteCommand", ResourceModify},
      {"PutAttributes", ResourceModify},
      {"RunTask", ResourceModify},
      {"StartTask", ResourceModify},
      {"StopTask", ResourceModify},
      {"UpdateContainerAgent", ResourceModify},
      {"UpdateContainerInstancesState", ResourceModify},
      {"DescribeContainerInstances", ResourceRead},
      {"DescribeTasks", ResourceRead},
      {"ListAttributes", ResourceRead},
      {"ListContainerInstances", ResourceRead},
      {"ListTasks", ResourceRead},
      {"DiscoverPollEndpoint", AgentModify},
      {"RegisterContainerInstance", AgentModify},
      {"SubmitAttachmentStateChanges", AgentModify},
      {"SubmitContainerStateChange", AgentModify},
      {"SubmitTaskStateChange", AgentModify},
      {"ContinueServiceDeployment", ServiceModify},
      {"CreateDaemon", ServiceModify},
      {"CreateExpressGatewayService", ServiceModify},
      {"CreateService", ServiceModify},
      {"CreateTaskSet", ServiceModify},
      {"DeleteDaemon", ServiceModify},
      {"DeleteExpressGatewayService", ServiceModify},
      {"DeleteService", ServiceModify},
      {"DeleteTaskSet", ServiceModify},
      {"StopServiceDeployment", ServiceModify},
      {"UpdateDaemon", ServiceModify},
      {"UpdateExpressGatewayService", ServiceModify},
      {"UpdateService", ServiceModify},
      {"UpdateServicePrimaryTaskSet", ServiceModify},
      {"UpdateTaskSet", ServiceModify},
      {"DescribeDaemon", ServiceRead},
      {"DescribeExpressGatewayService", ServiceRead},
      {"DescribeServices", ServiceRead},
      {"DescribeTaskSets", ServiceRead},
      {"ListDaemons", ServiceRead},
      {"ListServices", ServiceRead},
      {"DescribeDaemonDeployments", DeploymentRead},
      {"DescribeServiceDeployments", DeploymentRead},
      {"ListDaemonDeployments", DeploymentRead},
      {"ListServiceDeployments", DeploymentRead},
      {"DescribeDaemonRevisions", RevisionRead},
      {"DescribeServiceRevisions", RevisionRead},
      {"GetTaskProtection", TaskProtection},
      {"UpdateTaskProtection", TaskProtection},
      {"ListServicesByNamespace", NamespaceRead},
      {"berth:Discovery", ResourceRead},
      {"berth:DeleteAlarm", ResourceModify},
      {"berth:DeleteJob", ResourceModify},
      {"berth:Events", ResourceRead},
      {"berth:FindTasks", ResourceRead},
      {"berth:GetAlarms", ResourceRead},
      {"berth:GetJobs", ResourceRead},
      {"berth:History", ResourceRead},
      {"berth:Logs", ResourceRead},
      {"berth:PauseJob", ResourceModify},
      {"berth:PutAlarm", ResourceModify},
      {"berth:PutJob", ResourceModify},
      {"berth:RunJob", ResourceModify},
      {"berth:Summary", ResourceRead},
      {"berth:Why", ResourceRead},
  };
  return table;
}

}  // namespace

bool TokenBucket::take(const Rate& rate, MonoTime now) {
  if (rate.perSecond <= 0) return true;
  if (!filledAt_) {
    tokens_ = rate.burst;
  } else if (now > *filledAt_) {
    const double seconds = std::chrono::duration<double>(now - *filledAt_).count();
    tokens_ = std::min(rate.burst, tokens_ + seconds * rate.perSecond);
  }
  filledAt_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::string_view name(CallClass callClass) { return kClassNames[static_cast<size_t>(callClass)]; }

std::optional<CallClass> callClassNamed(std::string_view name) {
  const auto* found = std::ranges::find(kClassNames, name);
  if (found == kClassNames.end()) return std::nullopt;
  return static_cast<CallClass>(found - kClassNames.begin());
}

std::optional<CallClass> callClassOf(std::string_view operation) {
  const auto found = classTable().find(operation);
  if (found == classTable().end()) return std::nullopt;
  return found->second;
}

ThrottleRates throttleRates(const Rate& usual) {
  constexpr double kAgentShare = 10;
  ThrottleRates out;
  out.fill(usual);
  out[static_cast<size_t>(CallClass::AgentModify)] =
      Rate{usual.perSecond * kAgentShare, usual.burst * kAgentShare};
  return out;
}

bool Throttle::admit(const std::string& caller, std::string_view operation, MonoTime now) {
  const auto call_class = callClassOf(operation);
  if (!call_class) return true;
  const auto index = static_cast<size_t>(*call_class);
  if (rates_[index].perSecond <= 0) return true;
  return buckets_[caller][index].take(rates_[index], now);
}

}  // namespace berth::controller
