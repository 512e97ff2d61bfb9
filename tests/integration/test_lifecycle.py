"""The life of tasks as users of the `aws` CLI see it, on real containers."""

import json
import pathlib

import botocore.exceptions
import pytest

from support.docker import free_port
from support.kernel import group_of
from support.runtimes import both
from support.tasks import containers_of, host_port, page, register, run, run_to_end
from support.waiting import wait_until

pytestmark = both


def exec_in(berth, container, *command):
    return berth.agents[0].engine.execute(container["runtimeId"], *command).stdout


def test_ten_tasks_run_serve_their_pages_and_stop_for_the_reason_given(berth):
    berth.start(agents=0)
    made = berth.aws("ecs", "create-cluster", "--cluster-name", "harbour")["cluster"]
    assert made["status"] == "ACTIVE" and made["clusterArn"].endswith(":cluster/harbour")
    berth.add_agent("harbour")
    definition = berth.folder / "web.json"
    definition.write_text(json.dumps({"family": "web", "containerDefinitions": [{
        "name": "app", "image": berth.image("httpd"), "cpu": 16, "memory": 32, "essential": True,
        "environment": [{"name": "ANSWER", "value": "42"}],
        "portMappings": [{"containerPort": 80, "hostPort": 0}]}]}))
    registered = berth.aws("ecs", "register-task-definition", "--cli-input-json", f"file://{definition}")
    assert registered["taskDefinition"]["taskDefinitionArn"].endswith(":task-definition/web:1")

    answer = berth.aws("ecs", "run-task", "--cluster", "harbour", "--task-definition", "web", "--count", "10")
    assert answer["failures"] == []
    arns = [task["taskArn"] for task in answer["tasks"]]
    assert len(set(arns)) == 10

    def described(status):
        tasks = berth.aws("ecs", "describe-tasks", "--cluster", "harbour", "--tasks", *arns)["tasks"]
        return tasks if all(task["lastStatus"] == status for task in tasks) else None

    tasks = wait_until(lambda: described("RUNNING"), "ten RUNNING tasks", 60)
    ports = {host_port(task) for task in tasks}
    assert len(ports) == 10
    pages = {wait_until(lambda port=port: page(port), f"the page at {port}") for port in ports}
    assert len(pages) == 10, "each container serves a page of its own"
    assert all("answer 42" in text for text in pages)
    assert sorted(berth.aws("ecs", "list-tasks", "--cluster", "harbour")["taskArns"]) == sorted(arns)

    for arn in arns:
        stopped = berth.aws("ecs", "stop-task", "--cluster", "harbour", "--task", arn,
                            "--reason", "seen enough")["task"]
        assert stopped["desiredStatus"] == "STOPPED"
    for task in wait_until(lambda: described("STOPPED"), "ten STOPPED tasks", 60):
        assert task["stopCode"] == "UserInitiated"
        assert task["stoppedReason"] == "seen enough"
        assert task["containers"][0]["exitCode"] == 0
        assert task["stoppedAt"] and task["executionStoppedAt"] and task["startedAt"] and task["pullStartedAt"]
    assert not [port for port in ports if page(port)]
    assert berth.aws("ecs", "list-tasks", "--cluster", "harbour")["taskArns"] == []
    assert not berth.agents[0].engine.containers(running_only=True)


def test_a_task_that_cannot_start_or_fails_ends_with_the_reason_users_know(berth):
    berth.start()

    task, container = run_to_end(berth, berth.image("missing"))
    assert task["stopCode"] == "TaskFailedToStart"
    assert container["reason"].startswith("CannotPullContainerError: ")
    assert "startedAt" not in task

    task, container = run_to_end(berth, "busybox", command=["/bin/no-such-program"])
    assert task["stopCode"] == "TaskFailedToStart"
    assert container["reason"].startswith("CannotStartContainerError: ")
    assert "/bin/no-such-program" in container["reason"]

    task, container = run_to_end(berth, "exit3")
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["stoppedReason"] == "Essential container in task exited"
    assert container["exitCode"] == 3

    task, container = run_to_end(berth, "busybox", memory=32,
                                 command=["/bin/sh", "-c", "x=a; while true; do x=$x$x; done"])
    assert task["stopCode"] == "EssentialContainerExited"
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_task_too_big_for_every_instance_is_a_failure_that_names_the_resource(berth):
    berth.start()
    register(berth, "too-big", "sleeper", memory=1 << 30)
    register(berth, "too-busy", "sleeper", cpu=1 << 20)
    for family, resource in (("too-big", "RESOURCE:MEMORY"), ("too-busy", "RESOURCE:CPU")):
        answer = berth.ecs.run_task(taskDefinition=family)
        assert answer["tasks"] == []
        assert [failure["reason"] for failure in answer["failures"]] == [resource]
        assert answer["failures"][0]["arn"] == berth.agents[0].instance_arn


