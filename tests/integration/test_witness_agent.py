"""Our agent says what Amazon's agent says: the same members, of the same types. test_witness.py has the other side."""

import json
import re
import urllib.parse
import uuid

from support.recorder import Recorder, Unextended
from support.shapes import assert_shape
from support.tasks import host_port, page, register, run
from support.waiting import wait_until

ATTRIBUTE = {"name": str}
STATE_CHANGE = {"cluster": str, "task": str, "status": str, "reason": str}
STATE_CHANGE_OPTIONS = {"containers": list, "managedAgents": list, "pullStartedAt": (int, float),
                        "pullStoppedAt": (int, float), "executionStoppedAt": (int, float)}
CONTAINER_CHANGE = {"containerName": str, "status": str}
CONTAINER_CHANGE_OPTIONS = {"runtimeId": str, "exitCode": int, "reason": str, "imageDigest": str,
                            "networkBindings": list}
BINDING = {"bindIP": str, "containerPort": int, "hostPort": int, "protocol": str}
REGISTRATION = {"cluster": str, "attributes": list, "totalResources": list, "clientToken": str,
                "instanceIdentityDocument": str, "instanceIdentityDocumentSignature": str}
NETWORK_COUNTS = {f"{way}{what}" for way in ("rx", "tx") for what in ("Bytes", "Packets", "Errors", "Dropped")}
NETWORK_RATES = {"rxBytesPerSecond", "txBytesPerSecond"}
ACS_QUERY = {"agentHash", "agentVersion", "clusterArn", "containerInstanceArn", "dockerVersion", "protocolVersion",
             "seqNum", "sendCredentials"}
TCS_QUERY = {"agentHash", "agentVersion", "cluster", "containerInstance", "dockerVersion"}


def test_our_agent_says_the_same_as_amazons(berth):
    berth.start(agents=0, controller_changes={"heartbeat": "1s"})
    with Recorder(berth.controller.port, Unextended) as recorder:
        agent = berth.add_agent(changes={"controller": f"http://127.0.0.1:{recorder.port}",
                                         "attributes": {"stack": "own"}})
        register(berth, "web", "httpd", portMappings=[{"containerPort": 80}])
        arn = run(berth, "web")[0]
        task = berth.wait_status(arn, "RUNNING")
        assert wait_until(lambda: page(host_port(task)), "the page")
        wait_until(lambda: recorder.frames("tcs"), "a telemetry frame", 30)
        wait_until(lambda: any('"HeartbeatAckRequest"' in one for one in recorder.frames("acs")), "a heartbeat's ack")
        berth.ecs.stop_task(task=arn)
        berth.wait_status(arn, "STOPPED")
        agent.stop()
        agent.start_joined()
        wait_until(lambda: len(recorder.upgrades("acs")) == 2, "a second command session")
        requests = recorder.requests()

    first, second = [body for operation, body in requests if operation == "RegisterContainerInstance"]
    assert_registration(first)
    assert {"name": "stack", "value": "own"} in first["attributes"] and "containerInstanceArn" not in first
    assert second.pop("containerInstanceArn") == agent.instance_arn
    assert_registration(second)
    assert "stack" not in [one["name"] for one in second["attributes"]], "its own attributes only the first time"
    assert second["clientToken"] != first["clientToken"]

    discovered = [body for operation, body in requests if operation == "DiscoverPollEndpoint"]
    for body in discovered:
        assert_shape(body, {"cluster": str, "containerInstance": str, "zoneId": str})
    assert_upgrades(recorder, agent)
    assert_acs_frames(recorder, agent)
    for frame in recorder.frames("tcs"):
        assert_tcs_frame(frame)
    changes = [body for operation, body in requests if operation == "SubmitTaskStateChange"]
    assert [body["status"] for body in changes][-2:] == ["RUNNING", "STOPPED"]
    for body in changes:
        assert_state_change(body, arn)


