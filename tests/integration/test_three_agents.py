"""Three hosts, each with a network and a Docker Engine of its own, and one controller: a host is cut off and brought
back, drained, its agent killed; the controller is killed again and again while tasks start.

The moments come from a seed, which a failing test prints; BERTH_SEED repeats it.
"""

import http.client
import os
import random
import threading
import time

import pytest

from support.tasks import TASK_LABEL, containers_of, register, run
from support.three import HOSTS, LOST_AFTER, SLEEP, three_hosts
from support.waiting import wait_until

# The controller's bound, the heartbeat that is under way, and a busy machine.
KNOWN_LOST_WITHIN = LOST_AFTER + 2
TASKS = 30
KILLS = 5


@pytest.fixture(scope="module")
def berth(run_folder, registry):
    with three_hosts(run_folder / "three-agents", registry) as one:
        register(one, "sleeps", "busybox", command=SLEEP)
        yield one


@pytest.fixture(autouse=True)
def all_there(berth):
    """Each test finds three hosts that take tasks, whatever became of the one before."""
    for agent in berth.agents:
        if not agent.alive():
            agent.start()
        # Only where it is needed: two equal calls within a second would be taken for a replay.
        if berth.instance(agent)["status"] != "ACTIVE":
            berth.ecs.update_container_instances_state(containerInstances=[agent.instance_arn], status="ACTIVE")
    for agent in berth.agents:
        wait_until(lambda agent=agent: berth.connected(agent), f"{agent.name} is connected", 90)


def state(agent, arn):
    container, = containers_of(agent, arn)
    return container["State"]


def places(berth, arns):
    return [task["containerInstanceArn"] for task in berth.ecs.describe_tasks(tasks=arns)["tasks"]]


def test_a_host_that_is_cut_off_is_known_as_lost_and_comes_back_with_its_tasks(berth):
    agent, host = berth.agents[0], berth.hosts[0]
    kept, *_ = berth.run_one_on_each("sleeps")
    stopped = run(berth, "sleeps", placementConstraints=[{"type": "memberOf", "expression": "attribute:host == 0"}])[0]
    berth.wait_status(stopped, "RUNNING")
    before, instance = state(agent, kept), agent.instance_arn
    host.cut()
    try:
        wait_until(lambda: not berth.connected(agent), "the host is known to be lost", KNOWN_LOST_WITHIN)
        assert [berth.connected(other) for other in berth.agents[1:]] == [True, True]
        elsewhere = run(berth, "sleeps", count=6)
        assert instance not in places(berth, elsewhere)
        for arn in elsewhere:
            berth.wait_status(arn, "RUNNING")
        # Its user gives up one of the tasks; the new ones have taken its place.
        berth.ecs.stop_task(task=stopped, reason="its host is lost")
        assert berth.task(stopped)["desiredStatus"] == "STOPPED"
        # Nobody can tell the host: all runs on.
        assert state(agent, kept) == before and state(agent, stopped)["Running"]
    finally:
        host.mend()
    wait_until(lambda: berth.connected(agent), "the host is back", 90)
    assert berth.wait_status(stopped, "STOPPED")["containers"][0]["exitCode"] == 7
    assert not state(agent, stopped)["Running"]
    assert berth.task(kept)["lastStatus"] == "RUNNING" and state(agent, kept) == before
    assert agent.instance_arn == instance and len(berth.ecs.list_container_instances()["containerInstanceArns"]) == HOSTS
    assert_run_once(berth, "sleeps")
    # It takes tasks again.
    again, = run(berth, "sleeps", placementConstraints=[{"type": "memberOf", "expression": "attribute:host == 0"}])
    berth.wait_status(again, "RUNNING")


def test_a_host_that_is_drained_keeps_its_tasks_and_gets_no_other(berth):
    agent = berth.agents[1]
    task = berth.run_one_on_each("sleeps")[1]
    before = state(agent, task)
    berth.ecs.update_container_instances_state(containerInstances=[agent.instance_arn], status="DRAINING")
    others = run(berth, "sleeps", count=6)
    assert agent.instance_arn not in places(berth, others)
    for arn in others:
        berth.wait_status(arn, "RUNNING")
    assert berth.task(task)["lastStatus"] == "RUNNING" and state(agent, task) == before
    berth.ecs.update_container_instances_state(containerInstances=[agent.instance_arn], status="ACTIVE")
    back = run(berth, "sleeps", placementConstraints=[{"type": "memberOf", "expression": "attribute:host == 1"}])
    assert places(berth, back) == [agent.instance_arn]
    berth.wait_status(back[0], "RUNNING")


