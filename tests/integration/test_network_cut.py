"""A network that fails between a host and its controller, in namespaces: a cable that is pulled, packets that vanish."""

import os
import signal
import time

import pytest

from support.berth import Controller
from support.docker import free_port
from support.netns import Namespace
from support.tasks import containers_of, register, run
from support.waiting import wait_until

SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']
HERE, THERE = "192.0.2.1", "192.0.2.2"


class Wire:
    """This host, and a controller on another that is at the other end of a cable."""

    def __init__(self):
        self.far = Namespace()
        self.far.run("ip", "link", "set", "lo", "up")
        self.far.run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "berth-wire", "netns", os.getpid())
        self.far.run("ip", "addr", "add", f"{THERE}/24", "dev", "cable")
        self.far.run("ip", "link", "set", "cable", "up")
        self.here("ip", "addr", "add", f"{HERE}/24", "dev", "berth-wire")
        self.here("ip", "link", "set", "berth-wire", "up")

    @staticmethod
    def here(*arguments):
        assert os.spawnvp(os.P_WAIT, arguments[0], arguments) == 0, arguments

    def cut(self, how):
        if how == "cable":
            self.far.run("ip", "link", "set", "cable", "down")
        else:
            self.far.run("iptables", "-A", "INPUT", "-i", "cable", "-j", "DROP")

    def mend(self, how):
        if how == "cable":
            self.far.run("ip", "link", "set", "cable", "up")
        else:
            self.far.run("iptables", "-F", "INPUT")

    def close(self):
        self.far.close()


@pytest.fixture
def wire():
    one = Wire()
    yield one
    one.close()


def far_controller(berth, wire):
    """The controller of `berth`, but in the other namespace."""
    one = Controller(berth.folder / "controller", {"heartbeat": "1s"})
    port = free_port()
    one.settings["listen"] = f"{THERE}:{port}"
    one.url = f"http://{THERE}:{port}"
    one.command = wire.far.command(*one.command)
    berth.controller = one.start()
    one.client().create_cluster(clusterName="default")


def state(agent, arn):
    return containers_of(agent, arn)[0]["State"]


@pytest.mark.parametrize("runtime, how", [("docker", "cable"), ("docker", "silence"), ("containerd", "cable")],
                         indirect=["runtime"], scope="module")
def test_a_host_that_the_network_cuts_off_keeps_its_tasks_and_tells_of_them_afterwards(berth, wire, how):
    far_controller(berth, wire)
    agent = berth.add_agent()
    register(berth, "sleeps", "busybox", command=SLEEP)
    stays, ends = run(berth, "sleeps", count=2)
    for arn in (stays, ends):
        berth.wait_status(arn, "RUNNING")
    kept, instance = state(agent, stays), agent.instance_arn
    wire.cut(how)
    os.kill(state(agent, ends)["Pid"], signal.SIGKILL)
    wait_until(lambda: agent.ask(f"/v1/tasks?taskarn={ends}")["KnownStatus"] == "STOPPED", "the agent knows of the end")
    time.sleep(5)  # long enough for a session to miss several heartbeats
    assert agent.alive() and state(agent, stays) == kept
    wire.mend(how)
    assert berth.wait_status(ends, "STOPPED", seconds=90)["containers"][0]["exitCode"] == 137
    wait_until(lambda: berth.ecs.describe_container_instances(
        containerInstances=[instance])["containerInstances"][0]["agentConnected"], "connected again", 90)
    assert berth.ecs.list_container_instances()["containerInstanceArns"] == [instance]
    assert state(agent, stays) == kept
    berth.ecs.stop_task(task=stays)
    assert berth.wait_status(stays, "STOPPED", seconds=60)["containers"][0]["exitCode"] == 7
