"""boto3's waiters and retries, and Debian's aws CLI."""

import boto3
import botocore.config
import botocore.exceptions
import pytest

from support.berth import REGION

AT_ONCE = {"Delay": 0, "MaxAttempts": 5}


def wait(api, name, at, change, **members):
    """Runs a waiter, and `change` just before its `at`th call. The number of calls that it made."""
    waiter = api.ecs.get_waiter(name)
    calls = []

    def called(**_):
        calls.append(None)
        if len(calls) == at:
            change()

    event = "before-call.ecs." + ("DescribeTasks" if name.startswith("tasks") else "DescribeServices")
    api.ecs.meta.events.register(event, called)
    try:
        waiter.wait(**members, WaiterConfig=AT_ONCE)
    finally:
        api.ecs.meta.events.unregister(event, called)
    return len(calls)


def gives_up(api, name, **members):
    """Why a waiter fails."""
    with pytest.raises(botocore.exceptions.WaiterError) as failure:
        wait(api, name, 0, None, **members)
    return str(failure.value)


def test_the_waiter_for_running_tasks(api, world):
    task = world.task
    assert world.agent.next_task() == (task, "RUNNING")
    assert wait(api, "tasks_running", 3, lambda: world.agent.report(task, "RUNNING"), cluster=world.cluster,
                tasks=[task]) == 3
    world.agent.report(task, "STOPPED")
    assert "STOPPED" in gives_up(api, "tasks_running", cluster=world.cluster, tasks=[task])
    assert "MISSING" in gives_up(api, "tasks_running", cluster=world.cluster, tasks=["0" * 32])


def test_the_waiter_for_stopped_tasks(api, world):
    task = world.running_task
    assert "Max attempts" in gives_up(api, "tasks_stopped", cluster=world.cluster, tasks=[task])
    api("StopTask", {"cluster": world.cluster, "task": task})
    assert wait(api, "tasks_stopped", 2, lambda: world.agent.report(task, "STOPPED"), cluster=world.cluster,
                tasks=[task]) == 2


def test_the_waiter_for_stable_services(api, world):
    of = {"cluster": world.cluster, "services": [world.scaled_service]}
    assert "Max attempts" in gives_up(api, "services_stable", **of)
    assert wait(api, "services_stable", 2, lambda: api("UpdateService", {
        "cluster": world.cluster, "service": world.scaled_service, "desiredCount": 0}), **of) == 2
    assert "INACTIVE" in gives_up(api, "services_stable", cluster=world.cluster, services=[world.inactive_service])
    assert "MISSING" in gives_up(api, "services_stable", cluster=world.cluster, services=["none"])


def test_the_waiter_for_inactive_services(api, world):
    of = {"cluster": world.cluster, "services": [world.service]}
    assert wait(api, "services_inactive", 2, lambda: api("DeleteService", {
        "cluster": world.cluster, "service": world.service}), **of) == 2
    assert "MISSING" in gives_up(api, "services_inactive", cluster=world.cluster, services=["none"])


def test_equal_calls_of_one_second_are_repeated_by_boto3_itself(api, world):
    ecs = boto3.client("ecs", endpoint_url=f"http://127.0.0.1:{api.port}", region_name=REGION,
                       aws_access_key_id=api.key.key_id, aws_secret_access_key=api.key.secret,
                       config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 8}))
    for _ in range(2):
        ecs.create_cluster(clusterName=world.new)
    assert ecs.describe_clusters(clusters=[world.new])["clusters"][0]["status"] == "ACTIVE"


def test_the_aws_cli_runs_a_task_waits_for_its_end_and_lists_all_pages(api, world, controller):
    cluster = ["--cluster", world.cluster]
    assert world.instance
    task = controller.aws("ecs", "run-task", *cluster, "--task-definition", world.definition)["tasks"][0]["taskArn"]
    world.agent.report(task, "STOPPED", reason="It ended.")
    assert controller.aws("ecs", "wait", "tasks-stopped", *cluster, "--tasks", task) is None
    shown = controller.aws("ecs", "describe-tasks", *cluster, "--tasks", task)["tasks"][0]
    assert (shown["stopCode"], shown["stoppedReason"]) == ("TaskFailedToStart", "It ended.")
    more = {api("StartTask", {"cluster": world.cluster, "taskDefinition": world.definition,
                              "containerInstances": [world.instance]})["tasks"][0]["taskArn"] for _ in range(3)}
    assert set(controller.aws("ecs", "list-tasks", *cluster, "--page-size", "1")["taskArns"]) == more


def test_the_aws_cli_shows_an_error_by_its_name(world, controller):
    done = controller.aws("ecs", "delete-service", "--cluster", world.cluster, "--service", "none", check=False)
    assert done.returncode == 254
    said = done.stderr.strip()
    assert said.startswith("An error occurred (ServiceNotFoundException) when calling the DeleteService operation")
    assert said.endswith(": Service not found.")
