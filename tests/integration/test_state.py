"""What the agent remembers: damaged, lost, older, newer, on a full disk, or about an instance that is gone."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

from support.runtimes import both
from support.tasks import containers_of, host_port, page, register, run
from support.waiting import wait_until

SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']
# What the first version of the agent did not write yet; a store of that version is one without them.
LATER_OF_TASK = ("admitted", "arrival", "roleId", "executionRoleId")
LATER_OF_CONTAINER = ("restarting", "restarts", "shortLives", "endpoint", "imageId", "lastLines", "createdAt")


def state_file(agent):
    return pathlib.Path(agent.settings["data_dir"], "state.db")


def rows(agent):
    with contextlib.closing(sqlite3.connect(state_file(agent))) as database:
        return database.execute("SELECT kind, key, value FROM entities").fetchall()


def change(agent, statement, *values):
    with contextlib.closing(sqlite3.connect(state_file(agent))) as database, database:
        database.execute(statement, values)


def fold(agent):
    """The write-ahead log into the file: by itself it makes up for damage there."""
    with contextlib.closing(sqlite3.connect(state_file(agent))) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def damage_header(agent):
    fold(agent)
    with open(state_file(agent), "r+b") as file:
        file.write(b"no database any more")


def damage_pages(agent):
    fold(agent)
    with open(state_file(agent), "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 3))


def remove_files(agent):
    for path in state_file(agent).parent.glob("state.db*"):
        path.unlink()


def damage_rows(agent):
    change(agent, "UPDATE entities SET value = 'no JSON' WHERE kind = 'task'")


def lives(agent, arn):
    """What must not change of a task's containers while nobody asks for a change."""
    return sorted((one["Id"], one["State"]["Pid"], one["State"]["StartedAt"]) for one in containers_of(agent, arn))


def only_container(agent, arn):
    found = containers_of(agent, arn)
    assert len(found) == 1, f"{arn} has {len(found)} containers"
    return found[0]


@pytest.fixture
def tasks(berth):
    """An agent with tasks that stay, ended while it was down, were stopped meanwhile, and lost their container."""
    berth.start(controller_changes={"heartbeat": "1s"})
    register(berth, "page", "httpd", portMappings=[{"containerPort": 80}])
    register(berth, "sleeps", "busybox", command=SLEEP)
    arns = {"stays": run(berth, "page")[0]}
    for name in ("ends", "stopped", "removed"):
        arns[name] = run(berth, "sleeps")[0]
    for arn in arns.values():
        berth.wait_status(arn, "RUNNING")
    return arns


@both
@pytest.mark.parametrize("damage", [damage_header, damage_pages, remove_files, damage_rows])
def test_an_agent_that_lost_its_state_keeps_its_tasks(berth, tasks, damage):
    agent, = berth.agents
    before = lives(agent, tasks["stays"])
    agent.kill9()
    agent.engine.kill(only_container(agent, tasks["ends"])["Id"])
    berth.ecs.stop_task(task=tasks["stopped"], reason="not needed")
    agent.engine.remove(only_container(agent, tasks["removed"])["Id"])
    damage(agent)
    agent.start_joined()
    ended = berth.wait_status(tasks["ends"], "STOPPED")
    assert ended["containers"][0]["exitCode"] == 137
    stopped = berth.wait_status(tasks["stopped"], "STOPPED")
    assert stopped["stoppedReason"] == "not needed" and stopped["containers"][0]["exitCode"] == 7
    removed = berth.wait_status(tasks["removed"], "STOPPED")
    assert removed["containers"][0]["reason"].startswith("ContainerVanishedError")
    assert lives(agent, tasks["stays"]) == before and page(host_port(berth.task(tasks["stays"])))
    for name in ("ends", "stopped"):
        assert only_container(agent, tasks[name])["RestartCount"] == 0
    assert not containers_of(agent, tasks["removed"])
    aside = list(state_file(agent).parent.glob("state.db.damaged-*"))
    assert bool(aside) == (damage in (damage_header, damage_pages)), aside
    assert len(berth.ecs.list_container_instances()["containerInstanceArns"]) == 1
    # It is a task like any other again.
    berth.ecs.stop_task(task=tasks["stays"])
    assert berth.wait_status(tasks["stays"], "STOPPED")["containers"][0]["exitCode"] == 0
    new, = run(berth, "page")
    berth.wait_status(new, "RUNNING")


