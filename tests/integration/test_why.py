"""/v1/why: what a task waits for, since when and until when, and why it ended."""

import pytest

from support.fake_registry import FakeRegistry
from support.local import Local
from support.runtimes import both
from support.shapes import assert_shape
from support.waiting import wait_until

pytestmark = both

# What the agent under test has for its tasks, in MiB; all else of the host is reserved.
ROOM = 1024


def shell(script):
    return ["/bin/sh", "-c", script]


def total_memory():
    with open("/proc/meminfo", encoding="ascii") as lines:
        return int(next(lines).split()[1]) // 1024


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry, {"reserved": {"memory": total_memory() - ROOM}}) as one:
        yield one


def asks_for(memory):
    """An edit by which the agent sees another need than the controller, which would not send it otherwise."""
    def change(task):
        task["containers"][0]["memory"] = memory
    return change


def test_why_a_task_waits_for_room_and_that_it_starts_when_there_is_some(local):
    instance = local.berth.ecs.describe_container_instances(containerInstances=[local.agent.instance_arn])
    memory, = [one["integerValue"] for one in instance["containerInstances"][0]["registeredResources"]
               if one["name"] == "MEMORY"]
    assert memory == ROOM, "what is reserved is not for tasks"
    for family, amount in (("holder", 600), ("waiter", 500), ("behind", 16), ("giant", ROOM + 1)):
        local.define(family, {"name": "app"})
        local.relay.edits[family] = asks_for(amount)
    holder = local.run("holder")
    waiter = local.run("waiter", until=None)
    reason = local.wait_why(waiter, "room on the host")
    assert "500 MiB" in reason["what"] and "memory" in reason["what"], reason
    assert reason["since"] < reason["until"]
    behind = local.run("behind", until=None)
    assert "the tasks that came before it" in local.wait_why(behind, "room on the host")["what"]
    shown = local.introspection(f"/v1/tasks?taskarn={waiter}").json
    assert shown["Why"] == [local.why(waiter)] and shown["KnownStatus"] == "PENDING" and shown["Containers"] == []
    assert "berth_agent_tasks_waiting 2" in local.introspection("/metrics").text
    giant = local.run("giant", until="STOPPED")
    assert f"{ROOM + 1} MiB" in local.berth.task(giant)["stoppedReason"]

    local.stop(holder)
    for arn in (waiter, behind):
        local.berth.wait_status(arn, "RUNNING")
        # It may still be looked at after its start.
        wait_until(lambda arn=arn: local.introspection(f"/v1/why?task={arn}").json["why"] == [], "it waits for nothing")
    assert "Why" not in local.introspection(f"/v1/tasks?taskarn={waiter}").json
    local.stop(waiter, behind)


def test_why_a_container_waits_for_another(local):
    health = {"command": ["CMD-SHELL", "ls /tmp/up"], "interval": 5}
    local.define("ordered", {"name": "app", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
                 {"name": "db", "healthCheck": health, "startTimeout": 60})
    arn = local.run("ordered", until=None)
    reason = local.wait_why(arn, "waits for container db to be healthy")
    assert reason["what"] == "waits for container db to be healthy"
    answer = local.introspection(f"/v1/why?task={arn}").json
    assert_shape(answer, {"task": str, "desiredStatus": str, "knownStatus": str, "why": list, "causes": list,
                          "start": list, "lastLogLines": list})
    wait_until(lambda: not local.why(arn, "container db")["what"], "db runs and waits for nothing")
    docker = local.containers(arn)["db"]
    local.agent.engine.execute(docker["Id"], "touch", "/tmp/up")
    local.berth.wait_status(arn, "RUNNING")
    local.stop(arn)


def test_why_a_task_waits_for_its_image_and_how_far_that_is(local):
    with FakeRegistry() as registry:
        local.define("pulling", {"name": "app", "image": f"{registry.address}/stall-8000000/e2e:1"})
        arn = local.run("pulling", until=None)
        reason = local.wait_why(arn, "waits for its image, of which 3 of 7 MiB known so far are here")
        assert reason["since"] < reason["until"], "a pull that makes no progress is given up"
        local.berth.ecs.stop_task(task=arn, reason="seen enough")
        local.berth.wait_status(arn, "STOPPED")


def test_why_a_container_that_keeps_ending_is_not_running(local):
    local.define("looping", {"name": "app", "command": shell("sleep 0.2; exit 7"),
                             "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0}})
    arn = local.run("looping")
    reason = local.wait_why(arn, "keeps ending soon")
    assert reason["what"] == "waits for its next restart: it keeps ending soon, after exit code 7"
    assert reason["since"] < reason["until"]
    shown = local.introspection(f"/v1/tasks?taskarn={arn}").json
    assert shown["KnownStatus"] == "RUNNING" and shown["Containers"][0]["RestartCount"] >= 2
    local.stop(arn)


def test_why_a_task_ended_with_the_causes_in_order_and_the_last_lines(local):
    script = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $i"; done; echo "no harbour" >&2; exit 5'
    local.define("failing", {"name": "app", "command": shell(script)}, {"name": "side", "essential": False})
    arn = local.run("failing", until="STOPPED")
    answer = local.introspection(f"/v1/why?task={arn}").json
    assert answer["knownStatus"] == "STOPPED" and answer["why"] == []
    assert answer["causes"] == ["container app ended with exit code 5",
                                "container app is essential, so the task had to stop",
                                "container side ended with exit code 0"]
    lines = wait_until(lambda: local.introspection(f"/v1/why?task={arn}").json["lastLogLines"], "the last lines")
    assert "no harbour" in lines and "line 12" in lines


def test_why_a_task_was_stopped_by_somebody(local):
    local.define("stopped", {"name": "app"})
    arn = local.run("stopped")
    local.stop(arn)
    causes = local.introspection(f"/v1/why?task={arn}").json["causes"]
    assert causes == ["the controller wants the task to stop", "container app ended with exit code 0"]
