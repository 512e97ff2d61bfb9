// The API's actions on clusters, task definitions, tasks and container instances, one file each.
#pragma once

#include "controller/api/reply.hpp"

namespace berth::controller {

ApiResult<Json> createCluster(Context& context);
ApiResult<Json> deleteCluster(Context& context);
ApiResult<Json> updateCluster(Context& context);
ApiResult<Json> describeClusters(Context& context);
ApiResult<Json> listClusters(Context& context);

ApiResult<Json> registerTaskDefinition(Context& context);
ApiResult<Json> deregisterTaskDefinition(Context& context);
ApiResult<Json> deleteTaskDefinitions(Context& context);
ApiResult<Json> describeTaskDefinition(Context& context);
ApiResult<Json> listTaskDefinitions(Context& context);
ApiResult<Json> listTaskDefinitionFamilies(Context& context);

ApiResult<TasksReply> runTask(Context& context);
ApiResult<TasksReply> startTask(Context& context);
ApiResult<Json> stopTask(Context& context);
ApiResult<TasksReply> describeTasks(Context& context);
ApiResult<Json> listTasks(Context& context);

ApiResult<Json> listContainerInstances(Context& context);
ApiResult<Json> describeContainerInstances(Context& context);
ApiResult<Json> deregisterContainerInstance(Context& context);
ApiResult<Json> updateContainerInstancesState(Context& context);

ApiResult<Json> tagResource(Context& context);
ApiResult<Json> untagResource(Context& context);
ApiResult<Json> listTagsForResource(Context& context);

ApiResult<Json> executeCommand(Context& context);
ApiResult<Json> updateContainerAgent(Context& context);

ApiResult<Json> putAttributes(Context& context);
ApiResult<Json> deleteAttributes(Context& context);
ApiResult<Json> listAttributes(Context& context);

ApiResult<Json> putAccountSetting(Context& context);
ApiResult<Json> putAccountSettingDefault(Context& context);
ApiResult<Json> deleteAccountSetting(Context& context);
ApiResult<Json> listAccountSettings(Context& context);

ApiResult<Json> createCapacityProvider(Context& context);
ApiResult<Json> updateCapacityProvider(Context& context);
ApiResult<Json> deleteCapacityProvider(Context& context);
ApiResult<Json> describeCapacityProviders(Context& context);
ApiResult<Json> putClusterCapacityProviders(Context& context);

/// All operations on daemons, and all on Express services.
ApiResult<Json> daemonsUnsupported(Context& context);
ApiResult<Json> expressUnsupported(Context& context);

ApiResult<Json> registerContainerInstance(Context& context);
ApiResult<Json> discoverPollEndpoint(Context& context);
ApiResult<Json> submitTaskStateChange(Context& context);
ApiResult<Json> submitContainerStateChange(Context& context);
ApiResult<Json> submitAttachmentStateChanges(Context& context);

}  // namespace berth::controller
