"""Host ports that the agent chooses beside those that Docker does; waits between lives that nobody sees."""

import pytest

from support import docker_proxy as call
from support.runtimes import both
from support.waiting import wait_until
from test_fields_more import define, local, shell, started  # noqa: F401

pytestmark = both


def start_in_turn(local, ports, other):
    """A container whose port Docker chooses, and after it one whose ports the agent has chosen before."""
    started(local, {"name": "one", "portMappings": ports},
            {**other, "dependsOn": [{"containerName": "one", "condition": "START"}]})


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_dynamic_port_and_a_range_of_one_task_do_not_collide(local, protocol):  # noqa: F811
    start_in_turn(local, [{"containerPort": 9000, "protocol": protocol}],
                  {"name": "row", "portMappings": [{"containerPortRange": "9100-9102", "protocol": protocol}]})


def test_a_dynamic_port_and_one_kept_over_restarts_do_not_collide(local):  # noqa: F811
    start_in_turn(local, [{"containerPort": 9000}],
                  {"name": "again", "portMappings": [{"containerPort": 9100}],
                   "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0}})


def test_the_wait_between_lives_too_short_to_be_seen_grows(local):  # noqa: F811
    # Each life is over before the agent hears that it has begun.
    fault = local.proxy.fault("POST", call.START, "delay", forward=True, seconds=0.5)
    arn = local.run(define(local, {"name": "app", "command": shell("exit 3"),
                                   "restartPolicy": {"enabled": True, "restartAttemptPeriod": 0}}), until=None)
    wait_until(lambda: local.containers(arn).get("app"), "the container")
    container = local.containers(arn)["app"]["Id"]

    def four():
        events = local.agent.engine.docker(
            "events", "--since", "5m", "--until", "0s", "--filter", f"container={container}", "--filter", "event=start",
            "--filter", "event=die", "--format", "{{.Action}} {{.TimeNano}}").stdout.split()
        times = [int(one) / 1e9 for one in events[1::2]]
        return events[::2] == ["start", "die"] * (len(times) // 2) and len(times) >= 8 and times
    times = wait_until(four, "four lives", 30)
    fault.lift()
    waits = [start - end for end, start in zip(times[1::2], times[2::2])]
    assert waits[1] >= 1 and waits[2] >= 2, waits
    assert local.berth.task(arn)["lastStatus"] == "RUNNING"