def test_our_agents_metrics_and_health_have_amazons_shape(berth):
    berth.start(agents=0)
    with Recorder(berth.controller.port) as recorder:
        berth.add_agent(changes={"controller": f"http://127.0.0.1:{recorder.port}"})
        register(berth, "web", "httpd", portMappings=[{"containerPort": 80}],
                 healthCheck={"command": ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1/"], "interval": 5})
        arn = run(berth, "web")[0]
        berth.wait_status(arn, "RUNNING")

        def measured():
            found = [json.loads(one.partition("\r\n\r\n")[2])["message"] for one in recorder.frames("tcs")]
            return [metric for message in found for task in message.get("taskMetrics", []) if task["taskArn"] == arn
                    for metric in task["containerMetrics"]]

        metric = wait_until(measured, "metrics of the task", 50)[0]
        wait_until(lambda: berth.task(arn)["healthStatus"] == "HEALTHY", "HEALTHY", 30)
        frames = recorder.frames("tcs")
    for frame in frames:
        assert_tcs_frame(frame)
    assert any('"PublishHealthRequest"' in frame for frame in frames)
    assert_shape(metric, {"containerName": str, "cpuStatsSet": dict, "memoryStatsSet": dict, "networkStatsSet": dict},
                 {"containerArn": str, "storageStatsSet": dict, "restartStatsSet": dict})
    number = (int, float)
    cpu, memory, network = (metric[f"{name}StatsSet"] for name in ("cpu", "memory", "network"))
    for one, kind in ((cpu, number), (memory, number)):
        assert_shape(one, {"min": kind, "max": kind, "sampleCount": int, "sum": kind})
        assert one["min"] * 0.999 <= one["sum"] / one["sampleCount"] <= one["max"] * 1.001
    assert 0 <= cpu["max"] <= 100 and 0 <= memory["max"] <= 32 and cpu["sampleCount"] >= 2
    assert set(network) == NETWORK_COUNTS | NETWORK_RATES
    for name, one in network.items():
        if name in NETWORK_RATES:
            assert_shape(one, {"min": number, "max": number, "sampleCount": int, "sum": number})
        else:
            assert_shape(one, {"min": int, "max": int, "sampleCount": int, "sum": int},
                         {"overflowMin": int, "overflowMax": int, "overflowSum": int})
    assert network["rxBytes"]["max"] > 0


def assert_registration(body):
    assert_shape(body, REGISTRATION, {"tags": list, "platformDevices": list})
    uuid.UUID(body["clientToken"])
    for one in body["attributes"]:
        assert_shape(one, ATTRIBUTE, {"value": str})
        assert one.get("value") != "", "an attribute without value has no value"
    kinds = {one["name"]: one for one in body["totalResources"]}
    assert set(kinds) == {"CPU", "MEMORY", "PORTS", "PORTS_UDP"}
    for name in ("CPU", "MEMORY"):
        assert_shape(kinds[name], {"name": str, "type": str, "integerValue": int})
        assert kinds[name]["type"] == "INTEGER"
    for name in ("PORTS", "PORTS_UDP"):
        assert_shape(kinds[name], {"name": str, "type": str, "stringSetValue": list})
        assert kinds[name]["type"] == "STRINGSET"
    names = {one["name"] for one in body["attributes"]}
    assert {"ecs.os-type", "ecs.os-family", "ecs.os-type-detailed", "ecs.capability.full-sync",
            "com.amazonaws.ecs.capability.logging-driver.json-file",
            "com.amazonaws.ecs.capability.docker-remote-api.1.24"} <= names


def assert_upgrades(recorder, agent):
    for number, (target, headers) in enumerate(recorder.upgrades("acs")):
        path, _, text = target.partition("?")
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        assert path.endswith("/ws") and set(query) == ACS_QUERY
        assert query["dockerVersion"].startswith("DockerVersion: ")
        assert query["seqNum"] == "1" and query["protocolVersion"] == "2"
        assert query["sendCredentials"] == "true", f"session {number} is the first of its process"
        assert query["containerInstanceArn"] == agent.instance_arn and query["clusterArn"] == "default"
        assert_signed(headers)
    for target, headers in recorder.upgrades("tcs"):
        query = dict(urllib.parse.parse_qsl(target.partition("?")[2], keep_blank_values=True))
        assert set(query) == TCS_QUERY and not query["dockerVersion"].startswith("DockerVersion")
        assert_signed(headers)


def assert_signed(headers):
    assert re.fullmatch(r"AWS4-HMAC-SHA256 Credential=[A-Z0-9]+/\d{8}/us-east-1/ecs/aws4_request, ?"
                        r"SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}", headers["authorization"])
    assert re.fullmatch(r"\d{8}T\d{6}Z", headers["x-amz-date"])


def assert_acs_frames(recorder, agent):
    shapes = {"AckRequest": {"cluster": str, "containerInstance": str, "messageId": str},
              "HeartbeatAckRequest": {"messageId": str}}
    seen = set()
    for text in recorder.frames("acs"):
        envelope = json.loads(text)
        assert_shape(envelope, {"type": str, "message": dict})
        assert_shape(envelope["message"], shapes[envelope["type"]])
        assert envelope["message"].get("containerInstance", agent.instance_arn) == agent.instance_arn
        seen.add(envelope["type"])
    assert seen == set(shapes)


def assert_tcs_frame(frame):
    head, _, body = frame.partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n"))
    assert list(headers) == sorted(headers) and {"Authorization", "Host", "X-Amz-Date"} <= set(headers)
    assert_signed({name.lower(): value for name, value in headers.items()})
    envelope = json.loads(body)
    assert_shape(envelope, {"type": str, "message": dict})
    assert envelope["type"] in ("PublishMetricsRequest", "PublishHealthRequest", "PublishInstanceStatusRequest")
    if envelope["type"] != "PublishMetricsRequest":
        return
    message = envelope["message"]
    assert_shape(message, {"metadata": dict, "timestamp": (int, float)}, {"taskMetrics": list})
    assert_shape(message["metadata"], {"cluster": str, "containerInstance": str, "messageId": str, "idle": bool,
                                       "fin": bool})
    for task in message.get("taskMetrics", []):
        assert_shape(task, {"taskArn": str, "clusterArn": str, "taskDefinitionFamily": str,
                            "taskDefinitionVersion": str, "containerMetrics": list}, {"volumeMetrics": list})


def assert_state_change(body, arn):
    assert_shape(body, STATE_CHANGE, STATE_CHANGE_OPTIONS)
    assert body["task"] == arn and body["cluster"] == "default"
    for one in body.get("containers", []):
        assert_shape(one, CONTAINER_CHANGE, CONTAINER_CHANGE_OPTIONS)
        for binding in one.get("networkBindings", []):
            assert_shape(binding, BINDING)


def test_our_agent_registers_anew_when_its_instance_is_deregistered(berth):
    berth.start()
    agent = berth.agents[0]
    old = agent.instance_arn
    berth.ecs.deregister_container_instance(containerInstance=old, force=True)

    def joined():
        arns = berth.ecs.list_container_instances()["containerInstanceArns"]
        if not arns or old in arns:
            return None
        one, = berth.ecs.describe_container_instances(containerInstances=arns)["containerInstances"]
        return arns if one["agentConnected"] and one["status"] == "ACTIVE" else None

    agent.instance_arn, = wait_until(joined, "a new instance, connected", 30)
    register(berth, "after", "sleeper")
    berth.wait_status(run(berth, "after")[0], "RUNNING")
    agent.stop()
    new = agent.instance_arn
    agent.start_joined()
    assert berth.ecs.list_container_instances()["containerInstanceArns"] == [new]
