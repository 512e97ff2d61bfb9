"""Commands that change something: tasks, services, deployments, files."""

import json
import os
import pty
import signal
import subprocess

from conftest import CONTAINER, golden
from support.berth import binary

COMPOSE = """\
services:
  web:
    image: web:${TAG:-1}
    ports: ["8080:80"]
    depends_on: [db]
  db: {image: "db:1"}
  side: {image: "side:1", deploy: {replicas: 2}}
"""


def id_of(arn):
    return arn.rpartition("/")[2]


def serve(cluster, name="front", **more):
    return cluster.api("CreateService", {"cluster": cluster.name, "serviceName": name, "desiredCount": 0,
                                         "taskDefinition": "web", **more})["service"]


def test_tasks_are_run_with_variables_and_commands_and_waited_for(cluster, tmp_path):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    run = subprocess.Popen([binary("berth"), "run", "web", "-e", "A=1", "--wait", "--command", "say", "hello"],
                           env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    task = run.stdout.readline().strip()
    agent.next_task()
    override = cluster.api("DescribeTasks", {"cluster": cluster.name, "tasks": [task]})["tasks"][0]["overrides"]
    assert override["containerOverrides"] == [
        {"name": "app", "command": ["say", "hello"], "environment": [{"name": "A", "value": "1"}]}]
    agent.report(task, "RUNNING")
    said = run.communicate(timeout=20)[1]
    assert run.returncode == 0 and "RUNNING" in said, said
    assert cluster.berth("run", "web", "--count", "12").count("\n") == 12
    definition = tmp_path / "hello.yaml"
    definition.write_text("family: filed\ncontainerDefinitions: [{name: app, image: 'x:1', memory: 8}]\n")
    assert len(cluster.berth("run", str(definition)).strip()) == 32
    cluster.berth("run", str(definition))
    assert "filed:1" in cluster.berth("ps", "--family", "filed"), "the same file makes no other revision"
    assert "NAME=VALUE" in cluster.berth("run", "web", "-e", "A", code=2)
    definition.write_text("serviceName: web")
    assert "no task definition" in cluster.berth("run", str(definition), code=2)


def test_a_task_that_fails_while_it_is_waited_for_is_a_failure(cluster):
    agent = cluster.agent("rack-a")
    cluster.define("web")
    run = subprocess.Popen([binary("berth"), "run", "web", "--wait=stopped"], env=cluster.environment,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    task = run.stdout.readline().strip()
    agent.next_task()
    agent.report(task, "STOPPED", reason="Essential container in task exited",
                 containers=[{"containerName": "app", "status": "STOPPED", "exitCode": 3}])
    said = run.communicate(timeout=20)[1]
    assert run.returncode == 1 and "app exit 3" in said, said


def test_what_finds_no_place_says_so(cluster):
    cluster.agent("rack-a")
    cluster.define("huge", memory=10**6)
    golden("run-unplaced", cluster.berth("run", "huge", code=1))


def test_tasks_are_stopped_by_the_beginning_of_their_ids(cluster):
    cluster.agent("rack-a")
    cluster.define("web")
    task = id_of(cluster.run("web"))
    cluster.berth("stop", task[:-2], "--reason", "enough")
    assert "enough" in cluster.berth("why", task)
    assert "there is no task" in cluster.berth("stop", "ffff", code=1)


def test_services_are_scaled(cluster):
    cluster.define("web")
    serve(cluster)
    golden("scale", cluster.berth("scale", "front=3"))
    assert "SERVICE=NUMBER" in cluster.berth("scale", "front", code=2)
    assert cluster.api("DescribeServices", {"cluster": cluster.name, "services": ["front"]})[
        "services"][0]["desiredCount"] == 3


def test_deploy_makes_a_revision_with_the_image(cluster):
    cluster.define("web")
    serve(cluster)
    golden("deploy-detached", cluster.berth("deploy", "front", "--image", "registry/app:2", "--detach"))
    service = cluster.api("DescribeServices", {"cluster": cluster.name, "services": ["front"]})["services"][0]
    definition = cluster.api("DescribeTaskDefinition", {"taskDefinition": service["taskDefinition"]})["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"] == "registry/app:2"
    assert {key: definition["containerDefinitions"][0][key] for key in ("cpu", "memory", "name")} == {
        key: CONTAINER[key] for key in ("cpu", "memory", "name")}
    assert "deploy what?" in cluster.berth("deploy", "front", code=2)
    assert "no container 'side'" in cluster.berth("deploy", "front", "--image", "side=x:1", code=2)
    assert "--timeout 'soon'" in cluster.berth("deploy", "front", "--force", "--timeout", "soon", code=2)


def test_a_deployment_that_is_interrupted_goes_on(cluster):
    cluster.define("web")
    serve(cluster, desiredCount=1)
    terminal, own = pty.openpty()
    deploy = subprocess.Popen([binary("berth"), "deploy", "front", "--force"], env=cluster.environment, text=True,
                              stdout=own, stderr=subprocess.PIPE, start_new_session=True)
    os.close(own)
    seen = b""
    while b"PRIMARY" not in seen:
        seen += os.read(terminal, 4096)
    deploy.send_signal(signal.SIGINT)
    said = deploy.communicate(timeout=20)[1]
    os.close(terminal)
    assert deploy.returncode == 130 and "goes on" in said, said


def test_rollback_without_a_former_deployment_says_what_to_do(cluster):
    cluster.define("web")
    serve(cluster, desiredCount=1)
    said = cluster.berth("rollback", "front", code=2)
    assert "roll back to" in said


def test_a_compose_file_goes_up_and_down(cluster, tmp_path):
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    golden("up-dry-run", cluster.berth("up", str(file), "--project", cluster.name, "--dry-run").replace(
        cluster.name + "-", "c1-"))
    first = cluster.berth("up", str(file), "--project", cluster.name)
    assert f"service {cluster.name}-web created" in first and f"service {cluster.name}-side created" in first
    again = cluster.berth("up", str(file), "--project", cluster.name)
    assert f"{cluster.name}-web:1" in again and "updated" in again, "the same file makes no other revision"
    assert f"{cluster.name}-web:2" in cluster.berth("up", str(file), "--project", cluster.name, TAG="2")
    assert json.loads(cluster.berth("services", "--json"))["services"][0]["status"] == "ACTIVE"
    cluster.berth("down", str(file), "--project", cluster.name)
    assert cluster.berth("services").count("\n") == 1
    file.write_text("services: {web: {build: .}}")
    said = cluster.berth("up", str(file), "--project", "p", code=2)
    assert "services.web.build" in said and "nothing was changed" in said


def test_a_service_file_brings_its_definition(cluster, tmp_path):
    file = tmp_path / "service.json"
    file.write_text(json.dumps({"serviceName": "front", "desiredCount": 0,
                                "taskDefinition": {"family": "own", "containerDefinitions": [CONTAINER]}}))
    assert "service front created: own:1" in cluster.berth("up", str(file))
    assert "service front updated: own:1" in cluster.berth("up", str(file))
    assert "service front deleted" in cluster.berth("down", str(file))
    file.write_text("{}")
    assert "neither a Compose file" in cluster.berth("up", str(file), code=2)
