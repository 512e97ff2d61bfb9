"""Where tasks go, as users of the `aws` CLI and boto3 ask for it, on two hosts with an engine each."""

import botocore.exceptions
import pytest

from support.tasks import register, run
from support.waiting import wait_until


@pytest.fixture
def hosts(berth):
    """Two agents whose instances have attributes of their own: by zone, the instance's ARN."""
    berth.start(agents=2)
    found = {}
    for zone, agent in zip("ab", berth.agents):
        berth.aws("ecs", "put-attributes", "--attributes",
                  f"name=zone,value={zone},targetId={agent.instance_arn}", "name=ssd,targetId=" + agent.instance_arn)
        found[zone] = agent.instance_arn
    register(berth, "placed", "sleeper", cpu=16, memory=32)
    return found


def member_of(expression):
    return [{"type": "memberOf", "expression": expression}]


def instances_of(berth, arns):
    for arn in arns:
        berth.wait_status(arn, "RUNNING")
    return [task["containerInstanceArn"] for task in berth.ecs.describe_tasks(tasks=arns)["tasks"]]


def test_a_task_runs_on_the_host_that_its_constraint_names(berth, hosts):
    arns = run(berth, "placed", count=3, placementConstraints=member_of("attribute:zone == b and attribute:ssd exists"))
    assert instances_of(berth, arns) == [hosts["b"]] * 3
    agents = {agent.instance_arn: agent for agent in berth.agents}
    assert len(agents[hosts["b"]].engine.containers(running_only=True)) == 3
    answer = berth.ecs.run_task(taskDefinition="placed", placementConstraints=member_of("attribute:zone == c"))
    assert answer["tasks"] == []
    assert {one["arn"] for one in answer["failures"]} == set(hosts.values())
    assert {one["reason"] for one in answer["failures"]} == {"MemberOf placement constraint unsatisfied."}
    assert all("attribute:zone == c" in one["detail"] for one in answer["failures"])


def test_tasks_spread_over_zones_pack_onto_one_host_and_keep_apart(berth, hosts):
    spread = run(berth, "placed", count=4, placementStrategy=[{"type": "spread", "field": "attribute:zone"}])
    assert sorted(instances_of(berth, spread)) == sorted(list(hosts.values()) * 2)
    packed = run(berth, "placed", count=4, group="packed", placementStrategy=[{"type": "binpack", "field": "memory"}])
    assert len(set(instances_of(berth, packed))) == 1
    apart = berth.ecs.run_task(taskDefinition="placed", count=3, group="apart",
                               placementConstraints=[{"type": "distinctInstance"}])
    assert len(apart["tasks"]) == 2
    assert {one["reason"] for one in apart["failures"]} == {"DistinctInstance placement constraint unsatisfied."}
    assert len(set(instances_of(berth, [task["taskArn"] for task in apart["tasks"]]))) == 2


def test_instances_and_attributes_are_listed_by_what_is_asked(berth, hosts):
    listed = berth.aws("ecs", "list-container-instances", "--filter", "attribute:zone != a")
    assert listed["containerInstanceArns"] == [hosts["b"]]
    arn, = run(berth, "placed", placementConstraints=member_of("attribute:zone == a"), group="family:seen")
    berth.wait_status(arn, "RUNNING")
    busy = wait_until(lambda: berth.ecs.list_container_instances(filter="runningTasksCount > 0")["containerInstanceArns"],
                      "an instance with a task")
    assert busy == [hosts["a"]]
    assert berth.ecs.list_container_instances(filter="task:group == family:seen")["containerInstanceArns"] == busy
    pages = berth.ecs.get_paginator("list_attributes").paginate(
        targetType="container-instance", attributeName="zone", PaginationConfig={"PageSize": 1})
    rows = [row for page in pages for row in page["attributes"]]
    assert {row["targetId"]: row["value"] for row in rows} == {arn: zone for zone, arn in hosts.items()}
    berth.ecs.delete_attributes(attributes=[{"name": "zone", "targetId": hosts["a"]}])
    assert berth.ecs.list_container_instances(filter="attribute:zone exists")["containerInstanceArns"] == [hosts["b"]]


def test_what_makes_no_sense_is_refused_with_its_place(berth, hosts):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        berth.ecs.run_task(taskDefinition="placed", placementConstraints=member_of("attribute:zone = a"))
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert "at character 16" in refused.value.response["Error"]["Message"]
    with pytest.raises(berth.ecs.exceptions.TargetNotFoundException):
        berth.ecs.put_attributes(attributes=[{"name": "zone", "targetId": "0" * 32}])
