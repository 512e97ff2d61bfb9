"""Taking a host out of service: by hand, before a shutdown, and when EC2 takes a spot instance back."""

import http.server
import json
import sqlite3
import subprocess
import threading
import time

import pytest

from support.berth import binary
from support.runtimes import both
from support.tasks import containers_of, register, run
from support.waiting import wait_until

SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']
STUBBORN = ["/bin/sh", "-c", 'trap "" TERM; sleep 86400']
ACTION = {"action": "terminate", "time": "2026-11-27T10:00:00Z"}


def command(agent, *arguments, **options):
    """A one-shot command beside the running agent, by the same settings."""
    return subprocess.run([binary("berth-agent"), "--config", agent.config, *arguments], capture_output=True, text=True,
                          timeout=100, check=False, **options)


def described(berth, agent):
    return berth.ecs.describe_container_instances(containerInstances=[agent.instance_arn])["containerInstances"][0]


def status(berth, agent):
    return described(berth, agent)["status"]


def refusals(berth, family):
    answer = berth.controller.call("RunTask", taskDefinition=family, count=1)
    return [one["reason"] for one in answer["failures"]]


@pytest.fixture
def one(berth):
    berth.start(agents=1)
    return berth


def test_a_drained_host_keeps_its_task_takes_no_new_one_and_comes_back(one):
    agent = one.agents[0]
    register(one, "sleeper", "busybox", command=SLEEP)
    task = run(one, "sleeper")[0]
    one.wait_status(task, "RUNNING")

    done = command(agent, "--drain")
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout == f"{agent.instance_arn} in default is DRAINING\n"
    assert status(one, agent) == "DRAINING" and refusals(one, "sleeper") == ["INACTIVE"]
    assert one.task(task)["lastStatus"] == "RUNNING"
    assert containers_of(agent, task)[0]["State"]["Running"]

    # A host that restarts stays as it is.
    agent.stop()
    agent.start()
    wait_until(lambda: described(one, agent)["agentConnected"], "the agent is back")
    assert status(one, agent) == "DRAINING"

    done = command(agent, "--activate")
    assert done.returncode == 0 and status(one, agent) == "ACTIVE", done
    one.wait_status(run(one, "sleeper")[0], "RUNNING")


@both
def test_stopping_its_tasks_takes_no_longer_than_they_are_given(one):
    agent = one.agents[0]
    register(one, "sleeper", "busybox", command=SLEEP)
    register(one, "stubborn", "busybox", command=STUBBORN, stopTimeout=3)
    tasks = run(one, "sleeper", 2) + run(one, "stubborn")
    for task in tasks:
        one.wait_status(task, "RUNNING")
    began = time.monotonic()
    done = command(agent, "--drain", "--stop-tasks", "--timeout", "30s", "--reason", "the rack moves")
    assert done.returncode == 0, done
    assert 3 <= time.monotonic() - began < 15
    assert done.stdout.splitlines()[-1] == "no task runs on this host"
    assert all(f"stopping {task}" in done.stdout and f"{task} has stopped" in done.stdout for task in tasks)
    ended = [one.wait_status(task, "STOPPED") for task in tasks]
    assert {task["stoppedReason"] for task in ended} == {"the rack moves"}
    assert [task["containers"][0]["exitCode"] for task in ended] == [7, 7, 137]
    assert not [one for one in containers_of(agent) if one["State"]["Running"]]


@both
def test_the_containers_of_a_task_end_in_its_order(one):
    agent = one.agents[0]
    image = one.image("busybox")
    common = {"image": image, "memory": 16, "command": SLEEP}
    one.ecs.register_task_definition(family="pair", containerDefinitions=[
        {"name": "base", **common},
        {"name": "app", **common, "dependsOn": [{"containerName": "base", "condition": "START"}]}])
    task = run(one, "pair")[0]
    one.wait_status(task, "RUNNING")
    assert command(agent, "--drain", "--stop-tasks").returncode == 0
    label = "com.amazonaws.ecs.container-name"
    ended = {each["Config"]["Labels"][label]: each["State"]["FinishedAt"] for each in containers_of(agent, task)}
    assert ended["app"] < ended["base"]


