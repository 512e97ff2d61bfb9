"""Container instances, their attributes, and what their agents call."""

from agent import RESOURCES
from case import bad, ok

INVALID = "InvalidParameterException"
CLIENT = "ClientException"
NOWHERE = "00000000000000000000000000000000"
RACK = {"name": "rack", "value": "r-7"}

INSTANCES = [
    ok("DescribeContainerInstances", {"cluster": "$cluster", "containerInstances": ["$instance", NOWHERE]},
       {"containerInstances[0].status": "ACTIVE", "containerInstances[0].agentConnected": True,
        "containerInstances[0].pendingTasksCount": 1, "containerInstances[0].versionInfo.agentVersion": "1.105.1",
        "containerInstances[0].remainingResources[?name=='CPU'].integerValue": [4032],
        "containerInstances[0].registeredAt": ..., "failures[0].reason": "MISSING"}, uses=("task",)),
    bad("DescribeContainerInstances", {"cluster": "$cluster", "containerInstances": []}, CLIENT,
        "Container Instances cannot be empty."),
    bad("DescribeContainerInstances", {"cluster": "$cluster", "containerInstances": [NOWHERE] * 101}, INVALID,
        "at most 100"),
    ok("ListContainerInstances", {"cluster": "$cluster", "filter": "runningTasksCount == 0 and agentConnected == true"},
       {"containerInstanceArns": ["$instance"]}, uses=("instance", "silent_instance")),
    ok("ListContainerInstances", {"cluster": "$cluster", "status": "DRAINING"}, {"containerInstanceArns": []}),
    bad("ListContainerInstances", {"cluster": "$cluster", "filter": "=="}, INVALID, "Invalid filter"),
    ok("UpdateContainerInstancesState", {"cluster": "$cluster", "containerInstances": ["$instance", "$inactive_instance"],
                                         "status": "DRAINING"},
       {"containerInstances[].status": ["DRAINING"], "failures[0].reason": "INACTIVE"}),
    bad("UpdateContainerInstancesState", {"cluster": "$cluster", "containerInstances": [], "status": "ACTIVE"}, CLIENT,
        "Container Instances cannot be empty."),
    bad("UpdateContainerInstancesState",
        {"cluster": "$cluster", "containerInstances": ["$instance"], "status": "REGISTERING"}, INVALID,
        "Container instance status should be one of [ACTIVE, DRAINING]"),
    ok("DeregisterContainerInstance", {"cluster": "$cluster", "containerInstance": "$silent_instance"},
       {"containerInstance.status": "INACTIVE"}),
    ok("DeregisterContainerInstance", {"cluster": "$cluster", "containerInstance": "$instance_id", "force": True},
       {"containerInstance.status": "INACTIVE"}, uses=("running_task",)),
    bad("DeregisterContainerInstance", {"cluster": "$cluster", "containerInstance": "$instance"}, INVALID,
        "Found running tasks on the instance.", uses=("task",)),
    bad("DeregisterContainerInstance", {"cluster": "$cluster", "containerInstance": "$inactive_instance"}, INVALID,
        "The referenced container instance was not found."),
    bad("UpdateContainerAgent", {"cluster": "$cluster", "containerInstance": "$instance"}, "NoUpdateAvailableException",
        "There is no update for the agent 1.105.1"),
    bad("UpdateContainerAgent", {"cluster": "$cluster", "containerInstance": "$silent_instance"},
        "MissingVersionException", "not known"),
    bad("UpdateContainerAgent", {"cluster": "$cluster", "containerInstance": NOWHERE}, INVALID, "was not found"),
]