def test_a_state_file_of_a_newer_berth_is_refused_and_left_alone(berth, tasks):
    agent, = berth.agents
    before = lives(agent, tasks["stays"])
    agent.stop()
    change(agent, "PRAGMA user_version = 99")
    content = state_file(agent).read_bytes()
    assert agent.start().wait() == 1
    assert "written by a newer Berth (schema 99" in agent.tail(3) and "run that version or a later one" in agent.tail(3)
    assert state_file(agent).read_bytes() == content
    assert lives(agent, tasks["stays"]) == before
    change(agent, "PRAGMA user_version = 1")
    agent.start_joined()
    assert lives(agent, tasks["stays"]) == before


def test_a_state_file_of_the_first_version_is_read(berth, tasks):
    agent, = berth.agents
    before = {arn: lives(agent, arn) for arn in tasks.values()}
    agent.stop()
    for kind, key, value in rows(agent):
        if kind == "task":
            task = json.loads(value)
            for name in LATER_OF_TASK:
                task.pop(name, None)
            for container in task["containers"]:
                for name in LATER_OF_CONTAINER:
                    container.pop(name, None)
            change(agent, "UPDATE entities SET value = ? WHERE kind = ? AND key = ?", json.dumps(task), kind, key)
    agent.start_joined()
    agent.engine.kill(only_container(agent, tasks["ends"])["Id"])
    berth.wait_status(tasks["ends"], "STOPPED")
    assert lives(agent, tasks["stays"]) == before[tasks["stays"]]
    assert not list(state_file(agent).parent.glob("state.db.damaged-*"))
    assert "damaged" not in agent.tail(100)


@contextlib.contextmanager
def disk(run_folder, options):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="disk.", dir=run_folder))
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "berth-test", folder], check=True)
    yield folder
    # A log keeper ends with its folder.
    shutil.rmtree(folder / "data")
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def small_disk(run_folder):
    with disk(run_folder, "size=4m") as folder:
        yield folder


def fill(folder):
    filler = folder / "filler"
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return filler


@both
def test_a_full_disk_holds_up_new_work_alone_and_ends_by_itself(small_disk, berth):
    berth.start(controller_changes={"heartbeat": "1s"}, agent_changes={"data_dir": str(small_disk / "data")})
    agent, = berth.agents
    register(berth, "sleeps", "busybox", command=SLEEP)
    stays, stopped = run(berth, "sleeps", count=2)
    for arn in (stays, stopped):
        berth.wait_status(arn, "RUNNING")
    before = lives(agent, stays)
    filler = fill(small_disk)
    # Some rows may still find room in what the file has already.
    new = run(berth, "sleeps", count=3)
    wait_until(lambda: "the store can't be written" in agent.log.read_text(), "the agent says so")
    assert "full" in agent.log.read_text()
    berth.ecs.stop_task(task=stopped)
    wait_until(lambda: not only_container(agent, stopped)["State"]["Running"], "the stop is carried out")
    began = agent.log.read_text().count("command session open")
    waiting = [arn for arn in new if berth.task(arn)["lastStatus"] != "RUNNING"]
    assert waiting
    wait_until(lambda: "can't be written" in json.dumps(agent.why(waiting[-1])), "why says so")
    assert agent.alive() and lives(agent, stays) == before
    filler.unlink()
    for arn in new:
        berth.wait_status(arn, "RUNNING")
    assert berth.wait_status(stopped, "STOPPED")["containers"][0]["exitCode"] == 7
    assert lives(agent, stays) == before
    assert agent.log.read_text().count("command session open") == began
    assert agent.log.read_text().count("the store can't be written") < 5


