"""Services on three hosts with real Docker Engines: deployed, rolled, rolled back, and a host of theirs is lost."""

import time

import pytest

from support.tasks import containers_of, register
from support.three import LOST_AFTER, SLEEP, three_hosts
from support.waiting import wait_until

REPLACE_AFTER = 2
TASKS = 3


@pytest.fixture(scope="module")
def berth(run_folder, registry):
    with three_hosts(run_folder / "services", registry, {"services": {"replace_after": f"{REPLACE_AFTER}s"}}) as one:
        register(one, "web", "busybox", command=SLEEP)
        one.ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=TASKS, deploymentConfiguration={
            "deploymentCircuitBreaker": {"enable": True, "rollback": True}})
        yield one


def described(berth):
    return berth.ecs.describe_services(services=["web"])["services"][0]


def settled(berth, seconds=30):
    """Waits for one deployment, COMPLETED, with all of its tasks, and answers the service."""
    def one():
        service = described(berth)
        first = service["deployments"][0]
        done = len(service["deployments"]) == 1 and first["rolloutState"] == "COMPLETED"
        return service if done and service["runningCount"] == TASKS else None

    return wait_until(one, "the service is settled", seconds)


def tasks(berth):
    arns = berth.ecs.list_tasks(serviceName="web")["taskArns"]
    return {task["taskArn"]: task for task in berth.ecs.describe_tasks(tasks=arns)["tasks"]}


def running(berth):
    """{task: the index of the host where Docker runs it}"""
    return {one["Config"]["Labels"]["com.amazonaws.ecs.task-arn"]: number for number, agent in enumerate(berth.agents)
            for one in containers_of(agent) if one["State"]["Running"]}


def messages(berth):
    return [event["message"] for event in described(berth)["events"]]


def test_a_service_runs_on_all_hosts_and_is_rolled_in_seconds(berth):
    settled(berth)
    before = tasks(berth)
    assert sorted(running(berth).values()) == [0, 1, 2] and set(running(berth)) == set(before)
    register(berth, "web", "busybox", command=SLEEP, environment=[{"name": "ROUND", "value": "2"}])
    begun = time.monotonic()
    berth.ecs.update_service(service="web", taskDefinition="web")
    service = settled(berth)
    took = time.monotonic() - begun
    print(f"rolled in {took:.1f} s")
    assert took < 15
    assert service["taskDefinition"].endswith("web:2")
    assert not set(before) & set(tasks(berth))
    wait_until(lambda: set(running(berth)) == set(tasks(berth)), "the old containers have ended")
    assert messages(berth)[0] == "(service web) has reached a steady state."


def starting_seconds(task):
    """From when a task was made to when its container ran."""
    return (task["startedAt"] - task["createdAt"]).total_seconds()


def test_ten_tasks_are_rolled_within_ten_seconds_and_the_start_of_their_containers(berth):
    """On ECS the defaults alone cost minutes."""
    def ten():
        service = berth.ecs.describe_services(services=["ten"])["services"][0]
        done = len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
        return done and service["runningCount"] == 10

    def its_tasks():
        arns = berth.ecs.list_tasks(serviceName="ten")["taskArns"]
        return {task["taskArn"]: task for task in berth.ecs.describe_tasks(tasks=arns)["tasks"]}

    register(berth, "ten", "busybox", command=SLEEP)
    berth.ecs.create_service(serviceName="ten", taskDefinition="ten", desiredCount=10)
    try:
        wait_until(ten, "the service is there", 60)
        before = its_tasks()
        register(berth, "ten", "busybox", command=SLEEP, environment=[{"name": "ROUND", "value": "2"}])
        begun = time.monotonic()
        berth.ecs.update_service(service="ten", taskDefinition="ten")
        wait_until(ten, "the service is rolled", 60)
        took = time.monotonic() - begun
        after = its_tasks()
        slowest = max(map(starting_seconds, after.values()))
        print(f"10 tasks on 3 hosts rolled in {took:.1f} s; their containers started within {slowest:.1f} s")
        assert not set(before) & set(after) and len(after) == 10
        assert took < 10 + slowest
    finally:
        berth.ecs.delete_service(service="ten", force=True)
        wait_until(lambda: set(running(berth)) == set(tasks(berth)), "its containers have ended", 60)


def test_a_roll_goes_on_as_soon_as_health_checks_say_so(berth):
    register(berth, "web", "busybox", command=SLEEP, healthCheck={"command": ["CMD-SHELL", "true"], "interval": 5})
    begun = time.monotonic()
    berth.ecs.update_service(service="web", taskDefinition="web")
    settled(berth)
    took = time.monotonic() - begun
    print(f"rolled with health checks in {took:.1f} s")
    # Docker checks for the first time after an interval; telemetry alone goes out each 20 s.
    assert took < 15
    assert all(task["healthStatus"] == "HEALTHY" for task in tasks(berth).values())


def test_a_revision_that_crashes_is_rolled_back(berth):
    before = set(tasks(berth))
    register(berth, "web", "busybox", command=["/bin/sh", "-c", "echo no such file >&2; exit 3"])
    begun = time.monotonic()
    berth.ecs.update_service(service="web", taskDefinition="web")
    wait_until(lambda: any("rolling back" in message for message in messages(berth)), "it is rolled back")
    print(f"rolled back after {time.monotonic() - begun:.1f} s")
    service = settled(berth)
    assert service["taskDefinition"].endswith("web:3")
    assert set(tasks(berth)) == before
    told = "failed: container app exited with code 3. Its last lines: no such file."
    assert any(told in message for message in messages(berth)), messages(berth)


def test_the_tasks_of_a_lost_host_run_elsewhere_and_end_there_when_it_returns(berth):
    lost, host = berth.agents[0], berth.hosts[0]
    gone = {arn for arn, number in running(berth).items() if number == 0}
    begun = time.monotonic()
    host.cut()
    try:
        def replaced():
            return [task for task in tasks(berth).values() if task["lastStatus"] == "RUNNING"
                    and task["containerInstanceArn"] != lost.instance_arn]

        wait_until(lambda: len(replaced()) == TASKS, "the tasks run elsewhere", 30)
        took = time.monotonic() - begun
        print(f"replaced after {took:.1f} s")
        assert took < LOST_AFTER + REPLACE_AFTER + 10
        assert gone <= set(running(berth))
    finally:
        host.mend()
    wait_until(lambda: set(running(berth)) == set(tasks(berth)), "what was replaced has ended", 60)
    assert not gone & set(running(berth))
