"""Services, their deployments, and the protection of their tasks."""

from case import bad, ok

INVALID = "InvalidParameterException"
CLIENT = "ClientException"
UNSUPPORTED = "UnsupportedFeatureException"
NO_SERVICE = "ServiceNotFoundException"
NOWHERE = "00000000000000000000000000000000"
NO_DEPLOYMENT = "$arns:service-deployment/$cluster/web/AbCdEfGhIjKlMnOpQrStU"

# What is shown as it was given.
KEPT = {
    "availabilityZoneRebalancing": "DISABLED", "healthCheckGracePeriodSeconds": 30, "enableECSManagedTags": True,
    "propagateTags": "SERVICE", "launchType": "EXTERNAL", "placementConstraints": [{"type": "distinctInstance"}],
    "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}]}


def create(more):
    return {"cluster": "$cluster", "serviceName": "made", "taskDefinition": "$definition", "desiredCount": 0, **more}


def update(more):
    return {"cluster": "$cluster", "service": "$service", **more}


def of(service, more=None):
    return {"cluster": "$cluster", "service": service, **(more or {})}


SERVICES = [
    ok("CreateService", create({"desiredCount": 2, "tags": [{"key": "a", "value": "b"}]}),
       {"service.serviceArn": "$arns:service/$cluster/made", "service.status": "ACTIVE", "service.desiredCount": 2,
        "service.runningCount": 0, "service.launchType": "EC2", "service.schedulingStrategy": "REPLICA",
        "service.deployments[].status": ["PRIMARY"], "service.deployments[0].rolloutState": "IN_PROGRESS",
        "service.deploymentConfiguration.maximumPercent": 200, "service.tags": [{"key": "a", "value": "b"}],
        "service.taskDefinition": "$arns:task-definition/$definition", "service.events": []}),
    ok("CreateService", create(KEPT), {f"service.{member}": value for member, value in KEPT.items()}),
    ok("CreateService", create({"serviceName": "$inactive_service"}), {"service.status": "ACTIVE"}),
    ok("CreateService", {"cluster": "$cluster", "serviceName": "made", "taskDefinition": "$definition",
                         "schedulingStrategy": "DAEMON"},
       {"service.schedulingStrategy": "DAEMON", "service.desiredCount": 1}, uses=("instance",)),
    bad("CreateService", create({"serviceName": "$service", "desiredCount": 5}), INVALID,
        "Creation of service was not idempotent."),
    bad("CreateService", create({"taskDefinition": "none"}), CLIENT, "TaskDefinition not found."),
    bad("CreateService", create({"desiredCount": None}), INVALID, "needs a desiredCount"),
    bad("CreateService", create({"launchType": "FARGATE", "taskDefinition": "$definition"}), INVALID,
        "Task definition does not support launch_type FARGATE."),
    bad("CreateService", create({"deploymentController": {"type": "CODE_DEPLOY"}}), UNSUPPORTED, "AWS CodeDeploy"),
    bad("CreateService", create({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}), UNSUPPORTED, "BLUE_GREEN"),
    bad("CreateService", create({"serviceConnectConfiguration": {"enabled": True}}), UNSUPPORTED, "Service Connect"),
    ok("UpdateService", update({"desiredCount": 3}),
       {"service.desiredCount": 3, "length(service.deployments)": 1, "service.deployments[0].desiredCount": 3}),
    ok("UpdateService", update({"taskDefinition": "$second_definition"}),
       {"service.taskDefinition": "$arns:task-definition/$second_definition",
        "service.deployments[0].status": "PRIMARY"}),
    bad("UpdateService", of("none"), NO_SERVICE, "Service not found."),
    bad("UpdateService", of("$inactive_service"), "ServiceNotActiveException", "Service was not ACTIVE."),
    bad("UpdateService", update({"taskDefinition": "$inactive_definition"}), CLIENT, "TaskDefinition is inactive"),
    bad("UpdateService", update({"desiredCount": -1}), INVALID, "desiredCount must be 0 or more"),
    bad("UpdateService", update({"deploymentController": {"type": "EXTERNAL"}}), UNSUPPORTED,
        "deployment controller of a service can't be changed"),
    ok("DescribeServices", {"cluster": "$cluster", "services": ["$service", "$inactive_service", "none"]},
       {"services[].status": ["ACTIVE", "INACTIVE"], "failures[0].reason": "MISSING",
        "failures[0].arn": "$arns:service/none"}),
    bad("DescribeServices", {"cluster": "$cluster", "services": []}, INVALID, "Services cannot be empty."),
    bad("DescribeServices", {"cluster": "$cluster", "services": ["a"] * 11}, INVALID, "at most 10"),
    ok("ListServices", {"cluster": "$cluster", "launchType": "EC2"}, {"serviceArns": ["$arns:service/$cluster/web"]},
       uses=("service", "inactive_service")),
    bad("ListServices", {"cluster": "$cluster", "schedulingStrategy": "SOME"}, INVALID, "SOME"),
    bad("ListServicesByNamespace", {"namespace": "inner"}, "NamespaceNotFoundException", "inner"),
    bad("ListServicesByNamespace", {}, INVALID, "namespace"),
    ok("DeleteService", of("$service"), {"service.status": "INACTIVE"}),
    ok("DeleteService", of("$scaled_service", {"force": True}), {"service.desiredCount": 0}),
    bad("DeleteService", of("$scaled_service"), INVALID, "cannot be stopped while it is scaled above 0"),
    bad("DeleteService", of("$inactive_service"), NO_SERVICE, "Service not found."),
]

DEPLOYMENTS = [
    ok("ListServiceDeployments", of("deployed"),
       {"serviceDeployments[].serviceDeploymentArn": ["$service_deployment"]}, uses=("service_deployment",)),
    ok("ListServiceDeployments", of("deployed", {"status": ["STOPPED"]}), {"serviceDeployments": []},
       uses=("service_deployment",)),
    bad("ListServiceDeployments", of("none"), NO_SERVICE, "Service not found."),
    bad("ListServiceDeployments", of("$service", {"maxResults": 101}), INVALID, "between 1 and 100"),
    ok("DescribeServiceDeployments", {"serviceDeploymentArns": ["$service_deployment", NO_DEPLOYMENT]},
       {"serviceDeployments[0].serviceArn": "$arns:service/$cluster/deployed",
        "serviceDeployments[0].targetServiceRevision.arn": "$service_revision", "failures[0].reason": "MISSING"}),
    bad("DescribeServiceDeployments", {"serviceDeploymentArns": []}, INVALID, "cannot be empty"),
    ok("DescribeServiceRevisions", {"serviceRevisionArns": ["$service_revision"]},
       {"serviceRevisions[0].taskDefinition": "$arns:task-definition/$definition",
        "serviceRevisions[0].containerImages[0].image": "registry/app:1", "failures": []}),
    bad("DescribeServiceRevisions", {"serviceRevisionArns": ["a"] * 21}, INVALID, "at most 20"),
    ok("StopServiceDeployment", {"serviceDeploymentArn": "$service_deployment", "stopType": "ABORT"},
       {"serviceDeploymentArn": "$service_deployment"}),
    bad("StopServiceDeployment", {"serviceDeploymentArn": "$ended_deployment"}, "ConflictException", "can't be stopped"),
    bad("StopServiceDeployment", {"serviceDeploymentArn": "$service_deployment", "stopType": "ROLLBACK"}, INVALID,
        "no completed deployment to roll back to"),
    bad("StopServiceDeployment", {"serviceDeploymentArn": NO_DEPLOYMENT}, "ServiceDeploymentNotFoundException",
        "not found"),
    bad("ContinueServiceDeployment", {"serviceDeploymentArn": "$service_deployment", "hookId": "h"}, INVALID,
        "no lifecycle hook h"),
    bad("ContinueServiceDeployment", {"serviceDeploymentArn": NO_DEPLOYMENT, "hookId": "h"},
        "ServiceDeploymentNotFoundException", "not found"),
]

PROTECTION = [
    ok("GetTaskProtection", {"cluster": "$cluster"}, {"protectedTasks": [], "failures": []}),
    ok("GetTaskProtection", {"cluster": "$cluster", "tasks": ["$running_task", NOWHERE]},
       {"protectedTasks": [], "failures[].reason": ["TASK_NOT_VALID", "MISSING"]}),
    bad("GetTaskProtection", {"cluster": "$cluster", "tasks": ["t"] * 101}, INVALID, "at most 100"),
    ok("UpdateTaskProtection", {"cluster": "$cluster", "tasks": ["$running_task"], "protectionEnabled": True},
       {"protectedTasks": [], "failures[0].reason": "TASK_NOT_VALID"}),
    bad("UpdateTaskProtection", {"cluster": "$cluster", "tasks": ["t"], "protectionEnabled": True,
                                 "expiresInMinutes": 2881}, INVALID, "between 1 and 2880"),
]

CASES = [*SERVICES, *DEPLOYMENTS, *PROTECTION]