def test_without_an_instance_the_error_says_so(berth):
    berth.start(agents=0)
    register(berth, "lonely", "sleeper")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        berth.ecs.run_task(taskDefinition="lonely")
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterException"
    assert error["Message"] == "No Container Instances were found in your cluster."


def test_a_container_gets_what_its_definition_says(berth):
    berth.start()
    shared = pathlib.Path(berth.folder, "shared")
    shared.mkdir()
    (shared / "note").write_text("from the host\n")
    register(berth, "settings", "busybox", memory=48, cpu=256, entryPoint=["/bin/sh", "-c"],
             command=["echo started; cp /shared/note /tmp/note 2>/dev/null; cat /shared/note >/shared/copy; "
                      'trap "exit 0" TERM; sleep 86400 & wait $!'],
             environment=[{"name": "COLOUR", "value": "sea green"}],
             mountPoints=[{"sourceVolume": "shared", "containerPath": "/shared"}],
             logConfiguration={"logDriver": "json-file", "options": {"max-size": "1m"}},
             volumes=[{"name": "shared", "host": {"sourcePath": str(shared)}}])
    arn = run(berth, "settings")[0]
    container = berth.wait_status(arn, "RUNNING")["containers"][0]
    found, = containers_of(berth.agents[0], arn)
    assert found["Id"] == container["runtimeId"]
    pid = found["State"]["Pid"]
    argv = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    assert argv[:2] == ["/bin/sh", "-c"] and argv[2].startswith("echo started")
    assert "COLOUR=sea green" in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")
    assert int((group_of(pid, "memory") / "memory.limit_in_bytes").read_text()) == 48 * 1024 * 1024
    assert int((group_of(pid, "cpu") / "cpu.shares").read_text()) == 256
    assert found["RestartCount"] == 0
    copy = wait_until(lambda: (shared / "copy").exists() and (shared / "copy").read_text(), "the container's copy")
    assert copy == "from the host\n"
    assert wait_until(lambda: berth.agents[0].engine.output(found["Id"])[0], "a log line") == "started\n"
    assert container["imageDigest"] in berth.agents[0].engine.image_digests(berth.image("busybox"))


def test_a_fixed_host_port_is_given_once(berth):
    berth.start()
    port = free_port()
    register(berth, "fixed", "httpd", portMappings=[{"containerPort": 80, "hostPort": port}])
    arn = run(berth, "fixed")[0]
    assert host_port(berth.wait_status(arn, "RUNNING")) == port
    assert "answer none" in wait_until(lambda: page(port), "the page at the fixed port")
    second = berth.ecs.run_task(taskDefinition="fixed")
    assert second["tasks"] == []
    assert [failure["reason"] for failure in second["failures"]] == ["RESOURCE:PORTS"]

    berth.ecs.stop_task(task=arn)
    stopped = berth.wait_status(arn, "STOPPED")
    assert stopped["stoppedReason"] == "Task stopped by user"
    again = run(berth, "fixed")[0]
    assert host_port(berth.wait_status(again, "RUNNING")) == port


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_an_agent_that_starts_again_keeps_its_instance_and_leaves_the_container_alone(berth, end):
    berth.start()
    agent = berth.agents[0]
    register(berth, "steady", "sleeper")
    arn = run(berth, "steady")[0]
    berth.wait_status(arn, "RUNNING")
    before, = containers_of(agent, arn)
    instance = agent.instance_arn
    getattr(agent, end)()
    wait_until(lambda: not connected(berth), "the instance disconnected")
    assert berth.task(arn)["lastStatus"] == "RUNNING"
    agent.start_joined()
    assert berth.ecs.list_container_instances()["containerInstanceArns"] == [instance]
    after, = containers_of(agent, arn)
    for name in ("Id", "RestartCount"):
        assert after[name] == before[name]
    for name in ("StartedAt", "Pid", "Running"):
        assert after["State"][name] == before["State"][name]
    assert berth.task(arn)["lastStatus"] == "RUNNING"
    berth.ecs.stop_task(task=arn, reason="after the restart")
    assert berth.wait_status(arn, "STOPPED")["stoppedReason"] == "after the restart"


def connected(berth):
    agent = berth.agents[0]
    return berth.ecs.describe_container_instances(
        containerInstances=[agent.instance_arn])["containerInstances"][0]["agentConnected"]


def test_a_task_that_ends_while_its_agent_is_down_is_reported_when_it_is_back(berth):
    berth.start()
    agent = berth.agents[0]
    register(berth, "leaves", "sleeper")
    arn = run(berth, "leaves")[0]
    container = berth.wait_status(arn, "RUNNING")["containers"][0]
    agent.kill9()
    agent.engine.kill(container["runtimeId"])
    agent.start_joined()
    task = berth.wait_status(arn, "STOPPED")
    assert task["stopCode"] == "EssentialContainerExited"
    assert task["containers"][0]["exitCode"] == 137
