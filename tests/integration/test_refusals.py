"""What a host can't or may not run: our controller does not ask it to, and the agent refuses others who do."""

import json
import uuid

import botocore.exceptions
import pytest

from support.local import Local
from support.runtimes import both

pytestmark = both


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry, {"privileged": {"allowed": False}}) as one:
        yield one


def define(local, **container):
    """The family of one container."""
    return local.define(f"r-{uuid.uuid4().hex[:8]}", {"name": "app", **container})


def edited(local, change):
    """The family of a plain container, in whose Docker host configuration a controller of another mind changes things."""
    family = define(local)

    def edit(task):
        docker = task["containers"][0]["dockerConfig"]
        host = json.loads(docker["hostConfig"])
        change(host)
        docker["hostConfig"] = json.dumps(host)
    local.relay.edits[family] = edit
    return family


def refused(local, capability, **container):
    """Our controller asks no agent for what it has not said it can do."""
    answer = local.berth.ecs.run_task(taskDefinition=define(local, **container))
    assert answer["tasks"] == []
    one, = answer["failures"]
    assert one["reason"] == "ATTRIBUTE"
    assert one["detail"] == f"the instance lacks the attribute com.amazonaws.ecs.capability.{capability}"


def test_awslogs_without_credentials_does_not_start_and_says_why(local):
    options = {"awslogs-region": "us-east-1", "awslogs-group": "quay", "awslogs-stream": "one"}
    refused(local, "logging-driver.awslogs", logConfiguration={"logDriver": "awslogs", "options": options})
    family = edited(local, lambda host: host.update(LogConfig={"Type": "awslogs", "Config": options}))
    app, = local.berth.task(local.run(family, until="STOPPED"))["containers"]
    assert app["reason"].startswith("CannotStartContainerError: ")
    assert "initialize logging driver" in app["reason"] and "redential" in app["reason"]


def test_what_asks_to_be_privileged_is_refused_by_the_setting_that_forbids_it(local):
    refused(local, "privileged-container", privileged=True)
    arn = local.run(edited(local, lambda host: host.update(Privileged=True)), until="STOPPED")
    assert "container app asks to be privileged, which privileged.allowed forbids on this host" \
        in local.berth.task(arn)["stoppedReason"]
    assert local.containers(arn) == {}


def test_the_network_mode_awsvpc_is_refused_by_controller_and_agent(local):
    interfaces = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    answer = local.berth.ecs.run_task(taskDefinition=local.define("awsvpc", {"name": "app"}, networkMode="awsvpc"),
                                      networkConfiguration=interfaces)
    assert answer["tasks"] == [] and answer["failures"][0]["reason"] == "ATTRIBUTE", answer
    # Another controller would send it.
    family = define(local)
    local.relay.edits[family] = lambda task: task.update(networkMode="awsvpc")
    arn = local.run(family, until="STOPPED")
    assert "networkMode awsvpc is not supported by this agent: use bridge, host or none" \
        in local.berth.task(arn)["stoppedReason"]
    assert local.containers(arn) == {}
