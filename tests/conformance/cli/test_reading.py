"""What is printed of what is there: tables, JSON, reasons, changes."""

import json
import re
import subprocess
import time

from client import Api
from conftest import Cluster, golden
from support.berth import Controller, binary


def id_of(arn):
    return arn.rpartition("/")[2]


def test_tasks_are_a_table_with_their_state_place_and_ports(cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web", portMappings=[{"containerPort": 80}])
    running = cluster.run("web")
    agent.next_task()
    agent.report(running, "RUNNING", containers=[{"containerName": "app", "status": "RUNNING", "networkBindings": [
        {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"},
        {"bindIP": "::", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"}]}])
    stopped = cluster.run("web")
    agent.report(stopped, "STOPPED", reason="Essential container in task exited",
                 containers=[{"containerName": "app", "status": "STOPPED", "exitCode": 3}])
    cluster.run("web")
    golden("ps", cluster.berth("ps"))
    golden("ps-all", cluster.berth("ps", "-a"))
    assert cluster.berth("ps", "--family", "other").count("\n") == 1
    assert [task["lastStatus"] for task in json.loads(cluster.berth("ps", "--json"))["tasks"]] == ["RUNNING", "PENDING"]


def test_nodes_show_what_is_taken_and_draining_ones_say_so(cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    cluster.run("web")
    cluster.agent("rack-b")
    golden("nodes", cluster.berth("nodes"))
    golden("drain", cluster.berth("drain", "rack-a"))
    assert "DRAINING" in cluster.berth("nodes")
    assert cluster.berth("drain", id_of(agent.instance)[:14], "--undo").split()[1] == "ACTIVE,"
    assert "it may be" not in cluster.berth("drain", "rack-", code=2)


def test_services_are_listed_beyond_ten(cluster):
    cluster.define("web")
    for number in range(12):
        cluster.api("CreateService", {"cluster": cluster.name, "serviceName": f"s{number:02}", "taskDefinition": "web",
                                      "desiredCount": 0})
    assert cluster.berth("services").count("\n") == 13
    # A controller that has nothing to start is done at once, or says so later; that is as wide as it is.
    golden("services", re.sub(" +", " ", re.sub("IN_PROGRESS|COMPLETED", "STATE", cluster.berth("services"))))


def test_why_tells_of_tasks_services_nodes_and_placements(cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    task = cluster.run("web")
    golden("why-task", cluster.berth("why", id_of(task)))
    golden("why-node", cluster.berth("why", "rack-a"))
    golden("why-placement", cluster.berth("why", "web"))
    cluster.define("huge", memory=10**6)
    golden("why-unplaceable", cluster.berth("why", "huge"))
    cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "front", "taskDefinition": "web",
                                  "desiredCount": 0})
    said = cluster.berth("why", "fro")
    assert said.startswith("service front is ACTIVE: desired 0, running 0, pending 0\ndeployment ecs-svc/"), said
    assert "waits for" not in said
    cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "back", "taskDefinition": "web",
                                  "desiredCount": 1})
    assert "\nwaits for 1 task to run, since 20" in cluster.berth("why", "back")
    why = json.loads(cluster.berth("why", "back", "--json"))["why"]
    assert why["tasks"]["PENDING"] == 1 and why["rollout"]["state"] == "IN_PROGRESS"
    agent.report(task, "STOPPED", reason="It ended.")
    assert "TaskStopped" in cluster.berth("why", id_of(task))
    golden("why-nothing", cluster.berth("why", "nothing", code=1))


def test_a_prefix_of_several_tasks_names_them(cluster):
    cluster.agent()
    cluster.define("web")
    tasks = {id_of(cluster.run("web")), id_of(cluster.run("web"))}
    said = cluster.berth("why", next(iter(tasks))[:2], "--as", "task", code=2)
    assert all(one in said for one in tasks), said
    for one in tasks:
        assert one in cluster.berth("why", one[:-4])


def test_events_are_those_kept_and_then_what_comes(cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    task = cluster.run("web")
    golden("events", cluster.berth("events", "--type", "task"))
    follower = subprocess.Popen([binary("berth"), "events", "-f", "--type", "task", "--after", "0"],
                                env=cluster.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert "web:" in follower.stdout.readline()
        agent.report(task, "RUNNING")
        assert "RUNNING" in follower.stdout.readline()
    finally:
        follower.kill()
        follower.wait()


def test_events_go_on_after_a_restart_of_the_controller(api, tmp_path):
    own = Controller(tmp_path / "controller")
    own.start()
    cluster = Cluster(own, Api(own))
    follower = subprocess.Popen([binary("berth"), "events", "-f", "--type", "node"], env=cluster.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        own.stop()
        assert "the stream ended" in follower.stderr.readline()
        own.start()
        assert "connected again" in follower.stderr.readline()
        agent = cluster.agent("rack-a")
        assert "rack-a" in follower.stdout.readline()
        agent.close()
    finally:
        follower.kill()
        follower.wait()
        own.stop()


def test_a_wrong_key_cluster_or_address_says_what_to_do(cluster):
    golden("no-cluster", cluster.berth("ps", "--cluster", "nowhere", code=1))
    golden("no-controller", cluster.berth("ps", "--endpoint", "http://127.0.0.1:1", code=1))
    golden("wrong-key", cluster.berth("ps", code=1, AWS_ACCESS_KEY_ID="AKIANOBODY", AWS_SECRET_ACCESS_KEY="secret"))
    golden("no-profile", cluster.berth("ps", "--profile", "defualt", code=2))
    assert cluster.berth("pss", code=2)


def test_the_first_byte_is_sent_soon(cluster):
    """Not a budget of the test run, whose machine is busy: only far from a second."""
    began = time.monotonic()
    cluster.berth("ps")
    assert time.monotonic() - began < 1
