"""Capacity providers."""

from case import bad, ok

INVALID = "InvalidParameterException"
CLIENT = "ClientException"
UNSUPPORTED = "UnsupportedFeatureException"
MANAGED = {"infrastructureRoleArn": "r", "instanceLaunchTemplate": {
    "ec2InstanceProfileArn": "p", "networkConfiguration": {"subnets": ["s"]}}}


def put(more):
    return {"cluster": "$cluster", "capacityProviders": [], "defaultCapacityProviderStrategy": [], **more}


CASES = [
    ok("CreateCapacityProvider",
       {"name": "$new", "autoScalingGroupProvider": {"autoScalingGroupArn": "group-$new",
                                                     "managedScaling": {"targetCapacity": 80}}},
       {"capacityProvider.status": "ACTIVE", "capacityProvider.capacityProviderArn": "$arns:capacity-provider/$new",
        "capacityProvider.autoScalingGroupProvider.managedScaling": {
            "status": "DISABLED", "targetCapacity": 80, "minimumScalingStepSize": 1, "maximumScalingStepSize": 10000,
            "instanceWarmupPeriod": 300}}),
    bad("CreateCapacityProvider", {"name": "$provider", "autoScalingGroupProvider": {"autoScalingGroupArn": "g"}}, CLIENT,
        "The specified capacity provider already exists."),
    bad("CreateCapacityProvider", {"name": "aws-rack", "autoScalingGroupProvider": {"autoScalingGroupArn": "g"}},
        INVALID, "names that begin with aws"),
    bad("CreateCapacityProvider", {"name": "$new", "managedInstancesProvider": MANAGED}, UNSUPPORTED,
        "Managed instances are not offered"),
    ok("DescribeCapacityProviders", {"capacityProviders": ["$provider", "FARGATE", "none"]},
       {"capacityProviders[].name": ["$provider", "FARGATE"], "failures[0].reason": "MISSING"}),
    ok("DescribeCapacityProviders", {"cluster": "$cluster"}, {"capacityProviders[].name": ["$associated_provider"]},
       uses=("associated_provider",)),
    bad("DescribeCapacityProviders", {"maxResults": 11}, INVALID, "between 1 and 10"),
    ok("UpdateCapacityProvider", {"name": "$provider",
                                  "autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED"}}},
       {"capacityProvider.updateStatus": "UPDATE_COMPLETE",
        "capacityProvider.autoScalingGroupProvider.managedScaling.status": "ENABLED"}),
    bad("UpdateCapacityProvider", {"name": "none", "autoScalingGroupProvider": {}}, CLIENT, "was not found"),
    bad("UpdateCapacityProvider", {"name": "$provider", "autoScalingGroupProvider": {
        "managedTerminationProtection": "ENABLED"}}, INVALID, "needs managed scaling"),
    bad("UpdateCapacityProvider", {"name": "$provider", "cluster": "$cluster"}, UNSUPPORTED, "managed instances"),
    ok("DeleteCapacityProvider", {"capacityProvider": "$arns:capacity-provider/$provider"},
       {"capacityProvider.status": "INACTIVE", "capacityProvider.updateStatus": "DELETE_COMPLETE"}),
    bad("DeleteCapacityProvider", {"capacityProvider": "$associated_provider"}, CLIENT,
        "The capacity provider cannot be deleted because it is associated with cluster: $cluster."),
    bad("DeleteCapacityProvider", {"capacityProvider": "a b"}, INVALID, "a b"),
    bad("DeleteCapacityProvider", {"capacityProvider": "$provider", "cluster": "$cluster"}, UNSUPPORTED,
        "managed instances"),
    ok("PutClusterCapacityProviders", put({"capacityProviders": ["$provider", "FARGATE"],
                                           "defaultCapacityProviderStrategy": [{"capacityProvider": "$provider"}]}),
       {"cluster.capacityProviders": ["$provider", "FARGATE"],
        "cluster.defaultCapacityProviderStrategy": [{"capacityProvider": "$provider", "weight": 0, "base": 0}],
        "cluster.attachmentsStatus": "UPDATE_COMPLETE"}),
    bad("PutClusterCapacityProviders", put({"capacityProviders": ["none"]}), INVALID, "'none' was not found"),
    bad("PutClusterCapacityProviders",
        put({"capacityProviders": ["$provider"], "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}),
        INVALID, "not associated"),
    bad("PutClusterCapacityProviders", put({}), "ResourceInUseException", "is in use and cannot be removed: $used_provider",
        uses=("used_provider",)),
]
