"""Health checks on containerd: commands that the agent runs in containers."""

from support.streams import run
from support.tasks import run as run_task
from support.waiting import wait_until


def test_a_container_is_healthy_by_its_check_and_unhealthy_when_that_fails(berth, containerd):
    berth.start(agent_changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}})
    check = {"command": ["CMD-SHELL", "test -s /tmp/ok || { echo nothing there; exit 7; }"], "interval": 5, "timeout": 2,
             "retries": 2}
    common = {"image": berth.image("busybox"), "cpu": 16, "memory": 32, "stopTimeout": 2}
    berth.ecs.register_task_definition(family="checked", networkMode="host", containerDefinitions=[
        {"name": "first", "essential": True, "command": ["sh", "-c", "echo x > /tmp/ok; sleep 3600"],
         "healthCheck": check, **common},
        {"name": "second", "essential": True, "command": ["sleep", "3600"],
         "dependsOn": [{"containerName": "first", "condition": "HEALTHY"}], **common}])
    arn = run_task(berth, "checked", enableExecuteCommand=True)[0]
    task = berth.wait_status(arn, "RUNNING", seconds=40)

    def health():
        return next(one["healthStatus"] for one in berth.task(arn)["containers"] if one["name"] == "first")

    assert {one["lastStatus"] for one in task["containers"]} == {"RUNNING"}, "the second has waited for the first's health"
    wait_until(lambda: health() == "HEALTHY", "healthy")
    # The agent's restart touches nothing, and the first probe comes at once.
    berth.agents[0].kill9()
    berth.agents[0].start_joined()
    wait_until(lambda: health() == "HEALTHY", "healthy again", 20)
    assert run(berth, arn, "sh -c ': > /tmp/ok'", container="first").exit_code == 0
    wait_until(lambda: health() == "UNHEALTHY", "unhealthy", 30)
    assert run(berth, arn, "sh -c 'echo x > /tmp/ok'", container="first").exit_code == 0
    wait_until(lambda: health() == "HEALTHY", "well again", 20)
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