def test_an_agent_that_is_killed_finds_its_tasks_as_they_were(berth):
    agent = berth.agents[2]
    task = berth.run_one_on_each("sleeps")[2]
    before, instance = state(agent, task), agent.instance_arn
    agent.kill9()
    wait_until(lambda: not berth.connected(agent), "the agent is known to be away", KNOWN_LOST_WITHIN)
    assert instance not in places(berth, run(berth, "sleeps", count=2))
    agent.start_joined()
    assert agent.instance_arn == instance
    assert berth.task(task)["lastStatus"] == "RUNNING" and state(agent, task) == before
    berth.ecs.stop_task(task=task)
    assert berth.wait_status(task, "STOPPED")["containers"][0]["exitCode"] == 7


class Kills(threading.Thread):
    """Kills the controller at random moments, and starts it at once."""

    def __init__(self, controller, dice):
        super().__init__()
        self.controller = controller
        self.dice = dice
        self.error = None

    def run(self):
        try:
            for _ in range(KILLS):
                time.sleep(self.dice.uniform(0.2, 1.5))
                self.controller.kill9()
                time.sleep(self.dice.uniform(0, 0.3))
                self.controller.start()
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


def insist(berth, token):
    """The task of a call that is repeated with its token until it is answered, as clients do."""
    def once():
        try:
            answer = berth.controller.call("RunTask", taskDefinition="counted", clientToken=token)
        except (OSError, http.client.HTTPException):
            return None
        except AssertionError as error:
            # A repetition within a second has the signature of the one before; a call may come before the agents.
            assert any(known in str(error) for known in ("already", "ServerException", "No Container")), error
            return None
        return answer["tasks"][0]["taskArn"] if answer["tasks"] else None

    return wait_until(once, f"RunTask with token {token}", 30)


def listed(berth, family):
    found = []
    for status in ("RUNNING", "STOPPED"):
        for page in berth.ecs.get_paginator("list_tasks").paginate(family=family, desiredStatus=status):
            found += page["taskArns"]
    return found


def containers_by_task(berth):
    """{task: [(host, what Docker says of the container)]} over all hosts."""
    found = {}
    for agent in berth.agents:
        for one in containers_of(agent):
            found.setdefault(one["Config"]["Labels"][TASK_LABEL], []).append((agent.instance_arn, one))
    return found


def assert_run_once(berth, family):
    """Each task that is said to run has one container that runs, on the host that it is placed on, and no other."""
    containers = containers_by_task(berth)
    arns = listed(berth, family)
    for first in range(0, len(arns), 100):
        for task in berth.ecs.describe_tasks(tasks=arns[first:first + 100])["tasks"]:
            there = [(host, one["Id"]) for host, one in containers.get(task["taskArn"], []) if one["State"]["Running"]]
            expected = (task["containerInstanceArn"], task["containers"][0].get("runtimeId"))
            assert there == ([expected] if task["lastStatus"] == "RUNNING" else []), task


def test_a_controller_that_is_killed_while_tasks_start_loses_none_and_starts_none_twice(berth):
    seed = int(os.environ.get("BERTH_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"BERTH_SEED={seed}")
    dice = random.Random(seed)
    register(berth, "counted", "busybox", command=SLEEP)
    kills = Kills(berth.controller, random.Random(seed + 1))
    kills.start()
    told = []
    try:
        for number in range(TASKS):
            told.append(insist(berth, f"{seed}-{number}"))
            time.sleep(dice.uniform(0, 0.2))
    finally:
        kills.join()
    assert kills.error is None, kills.error
    assert len(set(told)) == TASKS, "one token, one task"
    for arn in told:
        berth.wait_status(arn, "RUNNING", seconds=60)
    assert sorted(listed(berth, "counted")) == sorted(told)
    assert_run_once(berth, "counted")
    ours = {arn: found for arn, found in containers_by_task(berth).items()
            if found[0][1]["Config"]["Labels"]["com.amazonaws.ecs.task-definition-family"] == "counted"}
    assert set(ours) == set(told)
    assert all(len(found) == 1 and found[0][1]["RestartCount"] == 0 for found in ours.values())
    assert len(berth.ecs.list_container_instances()["containerInstanceArns"]) == HOSTS
