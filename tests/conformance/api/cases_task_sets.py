"""Task sets, of services with the deployment controller EXTERNAL."""

from case import bad, ok

INVALID = "InvalidParameterException"
HALF = {"value": 50, "unit": "PERCENT"}


def of(service, more=None):
    return {"cluster": "$cluster", "service": service, **(more or {})}


# Each operation on a service's task sets with what it needs beside the service.
ON_SETS = {
    "CreateTaskSet": {"taskDefinition": "$definition"},
    "DeleteTaskSet": {"taskSet": "ecs-svc/1"},
    "UpdateServicePrimaryTaskSet": {"primaryTaskSet": "ecs-svc/1"},
    "UpdateTaskSet": {"taskSet": "ecs-svc/1", "scale": HALF},
    "DescribeTaskSets": {},
}


def _services():
    for operation, more in ON_SETS.items():
        yield bad(operation, of("none", more), "ServiceNotFoundException", "Service not found.")
        yield bad(operation, of("$inactive_external_service", more), "ServiceNotActiveException",
                  "Service was not ACTIVE.")
        yield bad(operation, of("$service", more), INVALID, "Task sets are for services with the EXTERNAL")
        if operation not in ("CreateTaskSet", "DescribeTaskSets"):
            yield bad(operation, of("$external_service", more), "TaskSetNotFoundException", "has no task set ecs-svc/1")


CASES = [
    *_services(),
    ok("CreateTaskSet", of("$external_service", {"taskDefinition": "$definition", "scale": HALF, "externalId": "mine"}),
       {"taskSet.status": "ACTIVE", "taskSet.scale": HALF, "taskSet.externalId": "mine",
        "taskSet.computedDesiredCount": 0, "taskSet.stabilityStatus": "STEADY_STATE",
        "taskSet.taskDefinition": "$arns:task-definition/$definition"}),
    bad("CreateTaskSet", of("$crowded_service", {"taskDefinition": "$definition"}), "LimitExceededException",
        "has 5 task sets"),
    bad("CreateTaskSet", of("$external_service", {"taskDefinition": "none"}), "ClientException",
        "TaskDefinition not found."),
    bad("CreateTaskSet", of("$external_service", {"taskDefinition": "$awsvpc_definition", "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["g"]}}}), "UnsupportedFeatureException",
        "securityGroups"),
    ok("DescribeTaskSets", of("$external_service", {"taskSets": ["$task_set", "ecs-svc/1"]}),
       {"taskSets[].id": ["$task_set"], "taskSets[0].taskSetArn": "$task_set_arn", "failures[0].reason": "MISSING"}),
    ok("UpdateTaskSet", of("$external_service", {"taskSet": "$task_set_arn", "scale": HALF}), {"taskSet.scale": HALF}),
    bad("UpdateTaskSet", of("$external_service", {"taskSet": "$task_set", "scale": {"value": 101, "unit": "PERCENT"}}),
        INVALID, "between 0 and 100 percent"),
    ok("UpdateServicePrimaryTaskSet", of("$external_service", {"primaryTaskSet": "$task_set"}),
       {"taskSet.status": "PRIMARY"}),
    ok("DeleteTaskSet", of("$external_service", {"taskSet": "$task_set", "force": True}),
       {"taskSet.status": "DRAINING", "taskSet.scale.value": 0.0}),
    bad("DeleteTaskSet", of("$external_service", {"taskSet": "$task_set"}), INVALID, "while its scale is above 0"),
]
