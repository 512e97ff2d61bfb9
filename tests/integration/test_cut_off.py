"""An agent that has no controller for a while, and may start anew meanwhile: tasks are kept as asked, and what
happened is told, in order, once the controller is back."""

import os
import signal

import pytest

from support.recorder import Recorder
from support.tasks import containers_of, run
from support.waiting import wait_until

SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']
CHECK = {"command": ["CMD-SHELL", "test ! -e /sick"], "interval": 5, "timeout": 2, "retries": 1}


def define(berth, family, **container):
    wanted = {"name": "app", "image": berth.image("busybox"), "essential": True, "cpu": 16, "memory": 32,
              "command": SLEEP, **container}
    berth.controller.call("RegisterTaskDefinition", family=family, containerDefinitions=[wanted])


def state(agent, arn):
    return containers_of(agent, arn)[0]["State"]


def kill_and_await_restart(agent, arn):
    before = state(agent, arn)
    os.kill(before["Pid"], signal.SIGKILL)
    wait_until(lambda: state(agent, arn)["Running"] and state(agent, arn)["StartedAt"] != before["StartedAt"],
               "its policy starts it again, although nobody hears of it", 30)


@pytest.mark.parametrize("restart", ["stays", "stops", "crashes"])
def test_tasks_are_kept_as_asked_and_their_ends_are_told_once_the_controller_is_back(berth, restart):
    berth.start(controller_changes={"heartbeat": "1s"})
    agent, = berth.agents
    define(berth, "sleeps")
    define(berth, "again", restartPolicy={"enabled": True, "restartAttemptPeriod": 0})
    define(berth, "checked", healthCheck=CHECK)
    ends, later, stays = run(berth, "sleeps", count=3)
    again, = run(berth, "again")
    checked, = run(berth, "checked")
    for arn in (ends, later, stays, again, checked):
        berth.wait_status(arn, "RUNNING")
    instance = agent.instance_arn
    kept = state(agent, stays)
    berth.controller.kill9()
    os.kill(state(agent, ends)["Pid"], signal.SIGKILL)
    kill_and_await_restart(agent, again)
    if restart != "stays":
        (agent.stop if restart == "stops" else agent.kill9)()
        os.kill(state(agent, later)["Pid"], signal.SIGKILL)
        agent.start()
        # The agent that started without a controller does what the tasks ask for.
        kill_and_await_restart(agent, again)
    else:
        os.kill(state(agent, later)["Pid"], signal.SIGKILL)
    agent.engine.execute(containers_of(agent, checked)[0]["Id"], "touch", "/sick")
    assert agent.alive() and state(agent, stays) == kept
    berth.controller.start()
    for arn in (ends, later):
        task = berth.wait_status(arn, "STOPPED", seconds=60)
        assert task["containers"][0]["exitCode"] == 137 and task["stopCode"] == "EssentialContainerExited"
        assert task["startedAt"] <= task["executionStoppedAt"]
    wait_until(lambda: berth.task(checked)["healthStatus"] == "UNHEALTHY", "the health is told", 60)
    assert state(agent, stays) == kept
    for arn in (stays, again):
        assert berth.task(arn)["lastStatus"] == "RUNNING"
    assert berth.ecs.list_container_instances()["containerInstanceArns"] == [instance]
    wait_until(lambda: berth.ecs.describe_container_instances(
        containerInstances=[instance])["containerInstances"][0]["agentConnected"], "connected again", 60)
    berth.ecs.stop_task(task=stays)
    assert berth.wait_status(stays, "STOPPED")["containers"][0]["exitCode"] == 7


def test_what_was_not_told_before_a_crash_is_told_in_order_after_it(berth):
    berth.start(agents=0, controller_changes={"heartbeat": "1s"})
    define(berth, "short", command=["/bin/sh", "-c", "sleep 3; exit 5"])
    with Recorder(berth.controller.port) as recorder:
        agent = berth.make_agent()
        agent.settings["controller"] = f"http://127.0.0.1:{recorder.port}"
        agent.start_joined()
        arn, = run(berth, "short")
        # It was sent, and is acknowledged once it is stored; the controller then goes before it runs.
        wait_until(lambda: containers_of(agent, arn), "its container is there")
        berth.controller.kill9()
        wait_until(lambda: state(agent, arn)["Status"] == "exited", "it has ended", 20)
        agent.kill9()
        agent.start()
        berth.controller.start()
        task = berth.wait_status(arn, "STOPPED", seconds=60)
        assert task["containers"][0]["exitCode"] == 5 and task["startedAt"] <= task["executionStoppedAt"]
        told = recorder.reports(arn)
        assert told and told[-1] == "STOPPED" and told == sorted(told), told
        agent.stop()
