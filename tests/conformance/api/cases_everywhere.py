"""What many operations have in common: the cluster that they name, and families that are refused as a whole."""

from case import bad

PROVIDERS = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
SETS = {"service": "web", "taskSet": "ecs-svc/1"}

# Operations that work in a cluster, with the least of other members.
CLUSTERED = {
    "CreateService": {"serviceName": "web", "taskDefinition": "f", "desiredCount": 0},
    "CreateTaskSet": {"service": "web", "taskDefinition": "f"},
    "DeleteAttributes": {"attributes": [{"name": "a", "targetId": "i"}]},
    "DeleteCluster": {},
    "DeleteService": {"service": "web"},
    "DeleteTaskSet": SETS,
    "DeregisterContainerInstance": {"containerInstance": "i"},
    "DescribeCapacityProviders": {},
    "DescribeContainerInstances": {"containerInstances": ["i"]},
    "DescribeServices": {"services": ["web"]},
    "DescribeTaskSets": {"service": "web"},
    "DescribeTasks": {"tasks": ["t"]},
    "ExecuteCommand": {"command": "sh", "interactive": True, "task": "t"},
    "GetTaskProtection": {},
    "ListAttributes": {"targetType": "container-instance"},
    "ListContainerInstances": {},
    "ListServiceDeployments": {"service": "web"},
    "ListServices": {},
    "ListTasks": {},
    "PutAttributes": {"attributes": [{"name": "a", "targetId": "i"}]},
    "PutClusterCapacityProviders": PROVIDERS,
    "RegisterContainerInstance": {},
    "RunTask": {"taskDefinition": "f"},
    "StartTask": {"taskDefinition": "f", "containerInstances": ["i"]},
    "StopTask": {"task": "t"},
    "SubmitAttachmentStateChanges": {"attachments": []},
    "SubmitContainerStateChange": {"task": "t", "containerName": "app", "status": "RUNNING"},
    "SubmitTaskStateChange": {"task": "t", "status": "RUNNING"},
    "UpdateCluster": {},
    "UpdateClusterSettings": {"settings": [{"name": "containerInsights", "value": "enabled"}]},
    "UpdateContainerAgent": {"containerInstance": "i"},
    "UpdateContainerInstancesState": {"containerInstances": ["i"], "status": "DRAINING"},
    "UpdateService": {"service": "web"},
    "UpdateServicePrimaryTaskSet": {"service": "web", "primaryTaskSet": "ecs-svc/1"},
    "UpdateTaskProtection": {"tasks": ["t"], "protectionEnabled": True},
    "UpdateTaskSet": {**SETS, "scale": {"value": 50, "unit": "PERCENT"}},
}
# Their cluster is looked at before it is said that they offer nothing for one.
PROVIDERS_OF_A_CLUSTER = {
    "CreateCapacityProvider": {"name": "p", "managedInstancesProvider": {
        "infrastructureRoleArn": "r", "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["s"]}}}},
    "DeleteCapacityProvider": {"capacityProvider": "p"},
    "UpdateCapacityProvider": {"name": "p"},
}

EXPRESS = {
    "CreateExpressGatewayService": {"infrastructureRoleArn": "r", "executionRoleArn": "r"},
    "DeleteExpressGatewayService": {"serviceArn": "s"},
    "DescribeExpressGatewayService": {"serviceArn": "s"},
    "UpdateExpressGatewayService": {"serviceArn": "s"},
}
DAEMONS = {
    "CreateDaemon": {"daemonName": "d", "daemonTaskDefinitionArn": "d", "capacityProviderArns": ["p"]},
    "DeleteDaemon": {"daemonArn": "d"},
    "DeleteDaemonTaskDefinition": {"daemonTaskDefinition": "d"},
    "DescribeDaemon": {"daemonArn": "d"},
    "DescribeDaemonDeployments": {"daemonDeploymentArns": ["d"]},
    "DescribeDaemonRevisions": {"daemonRevisionArns": ["d"]},
    "DescribeDaemonTaskDefinition": {"daemonTaskDefinition": "d"},
    "ListDaemonDeployments": {"daemonArn": "d"},
    "ListDaemonTaskDefinitions": {},
    "ListDaemons": {},
    "RegisterDaemonTaskDefinition": {"family": "d", "containerDefinitions": [{"image": "x"}]},
    "UpdateDaemon": {"daemonArn": "d", "daemonTaskDefinitionArn": "d", "capacityProviderArns": ["p"]},
}


def _clusters():
    for operation, members in {**CLUSTERED, **PROVIDERS_OF_A_CLUSTER}.items():
        yield bad(operation, {**members, "cluster": "none"}, "ClusterNotFoundException", "Cluster not found.")
        yield bad(operation, {**members, "cluster": "$inactive_cluster"}, "ClusterNotFoundException",
                  "The referenced cluster was inactive.")
        yield bad(operation, {**members, "cluster": "arn:aws:ecs:eu-west-1:000000000000:cluster/web"},
                  "InvalidParameterException", "eu-west-1")


def _families():
    for family, why in ((EXPRESS, "Express services bring a load balancer"), (DAEMONS, "Daemons run on hosts")):
        for operation, members in family.items():
            yield bad(operation, members, "UnsupportedFeatureException", why)
            if members:
                left = dict(list(members.items())[1:])
                wrong = "ClientException" if operation.startswith("Register") else "InvalidParameterException"
                yield bad(operation, left, wrong, next(iter(members)))
    yield bad("ListDaemonTaskDefinitions", {"sort": "UP"}, "InvalidParameterException", "sort")


CASES = [*_clusters(), *_families()]
