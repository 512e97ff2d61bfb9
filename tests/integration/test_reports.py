"""Agents tell states on their command session where both sides have agreed on it, and by requests everywhere else."""

import json
import os
import pathlib
import signal
import tempfile
import urllib.parse

import pytest

from support.berth import Controller
from support.recorder import Recorder
from support.relay import Relay
from support.tasks import register, run
from support.waiting import wait_until
from support.websocket import WebSocket
from support.wire import Key, request_bytes

RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 1024}]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
REPORT = "SubmitTaskStateChange"
OFFER = {"Berth-Extensions": "news, Reports"}


class Hosts:
    """A controller, and agents with keys of their own that are played by hand."""

    def __init__(self, folder):
        self.callers = folder / "callers"
        self.audit_file = folder / "audit.log"
        self.messages = 0
        self.starts = 0
        for name in ("one", "two"):
            self.add(name)
        self.controller = Controller(folder / "controller", {
            "callers": str(self.callers), "audit": {"file": str(self.audit_file)},
            "throttle": {"rate": 1000, "burst": 1000, "classes": {"agent_modify": "1/6"}}}).start()
        self.ecs = self.controller.client()
        self.ecs.create_cluster()
        self.ecs.register_task_definition(family="web", containerDefinitions=[
            {"name": "app", "image": "x", "memory": 16}])
        self.instances = {name: self._client(name).register_container_instance(
            totalResources=RESOURCES)["containerInstance"]["containerInstanceArn"] for name in ("one", "two")}

    def add(self, name):
        folder = self.callers / name
        folder.mkdir(parents=True)
        file = folder / "credentials"
        file.write_text(f"[default]\naws_access_key_id = AKIA{name.upper()}\naws_secret_access_key = secret-{name}\n")
        file.chmod(0o600)
        (folder / "role").write_text("agent")

    def remove(self, name):
        (self.callers / name).rename(self.callers / f".{name}")
        os.kill(self.controller.pid, signal.SIGHUP)
        wait_until(lambda: "read the callers again" in self.controller.log.read_text(), "the callers are read")

    def _client(self, name):
        return self.controller.client(aws_access_key_id=f"AKIA{name.upper()}", aws_secret_access_key=f"secret-{name}")

    def key(self, name):
        if name == "admin":
            return Key.read(self.controller.credentials_file)
        return Key(f"AKIA{name.upper()}", f"secret-{name}")

    def session(self, name, holder=None, **headers):
        query = urllib.parse.urlencode({"clusterArn": "default", "containerInstanceArn": self.instances[name],
                                        "seqNum": len(headers)})
        target = f"/v1/acs/ws?{query}"
        head = self.key(holder or name).sign("GET", target, {"Host": f"127.0.0.1:{self.controller.port}"})
        session = WebSocket(self.controller.port, request_bytes("GET", target, {**head, **UPGRADE, **headers}))
        session.receive("TaskManifestMessage")
        return session

    def start(self, name):
        # Two equal requests of one second would be taken for a replay.
        self.starts += 1
        return self.ecs.start_task(taskDefinition="web", containerInstances=[self.instances[name]],
                                   startedBy=f"start-{self.starts}")["tasks"][0]["taskArn"]

    def tell(self, session, *reports):
        """Sends reports, (operation, input) each, and answers their outcomes."""
        self.messages += 1
        session.send(json.dumps({"type": "BerthReports", "message": {
            "messageId": f"m-{self.messages}",
            "reports": [{"operation": operation, "input": members} for operation, members in reports]}}))
        answer, _ = session.receive("BerthReportsAck")
        assert answer["messageId"] == f"m-{self.messages}" and len(answer["outcomes"]) == len(reports)
        return answer["outcomes"]

    def status(self, arn):
        return self.ecs.describe_tasks(tasks=[arn])["tasks"][0]["lastStatus"]

    def audited(self):
        lines = [json.loads(line) for line in self.audit_file.read_text().splitlines()]
        return [(line["access_key_id"], line["outcome"]) for line in lines if line["operation"] == REPORT]


@pytest.fixture
def hosts():
    with tempfile.TemporaryDirectory(prefix="reports.") as name:
        one = Hosts(pathlib.Path(name))
        try:
            yield one
        finally:
            one.controller.stop()


def running(arn, **more):
    return REPORT, {"cluster": "default", "task": arn, "status": "RUNNING", **more}


