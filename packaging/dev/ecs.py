"""Waits and clean-up for ./dev run, through the ECS API: ecs.py ENDPOINT COMMAND ARGS."""

import sys
import time

import boto3
import botocore.config
import botocore.exceptions

JOIN_SECONDS = 30
RUNNING_SECONDS = 60
STOP_SECONDS = 20


def alive(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            return bool(cmdline.read())
    except OSError:
        return False


def poll(seconds, pid, what, probe):
    """Calls probe until it returns something, the process ends or the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if pid is not None and not alive(pid):
            sys.exit(f"{what}: the agent ended before")
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def wait_instance(ecs, pid):
    def connected():
        arns = ecs.list_container_instances(status="ACTIVE")["containerInstanceArns"]
        if not arns:
            return None
        found = ecs.describe_container_instances(containerInstances=arns)["containerInstances"]
        return next((one["containerInstanceArn"] for one in found if one["agentConnected"]), None)

    print(poll(JOIN_SECONDS, pid, "an ACTIVE, connected container instance", connected))


def wait_running(ecs, task_arn, pid):
    def host_port():
        task = ecs.describe_tasks(tasks=[task_arn])["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            sys.exit(f"the task stopped: {task.get('stoppedReason')}: {task['containers'][0].get('reason')}")
        bindings = task["containers"][0].get("networkBindings")
        return bindings[0]["hostPort"] if task["lastStatus"] == "RUNNING" and bindings else None

    print(poll(RUNNING_SECONDS, pid, "RUNNING, with a host port", host_port))


def all_tasks(ecs, status):
    found = []
    for page in ecs.get_paginator("list_clusters").paginate():
        for cluster in page["clusterArns"]:
            for tasks in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status):
                found += [(cluster, task) for task in tasks["taskArns"]]
    return found


def stop_all(ecs, list_file):
    """Stops every task and writes the ARN of each, stopped ones too, to list_file."""
    running = all_tasks(ecs, "RUNNING")
    with open(list_file, "w", encoding="ascii") as out:
        out.writelines(task + "\n" for _, task in running + all_tasks(ecs, "STOPPED"))
    for cluster, task in running:
        ecs.stop_task(cluster=cluster, task=task, reason="./dev run ends")

    def stopped():
        return all(
            one["lastStatus"] == "STOPPED"
            for cluster, task in running
            for one in ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        )

    poll(STOP_SECONDS, None, "every task STOPPED", stopped)


def main(endpoint, command, *arguments):
    settings = botocore.config.Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2})
    ecs = boto3.client("ecs", endpoint_url=endpoint, config=settings)
    commands = {"wait-instance": wait_instance, "wait-running": wait_running, "stop-all": stop_all}
    try:
        commands[command](ecs, *arguments)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"{command}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
