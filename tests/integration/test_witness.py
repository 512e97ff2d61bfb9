"""A witness of the protocol: the controller takes what Amazon's agent sends, as recorded in tests/data/witness."""

import json
import math
import re
import time
import urllib.parse
import uuid

import pytest

from support.shapes import assert_shape
from support.tasks import host_port, register, run
from support.waiting import wait_until
from support.wire import exchange
from support.witness import CLUSTER, DATA, Witness

MANIFEST = {"messageId": str, "clusterArn": str, "containerInstanceArn": str, "generatedAt": int, "timeline": int,
            "tasks": list}
PAYLOAD = {"messageId": str, "clusterArn": str, "containerInstanceArn": str, "generatedAt": int, "seqNum": int,
           "tasks": list}
TASK = {"arn": str, "desiredStatus": str, "family": str, "version": str, "containers": list}
TASK_OPTIONS = {"taskClusterArn": str, "zone": str, "taskDefinitionAccountId": str, "group": str, "serviceName": str,
                "overrides": str, "volumes": list, "cpu": (int, float), "memory": int, "networkMode": str,
                "elasticNetworkInterfaces": list, "associations": list, "attachments": list, "pidMode": str,
                "ipcMode": str, "launchType": str, "enableFaultInjection": bool}
CONTAINER = {"name": str, "image": str, "essential": bool, "cpu": int, "memory": int}
CONTAINER_OPTIONS = {"containerArn": str, "command": list, "entryPoint": list, "environment": dict,
                     "environmentFiles": list, "secrets": list, "portMappings": list, "mountPoints": list,
                     "volumesFrom": list, "links": list, "dependsOn": list, "startTimeout": int, "stopTimeout": int,
                     "healthCheckType": str, "restartPolicy": dict, "dockerConfig": dict, "overrides": str}
PORT = {"containerPort": int}
PORT_OPTIONS = {"hostPort": int, "protocol": str}

@pytest.fixture
def witness(berth):
    berth.start(agents=0, cluster=CLUSTER, controller_changes={"heartbeat": "1s"})
    return Witness(berth.controller)


def start_task(berth, **container):
    register(berth, "web", "httpd", portMappings=[{"containerPort": 80}],
             environment=[{"name": "ANSWER", "value": "42"}], command=["/bin/serve"], **container)
    return run(berth, "web", cluster=CLUSTER)[0]


def test_the_registration_of_amazons_agent_is_taken_and_every_attribute_comes_back(berth, witness):
    sent = json.loads((DATA / "register.http").read_text().partition("\n\n")[2])
    answer = witness.register()
    assert re.fullmatch(rf"arn:aws:ecs:us-east-1:000000000000:container-instance/{CLUSTER}/[0-9a-f]{{32}}",
                        answer["containerInstanceArn"])
    back = {one["name"]: one.get("value", "") for one in answer["attributes"]}
    for one in sent["attributes"]:
        assert back.get(one["name"]) == one.get("value", ""), one
    assert all(one.get("value") != "" for one in answer["attributes"]), "an attribute without value has no value"
    assert "ecs.availability-zone" in back
    described, = berth.ecs.describe_container_instances(
        cluster=CLUSTER, containerInstances=[witness.instance])["containerInstances"]
    assert described["status"] == "ACTIVE" and described["agentConnected"] is False
    resources = {one["name"]: one for one in described["registeredResources"]}
    assert resources["CPU"]["integerValue"] == 2048 and resources["MEMORY"]["integerValue"] == 3800
    assert sorted(resources["PORTS"]["stringSetValue"]) == ["22", "2375", "2376", "51678", "51679"]


def test_the_same_client_token_registers_once_and_a_known_instance_keeps_its_arn(berth, witness):
    token = str(uuid.uuid4())
    first = witness.call("register", client_token=token)["containerInstance"]["containerInstanceArn"]
    # The SDK signs a retry anew, one second later at the earliest: a request with the same signature is a replay.
    def repeated():
        answer = exchange(witness.port, witness.request("register", client_token=token))
        return answer.json["containerInstance"]["containerInstanceArn"] if answer.status == 200 else None
    assert wait_until(repeated, "the repeated registration") == first
    witness.instance = first
    again = witness.call("register_again", client_token=str(uuid.uuid4()))["containerInstance"]
    assert again["containerInstanceArn"] == first
    assert "witness" in [one.get("value") for one in again["attributes"]], "a custom attribute stays"
    assert berth.ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"] == [first]