ATTRIBUTES = [
    ok("PutAttributes", {"cluster": "$cluster", "attributes": [{**RACK, "targetId": "$instance_id"}]},
       {"attributes": [{**RACK, "targetId": "$instance"}]}),
    bad("PutAttributes", {"cluster": "$cluster", "attributes": [{"name": "more", "targetId": "$attributed_instance"}]},
        "AttributeLimitExceededException", "The quota of 10 custom attributes"),
    bad("PutAttributes", {"cluster": "$cluster", "attributes": [{**RACK, "targetId": NOWHERE}]},
        "TargetNotFoundException", "Could not find " + NOWHERE),
    bad("PutAttributes", {"cluster": "$cluster", "attributes": [{"name": "ecs.x", "targetId": "$instance"}]}, INVALID,
        "reserved"),
    ok("DeleteAttributes", {"cluster": "$cluster", "attributes": [{"name": "a1", "targetId": "$attributed_instance"}]},
       {"attributes": [{"name": "a1", "targetId": "$attributed_instance"}]}),
    bad("DeleteAttributes", {"cluster": "$cluster", "attributes": [{"name": "a1", "targetId": "$inactive_instance"}]},
        "TargetNotFoundException", "Could not find"),
    bad("DeleteAttributes", {"cluster": "$cluster", "attributes": [{"name": "a b", "targetId": "$instance"}]}, INVALID,
        "a b"),
    ok("ListAttributes", {"cluster": "$cluster", "targetType": "container-instance", "attributeName": "a3",
                          "attributeValue": "x"},
       {"attributes": [{"name": "a3", "value": "x", "targetId": "$attributed_instance"}]}, uses=("attributed_instance",)),
    bad("ListAttributes", {"cluster": "$cluster", "targetType": "container-instance", "attributeValue": "x"}, INVALID,
        "attributeValue needs an attributeName"),
    bad("ListAttributes", {"cluster": "$cluster", "targetType": "task"}, INVALID, "task"),
]

AGENTS = [
    ok("DiscoverPollEndpoint", {"cluster": "$cluster", "containerInstance": "$instance"},
       {"endpoint": ..., "telemetryEndpoint": ..., "serviceConnectEndpoint": ...}),
    ok("RegisterContainerInstance", {"cluster": "$cluster", "totalResources": RESOURCES, "attributes": [RACK],
                                     "platformDevices": [{"id": "gpu-1", "type": "GPU"}]},
       {"containerInstance.status": "ACTIVE", "containerInstance.attributes[?name=='rack'].value": ["r-7"],
        "containerInstance.agentConnected": False,
        "containerInstance.registeredResources[?name=='GPU'].stringSetValue": [["gpu-1"]]}),
    ok("RegisterContainerInstance", {"cluster": "$cluster", "containerInstanceArn": "$instance"},
       {"containerInstance.containerInstanceArn": "$instance"}),
    bad("RegisterContainerInstance", {"cluster": "$cluster", "containerInstanceArn": "$inactive_instance"}, CLIENT,
        "is not registered in this cluster"),
    bad("RegisterContainerInstance",
        {"cluster": "$cluster", "totalResources": [{"name": "CPU", "type": "INTEGER", "integerValue": -1}]}, INVALID,
        "must not be negative"),
    ok("SubmitTaskStateChange", {"cluster": "$cluster", "task": "$task", "status": "RUNNING", "containers": [
        {"containerName": "app", "status": "RUNNING", "runtimeId": "abc"}]}, {"acknowledgment": ...}),
    ok("SubmitTaskStateChange", {"cluster": "$cluster", "task": "$stopped_task", "status": "RUNNING"},
       {"acknowledgment": ...}),
    bad("SubmitTaskStateChange", {"cluster": "$cluster", "task": NOWHERE, "status": "STOPPED"}, INVALID,
        "The referenced task was not found."),
    ok("SubmitContainerStateChange", {"cluster": "$cluster", "task": "$task", "containerName": "app",
                                      "status": "RUNNING"}, {"acknowledgment": ...}),
    bad("SubmitContainerStateChange", {"cluster": "$cluster", "task": NOWHERE, "status": "STOPPED"}, INVALID,
        "The referenced task was not found."),
    ok("SubmitAttachmentStateChanges", {"cluster": "$cluster", "attachments": [
        {"attachmentArn": "$arns:attachment/00000000-0000-0000-0000-000000000000", "status": "ATTACHED"}]},
       {"acknowledgment": ...}),
    bad("SubmitAttachmentStateChanges", {"cluster": "$cluster"}, INVALID, "attachments"),
]

CASES = [*INSTANCES, *ATTRIBUTES, *AGENTS]
