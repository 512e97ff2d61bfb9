"""An engine that is restarted or crashes while tasks run: Docker with and without live-restore, and containerd.

Containers outlive containerd as they outlive an engine with live-restore, so that the same is expected. Each test has an
engine of its own, which it ends; the agent goes on and nothing is told to it.
"""

import os
import pathlib
import random
import signal
import tempfile
import time
import urllib.request

import pytest

from support.berth import Berth
from support.containerd import Containerd
from support.docker import Engine
from support.tasks import containers_of, host_port, page, run
from support.waiting import wait_until

SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']
NUMBERS = iter(range(20, 40))


def define(berth, family, command, **container):
    wanted = {"name": "app", "image": berth.image("httpd" if command is None else "busybox"), "essential": True,
              "cpu": 16, "memory": 32, **container}
    if command:
        wanted["command"] = command
    berth.controller.call("RegisterTaskDefinition", family=family, containerDefinitions=[wanted])


def serves(address):
    with urllib.request.urlopen(f"http://{address}/", timeout=5) as reply:
        return reply.status == 200


def only(agent, arn):
    found = containers_of(agent, arn)
    assert len(found) == 1, f"{arn} has {len(found)} containers"
    return found[0]


def life(agent, arn):
    one = only(agent, arn)
    return one["Id"], one["State"]["Pid"], one["State"]["StartedAt"]


class Host:
    """An agent on an engine of its own, with a task of each kind."""

    def __init__(self, berth, engine):
        self.berth = berth
        self.engine = engine
        self.agent = berth.agents[0]
        define(berth, "page", None, portMappings=[{"containerPort": 80}])
        define(berth, "sleeps", SLEEP)
        define(berth, "again", SLEEP, restartPolicy={"enabled": True, "restartAttemptPeriod": 0})
        self.tasks = {name: run(berth, name)[0] for name in ("page", "sleeps", "again")}
        for arn in self.tasks.values():
            berth.wait_status(arn, "RUNNING")
        self.agent_pid = self.agent.pid

    def crash(self):
        self.engine.program.kill9()

    def end(self):
        self.engine.program.stop(60)

    def start(self):
        self.engine.start()

    def assert_agent_went_on(self):
        assert self.agent.alive() and self.agent.pid == self.agent_pid
        # It hears of what happens again: an exit is reported long before the next full comparison.
        arn, = run(self.berth, "sleeps")
        self.berth.wait_status(arn, "RUNNING", seconds=60)
        os.kill(only(self.agent, arn)["State"]["Pid"], signal.SIGKILL)
        assert self.berth.wait_status(arn, "STOPPED", seconds=30)["containers"][0]["exitCode"] == 137


@pytest.fixture
def host(run_folder, registry, request):
    number = next(NUMBERS)
    own = request.param == "containerd"
    engine = Containerd(run_folder, f"containerd-{number}") if own else Engine(run_folder, number, request.param)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="restarts.", dir=run_folder))
    berth = Berth(folder, lambda _: engine, registry)
    try:
        engine.start()
        berth.start(controller_changes={"heartbeat": "1s"})
        yield Host(berth, engine)
    finally:
        print(berth.logs())  # shown when the test has failed
        for program in [*berth.agents, berth.controller]:
            if program:
                program.stop()
        if not engine.program.alive():
            engine.start()
        engine.close()


live_restore = pytest.mark.parametrize("host", [("--live-restore",), "containerd"], ids=["live-restore", "containerd"],
                                       indirect=True)
no_live_restore = pytest.mark.parametrize("host", [()], ids=["plain"], indirect=True)


@live_restore
@pytest.mark.parametrize("how", ["crash", "end"])
def test_with_live_restore_nothing_dies_and_no_exit_is_missed(host, how):
    berth, agent = host.berth, host.agent
    before = {name: life(agent, host.tasks[name]) for name in host.tasks}
    port = host_port(berth.task(host.tasks["page"]))
    address = only(agent, host.tasks["page"])["NetworkSettings"]["IPAddress"]
    getattr(host, how)()
    # At the container's own address: Docker's relay of ports on loopback ends with dockerd.
    assert serves(address) and all(os.path.exists(f"/proc/{pid}") for _, pid, _ in before.values())
    # One ends and one is to be started again while there is no engine.
    os.kill(before["sleeps"][1], signal.SIGKILL)
    os.kill(before["again"][1], signal.SIGKILL)
    host.start()
    ended = berth.wait_status(host.tasks["sleeps"], "STOPPED", seconds=60)
    assert ended["containers"][0]["exitCode"] == 137 and ended["stopCode"] == "EssentialContainerExited"
    wait_until(lambda: only(agent, host.tasks["again"])["State"]["Running"], "its policy starts it again", 60)
    assert life(agent, host.tasks["again"])[0] == before["again"][0]
    assert life(agent, host.tasks["page"]) == before["page"] and serves(address)
    wait_until(lambda: page(port), "the published port answers again")
    for name in ("page", "again"):
        assert berth.task(host.tasks[name])["lastStatus"] == "RUNNING"
    host.assert_agent_went_on()