def test_a_session_gets_manifest_and_payload_until_it_is_acked(berth, witness):
    witness.register()
    with witness.open("acs") as socket:
        manifest, before = socket.receive("TaskManifestMessage")
        assert "PayloadMessage" not in before
        assert_shape(manifest, MANIFEST)
        assert manifest["tasks"] == [] and manifest["timeline"] >= 1
        assert manifest["containerInstanceArn"] == witness.instance
        witness.ack(socket, manifest)
        beat, _ = socket.receive("HeartbeatMessage")
        assert_shape(beat, {"messageId": str, "healthy": bool})
        witness.say(socket, "heartbeat_ack_request", message_id=beat["messageId"])
        task = start_task(berth)
        payload, _ = socket.receive("PayloadMessage")
        assert_payload(payload, witness, task)

    with witness.open("acs", send_credentials="false") as socket:
        manifest, _ = socket.receive("TaskManifestMessage")
        assert [(one["taskArn"], one["desiredStatus"]) for one in manifest["tasks"]] == [(task, "RUNNING")]
        assert_shape(manifest["tasks"][0], {"taskArn": str, "taskClusterArn": str, "desiredStatus": str})
        witness.ack(socket, manifest)
        again, _ = socket.receive("PayloadMessage")
        assert [one["arn"] for one in again["tasks"]] == [task], "what was not acked is sent again"
        witness.ack(socket, again)
        witness.call("submit_running", task=task)

    with witness.open("acs", send_credentials="false") as socket:
        manifest, _ = socket.receive("TaskManifestMessage")
        witness.ack(socket, manifest)
        _, first = socket.receive("HeartbeatMessage")
        _, second = socket.receive("HeartbeatMessage")
        assert "PayloadMessage" not in first + second, "a task that runs is not sent again"


def test_within_a_session_only_what_was_not_acked_is_sent_again(berth, witness):
    witness.register()
    with witness.open("acs") as socket:
        witness.ack(socket, socket.receive("TaskManifestMessage")[0])
        start_task(berth)
        witness.ack(socket, socket.receive("PayloadMessage")[0])
        unacked = run(berth, "web", cluster=CLUSTER)[0]
        first, _ = socket.receive("PayloadMessage")
        again, _ = socket.receive("PayloadMessage", seconds=15)
        assert [one["arn"] for one in first["tasks"]] == [one["arn"] for one in again["tasks"]] == [unacked]


def assert_payload(payload, witness, task_arn):
    assert_shape(payload, PAYLOAD)
    assert payload["containerInstanceArn"] == witness.instance
    task, = payload["tasks"]
    assert_shape(task, TASK, TASK_OPTIONS)
    assert task["arn"] == task_arn and task["desiredStatus"] == "RUNNING"
    assert task["family"] == "web" and task["version"] == "1"
    assert task.get("networkMode", "bridge") == "bridge"
    container, = task["containers"]
    assert_shape(container, CONTAINER, CONTAINER_OPTIONS)
    assert container["name"] == "app" and container["essential"] is True
    assert container["cpu"] == 16 and container["memory"] == 32
    assert container["command"] == ["/bin/serve"]
    assert container["environment"]["ANSWER"] == "42"
    port, = container["portMappings"]
    assert_shape(port, PORT, PORT_OPTIONS)
    assert port["containerPort"] == 80 and port.get("hostPort", 0) == 0
    for text in ("config", "hostConfig"):
        assert isinstance(json.loads(container.get("dockerConfig", {}).get(text, "{}")), dict)


def test_the_recorded_state_changes_take_a_task_from_pending_to_stopped(berth, witness):
    witness.register()
    with witness.open("acs") as socket:
        witness.ack(socket, socket.receive("TaskManifestMessage")[0])
        task = start_task(berth)
        witness.ack(socket, socket.receive("PayloadMessage")[0])
        witness.call("submit_pending", task=task)
        assert berth.task(task, CLUSTER)["lastStatus"] == "PENDING"
        witness.call("submit_running", task=task)
        running = berth.task(task, CLUSTER)
        assert running["lastStatus"] == "RUNNING" and host_port(running) == 32768
        container, = running["containers"]
        assert container["runtimeId"] == "0f" * 32 and container["imageDigest"] == "sha256:" + "ab" * 32
        assert running["pullStartedAt"].timestamp() == pytest.approx(1719650000.1, abs=0.001)

        berth.ecs.stop_task(cluster=CLUSTER, task=task, reason="enough")
        stop, _ = socket.receive("PayloadMessage")
        assert [(one["arn"], one["desiredStatus"]) for one in stop["tasks"]] == [(task, "STOPPED")]
        witness.ack(socket, stop)
        witness.call("submit_stopped", task=task)
        stopped = berth.task(task, CLUSTER)
        assert stopped["lastStatus"] == "STOPPED" and stopped["stopCode"] == "UserInitiated"
        assert stopped["stoppedReason"] == "enough" and stopped["containers"][0]["exitCode"] == 0
        late = exchange(witness.port, witness.request("submit_running", task=task))
        assert late.status == 200 or late.error[0] in ("InvalidParameterException", "ThrottlingException")
        assert berth.task(task, CLUSTER)["lastStatus"] == "STOPPED", "a late report moves nothing backwards"


