"""Commands in containers, and logs, by `berth`, on hosts that die or that the network cuts off."""

import os
import subprocess
import time
import urllib.request

import pytest

from support.berth import binary
from support.tasks import register
from support.three import LOST_AFTER, SLEEP, three_hosts
from support.waiting import wait_until

SPEAKS = ["/bin/sh", "-c", "trap 'echo ended; exit 0' TERM; echo begun; i=0; "
          "while true; do sleep 0.2; i=$((i+1)); echo tick $i; done"]


@pytest.fixture(scope="module")
def berth(run_folder, registry):
    with three_hosts(run_folder / "exec-faults", registry) as one:
        register(one, "shell", "busybox", command=SLEEP)
        register(one, "speaks", "busybox", command=SPEAKS)
        yield one


def open_streams(berth):
    with urllib.request.urlopen(f"{berth.controller.url}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    return int(float(text.split("\nberth_streams_open ")[1].split()[0]))


def run_on(berth, family, number):
    """The ARN of a RUNNING task on a host."""
    answer = berth.ecs.run_task(taskDefinition=family, enableExecuteCommand=True, placementConstraints=[
        {"type": "memberOf", "expression": f"attribute:host == {number}"}])
    arn = answer["tasks"][0]["taskArn"]
    berth.wait_status(arn, "RUNNING")
    return arn


def environment(berth):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BERTH_"))}
    return kept | {"AWS_SHARED_CREDENTIALS_FILE": str(berth.controller.credentials_file),
                   "AWS_CONFIG_FILE": "/dev/null", "AWS_ENDPOINT_URL": berth.controller.url}


def cli(berth, *arguments, **more):
    return subprocess.run([binary("berth"), *arguments], env=environment(berth), capture_output=True, text=True,
                          timeout=60, check=False, **more)


def begun(berth, *arguments):
    return subprocess.Popen([binary("berth"), *arguments], env=environment(berth), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_berth_exec_and_logs_work_down_to_the_container(berth):
    shell = run_on(berth, "shell", 0)
    identity = shell.rpartition("/")[2]
    done = cli(berth, "exec", identity[:8], "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.returncode) == ("out\n", 3) and done.stderr == "err\n", done
    done = cli(berth, "exec", identity, "--", "cat", input="typed\n")
    assert (done.stdout, done.returncode) == ("typed\n", 0), done
    speaks = run_on(berth, "speaks", 0)
    following = begun(berth, "logs", "-f", speaks)
    assert following.stdout.readline() == "app | begun\n"
    assert following.stdout.readline() == "app | tick 1\n"
    berth.ecs.stop_task(task=speaks)
    rest, errors = following.communicate(timeout=60)
    assert rest.endswith("app | ended\n") and following.returncode == 0, (rest, errors)
    berth.wait_status(speaks, "STOPPED")
    assert cli(berth, "logs", "--tail", "1", speaks).stdout == "app | ended\n"
    berth.ecs.stop_task(task=shell)


def test_an_agent_that_is_killed_ends_the_session_with_an_error(berth):
    shell = run_on(berth, "shell", 1)
    typed = begun(berth, "exec", shell, "--", "sleep", "1000")
    wait_until(lambda: open_streams(berth) == 1, "the command runs")
    killed = time.monotonic()
    berth.agents[1].kill9()
    assert typed.wait(30) == 1
    assert time.monotonic() - killed < 10
    assert "TargetNotConnectedException" in typed.communicate()[1]
    berth.agents[1].start_joined()
    berth.ecs.stop_task(task=shell)


@pytest.mark.parametrize("what", ["exec", "logs"])
def test_a_host_that_the_network_cuts_off_ends_its_streams_when_it_is_lost(berth, what):
    task = run_on(berth, "shell" if what == "exec" else "speaks", 2)
    wanted = ["exec", task, "--", "sleep", "1000"] if what == "exec" else ["logs", "-f", task]
    typed = begun(berth, *wanted)
    host = berth.hosts[2]
    try:
        wait_until(lambda: open_streams(berth) == 1, "the stream is open")
        if what == "logs":
            assert typed.stdout.readline() == "app | begun\n"
        cut = time.monotonic()
        host.cut()
        told = typed.stderr.readline()
        took = time.monotonic() - cut
        print(f"{what}: told {took:.1f} s after the cut, with lost_after {LOST_AFTER} s: {told}")
        assert "TargetNotConnectedException" in told
        assert took < LOST_AFTER + 20
        wait_until(lambda: open_streams(berth) == 0, "the stream is closed")
        if what == "exec":
            assert typed.wait(10) == 1
    finally:
        typed.kill()
        typed.communicate()
        host.mend()
    wait_until(lambda: berth.connected(berth.agents[2]), "the agent is back", 60)
    berth.ecs.stop_task(task=task)
