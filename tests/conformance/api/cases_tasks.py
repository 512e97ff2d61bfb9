"""Tasks: run, started, stopped, described, listed, commands in them."""

from case import bad, ok

INVALID = "InvalidParameterException"
CLIENT = "ClientException"
UNSUPPORTED = "UnsupportedFeatureException"
NOWHERE = "00000000000000000000000000000000"


def run(more, answers, uses=("instance",)):
    return ok("RunTask", {"cluster": "$cluster", "taskDefinition": "$definition", **more}, answers, uses)


def run_bad(more, raises, says, uses=("instance",)):
    return bad("RunTask", {"cluster": "$cluster", "taskDefinition": "$definition", **more}, raises, says, uses)


def start_bad(more, raises, says):
    return bad("StartTask", {"cluster": "$cluster", "taskDefinition": "$definition",
                             "containerInstances": ["$instance"], **more}, raises, says)


OVERRIDES = {"containerOverrides": [{"name": "app", "command": ["sh"], "environment": [{"name": "A", "value": "b"}]}]}
CONFIGURATION = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}

RUN = [
    run({"startedBy": "me", "tags": [{"key": "a", "value": "b"}], "overrides": OVERRIDES},
        {"failures": [], "tasks[0].lastStatus": "PENDING", "tasks[0].desiredStatus": "RUNNING",
         "tasks[0].launchType": "EC2", "tasks[0].startedBy": "me", "tasks[0].group": "family:$family",
         "tasks[0].containerInstanceArn": "$instance", "tasks[0].containers[0].name": "app", "tasks[0].cpu": "64",
         "tasks[0].memory": "64", "tasks[0].tags": [{"key": "a", "value": "b"}], "tasks[0].version": ...,
         "tasks[0].taskDefinitionArn": "$arns:task-definition/$definition",
         "tasks[0].clusterArn": "$arns:cluster/$cluster", "tasks[0].createdAt": ...,
         "tasks[0].overrides.containerOverrides[0].command": ["sh"]}),
    run({"overrides": {"taskRoleArn": "role", "ephemeralStorage": {"sizeInGiB": 30}}, "referenceId": "mine",
         "enableECSManagedTags": True},
        {"tasks[0].overrides.taskRoleArn": "role", "tasks[0].overrides.ephemeralStorage.sizeInGiB": 30}),
    run({"count": 3, "placementConstraints": [{"type": "distinctInstance"}]},
        {"length(tasks)": 1, "failures[0].arn": "$instance"}),
    run({"overrides": {"cpu": "8192"}}, {"tasks": [], "failures[0].reason": "RESOURCE:CPU"}),
    run({}, {"tasks": [], "failures[0].reason": "AGENT"}, uses=("silent_instance",)),
    run({"clientToken": "token-1", "startedBy": "me"}, {"tasks[0].taskArn": "$task"}, uses=("task",)),
    run({"capacityProviderStrategy": [{"capacityProvider": "$associated_provider", "weight": 1}]},
        {"tasks": [], "failures[0].reason": "ATTRIBUTE"}),
    run_bad({"clientToken": "token-1"}, "ConflictException", "clientToken", uses=("task",)),
    run_bad({"count": 11}, INVALID, "count should be less than or equal to 10"),
    run_bad({"count": 0}, INVALID, "count should be greater than or equal to 1"),
    run_bad({}, INVALID, "No Container Instances were found in your cluster.", uses=()),
    run_bad({"taskDefinition": "none"}, CLIENT, "TaskDefinition not found."),
    run_bad({"taskDefinition": "$inactive_definition"}, CLIENT, "TaskDefinition is inactive"),
    run_bad({"launchType": "LAMBDA"}, INVALID, "launch type should be one of"),
    run_bad({"launchType": "FARGATE"}, UNSUPPORTED, "Launch type FARGATE"),
    run_bad({"platformVersion": "1.4.0"}, INVALID, "The platform version must be null"),
    run_bad({"networkConfiguration": CONFIGURATION}, INVALID, "Network Configuration is not valid"),
    run({"taskDefinition": "$awsvpc_definition", "networkConfiguration": CONFIGURATION},
        {"tasks": [], "failures[0].reason": "ATTRIBUTE"}),
    run_bad({"taskDefinition": "$awsvpc_definition"}, INVALID, "Network Configuration must be provided"),
    run_bad({"taskDefinition": "$awsvpc_definition", "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}}, UNSUPPORTED, "securityGroups"),
    run_bad({"launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "$associated_provider"}]}, INVALID,
            "not both"),
    run_bad({"capacityProviderStrategy": [{"capacityProvider": "$provider"}]}, INVALID, "not associated"),
    run_bad({"overrides": {"containerOverrides": [{"name": "db"}]}}, INVALID,
            "Override for container named db is not a container in the TaskDefinition."),
    run_bad({"placementConstraints": [{"type": "memberOf", "expression": "attribute:"}]}, INVALID,
            "Invalid placement constraint expression"),
    run_bad({"group": "service:web"}, INVALID, "that of a service"),
    ok("StartTask", {"cluster": "$cluster", "taskDefinition": "$definition",
                     "containerInstances": ["$instance", NOWHERE, "$inactive_instance"]},
       {"tasks[].containerInstanceArn": ["$instance"], "failures[].reason": ["MISSING", "INACTIVE"]}),
    start_bad({"containerInstances": []}, CLIENT, "Container Instances cannot be empty."),
    start_bad({"containerInstances": [NOWHERE] * 11}, INVALID, "at most 10"),
    start_bad({"containerInstances": ["$foreign_instance"]}, INVALID, "Identifier is for cluster"),
    ok("StartTask", {"cluster": "$cluster", "taskDefinition": "$awsvpc_definition",
                     "containerInstances": ["$instance"], "networkConfiguration": CONFIGURATION},
       {"tasks": [], "failures[0].reason": "ATTRIBUTE"}),
    start_bad({"taskDefinition": "$awsvpc_definition", "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}}, UNSUPPORTED, "securityGroups"),
]

REST = [
    ok("StopTask", {"cluster": "$cluster", "task": "$task", "reason": "enough"},
       {"task.desiredStatus": "STOPPED", "task.stoppedReason": "enough", "task.stopCode": "UserInitiated",
        "task.stoppingAt": ...}),
    ok("StopTask", {"cluster": "$cluster", "task": "$stopped_task"}, {"task.lastStatus": "STOPPED"}),
    bad("StopTask", {"cluster": "$cluster", "task": NOWHERE}, INVALID, "The referenced task was not found."),
    ok("DescribeTasks", {"cluster": "$cluster", "tasks": ["$running_task", NOWHERE], "include": ["TAGS"]},
       {"tasks[0].lastStatus": "RUNNING", "tasks[0].startedAt": ..., "tasks[0].connectivity": "CONNECTED",
        "failures[0].arn": f"$arns:task/$cluster/{NOWHERE}", "failures[0].reason": "MISSING"}),
    bad("DescribeTasks", {"cluster": "$cluster", "tasks": []}, INVALID, "Tasks cannot be empty."),
    bad("DescribeTasks", {"cluster": "$cluster", "tasks": ["$arns:task/other/" + NOWHERE]}, INVALID,
        "Identifier is for cluster other"),
    ok("ListTasks", {"cluster": "$cluster", "startedBy": "me"}, {"taskArns": ["$task"]}, uses=("task", "running_task")),
    ok("ListTasks", {"cluster": "$cluster", "desiredStatus": "STOPPED", "family": "$family", "launchType": "EC2",
                     "containerInstance": "$instance"}, {"taskArns": ["$stopped_task"]}, uses=("task", "stopped_task")),
    ok("ListTasks", {"cluster": "$cluster", "serviceName": "$service"}, {"taskArns": []}, uses=("task",)),
    bad("ListTasks", {"cluster": "$cluster", "serviceName": "none"}, "ServiceNotFoundException", "Service not found."),
    bad("ListTasks", {"cluster": "$cluster", "startedBy": "me", "family": "f"}, INVALID, "can't be combined"),
    bad("ListTasks", {"cluster": "$cluster", "desiredStatus": "DONE"}, INVALID, "DONE"),
    bad("ListTasks", {"cluster": "$cluster", "daemonName": "d"}, UNSUPPORTED, "daemonName"),
    bad("ExecuteCommand", {"cluster": "$cluster", "task": "$running_task", "command": "sh", "interactive": True},
        INVALID, "execute command was not enabled when the task was run"),
    bad("ExecuteCommand", {"cluster": "$cluster", "task": "$running_task", "command": "sh", "interactive": False},
        INVALID, "interactive must be true"),
]

CASES = [*RUN, *REST]