def test_a_report_on_an_unknown_task_is_refused_so_that_the_agent_drops_it(witness):
    witness.register()
    unknown = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{'0' * 32}"
    answer = exchange(witness.port, witness.request("submit_running", task=unknown))
    assert answer.status == 400 and answer.error[0] == "InvalidParameterException"


def test_tasks_that_the_controller_does_not_know_are_confirmed_to_be_stopped(witness):
    witness.register()
    unknown = f"arn:aws:ecs:us-east-1:000000000000:task/{CLUSTER}/{'0' * 32}"
    with witness.open("acs") as socket:
        manifest, _ = socket.receive("TaskManifestMessage")
        witness.ack(socket, manifest)
        witness.say(socket, "task_stop_verification", message_id=manifest["messageId"], task=unknown,
                    cluster=manifest["clusterArn"])
        answer, _ = socket.receive("TaskStopVerificationAck")
        assert_shape(answer, {"messageId": str, "generatedAt": int, "stopTasks": list})
        assert answer["messageId"] == manifest["messageId"]
        assert [(one["taskArn"], one["desiredStatus"]) for one in answer["stopTasks"]] == [(unknown, "STOPPED")]


def test_the_telemetry_frames_of_amazons_agent_are_acked(berth, witness):
    witness.register()
    with witness.open("acs") as commands, witness.open("tcs") as socket:
        witness.ack(commands, commands.receive("TaskManifestMessage")[0])
        for _ in range(2):
            assert_shape(socket.receive("HeartbeatMessage")[0], {"healthy": bool})
        witness.publish(socket, "publish_metrics_idle")
        assert_shape(socket.receive("AckPublishMetric")[0], {"message": str})
        task = start_task(berth, healthCheck={"command": ["CMD", "/bin/true"]})
        witness.ack(commands, commands.receive("PayloadMessage")[0])
        witness.call("submit_running", task=task)
        witness.publish(socket, "publish_metrics", task=task)
        socket.receive("AckPublishMetric")
        witness.publish(socket, "publish_instance_status")
        socket.receive("AckPublishInstanceStatus")
        witness.publish(socket, "publish_health", task=task)
        socket.receive("AckPublishHealth")
        assert berth.task(task, CLUSTER)["containers"][0]["healthStatus"] == "HEALTHY"


def test_acks_of_telemetry_stand_for_heartbeats(witness):
    witness.register()
    with witness.open("tcs") as socket:
        socket.receive("HeartbeatMessage")
        asked = -math.inf
        for _ in range(8):
            time.sleep(0.3)
            before, asked = asked, time.monotonic()
            witness.publish(socket, "publish_metrics_idle")
            _, others = socket.receive("AckPublishMetric")
            # Beside a busy machine's delays.
            assert not others or time.monotonic() - before >= 1
        socket.receive("HeartbeatMessage")


def test_frames_that_can_not_be_read_are_dropped_and_the_session_goes_on(witness):
    witness.register()
    with witness.open("acs") as socket:
        manifest, _ = socket.receive("TaskManifestMessage")
        for text in ("", "{", "[]", '{"type":7}', '{"type":"MadeUp","message":{}}', '{"type":"AckRequest"}',
                     "\x00" * 99):
            socket.send(text)
        witness.ack(socket, manifest)
        socket.receive("HeartbeatMessage")
    with witness.open("tcs") as socket:
        for text in ("", "{}", "A: b\r\n\r\n", 'A: b\r\n\r\n{"type":"PublishMetricsRequest"}'):
            socket.send(text)
        witness.publish(socket, "publish_metrics_idle")
        socket.receive("AckPublishMetric")


def test_a_frame_beyond_all_bounds_ends_its_session_only(berth, witness):
    witness.register()
    with witness.open("acs") as socket, witness.open("tcs") as other:
        socket.receive("TaskManifestMessage")
        socket.send_bytes(b"\x81\xff" + (1 << 62).to_bytes(8, "big") + bytes(4) + b"x" * 1000)
        with pytest.raises(AssertionError, match="closed while|session ended"):
            socket.receive("NothingMore")
        witness.publish(other, "publish_metrics_idle")
        other.receive("AckPublishMetric")
    assert berth.controller.alive()


def test_a_deregistered_instance_is_told_that_it_is_inactive(berth, witness):
    witness.register()
    path = urllib.parse.urlparse(witness.call("discover_poll_endpoint")["endpoint"]).path
    berth.ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=witness.instance)
    refused = exchange(witness.port, witness.upgrade("acs", path))
    assert refused.status == 400
    assert list(refused.json) == ["InactiveInstanceException"]
    assert isinstance(refused.json["InactiveInstanceException"], str)