def test_reports_on_a_session_pass_the_checks_of_requests(hosts):
    with hosts.session("one", **OFFER) as session, hosts.session("two"):
        assert session.headers["berth-extensions"] == "reports"
        mine, other, unknown = hosts.start("one"), hosts.start("two"), hosts.start("one")[:-32] + "0" * 32
        taken, not_mine, nowhere, wrong, no_report = hosts.tell(
            session, running(mine, containers=[{"containerName": "app", "status": "RUNNING", "runtimeId": "r"}]),
            running(other), running(unknown), running(mine, containers="x"), ("StopTask", {"task": mine}))
        assert taken == {}
        assert not_mine["exception"] == "AccessDeniedException" and not_mine["status"] == 400
        assert nowhere == {"exception": "InvalidParameterException", "message": "The referenced task was not found.",
                           "status": 400}
        assert wrong["exception"] == "SerializationException", wrong
        assert no_report["exception"] == "UnknownOperationException"
        assert (hosts.status(mine), hosts.status(other)) == ("RUNNING", "PENDING")
        assert hosts.audited() == [("AKIAONE", "AccessDeniedException"), ("AKIAONE", "ok"),
                                   ("AKIAONE", "InvalidParameterException"), ("AKIAONE", "SerializationException")]
        # A burst is of six at most.
        outcomes = hosts.tell(session, *[running(mine)] * 12)
        throttled = {"exception": "ThrottlingException", "message": "Rate exceeded", "status": 400}
        assert outcomes[-1] == throttled and outcomes.count(throttled) >= 6
        wait_until(lambda: hosts.tell(session, running(mine)) == [{}], "a token comes back by itself", 5)
        hosts.remove("one")
        with pytest.raises(AssertionError, match="the access key is not known any more"):
            hosts.tell(session, running(mine))


def test_a_session_tells_of_its_own_instance_whoever_holds_it(hosts):
    with hosts.session("one", "admin", **OFFER) as session, hosts.session("two"):
        mine, other = hosts.start("one"), hosts.start("two")
        refused, taken = hosts.tell(session, running(other), running(mine))
        assert taken == {} and refused["exception"] == "AccessDeniedException"
        assert refused["message"] == "A session tells of the tasks of its own container instance only."
        hosts.ecs.submit_task_state_change(task=other, status="RUNNING")


def test_who_offers_no_reports_is_offered_none_and_told_nothing_of_them(hosts):
    with hosts.session("one") as session:
        assert "berth-extensions" not in session.headers
        arn = hosts.start("one")
        session.receive("PayloadMessage")
        session.send(json.dumps({"type": "BerthReports", "message": {"messageId": "m", "reports": [
            dict(zip(("operation", "input"), running(arn)))]}}))
        wait_until(lambda: "dropped an agent's reports" in hosts.controller.log.read_text(), "the log says so")
        hosts.ecs.stop_task(task=arn)
        _, before = session.receive("PayloadMessage")
        assert "BerthReportsAck" not in before and hosts.audited() == []


def test_our_agent_tells_states_on_its_session_and_makes_no_request_for_them(berth):
    berth.start(agents=0)
    with Recorder(berth.controller.port) as recorder:
        agent = berth.add_agent(changes={"controller": f"http://127.0.0.1:{recorder.port}"})
        register(berth, "brief", "busybox", command=["/bin/sh", "-c", "sleep 1; exit 3"])
        arns = run(berth, "brief", count=3)
        for arn in arns:
            task = berth.wait_status(arn, "STOPPED")
            assert task["containers"][0]["exitCode"] == 3 and task["startedAt"] <= task["executionStoppedAt"]
        agent.stop()
        assert [operation for operation, _ in recorder.requests() if operation == REPORT] == []
        for arn in arns:
            assert recorder.reports(arn) == ["RUNNING", "STOPPED"]
        (_, headers), = recorder.upgrades("acs")
        assert "reports" in headers["berth-extensions"].split(", ")


class Deaf(Relay):
    """The session carries no answers to reports."""

    def changed(self, text):
        return text.replace("BerthReportsAck", "ErrorMessage")


def test_a_session_without_answers_to_reports_holds_them_up_only_once(berth):
    berth.start(agents=0)
    with Deaf(berth.controller.port) as relay:
        agent = berth.add_agent(changes={"controller": f"http://127.0.0.1:{relay.port}"})
        register(berth, "long", "sleeper")
        arn = run(berth, "long")[0]
        berth.wait_status(arn, "RUNNING")
        wait_until(lambda: "they go by requests" in agent.log.read_text(), "the agent gives the session up", 20)
        berth.ecs.stop_task(task=arn)
        berth.wait_status(arn, "STOPPED")
        agent.stop()
        by_request = [body["status"] for operation, body in relay.requests() if operation == REPORT]
        assert by_request == ["RUNNING", "STOPPED"], "what was not answered, and all after it"
        assert relay.reports(arn) == ["RUNNING", *by_request]
