"""Clusters, account settings and tags."""

from case import bad, ok

INVALID = "InvalidParameterException"
INSIGHTS = {"name": "containerInsights", "value": "enabled"}
COST = {"key": "cost", "value": "7"}
FOREIGN = "arn:aws:ecs:us-east-1:111111111111:cluster/web"

CLUSTERS = [
    ok("CreateCluster", {"clusterName": "$new", "settings": [INSIGHTS], "tags": [COST]},
       {"cluster.status": "ACTIVE", "cluster.clusterArn": "$arns:cluster/$new", "cluster.settings": [INSIGHTS],
        "cluster.tags": [COST], "cluster.registeredContainerInstancesCount": 0}),
    ok("CreateCluster", {"clusterName": "$cluster", "settings": [INSIGHTS]},
       {"cluster.clusterName": "$cluster", "cluster.settings[0].value": "disabled"}),
    ok("CreateCluster", {"clusterName": "$inactive_cluster"}, {"cluster.status": "ACTIVE"}),
    ok("CreateCluster", {"clusterName": "$new", "capacityProviders": ["$provider"]},
       {"cluster.capacityProviders": ["$provider"]}),
    ok("CreateCluster", {"clusterName": "$new", "serviceConnectDefaults": {"namespace": "inner"},
                         "configuration": {"executeCommandConfiguration": {"logging": "DEFAULT"}}},
       {"cluster.serviceConnectDefaults.namespace": "inner",
        "cluster.configuration.executeCommandConfiguration.logging": "DEFAULT"}),
    bad("CreateCluster", {"clusterName": "no name"}, INVALID, "no name"),
    bad("CreateCluster", {"clusterName": "$new", "settings": [{"name": "containerInsights", "value": "on"}]}, INVALID,
        "use enabled, disabled or enhanced"),
    bad("CreateCluster", {"clusterName": "$new", "tags": [{"key": "aws:x", "value": ""}]}, INVALID, "reserved"),
    ok("DescribeClusters", {"clusters": ["$cluster", "none", "$inactive_cluster"]},
       {"clusters[].status": ["ACTIVE", "INACTIVE"], "failures[0].reason": "MISSING",
        "failures[0].arn": "$arns:cluster/none", "clusters[0].settings": []}),
    ok("DescribeClusters", {"clusters": ["$cluster"], "include": ["STATISTICS", "SETTINGS"]},
       {"clusters[0].pendingTasksCount": 1, "clusters[0].registeredContainerInstancesCount": 1,
        "clusters[0].activeServicesCount": 1, "clusters[0].statistics[?name=='pendingEC2TasksCount'].value": ["1"]},
       uses=("task", "service")),
    bad("DescribeClusters", {"clusters": ["x"] * 101}, INVALID, "at most 100"),
    bad("DescribeClusters", {"include": ["EVERYTHING"]}, INVALID, "EVERYTHING"),
    ok("ListClusters", {"maxResults": 1}, {"length(clusterArns)": 1}, uses=("cluster",)),
    bad("ListClusters", {"maxResults": 101}, INVALID, "maxResults must be between 1 and 100, not 101"),
    bad("ListClusters", {"nextToken": "{}"}, INVALID, "Invalid token"),
    ok("UpdateCluster", {"cluster": "$cluster", "settings": [INSIGHTS],
                         "configuration": {"executeCommandConfiguration": {"logging": "NONE"}}},
       {"cluster.settings": [INSIGHTS], "cluster.configuration.executeCommandConfiguration.logging": "NONE"}),
    bad("UpdateCluster", {"cluster": "$cluster", "settings": [{"name": "insights", "value": "enabled"}]}, INVALID,
        "insights"),
    ok("UpdateClusterSettings", {"cluster": "$cluster", "settings": [{"name": "containerInsights", "value": "enhanced"}]},
       {"cluster.settings[0].value": "enhanced"}),
    bad("UpdateClusterSettings", {"cluster": "$cluster", "settings": [{"value": "enabled"}]}, INVALID, "needs a name"),
    ok("DeleteCluster", {"cluster": "$cluster"}, {"cluster.status": "INACTIVE"}, uses=("inactive_service",)),
    bad("DeleteCluster", {"cluster": "$cluster"}, "ClusterContainsContainerInstancesException",
        "The Cluster cannot be deleted while Container Instances are active or draining.", uses=("silent_instance",)),
    bad("DeleteCluster", {"cluster": "$cluster"}, "ClusterContainsServicesException",
        "The Cluster cannot be deleted while Services are active.", uses=("service",)),
]