@both
def test_an_agent_that_starts_on_a_full_disk_says_so_and_starts_once_there_is_room(small_disk, berth):
    berth.start(agent_changes={"data_dir": str(small_disk / "data")})
    agent, = berth.agents
    register(berth, "sleeps", "busybox", command=SLEEP)
    arn, = run(berth, "sleeps")
    berth.wait_status(arn, "RUNNING")
    before = lives(agent, arn)
    agent.kill9()
    filler = fill(small_disk)
    assert agent.start().wait() == 1, "its unit starts it again"
    assert "No space left on device" in agent.tail(3)
    filler.unlink()
    agent.start_joined()
    assert berth.task(arn)["lastStatus"] == "RUNNING" and lives(agent, arn) == before


@pytest.fixture
def few_files(run_folder):
    """A disk with room for bytes and for hardly any file."""
    with disk(run_folder, "size=16m,nr_inodes=64") as folder:
        yield folder


def use_up_files(folder):
    fillers = folder / "fillers"
    fillers.mkdir()
    with contextlib.suppress(OSError):
        for number in range(1000):
            (fillers / str(number)).touch()
    return fillers


def test_a_full_inode_table_holds_up_only_the_start_of_an_agent(few_files, berth):
    berth.start(agent_changes={"data_dir": str(few_files / "data")})
    agent, = berth.agents
    register(berth, "sleeps", "busybox", command=SLEEP)
    stays, = run(berth, "sleeps")
    berth.wait_status(stays, "RUNNING")
    before = lives(agent, stays)
    fillers = use_up_files(few_files)
    new, = run(berth, "sleeps")
    berth.wait_status(new, "RUNNING")
    agent.kill9()
    assert agent.start().wait() == 1, "its unit starts it again"
    assert "No space left on device" in agent.tail(3)
    assert lives(agent, stays) == before
    shutil.rmtree(fillers)
    agent.start_joined()
    assert berth.task(new)["lastStatus"] == "RUNNING" and lives(agent, stays) == before


def only_active(berth):
    arns = berth.ecs.list_container_instances(status="ACTIVE")["containerInstanceArns"]
    return arns[0] if len(arns) == 1 else None


@both
@pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "forgotten"])
def test_an_agent_that_was_deregistered_while_it_was_down_registers_anew_at_once(berth, tasks, remembered):
    agent, = berth.agents
    old = agent.instance_arn
    agent.kill9()
    berth.ecs.deregister_container_instance(containerInstance=old, force=True)
    if not remembered:
        remove_files(agent)
    agent.instance_arn = None
    agent.start_joined(seconds=10)
    assert agent.instance_arn != old and only_active(berth) == agent.instance_arn
    wait_until(lambda: not any(containers_of(agent, arn) for arn in tasks.values()), "the old containers are gone")
    new, = run(berth, "page")
    berth.wait_status(new, "RUNNING")


def test_an_agent_whose_controller_lost_everything_registers_anew(berth, tasks):
    agent, = berth.agents
    old = agent.instance_arn
    berth.controller.kill9()
    for path in berth.controller.data_dir.glob("state.db*"):
        path.unlink()
    berth.controller.start()
    berth.ecs.create_cluster(clusterName="default")
    wait_until(lambda: only_active(berth) not in (None, old), "the agent registers anew", 40)
    agent.instance_arn = only_active(berth)
    wait_until(lambda: not any(containers_of(agent, arn) for arn in tasks.values()), "the old containers are gone")
    register(berth, "page", "httpd")
    new, = wait_until(lambda: berth.ecs.run_task(taskDefinition="page")["tasks"], "a task finds a place")
    berth.wait_status(new["taskArn"], "RUNNING")
