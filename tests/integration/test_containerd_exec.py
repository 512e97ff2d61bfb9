"""Commands in containers on containerd beside what test_exec.py has for both runtimes: what is left, and who outlives whom."""

import pathlib
import tempfile

import pytest

from support.berth import Berth
from support.streams import STDIN, Exec, grant
from support.tasks import run as run_task
from support.waiting import wait_until


@pytest.fixture(scope="module")
def house(run_folder, engines, registry, containerd):
    one = Berth(pathlib.Path(tempfile.mkdtemp(prefix="exec.", dir=run_folder)), engines, registry)
    try:
        one.start(agent_changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}})
        one.ecs.register_task_definition(family="shell", networkMode="host", containerDefinitions=[
            {"name": "app", "image": one.image("busybox"), "essential": True, "cpu": 16, "memory": 64, "stopTimeout": 2,
             "command": ["sleep", "3600"], "readonlyRootFilesystem": True, "workingDirectory": "/etc",
             "environment": [{"name": "OF_THE_TASK", "value": "yes"}]}])
        one.shell = run_task(one, "shell", enableExecuteCommand=True)[0]
        one.wait_status(one.shell, "RUNNING")
        yield one
        one.ecs.stop_task(task=one.shell)
        one.wait_status(one.shell, "STOPPED")
    finally:
        print(one.logs())
        one.close()


def processes(containerd, text):
    """Of all tasks, those whose command line has the text."""
    found = []
    for task in containerd.ctr("tasks", "ls", "-q").stdout.split():
        for line in containerd.ctr("tasks", "ps", task).stdout.splitlines()[1:]:
            path = pathlib.Path("/proc", line.split()[0], "cmdline")
            command = path.read_bytes().replace(b"\0", b" ").decode() if path.exists() else ""
            if text in command:
                found.append(command)
    return found


def test_a_command_ends_with_its_session(house, containerd):
    session = grant(house, house.shell, "sh -c 'trap \"\" HUP; sleep 4242'")["session"]
    with Exec(session) as client:
        client.until(lambda: client.started)
        wait_until(lambda: processes(containerd, "sleep 4242"), "the command runs")
    wait_until(lambda: not processes(containerd, "sleep 4242"), "the command is killed", 20)
    assert not list((house.folder / "agent-0" / "data" / "containerd" / "commands").iterdir())


def test_commands_outlive_containerd(house, containerd):
    session = grant(house, house.shell, "cat")["session"]
    with Exec(session, stdin=True) as client:
        client.send(STDIN, b"before ")
        client.until(lambda: client.stdout == b"before ")
        containerd.program.kill9()
        client.send(STDIN, b"meanwhile ")
        client.until(lambda: client.stdout == b"before meanwhile ")
        containerd.start()
        client.send(STDIN, b"after")
        client.send(STDIN)
        client.finish()
    assert client.stdout == b"before meanwhile after" and client.exit_code == 0, str(client)
