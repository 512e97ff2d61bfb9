"""What `runtime.kind: auto` stands for: on a new host, on one that is not ready, and on one that has used Docker."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support.tasks import containers_of, register, run
from support.waiting import wait_until


class Cover:
    """A folder of this host that shows what it had, and takes what is put into it only as long as the test lasts."""

    def __init__(self, folder, scratch):
        self.folder = pathlib.Path(folder)
        self.real = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.folder.mkdir(exist_ok=True)
        self._mount("--rbind", self.folder, self.real)
        self._mount("-t", "tmpfs", "berth-test", self.folder)
        for one in self.real.iterdir():
            place = self.folder / one.name
            if one.is_symlink():
                place.symlink_to(os.readlink(one))
                continue
            if one.is_dir():
                place.mkdir(exist_ok=True)  # mount(8) makes one of its own
            else:
                place.touch()
            self._mount("--rbind", one, place)

    @staticmethod
    def _mount(*arguments):
        subprocess.run(["mount", *map(str, arguments)], check=True)

    def close(self):
        for one in (self.folder, self.real):
            subprocess.run(["umount", "-R", "-l", one], check=True)


@pytest.fixture
def sockets(run_folder, containerd, engine):
    """sockets("docker", "containerd"): these are where runtimes have theirs by default."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=run_folder))
    covers = [Cover("/run", scratch)]
    covers.append(Cover("/run/containerd", scratch))

    def offer(*names):
        if "containerd" in names:
            pathlib.Path("/run/containerd/containerd.sock").symlink_to(containerd.socket)
        if "docker" in names:
            pathlib.Path("/run/docker.sock").symlink_to(engine.socket)

    yield offer
    for one in reversed(covers):
        one.close()
    containerd.remove_containers()


def auto(berth, **changes):
    """An agent that is told nothing of a runtime."""
    berth.start(agents=0)
    agent = berth.make_agent(changes={"runtime": None, **changes})
    register(berth, "sleeps", "sleeper")
    return agent


def said(agent):
    return next(line for line in agent.log.read_text().splitlines() if "runtime.kind is auto" in line)


def run_one(berth):
    arn, = run(berth, "sleeps")
    berth.wait_status(arn, "RUNNING")
    return arn


def test_a_new_host_that_has_both_gets_containerd_and_keeps_it(berth, sockets, containerd, engine):
    sockets("docker", "containerd")
    agent = auto(berth)
    agent.start_joined()
    assert '"runtime":"containerd"' in said(agent)
    arn = run_one(berth)
    assert containerd.containers(label=f"com.amazonaws.ecs.task-arn={arn}") and not containers_of(agent, arn)
    # What it remembers counts, also when it has lost all else.
    agent.kill9()
    for path in (agent.folder / "data").glob("state.db*"):
        path.unlink()
    agent.log.unlink()
    agent.start_joined()
    assert '"runtime":"containerd"' in said(agent) and berth.task(arn)["lastStatus"] == "RUNNING"
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")


@pytest.mark.parametrize("lack, words", [("socket", "no containerd answers"), ("plugins", "containernetworking-plugins")])
def test_a_host_whose_containerd_is_not_ready_gets_docker(berth, sockets, containerd, tmp_path, lack, words):
    sockets("docker", *(["containerd"] if lack != "socket" else []))
    agent = auto(berth, **({"network": {"plugins": str(tmp_path)}} if lack == "plugins" else {}))
    agent.start_joined()
    assert '"runtime":"docker"' in said(agent) and words in said(agent)
    assert containers_of(agent, run_one(berth)) and not containerd.ids()
    assert (agent.folder / "data/runtime").read_text() == "docker\n"


@pytest.mark.parametrize("lost", ["nothing", "word", "everything"])
def test_an_agent_with_tasks_on_docker_stays_with_docker(berth, sockets, containerd, lost):
    """As at an upgrade: the word of what was used was not written down before, and may be lost with all else."""
    sockets("docker", "containerd")
    berth.start(agents=0)
    agent = berth.make_agent()
    register(berth, "sleeps", "sleeper")
    agent.start_joined()
    arn = run_one(berth)
    before, = containers_of(agent, arn)
    agent.stop()
    data = agent.folder / "data"
    if lost == "word":
        (data / "runtime").unlink()
    if lost == "everything":
        shutil.rmtree(data)
    del agent.settings["runtime"]
    agent.start_joined()
    assert '"runtime":"docker"' in said(agent)
    wait_until(lambda: berth.task(arn)["lastStatus"] == "RUNNING", "the task goes on")
    after, = containers_of(agent, arn)
    assert after["State"]["Pid"] == before["State"]["Pid"] and not containerd.ids()
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
