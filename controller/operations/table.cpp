#include "controller/operations/table.hpp"

#include <utility>

#include "controller/api/actions.hpp"
#include "controller/api/services/actions.hpp"

namespace berth::controller {
namespace {

constexpr OperationEntry kOperations[] = {
    {"ContinueServiceDeployment", continueServiceDeployment, false},
    {"CreateCapacityProvider", createCapacityProvider, false},
    {"CreateCluster", createCluster, false},
    {"CreateDaemon", daemonsUnsupported, false},
    {"CreateExpressGatewayService", expressUnsupported, false},
    {"CreateService", createService, false},
    {"CreateTaskSet", createTaskSet, false},
    {"DeleteAccountSetting", deleteAccountSetting, false},
    {"DeleteAttributes", deleteAttributes, false},
    {"DeleteCapacityProvider", deleteCapacityProvider, false},
    {"DeleteCluster", deleteCluster, false},
    {"DeleteDaemon", daemonsUnsupported, false},
    {"DeleteDaemonTaskDefinition", daemonsUnsupported, false},
    {"DeleteExpressGatewayService", expressUnsupported, false},
    {"DeleteService", deleteService, false},
    {"DeleteTaskDefinitions", deleteTaskDefinitions, false},
    {"DeleteTaskSet", deleteTaskSet, false},
    {"DeregisterContainerInstance", deregisterContainerInstance, false},
    {"DeregisterTaskDefinition", deregisterTaskDefinition, false},
    {"DescribeCapacityProviders", describeCapacityProviders, true},
    {"DescribeClusters", describeClusters, true},
    {"DescribeContainerInstances", describeContainerInstances, true},
    {"DescribeDaemon", daemonsUnsupported, true},
    {"DescribeDaemonDeployments", daemonsUnsupported, true},
    {"DescribeDaemonRevisions", daemonsUnsupported, true},
    {"DescribeDaemonTaskDefinition", daemonsUnsupported, true},
    {"DescribeExpressGatewayService", expressUnsupported, true},
    {"DescribeServiceDeployments", describeServiceDeployments, true},
    {"DescribeServiceRevisions", describeServiceRevisions, true},
    {"DescribeServices", describeServices, true},
    {"DescribeTaskDefinition", describeTaskDefinition, true},
    {"DescribeTaskSets", describeTaskSets, true},
    {"DescribeTasks", describeTasks, true},
    {"DiscoverPollEndpoint", discoverPollEndpoint, true},
    {"ExecuteCommand", executeCommand, false},
    {"GetTaskProtection", getTaskProtection, true},
    {"ListAccountSettings", listAccountSettings, true},
    {"ListAttributes", listAttributes, true},
    {"ListClusters", listClusters, true},
    {"ListContainerInstances", listContainerInstances, true},
    {"ListDaemonDeployments", daemonsUnsupported, true},
    {"ListDaemonTaskDefinitions", daemonsUnsupported, true},
    {"ListDaemons", daemonsUnsupported, true},
    {"ListServiceDeployments", listServiceDeployments, true},
    {"ListServices", listServices, true},
    {"ListServicesByNamespace", listServicesByNamespace, true},
    {"ListTagsForResource", listTagsForResource, true},
    {"ListTaskDefinitionFamilies", listTaskDefinitionFamilies, true},
    {"ListTaskDefinitions", listTaskDefinitions, true},
    {"ListTasks", listTasks, true},
    {"PutAccountSetting", putAccountSetting, false},
    {"PutAccountSettingDefault", putAccountSettingDefault, false},
    {"PutAttributes", putAttributes, false},
    {"PutClusterCapacityProviders", putClusterCapacityProviders, false},
    {"RegisterContainerInstance", registerContainerInstance, false},
    {"RegisterDaemonTaskDefinition", daemonsUnsupported, false},
    {"RegisterTaskDefinition", registerTaskDefinition, false},
    {"RunTask", runTask, false},
    {"StartTask", startTask, false},
    {"StopServiceDeployment", stopServiceDeployment, false},
    {"StopTask", stopTask, false},
    {"SubmitAttachmentStateChanges", submitAttachmentStateChanges, false, true},
    {"SubmitContainerStateChange", submitContainerStateChange, false, true},
    {"SubmitTaskStateChange", submitTaskStateChange, false, true},
    {"TagResource", tagResource, false},
    {"UntagResource", untagResource, false},
    {"UpdateCapacityProvider", updateCapacityProvider, false},
    {"UpdateCluster", updateCluster, false},
    {"UpdateClusterSettings", updateCluster, false},
    {"UpdateContainerAgent", updateContainerAgent, false},
    {"UpdateContainerInstancesState", updateContainerInstancesState, false},
    {"UpdateDaemon", daemonsUnsupported, false},
    {"UpdateExpressGatewayService", expressUnsupported, false},
    {"UpdateService", updateService, false},
    {"UpdateServicePrimaryTaskSet", updateServicePrimaryTaskSet, false},
    {"UpdateTaskProtection", updateTaskProtection, false},
    {"UpdateTaskSet", updateTaskSet, false},
};

}  // namespace

Reply perform(const OperationEntry& entry, Context& context) {
  return std::visit([&](const auto action) { return widened(action(context)); }, entry.action);
}

const OperationEntry* findAction(std::string_view name) {
  for (const OperationEntry& entry : kOperations) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace berth::controller
