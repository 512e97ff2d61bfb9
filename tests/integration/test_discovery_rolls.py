"""A service with a name on three hosts with real Docker Engines: a client that resolves and calls every 50 ms sees no
error while it is rolled, scaled in and moved from a host, though its programs end at once on SIGTERM."""

import pytest

from support.docker import free_port
from support.name_client import NameClient
from support.tasks import containers_of, register
from support.three import three_hosts
from support.waiting import wait_until

TASKS = 4
DNS = free_port()
PORTS = "_80._tcp.web.default.berth.internal"
WEB = {"command": ["/bin/serve"], "portMappings": [{"containerPort": 80}], "healthCheck": {
    "command": ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1/"], "interval": 5, "retries": 10}}


@pytest.fixture(scope="module")
def berth(run_folder, registry):
    with three_hosts(run_folder / "named", registry, {"discovery": {"listen": f"127.0.0.1:{DNS}"}}) as one:
        define(one, "one")
        one.ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=TASKS,
                               tags=[{"key": "berth:dns", "value": "web"}])
        settled(one, TASKS)
        yield one


@pytest.fixture
def client(berth):
    with NameClient(DNS, PORTS) as one:
        wait_until(lambda: len(one.answered) > 20, "the service is called")
        yield one


def define(berth, answer):
    register(berth, "web", "busybox", environment=[{"name": "ANSWER", "value": answer}], **WEB)


def settled(berth, count, seconds=180):
    """Waits for one COMPLETED deployment with so many tasks, and no container but theirs."""
    def done():
        service = berth.ecs.describe_services(services=["web"])["services"][0]
        there = sum(one["State"]["Running"] for agent in berth.agents for one in containers_of(agent))
        return (len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
                and service["runningCount"] == count and there == count)

    wait_until(done, f"{count} tasks and no others", seconds)


def check(client, answer):
    """No call has failed, and the last ones were answered by those who are to."""
    seen = len(client.answered)
    wait_until(lambda: len(client.answered) > seen + 40, "the service is called")
    assert client.errors == []
    assert all(page.endswith(f"answer {answer}\n") for page in client.answered[-20:]), client.answered[-20:]


def test_a_client_sees_no_error_while_the_service_is_rolled(berth, client):
    define(berth, "two")
    berth.ecs.update_service(service="web", taskDefinition="web")
    settled(berth, TASKS)
    check(client, "two")


def test_a_client_sees_no_error_while_the_service_is_scaled_in(berth, client):
    berth.ecs.update_service(service="web", desiredCount=2)
    settled(berth, 2)
    check(client, "two")
    berth.ecs.update_service(service="web", desiredCount=TASKS)
    settled(berth, TASKS)


def test_a_client_sees_no_error_while_a_host_is_drained(berth, client):
    leaving = berth.agents[0]
    berth.ecs.update_container_instances_state(containerInstances=[leaving.instance_arn], status="DRAINING")
    wait_until(lambda: not [one for one in containers_of(leaving) if one["State"]["Running"]], "the host is empty", 180)
    settled(berth, TASKS)
    check(client, "two")
