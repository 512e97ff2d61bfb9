// The API's actions on services, their deployments and revisions, task sets and the protection of their
// tasks.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

ApiResult<Json> createService(Context& context);
ApiResult<Json> updateService(Context& context);
ApiResult<Json> deleteService(Context& context);
ApiResult<Json> describeServices(Context& context);
ApiResult<Json> listServices(Context& context);
ApiResult<Json> listServicesByNamespace(Context& context);

ApiResult<Json> createTaskSet(Context& context);
ApiResult<Json> updateTaskSet(Context& context);
ApiResult<Json> updateServicePrimaryTaskSet(Context& context);
ApiResult<Json> deleteTaskSet(Context& context);
ApiResult<Json> describeTaskSets(Context& context);

ApiResult<Json> describeServiceDeployments(Context& context);
ApiResult<Json> listServiceDeployments(Context& context);
ApiResult<Json> describeServiceRevisions(Context& context);
ApiResult<Json> stopServiceDeployment(Context& context);
ApiResult<Json> continueServiceDeployment(Context& context);

ApiResult<Json> getTaskProtection(Context& context);
ApiResult<Json> updateTaskProtection(Context& context);

}  // namespace berth::controller
