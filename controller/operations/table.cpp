#include "controller/operations/table.hpp"

#include "controller/api/actions.hpp"

namespace berth::controller {
namespace {

constexpr OperationEntry kOperations[] = {
    {"CreateCapacityProvider", createCapacityProvider, false},
    {"CreateCluster", createCluster, false},
    {"DeleteAccountSetting", deleteAccountSetting, false},
    {"DeleteAttributes", deleteAttributes, false},
    {"DeleteCapacityProvider", deleteCapacityProvider, false},
    {"DeleteCluster", deleteCluster, false},
    {"DeleteTaskDefinitions", deleteTaskDefinitions, false},
    {"DeregisterContainerInstance", deregisterContainerInstance, false},
    {"DeregisterTaskDefinition", deregisterTaskDefinition, false},
    {"DescribeCapacityProviders", describeCapacityProviders, true},
    {"DescribeClusters", describeClusters, true},
    {"DescribeContainerInstances", describeContainerInstances, true},
    {"DescribeTaskDefinition", describeTaskDefinition, true},
    {"DescribeTasks", describeTasks, true},
    {"DiscoverPollEndpoint", discoverPollEndpoint, true},
    {"ExecuteCommand", executeCommand, false},
    {"ListAccountSettings", listAccountSettings, true},
    {"ListAttributes", listAttributes, true},
    {"ListClusters", listClusters, true},
    {"ListContainerInstances", listContainerInstances, true},
    {"ListTagsForResource", listTagsForResource, true},
    {"ListTaskDefinitionFamilies", listTaskDefinitionFamilies, true},
    {"ListTaskDefinitions", listTaskDefinitions, true},
    {"ListTasks", listTasks, true},
    {"PutAccountSetting", putAccountSetting, false},
    {"PutAccountSettingDefault", putAccountSettingDefault, false},
    {"PutAttributes", putAttributes, false},
    {"PutClusterCapacityProviders", putClusterCapacityProviders, false},
    {"RegisterContainerInstance", registerContainerInstance, false},
    {"RegisterTaskDefinition", registerTaskDefinition, false},
    {"RunTask", runTask, false},
    {"StartTask", startTask, false},
    {"StopTask", stopTask, false},
    {"SubmitAttachmentStateChanges", submitAttachmentStateChanges, false},
    {"SubmitContainerStateChange", submitContainerStateChange, false},
    {"SubmitTaskStateChange", submitTaskStateChange, false},
    {"TagResource", tagResource, false},
    {"UntagResource", untagResource, false},
    {"UpdateCapacityProvider", updateCapacityProvider, false},
    {"UpdateCluster", updateCluster, false},
    {"UpdateClusterSettings", updateCluster, false},
    {"UpdateContainerAgent", updateContainerAgent, false},
    {"UpdateContainerInstancesState", updateContainerInstancesState, false},
};

}  // namespace

const OperationEntry* findAction(std::string_view name) {
  for (const OperationEntry& entry : kOperations) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace berth::controller
