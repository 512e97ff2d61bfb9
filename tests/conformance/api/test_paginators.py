"""boto3's paginators, and pages by hand where Debian's boto3 has none, over lists that change between the pages."""

import dataclasses
from typing import Callable

import botocore
import pytest

from agent import register
from client import Refused

ITEMS = 6
PAGE = 2
USER = "arn:aws:iam::000000000000:user/pages"
SETTINGS = ["awsvpcTrunking", "fargateFIPSMode", "fargateEventWindows", "tagResourceAuthorization",
            "containerInsights", "taskLongArnFormat", "serviceLongArnFormat", "containerInstanceLongArnFormat"]
VALUES = {"tagResourceAuthorization": "on"}


@dataclasses.dataclass
class Listed:
    """A list: how an item gets into it and out of it, and how the list shows it."""

    operation: str
    member: str
    input: dict
    add: Callable            # (number) -> the item as it is listed
    remove: Callable         # (item)
    shown: Callable = lambda item: item


def clusters(api, world):
    def add(number):
        return api("CreateCluster", {"clusterName": f"{world.new}-{number}"})["cluster"]["clusterArn"]

    # The list has the clusters of all tests.
    return Listed("ListClusters", "clusterArns", {}, add, lambda arn: api("DeleteCluster", {"cluster": arn}))


def instances(api, world):
    return Listed("ListContainerInstances", "containerInstanceArns", {"cluster": world.cluster},
                  lambda _: register(api, world.cluster),
                  lambda arn: api("DeregisterContainerInstance", {"cluster": world.cluster, "containerInstance": arn}))


def definitions(api, world):
    def add(number):
        # A family has five revisions at most here.
        answer = api("RegisterTaskDefinition", {"family": f"{world.new}-{number}", "containerDefinitions": [
            {"name": "app", "image": "x", "memory": 16}]})
        return answer["taskDefinition"]["taskDefinitionArn"]

    return Listed("ListTaskDefinitions", "taskDefinitionArns", {}, add,
                  lambda arn: api("DeregisterTaskDefinition", {"taskDefinition": arn}))


def families(api, world):
    one = definitions(api, world)

    def add(number):
        one.add(number)
        return f"{world.new}-{number}"

    return Listed("ListTaskDefinitionFamilies", "families", {"familyPrefix": world.new + "-", "status": "ACTIVE"}, add,
                  lambda family: one.remove(f"{family}:1"))


def tasks(api, world):
    def add(_):
        answer = api("StartTask", {"cluster": world.cluster, "taskDefinition": world.definition,
                                   "containerInstances": [world.instance]})
        return answer["tasks"][0]["taskArn"]

    return Listed("ListTasks", "taskArns", {"cluster": world.cluster}, add,
                  lambda arn: api("StopTask", {"cluster": world.cluster, "task": arn}))


def services(api, world):
    def add(number):
        answer = api("CreateService", {"cluster": world.cluster, "serviceName": f"s{number}", "desiredCount": 0,
                                       "taskDefinition": world.definition})
        return answer["service"]["serviceArn"]

    return Listed("ListServices", "serviceArns", {"cluster": world.cluster}, add,
                  lambda arn: api("DeleteService", {"cluster": world.cluster, "service": arn}))


def settings(api, _):
    def add(number):
        name = SETTINGS[number]
        api("PutAccountSetting", {"name": name, "value": VALUES.get(name, "enabled"), "principalArn": USER})
        return name

    return Listed("ListAccountSettings", "settings", {"principalArn": USER}, add,
                  lambda name: api("DeleteAccountSetting", {"name": name, "principalArn": USER}),
                  lambda item: item["name"])


def attributes(api, world):
    def change(operation, name):
        api(operation, {"cluster": world.cluster, "attributes": [{"name": name, "targetId": world.silent_instance}]})
        return name

    # An agent's own attribute would be in the list, too.
    assert world.silent_instance
    return Listed("ListAttributes", "attributes", {"cluster": world.cluster, "targetType": "container-instance"},
                  lambda number: change("PutAttributes", f"a{number}"), lambda name: change("DeleteAttributes", name),
                  lambda item: item["name"])


def providers(api, world):
    def add(number):
        name = f"{world.new}-{number}"
        api("CreateCapacityProvider", {"name": name, "autoScalingGroupProvider": {"autoScalingGroupArn": f"g-{name}"}})
        return name

    return Listed("DescribeCapacityProviders", "capacityProviders", {}, add,
                  lambda name: api("DeleteCapacityProvider", {"capacityProvider": name}), lambda item: item["name"])


def pages_of(api, listed):
    """The pages as lists of what is shown, each asked for when it is wanted."""
    operation = botocore.xform_name(listed.operation)
    if hasattr(api.ecs, operation) and api.ecs.can_paginate(operation):
        for answer in api.ecs.get_paginator(operation).paginate(**listed.input, PaginationConfig={"PageSize": PAGE}):
            yield [listed.shown(item) for item in answer[listed.member]]
        return
    more = {}
    while more is not None:
        answer = api(listed.operation, {**listed.input, "maxResults": PAGE, **more})
        yield [listed.shown(item) for item in answer[listed.member]]
        more = {"nextToken": answer["nextToken"]} if "nextToken" in answer else None


@pytest.mark.parametrize("make", [clusters, instances, definitions, families, tasks, services, settings, attributes,
                                  providers], ids=lambda make: make.__name__)
def test_a_list_that_changes_between_its_pages_shows_what_stays_once(make, api, world):
    listed = make(api, world)
    items = {listed.add(number) for number in range(ITEMS)}
    pages = pages_of(api, listed)
    seen = []
    while not items & set(seen):
        seen += next(pages)
    # The item that the next page's token names, or another that was shown, and one that was not.
    dropped = {max(items & set(seen), key=seen.index), min(items - set(seen))}
    gone = min(items - set(seen))
    for item in dropped:
        listed.remove(item)
    late = listed.add(ITEMS)
    for page in pages:
        assert len(page) <= PAGE
        seen += page
    assert len(seen) == len(set(seen)), "something is shown twice"
    assert items - dropped <= set(seen)
    assert gone not in seen, "what was gone before its page is shown"
    assert late in seen or late < max(items), "what came behind all others is not shown"


def test_deployments_of_a_service_come_newest_first_and_once(api, world):
    update = {"cluster": world.cluster, "service": world.service, "forceNewDeployment": True}
    for _ in range(4):
        api("UpdateService", update)
    listed = Listed("ListServiceDeployments", "serviceDeployments", {"cluster": world.cluster, "service": world.service},
                    None, None)
    pages = pages_of(api, listed)
    seen = next(pages)
    api("UpdateService", update)
    for page in pages:
        seen += page
    assert [len(seen), len({one["serviceDeploymentArn"] for one in seen})] == [5, 5]
    made = [one["createdAt"] for one in seen]
    assert made == sorted(made, reverse=True)


def test_there_are_no_namespaces_to_list(api):
    paginator = api.ecs.get_paginator("list_services_by_namespace")
    with pytest.raises(api.ecs.exceptions.NamespaceNotFoundException):
        list(paginator.paginate(namespace="inner"))


def test_a_token_of_something_else_is_refused(api, world):
    for operation, member in (("ListTasks", {"cluster": world.cluster}), ("ListClusters", {}),
                              ("ListTaskDefinitions", {}), ("ListServices", {"cluster": world.cluster})):
        with pytest.raises(Refused) as refused:
            api(operation, {**member, "nextToken": "no token"})
        assert refused.value.name == "InvalidParameterException"
