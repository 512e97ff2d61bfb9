"""Deployments on a controller that rolls services, with an agent by hand: `berth deploy` and `rollback` to their ends."""

import subprocess

import pytest

from support.berth import binary
from support.waiting import wait_until

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def rolls():
    """A controller that only stores services has nothing to watch."""
    printed = subprocess.run([binary("berth-controller"), "--describe-operations"], capture_output=True, text=True,
                             check=True, timeout=20).stdout
    section = printed.partition("#### CreateService\n")[2].partition("####")[0]
    if "no tasks are started or stopped for services yet" in section:
        pytest.skip("services are stored only")


class Front:
    """The service front with one task, on one node whose tasks run, or fail, as soon as they are there."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.fails = False
        self._agent = cluster.agent("rack-a")
        cluster.define("web")
        cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "front", "desiredCount": 1,
                                      "taskDefinition": "web", "deploymentConfiguration": BREAKER})
        wait_until(lambda: self._play() or "COMPLETED" in cluster.berth("services"), "the first deployment", 30)

    def _play(self):
        tasks = [task for status in ("RUNNING", "STOPPED") for task in self.cluster.api(
            "ListTasks", {"cluster": self.cluster.name, "desiredStatus": status})["taskArns"]]
        for task in tasks and self.cluster.api("DescribeTasks", {"cluster": self.cluster.name, "tasks": tasks})["tasks"]:
            waits = task["lastStatus"] == "PENDING" and task["desiredStatus"] == "RUNNING"
            if waits and self.fails:
                self._agent.report(task["taskArn"], "STOPPED", reason="Essential container in task exited", containers=[
                    {"containerName": "app", "status": "STOPPED", "exitCode": 3}])
            elif waits:
                self._agent.report(task["taskArn"], "RUNNING")
            elif task["desiredStatus"] == "STOPPED" and task["lastStatus"] != "STOPPED":
                self._agent.report(task["taskArn"], "STOPPED")

    def berth(self, *arguments, code=0):
        """What a command prints that waits for tasks."""
        command = subprocess.Popen([binary("berth"), *arguments], env=self.cluster.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until(lambda: self._play() or command.poll() is not None, f"the end of {arguments}", 60)
        said = command.communicate()[0]
        assert command.returncode == code, said
        return said


def test_deploy_rollback_and_scale_watch_tasks_come_and_go(rolls, cluster):
    front = Front(cluster)
    assert "PRIMARY COMPLETED" in front.berth("deploy", "front", "--image", "registry/app:2")
    first = cluster.berth("services").split()
    assert "PRIMARY COMPLETED" in front.berth("rollback", "front")
    assert cluster.berth("services").split() != first
    cluster.berth("deploy", "front", "--image", "registry/app:3", "--detach")
    assert "is turned back" in front.berth("rollback", "front")
    assert "front runs 3 of 3" in front.berth("scale", "front=3", "--wait")


def test_a_deployment_whose_tasks_fail_is_rolled_back_and_ends_with_1(rolls, cluster):
    front = Front(cluster)
    front.fails = True
    said = front.berth("deploy", "front", "--image", "registry/app:2", code=1)
    assert "exited with code 3" in said and "PRIMARY COMPLETED" in said, said