def test_what_does_not_end_in_time_is_named(one):
    agent = one.agents[0]
    register(one, "stubborn", "busybox", command=STUBBORN, stopTimeout=60)
    task = run(one, "stubborn")[0]
    one.wait_status(task, "RUNNING")
    done = command(agent, "--drain", "--stop-tasks", "--timeout", "2s")
    assert done.returncode == 1 and f"after 2s these tasks still run: {task}" in done.stderr, done
    assert status(one, agent) == "DRAINING"


def test_a_controller_that_is_away_is_waited_for_and_named(one):
    agent = one.agents[0]
    arn = agent.instance_arn
    one.controller.stop()
    done = command(agent, "--drain", "--timeout", "1s")
    assert done.returncode == 1 and f"can't make {arn} DRAINING: not done within 1s" in done.stderr, done
    waiting = subprocess.Popen([binary("berth-agent"), "--config", agent.config, "--drain", "--timeout", "30s"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    one.controller.start()
    _, said = waiting.communicate(timeout=40)
    assert waiting.returncode == 0, said
    assert status(one, agent) == "DRAINING"


def test_a_shutdowns_drain_is_taken_back_and_a_persons_is_not(one):
    agent = one.agents[0]
    assert command(agent, "--drain", "--at-shutdown", "--stop-tasks").returncode == 0
    assert status(one, agent) == "DRAINING"
    assert command(agent, "--activate", "--after-shutdown").returncode == 0
    assert status(one, agent) == "ACTIVE"

    assert command(agent, "--drain").returncode == 0
    done = command(agent, "--drain", "--at-shutdown", "--stop-tasks")
    assert done.returncode == 0 and "was draining before" in done.stdout
    done = command(agent, "--activate", "--after-shutdown")
    assert done.returncode == 0 and "nothing to take back" in done.stdout
    assert status(one, agent) == "DRAINING"


def test_a_script_asks_whether_the_agent_answers_and_what_the_host_offers(one):
    agent = one.agents[0]
    assert command(agent, "-healthcheck").returncode == 0
    shown = dict((line.split("\t") + [""])[:2] for line in command(agent, "--ecs-attributes").stdout.splitlines())
    registered = {each["name"]: each.get("value", "") for each in described(one, agent)["attributes"]}
    del registered["ecs.availability-zone"]
    assert shown == registered
    agent.stop()
    done = command(agent, "--healthcheck")
    assert done.returncode == 1 and "is berth-agent running?" in done.stderr


def test_the_availability_zone_that_a_registration_is_answered_with_is_kept(one):
    agent = one.agents[0]
    agent.stop()
    with sqlite3.connect(f"file:{agent.folder}/data/state.db?mode=ro", uri=True) as store:
        rows = store.execute("SELECT value FROM entities WHERE kind='meta' AND key='availability_zone'").fetchall()
    assert rows == [("us-east-1a",)]


class Metadata(http.server.BaseHTTPRequestHandler):
    """EC2's instance metadata service, version 2."""

    action = None
    refused = 0

    def do_PUT(self):
        assert self.path == "/latest/api/token"
        self.answer(200, "the-token")

    def do_GET(self):
        if self.headers["X-aws-ec2-metadata-token"] != "the-token":
            type(self).refused += 1
            return self.answer(401, "")
        if self.path == "/latest/meta-data/spot/instance-action" and self.action:
            return self.answer(200, json.dumps(self.action))
        return self.answer(404, "")

    def answer(self, code, text):
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def test_a_spot_instance_that_is_taken_back_drains(berth):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{service.server_port}"
        berth.start(agents=1, agent_changes={"drain": {"on_spot_interruption": True},
                                             "instance_metadata": {"endpoint": endpoint}})
        agent = berth.agents[0]
        register(berth, "sleeper", "busybox", command=SLEEP)
        task = run(berth, "sleeper")[0]
        berth.wait_status(task, "RUNNING")
        assert status(berth, agent) == "ACTIVE"
        Metadata.action = ACTION
        try:
            wait_until(lambda: status(berth, agent) == "DRAINING", "the instance drains", 10)
        finally:
            Metadata.action = None
        assert berth.task(task)["lastStatus"] == "RUNNING" and Metadata.refused == 0
        said = [json.loads(line) for line in agent.log.read_text().splitlines()]
        notice = [each for each in said if each["msg"].startswith("EC2 takes this spot instance back")]
        assert [(each["level"], each["at"], each["action"]) for each in notice] == [
            ("warn", ACTION["time"], ACTION["action"])]
        service.shutdown()
