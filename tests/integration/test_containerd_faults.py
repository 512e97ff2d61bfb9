"""A containerd that hangs, is not there, or has no room: afterwards all is as asked, and meanwhile nothing else suffers.

That it is killed is in test_docker_restarts.py, and what is told meanwhile in test_endpoints.py.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from support.berth import Berth
from support.containerd import Containerd
from support.faulty_registry import FaultyRegistry, layer_of
from support.local import Local
from support.tasks import register, run
from support.waiting import wait_until


@pytest.fixture(scope="module")
def local(run_folder, containerd, registry):
    with Local(run_folder, lambda _: containerd, registry) as one:
        yield one


@contextlib.contextmanager
def hung(local):
    local.proxy.hang()
    local.proxy.cut()
    try:
        yield
    finally:
        local.proxy.heal()


@contextlib.contextmanager
def without_socket(local):
    """As while containerd is not installed: whoever connects finds nothing."""
    aside = local.proxy.socket.with_suffix(".aside")
    local.proxy.socket.rename(aside)
    local.proxy.cut()
    try:
        yield
    finally:
        aside.rename(local.proxy.socket)


@pytest.mark.parametrize("fault", [hung, without_socket])
def test_what_is_asked_for_and_what_happens_meanwhile_is_made_good_afterwards(local, fault):
    local.define("sleeps", {"name": "app"})
    stays, stopped, ends = (local.run("sleeps") for _ in range(3))
    before = {arn: local.containers(arn)["app"]["State"] for arn in (stays, ends)}
    pid = local.agent.pid
    with fault(local):
        new = local.run("sleeps", until=None)
        local.berth.ecs.stop_task(task=stopped, reason="meanwhile")
        os.kill(before[ends]["Pid"], signal.SIGKILL)
        wait_until(lambda: local.why(new)["what"] or local.berth.task(new)["lastStatus"] == "STOPPED", "it waits, or is told")
        assert local.introspection("/health").status == 200
        assert "STOPPED" not in [local.berth.task(arn)["lastStatus"] for arn in (stays, stopped, ends)]
    ended = local.berth.wait_status(ends, "STOPPED", seconds=60)
    assert ended["containers"][0]["exitCode"] == 137 and ended["stopCode"] == "EssentialContainerExited"
    task = local.berth.wait_status(stopped, "STOPPED", seconds=60)
    assert task["stoppedReason"] == "meanwhile" and task["containers"][0]["exitCode"] == 0
    task = wait_until(lambda: (one := local.berth.task(new))["lastStatus"] in ("RUNNING", "STOPPED") and one, "an outcome", 60)
    if task["lastStatus"] == "STOPPED":
        # It could not be begun: nothing of it is there.
        assert "ContainerError: " in task["containers"][0]["reason"] and not local.containers(new), task
    again = local.run("sleeps")
    assert local.containers(stays)["app"]["State"] == before[stays]
    assert local.agent.alive() and local.agent.pid == pid
    local.stop(*(arn for arn in (stays, new, again) if local.berth.task(arn)["lastStatus"] == "RUNNING"))


@pytest.fixture
def small_host(run_folder, registry):
    """An agent whose containerd has all its data on a disk of 48 MB."""
    with tempfile.TemporaryDirectory(prefix="small.", dir=run_folder) as folder:
        image, point = pathlib.Path(folder, "disk.ext4"), pathlib.Path(folder, "disk")
        with open(image, "wb") as file:
            file.truncate(48 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        point.mkdir()
        subprocess.run(["mount", "-o", "loop", image, point], check=True)
        engine = Containerd(point)
        engine.run_folder = pathlib.Path(folder)
        berth = Berth(pathlib.Path(folder), lambda _: engine, registry)
        try:
            engine.start()
            berth.start()
            yield berth
        finally:
            print(berth.logs())
            berth.close()
            engine.close()
            subprocess.run(["umount", point], check=True)


def test_a_pull_that_finds_no_room_fails_for_that_and_leaves_room_for_others(small_host):
    berth = small_host
    register(berth, "sleeps", "sleeper")
    stays, = run(berth, "sleeps")
    berth.wait_status(stays, "RUNNING")
    with FaultyRegistry() as faulty:
        register(berth, "large", faulty.put("large", [layer_of(os.urandom(40_000_000))]))
        reason = berth.wait_status(run(berth, "large")[0], "STOPPED", seconds=90)["containers"][0]["reason"]
    assert reason.startswith("CannotPullContainerError: ") and "no space left on device" in reason.lower(), reason
    # What it had begun is gone.
    register(berth, "other", "exit3")
    assert berth.wait_status(run(berth, "other")[0], "STOPPED", seconds=60)["containers"][0].get("exitCode") == 3
    assert berth.task(stays)["lastStatus"] == "RUNNING"
