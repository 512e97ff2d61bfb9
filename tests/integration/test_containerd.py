"""Tasks on containerd, by the whole agent: what outlives whom, and what is refused."""

import os

from support.tasks import run, run_to_end


def runtime(containerd):
    return {"runtime": containerd.settings}


def pids(containerd):
    """The process of each running task."""
    rows = [line.split() for line in containerd.ctr("tasks", "ls").stdout.splitlines()[1:]]
    return {row[0]: int(row[1]) for row in rows if row[2] == "RUNNING"}


def define(berth, family, image, **container):
    berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image(image), "essential": True, "cpu": 16, "memory": 32, **container}])


def test_tasks_on_containerd_run_to_their_end_and_outlive_the_agent_and_containerd(berth, containerd):
    berth.start(agent_changes=runtime(containerd))
    agent = berth.agents[0]
    define(berth, "ends", "exit3")
    ended = berth.wait_status(run(berth, "ends")[0], "STOPPED")
    assert ended["containers"][0]["exitCode"] == 3, ended

    define(berth, "stays", "sleeper")
    arn = run(berth, "stays")[0]
    berth.wait_status(arn, "RUNNING")
    before = pids(containerd)
    assert len(before) == 1

    agent.kill9()
    agent.start_joined()
    assert pids(containerd) == before
    assert berth.task(arn)["lastStatus"] == "RUNNING"

    containerd.program.kill9()
    containerd.start()
    assert pids(containerd) == before
    # One that ends while neither is there is told all the same.
    define(berth, "later", "busybox", command=["sh", "-c", "sleep 86400; exit 9"])
    late = run(berth, "later")[0]
    berth.wait_status(late, "RUNNING")
    process = (set(pids(containerd).values()) - set(before.values())).pop()
    agent.kill9()
    containerd.program.kill9()
    os.kill(child_of(process), 9)
    containerd.start()
    agent.start_joined()
    assert berth.wait_status(late, "STOPPED")["containers"][0]["exitCode"] == 9
    assert berth.task(arn)["lastStatus"] == "RUNNING" and pids(containerd) == before

    berth.ecs.stop_task(cluster="default", task=arn, reason="enough")
    assert berth.wait_status(arn, "STOPPED")["containers"][0]["exitCode"] == 0
    assert pids(containerd) == {}


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def test_what_containerd_can_not_do_yet_stops_the_task_with_its_name(berth, containerd):
    berth.start(agent_changes=runtime(containerd))
    task, container = run_to_end(berth, "exit3", logConfiguration={"logDriver": "json-file", "options": {"tag": "x"}})
    assert "log option tag is not supported by the containerd runtime" in container["reason"], task
