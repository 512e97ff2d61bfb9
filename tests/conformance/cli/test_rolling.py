"""A deployment on a controller that rolls services, with an agent by hand: `berth deploy` to its end."""

import subprocess

import pytest

from support.berth import binary


@pytest.fixture
def rolls():
    """A controller that only stores services has nothing to watch."""
    printed = subprocess.run([binary("berth-controller"), "--describe-operations"], capture_output=True, text=True,
                             check=True, timeout=20).stdout
    section = printed.partition("#### CreateService\n")[2].partition("####")[0]
    if "no tasks are started or stopped for services yet" in section:
        pytest.skip("services are stored only")


def test_deploy_watches_tasks_come_and_go_until_it_is_completed(rolls, cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "front", "desiredCount": 1,
                                  "taskDefinition": "web"})
    agent.report(agent.next_task()[0], "RUNNING")
    deploy = subprocess.Popen([binary("berth"), "deploy", "front", "--image", "registry/app:2", "--timeout", "60s"],
                              env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    task, wanted = agent.next_task()
    agent.report(task, "RUNNING")
    while wanted != "STOPPED":
        task, wanted = agent.next_task()
    agent.report(task, "STOPPED")
    out, err = deploy.communicate(timeout=90)
    assert deploy.returncode == 0, out + err
    assert "PRIMARY COMPLETED" in out