@no_live_restore
@pytest.mark.parametrize("how", ["crash", "end"])
def test_without_live_restore_what_has_a_restart_policy_runs_again_and_the_rest_is_reported(host, how):
    berth, agent = host.berth, host.agent
    before = {name: life(agent, host.tasks[name]) for name in host.tasks}
    getattr(host, how)()
    host.start()
    for name in ("page", "sleeps"):
        task = berth.wait_status(host.tasks[name], "STOPPED", seconds=60)
        assert isinstance(task["containers"][0].get("exitCode"), int), task["containers"]
        assert task["stopCode"] == "EssentialContainerExited"
        assert not only(agent, host.tasks[name])["State"]["Running"]
        assert not os.path.exists(f"/proc/{before[name][1]}"), "STOPPED was reported while the process lived"
    wait_until(lambda: only(agent, host.tasks["again"])["State"]["Running"], "its policy starts it again", 60)
    again = life(agent, host.tasks["again"])
    assert again[0] == before["again"][0] and again[2] != before["again"][2]
    assert berth.task(host.tasks["again"])["lastStatus"] == "RUNNING"
    host.assert_agent_went_on()


@live_restore
def test_a_stop_that_is_asked_for_while_there_is_no_engine_is_carried_out(host):
    host.crash()
    host.berth.ecs.stop_task(task=host.tasks["sleeps"], reason="meanwhile")
    host.start()
    task = host.berth.wait_status(host.tasks["sleeps"], "STOPPED", seconds=60)
    assert task["stoppedReason"] == "meanwhile" and task["containers"][0]["exitCode"] == 7


def start_again(host):
    """As its unit would: an engine that was killed may not come up at once, for the containerd that it left behind."""
    for _ in range(3):
        try:
            return host.start()
        except AssertionError as error:
            print(error)
            host.crash()
    raise AssertionError("dockerd does not come up any more")


def assert_settled(host, arns, stopped):
    """Each task runs, or has ended with a reason; what runs is one container that lives."""
    def settled():
        tasks = host.berth.ecs.describe_tasks(tasks=arns)["tasks"]
        return tasks if all(one["lastStatus"] in ("RUNNING", "STOPPED") for one in tasks) else None

    for task in wait_until(settled, "no task is stuck", 90):
        arn = task["taskArn"]
        found = containers_of(host.agent, arn)
        assert len(found) <= 1, f"{arn} has {len(found)} containers"
        if task["lastStatus"] == "RUNNING":
            # A restart by policy may be due.
            wait_until(lambda one=arn: only(host.agent, one)["State"]["Running"], f"{arn} is said to run", 60)
        else:
            assert not any(one["State"]["Running"] for one in found), f"{arn} is said to have ended"
            assert arn in stopped or task["stoppedReason"] or task["containers"][0].get("exitCode") is not None


@pytest.mark.parametrize("host", [("--live-restore",), (), "containerd"], ids=["live-restore", "plain", "containerd"],
                         indirect=True)
def test_an_engine_that_is_killed_at_random_leaves_no_task_stuck_or_doubled(host):
    chance = random.Random(20)
    arns, stopped = [], set()
    for _ in range(4):
        arns += run(host.berth, chance.choice(["sleeps", "again"]), count=3)
        if len(arns) > 3:
            one = chance.choice([arn for arn in arns[:-3] if arn not in stopped])
            stopped.add(one)
            host.berth.ecs.stop_task(task=one)
        time.sleep(chance.uniform(0, 1))  # anywhere in what it does for them
        host.crash()
        start_again(host)
    assert_settled(host, arns, stopped)
    for arn in arns:
        host.berth.ecs.stop_task(task=arn)
    for arn in arns:
        host.berth.wait_status(arn, "STOPPED", seconds=60)
    for arn in arns:
        for one in containers_of(host.agent, arn):
            assert not one["State"]["Running"]
            assert not host.engine.processes_of(one["Id"]), "STOPPED was reported while a process lived"
    host.assert_agent_went_on()