SETTINGS = [
    ok("PutAccountSetting", {"name": "awsvpcTrunking", "value": "enabled", "principalArn": "arn:aws:iam::000000000000:user/a"},
       {"setting.value": "enabled", "setting.principalArn": "arn:aws:iam::000000000000:user/a", "setting.type": "user"}),
    bad("PutAccountSetting", {"name": "awsvpcTrunking", "value": "maybe"}, INVALID, "use enabled or disabled"),
    bad("PutAccountSetting", {"name": "trunks", "value": "enabled"}, INVALID, "trunks"),
    bad("PutAccountSetting", {"name": "guardDutyActivate", "value": "on"}, INVALID, "can only be read"),
    ok("PutAccountSettingDefault", {"name": "fargateFIPSMode", "value": "disabled"},
       {"setting.principalArn": "arn:aws:iam::000000000000:root"}),
    bad("PutAccountSettingDefault", {"name": "defaultLogDriverMode", "value": "async"}, INVALID,
        "use blocking or non-blocking"),
    ok("DeleteAccountSetting", {"name": "awsvpcTrunking", "principalArn": "$settled_user"},
       {"setting.value": "disabled"}),
    ok("DeleteAccountSetting", {"name": "tagResourceAuthorization"}, {"setting.value": "off"}),
    bad("DeleteAccountSetting", {"name": "tagResourceAuthorization", "principalArn": "me"}, INVALID, "principalArn"),
    ok("ListAccountSettings", {"name": "taskLongArnFormat", "effectiveSettings": True},
       {"settings[0].value": "enabled", "length(settings)": 1}),
    bad("ListAccountSettings", {"value": "enabled"}, INVALID, "value needs a name"),
    bad("ListAccountSettings", {"maxResults": 11}, INVALID, "between 1 and 10"),
]


def _tag_operations():
    """The three operations have one way to find a resource."""
    for operation, more in (("ListTagsForResource", {}), ("TagResource", {"tags": [COST]}),
                            ("UntagResource", {"tagKeys": ["cost"]})):
        def of(arn, rest=more):
            return {"resourceArn": arn, **rest}

        yield bad(operation, of("$arns:cluster/none"), "ClusterNotFoundException", "Cluster not found.")
        yield bad(operation, of("$arns:task-definition/none:1"), "ClientException",
                  "Unable to describe task definition.")
        yield bad(operation, of(FOREIGN), INVALID, "The ARN provided is invalid.")
        yield bad(operation, of("$arns:task-definition/$family"), INVALID, "The ARN provided is invalid.")
        if operation != "ListTagsForResource":
            yield bad(operation, of("$arns:task/$cluster/00000000000000000000000000000000"),
                      "ResourceNotFoundException", "The specified resource was not found")


TAGS = [
    ok("TagResource", {"resourceArn": "$tagged_cluster", "tags": [{"key": "k0", "value": "changed"}, COST]}),
    ok("TagResource", {"resourceArn": "$task", "tags": [COST]}),
    ok("TagResource", {"resourceArn": "$instance", "tags": [COST]}),
    ok("TagResource", {"resourceArn": "$arns:capacity-provider/$provider", "tags": [COST]}),
    ok("TagResource", {"resourceArn": "$arns:service/$cluster/$service", "tags": [COST]}),
    ok("TagResource", {"resourceArn": "$task_set_arn", "tags": [COST]}),
    ok("TagResource", {"resourceArn": "$arns:task-definition/$definition", "tags": [COST]}),
    ok("ListTagsForResource", {"resourceArn": "$tagged_cluster"},
       {"length(tags)": 40, "tags[0]": {"key": "k0", "value": ""}}),
    ok("ListTagsForResource", {"resourceArn": "$arns:service/$cluster/$service"}, {"tags": []}),
    ok("UntagResource", {"resourceArn": "$tagged_cluster", "tagKeys": ["k0", "none"]}),
    bad("TagResource", {"resourceArn": "$tagged_cluster",
                        "tags": [{"key": f"more{place}", "value": ""} for place in range(11)]},
        "LimitExceededException", "The quota of 50 tags per resource is reached"),
    bad("TagResource", {"resourceArn": "$tagged_cluster", "tags": [{"key": "AWS:x", "value": ""}]}, INVALID, "reserved"),
    *_tag_operations(),
]

CASES = [*CLUSTERS, *SETTINGS, *TAGS]
