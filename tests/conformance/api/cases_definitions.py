"""Task definitions."""

from case import bad, ok
from world import CONTAINER

INVALID = "InvalidParameterException"
CLIENT = "ClientException"

# What has no effect here, or only when it is to run.
KEPT = {
    "taskRoleArn": "arn:aws:iam::000000000000:role/task", "executionRoleArn": "arn:aws:iam::000000000000:role/start",
    "ephemeralStorage": {"sizeInGiB": 30}, "enableFaultInjection": True,
    "inferenceAccelerators": [{"deviceName": "d", "deviceType": "eia2.medium"}],
    "proxyConfiguration": {"type": "APPMESH", "containerName": "app"}}


def register(says, **container):
    return bad("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": [{**CONTAINER, **container}]},
               CLIENT, says)


CASES = [
    ok("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": [CONTAINER],
                                  "tags": [{"key": "a", "value": "b"}], "cpu": "1 vCPU", "memory": "1GB"},
       {"taskDefinition.taskDefinitionArn": "$arns:task-definition/$new:1", "taskDefinition.revision": 1,
        "taskDefinition.status": "ACTIVE", "taskDefinition.cpu": "1024", "taskDefinition.memory": "1024",
        "taskDefinition.networkMode": "bridge", "taskDefinition.compatibilities": ["EC2", "EXTERNAL"],
        "taskDefinition.containerDefinitions[0].essential": True, "taskDefinition.volumes": [],
        "taskDefinition.registeredAt": ..., "tags": [{"key": "a", "value": "b"}]}),
    ok("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": [CONTAINER], **KEPT},
       {f"taskDefinition.{member}": value for member, value in KEPT.items()}),
    ok("RegisterTaskDefinition", {"family": "$family", "containerDefinitions": [CONTAINER]},
       {"taskDefinition.revision": 2}),
    register("At least one of 'memory' or 'memoryReservation' must be specified.", memory=None),
    register("Unknown volume 'data'", mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}]),
    register("depends on 'db'", dependsOn=[{"containerName": "db", "condition": "START"}]),
    register("Container 'app' depends on 'app'", dependsOn=[{"containerName": "app", "condition": "SUCCESS"}]),
    register("ports are between 0 and 65535", portMappings=[{"containerPort": 65536}]),
    register("the command must start with CMD or CMD-SHELL", healthCheck={"command": ["true"]}),
    register("at least one essential container", essential=False),
    bad("RegisterTaskDefinition", {"family": "no name", "containerDefinitions": [CONTAINER]}, CLIENT,
        "Family contains invalid characters"),
    bad("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": []}, CLIENT,
        "Container list cannot be empty."),
    bad("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": [CONTAINER], "networkMode": "mesh"},
        CLIENT, "mesh"),
    bad("RegisterTaskDefinition", {"family": "$new", "containerDefinitions": [CONTAINER],
                                   "tags": [{"key": "aws:a", "value": ""}]}, INVALID, "reserved"),
    bad("RegisterTaskDefinition", {"family": "$full_family", "containerDefinitions": [CONTAINER]},
        "LimitExceededException", "The quota of 5 revisions per task definition family is reached"),
    ok("DescribeTaskDefinition", {"taskDefinition": "$family", "include": ["TAGS"]},
       {"taskDefinition.taskDefinitionArn": "$arns:task-definition/$definition", "tags": []}),
    ok("DescribeTaskDefinition", {"taskDefinition": "$arns:task-definition/$inactive_definition"},
       {"taskDefinition.status": "INACTIVE", "taskDefinition.deregisteredAt": ...}),
    bad("DescribeTaskDefinition", {"taskDefinition": "none:7"}, CLIENT, "Unable to describe task definition."),
    bad("DescribeTaskDefinition", {"taskDefinition": "$definition", "include": ["ALL"]}, INVALID, "ALL"),
    ok("ListTaskDefinitions", {"familyPrefix": "$family"},
       {"taskDefinitionArns": ["$arns:task-definition/$definition"]}, uses=("second_definition",)),
    ok("ListTaskDefinitions", {"status": "INACTIVE", "sort": "DESC", "maxResults": 1},
       {"length(taskDefinitionArns)": 1}, uses=("inactive_definition",)),
    bad("ListTaskDefinitions", {"sort": "UP"}, INVALID, "UP"),
    bad("ListTaskDefinitions", {"maxResults": 0}, INVALID, "between 1 and 100"),
    ok("ListTaskDefinitionFamilies", {"familyPrefix": "$family", "status": "ACTIVE"}, {"families": ["$family"]}),
    ok("ListTaskDefinitionFamilies", {"familyPrefix": "none"}, {"families": []}),
    bad("ListTaskDefinitionFamilies", {"status": "GONE"}, INVALID, "GONE"),
    ok("DeregisterTaskDefinition", {"taskDefinition": "$definition"}, {"taskDefinition.status": "INACTIVE"}),
    bad("DeregisterTaskDefinition", {"taskDefinition": "$family"}, CLIENT, "Revision is missing."),
    bad("DeregisterTaskDefinition", {"taskDefinition": "none:1"}, CLIENT, "Unable to describe task definition."),
    bad("DeregisterTaskDefinition", {"taskDefinition": "a b:1"}, INVALID, "a b:1"),
    ok("DeleteTaskDefinitions", {"taskDefinitions": ["$inactive_definition", "$definition", "none:1", "none"]},
       {"taskDefinitions[0].status": "DELETE_IN_PROGRESS", "failures[].arn": ["$definition", "none:1", "none"],
        "failures[0].reason": "The specified task definition is still in ACTIVE status. Please deregister the target "
                              "and try again."}),
    bad("DeleteTaskDefinitions", {"taskDefinitions": []}, INVALID,
        "size of TaskDefinition references list must be greater than 0"),
    bad("DeleteTaskDefinitions", {"taskDefinitions": ["a:1"] * 11}, INVALID, "cannot exceed 10"),
]
