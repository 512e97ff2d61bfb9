"""What the controller answers beyond the ECS API: why, events, the history of tasks, a summary, metrics."""

import hashlib
import hmac
import http.server
import json
import pathlib
import socket
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import pytest

from support.berth import Controller
from support.waiting import wait_until
from support.websocket import WebSocket
from support.wire import Key, exchange, read_head, request_bytes

RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 1024}]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Extension:
    """A controller, an agent played by hand, and questions signed by hand."""

    def __init__(self, folder, **changes):
        self.controller = Controller(folder / "controller", changes).start()
        self.ecs = self.controller.client()
        self.ecs.create_cluster(clusterName="default")
        self.ecs.register_task_definition(family="web", containerDefinitions=[
            {"name": "app", "image": "x", "memory": 16}])
        self.instance = self.ecs.register_container_instance(
            totalResources=RESOURCES)["containerInstance"]["containerInstanceArn"]
        self.session = None
        self.runs = 0

    @property
    def key(self):
        return Key.read(self.controller.credentials_file)

    def signed(self, target, key=None, **headers):
        host = f"127.0.0.1:{self.controller.port}"
        return request_bytes("GET", target, {**(key or self.key).sign("GET", target, {"Host": host}), **headers})

    def get(self, path, key=None, **query):
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        return exchange(self.controller.port, self.signed(target, key))

    def ask(self, path, **query):
        answer = self.get(path, **query)
        assert answer.status == 200, answer.body
        return answer.json

    def join(self):
        query = urllib.parse.urlencode({"clusterArn": "default", "containerInstanceArn": self.instance, "seqNum": 1})
        target = f"/v1/acs/ws?{query}"
        head = self.key.sign("GET", target, {"Host": f"127.0.0.1:{self.controller.port}"})
        self.session = WebSocket(self.controller.port, request_bytes("GET", target, {**head, **UPGRADE}))
        self.session.receive("TaskManifestMessage")
        return self

    def run(self):
        # Two equal requests of one second would be taken for a replay.
        self.runs += 1
        task, = self.ecs.run_task(taskDefinition="web", startedBy=f"run-{self.runs}")["tasks"]
        return task["taskArn"]

    def stopped(self):
        arn = self.run()
        self.ecs.stop_task(task=arn, reason="enough")
        self.ecs.submit_task_state_change(task=arn, status="STOPPED", containers=[
            {"containerName": "app", "status": "STOPPED", "exitCode": 143}])
        return arn

    def events(self, last=None, **query):
        return Events(self, last, **query)


class Events:
    """An open stream of events."""

    def __init__(self, extension, last, **query):
        target = "/v1/events" + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Last-Event-ID": last} if last is not None else {}
        self._peer = socket.create_connection(("127.0.0.1", extension.controller.port), timeout=10)
        self._peer.sendall(extension.signed(target, **headers))
        self._stream = self._peer.makefile("rb")
        self.status, self.headers = read_head(self._stream)
        assert " 200 " in self.status, self.status
        self._text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._peer.close()

    def next(self):
        """The next frame but comments alone, as a dict of its fields; None at the end of the stream."""
        while True:
            while "\n\n" not in self._text:
                size = int(self._stream.readline(), 16)
                self._text += self._stream.read(size).decode()
                self._stream.readline()
                if size == 0:
                    return None
            frame, self._text = self._text.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in frame.splitlines() if not line.startswith(":"))
            if "data" in fields:
                return {**fields, "data": json.loads(fields["data"])}


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="extension.") as name:
        yield pathlib.Path(name)


@pytest.fixture
def started(folder):
    made = []

    def start(**changes):
        made.append(Extension(folder, **changes))
        return made[0]

    yield start
    for one in made:
        one.controller.stop()


def test_changes_arrive_as_events_and_a_client_goes_on_where_it_was(started):
    extension = started()
    with extension.events() as events:
        assert events.headers["content-type"] == "text/event-stream"
        extension.join()
        event = events.next()
        assert event["data"]["detail-type"] == "ECS Container Instance State Change"
        assert event["data"]["detail"]["agentConnected"] is True
        arn = extension.run()
        event = events.next()
        assert event["event"] == "message"
        assert event["data"]["source"] == "aws.ecs"
        assert event["data"]["detail-type"] == "ECS Task State Change"
        assert event["data"]["resources"] == [arn]
        assert event["data"]["detail"]["lastStatus"] == "PENDING"
    last = event["id"]
    extension.ecs.submit_task_state_change(task=arn, status="RUNNING")
    with extension.events(last=last) as events:
        event = events.next()
        assert int(event["id"]) == int(last) + 1
        assert event["data"]["detail"]["lastStatus"] == "RUNNING"
        extension.session.__exit__()
        assert events.next()["data"]["detail"]["agentConnected"] is False
    with extension.events(task=arn, after=last) as events:
        assert events.next()["data"]["detail"]["lastStatus"] == "RUNNING"
    with extension.events(last="1") as events:
        gap = events.next()
        assert gap["event"] == "gap"
        assert int(gap["data"]["oldest"]) == int(gap["id"]) + 1
        assert events.next()["data"]["detail-type"] == "ECS Container Instance State Change"


def test_a_stream_ends_when_the_controller_stops(started):
    extension = started()
    with extension.events() as events:
        begun = time.monotonic()
        extension.controller.stop()
        assert events.next() is None
        assert time.monotonic() - begun < 5


def test_why_follows_a_task_from_its_start_to_its_end(started):
    extension = started()
    assert extension.ask("/v1/why", taskDefinition="web")["fails"] == {"AGENT": 1}
    extension.join()
    assert extension.ask("/v1/why", taskDefinition="web")["state"] == "PLACEABLE"
    arn = extension.run()
    why = extension.ask("/v1/why", task=arn)
    assert (why["state"], why["waitsFor"]) == ("PENDING", "the agent to acknowledge the task")
    payload, _ = extension.session.receive("PayloadMessage")
    extension.session.send(json.dumps({"type": "AckRequest", "message": {
        "messageId": payload["messageId"], "cluster": "default", "containerInstance": extension.instance}}))
    wait_until(lambda: extension.ask("/v1/why", task=arn)["handover"] == "ACKNOWLEDGED", "the acknowledgment")
    extension.ecs.submit_task_state_change(task=arn, status="RUNNING")
    assert extension.ask("/v1/why", task=arn)["waitsFor"] is None
    instance = extension.ask("/v1/why", instance=extension.instance)
    assert instance["agent"]["connected"] and instance["tasks"]["RUNNING"] == 1
    extension.ecs.stop_task(task=arn, reason="enough")
    extension.session.__exit__()
    wait_until(lambda: not extension.ask("/v1/why", instance=extension.instance)["agent"]["connected"], "the loss")
    why = extension.ask("/v1/why", task=arn)
    assert why["state"] == "STOPPING"
    assert why["waitsFor"].startswith("the instance's agent to connect: its session ended at ")
    cause, = why["causes"]
    assert (cause["cause"], cause["reason"]) == ("StopTask", "enough")
    assert cause["by"] == "arn:aws:iam::000000000000:root"


def test_a_service_says_what_it_waits_for_and_a_task_is_found_by_the_beginning_of_its_id(started):
    one = started().join()
    one.ecs.create_service(serviceName="front", taskDefinition="web", desiredCount=1)
    why = one.ask("/v1/why", service="front")
    assert why["what"]["service"].endswith(":service/default/front")
    assert (why["state"], why["waitsFor"]) == ("ACTIVE", "1 task to run")
    assert why == one.ask("/v1/why", service=why["what"]["service"])
    arn, = one.ecs.list_tasks(serviceName="front")["taskArns"]
    assert one.ask("/v1/tasks", prefix=arn.rpartition("/")[2][:30]) == {"taskArns": [arn], "more": False}
    assert one.ask("/v1/tasks", prefix="zz") == {"taskArns": [], "more": False}
    assert "prefix=" in one.get("/v1/tasks").error[1]
    assert one.get("/v1/why", service="no-such").error[0] == "ResourceNotFoundException"


def test_runs_of_jobs_are_events(started):
    one = started().join()
    key = one.key
    target = "/v1/jobs/nightly"
    body = json.dumps({"taskDefinition": "web"}).encode()
    host = f"127.0.0.1:{one.controller.port}"
    head = key.sign("PUT", target, {"Host": host, "Content-Length": str(len(body))}, body)
    assert exchange(one.controller.port, request_bytes("PUT", target, head, body)).status == 200
    target += "/run"
    assert exchange(one.controller.port, request_bytes(
        "POST", target, key.sign("POST", target, {"Host": host, "Content-Length": "0"}))).status == 200
    with one.events(last=0, **{"detail-type": "Berth Job Run State Change"}) as events:
        seen = events.next()["data"]
        while seen.get("detail", {}).get("eventName") != "JOB_RUN_RUNNING":
            seen = events.next()["data"]
    assert seen["source"] == "berth" and seen["resources"][0].endswith(":job/default/nightly")
    assert seen["detail"]["trigger"] == "hand" and seen["detail"]["eventType"] == "INFO"


def test_a_stopped_task_moves_into_the_history_and_is_there_after_a_restart(started):
    extension = started(keep_stopped="0s").join()
    arn = extension.stopped()
    short = arn.rpartition("/")[2]
    describe = extension.ecs.describe_tasks
    wait_until(lambda: describe(tasks=[arn])["failures"], "the task is forgotten", 75)
    record = extension.ask(f"/v1/tasks/{short}")
    assert record["task"]["taskArn"] == arn
    assert [cause["cause"] for cause in record["causes"]] == ["StopTask", "ContainerStopped", "TaskStopped"]
    assert record["causes"][1]["exitCode"] == 143
    extension.controller.stop()
    extension.controller.start()
    assert extension.ask(f"/v1/tasks/{short}") == record
    why = extension.ask("/v1/why", task=arn)
    assert (why["state"], why["waitsFor"], why["causes"]) == ("STOPPED", None, record["causes"])
    wrong = arn.replace("/default/", "/other/")
    assert extension.get("/v1/why", task=wrong).status == 404
    assert extension.get(f"/v1/tasks/{'0' * 32}").error[0] == "ResourceNotFoundException"


def test_summary_and_metrics_count(started):
    extension = started().join()
    extension.run()
    extension.stopped()
    summary = extension.ask("/v1/summary")
    assert summary["tasks"] == {
        "PROVISIONING": 0, "PENDING": 1, "RUNNING": 0, "STOPPING": 0, "STOPPED": 1}
    cluster, = summary["clusters"]
    assert cluster["containerInstances"] == {"registered": 1, "connected": 1, "draining": 0}
    assert int(summary["events"]["last"]) >= int(summary["events"]["oldest"])
    with urllib.request.urlopen(f"{extension.controller.url}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    for line in ('berth_tasks{status="PENDING"} 1', "berth_agents_connected 1", "berth_tasks_placed_total 2",
                 'berth_api_served_total{operation="RunTask",outcome="ok"} 2', "berth_history_tasks 0"):
        assert line in text, text


def test_only_who_may_ask_is_answered(folder, started):
    callers = folder / "callers"
    key = Key("AKIAANN", "secret-of-ann")
    (callers / "ann").mkdir(parents=True)
    credentials = callers / "ann" / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {key.key_id}\naws_secret_access_key = {key.secret}\n")
    credentials.chmod(0o600)
    (callers / "ann" / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["berth:Why", "berth:Events"],
         "Resource": ["arn:aws:ecs:*:*:task/prod/*", "arn:aws:ecs:*:*:cluster/prod"]}]}))
    extension = started(callers=str(callers))
    extension.ecs.create_cluster(clusterName="prod")
    extension.join()
    arn = extension.run()
    refused = extension.get("/v1/why", key, task=arn)
    assert refused.status == 400
    assert refused.error[0] == "AccessDeniedException"
    assert "berth:Why on resource: " + arn in refused.error[1]
    for path in ("/v1/summary", "/v1/events", "/v1/tasks/" + arn.rpartition("/")[2]):
        assert extension.get(path, key).error[0] == "AccessDeniedException", path
    assert extension.get("/v1/why", key, taskDefinition="web", cluster="prod").status == 200
    port = extension.controller.port
    unsigned = exchange(port, request_bytes("GET", "/v1/summary", {"Host": f"127.0.0.1:{port}"}))
    assert unsigned.error[0] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("target, said", [
    ("/v1/why", "Ask about one thing"),
    ("/v1/why?task=a&instance=b", "Ask about one thing"),
    ("/v1/why?tusk=a", "'tusk' is not known here: use task, instance, service, cluster, taskDefinition"),
    ("/v1/why?task=a%20b", "is no task's id or ARN"),
    ("/v1/events?after=x", "must be the id of an event"),
    ("/v1/events?detail-type=x", "is no detail type"),
    ("/v1/nothing", "There is nothing at this path")])
def test_what_can_not_be_meant_is_said(started, target, said):
    extension = started()
    answer = exchange(extension.controller.port, extension.signed(target))
    assert answer.status in (400, 404)
    assert said in answer.error[1], answer.body


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes what it gets, but the first request."""

    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(503 if len(self.got) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_webhook_is_sent_events_until_it_takes_them(folder, started):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hooks = folder / "hooks"
    hooks.mkdir()
    secret = folder / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    (hooks / "ops.yaml").write_text(
        f"url: http://127.0.0.1:{server.server_port}/hook\nsecret_file: {secret}\n"
        "detail_types: [ECS Task State Change]\n")
    try:
        extension = started(webhooks=str(hooks)).join()
        arn = extension.stopped()
        wait_until(lambda: len(Hook.got) >= 4, "three events, one of them twice")
        assert Hook.got[0][1] == Hook.got[1][1]
        events = [json.loads(body) for _, body in Hook.got[1:]]
        assert [event["detail"]["desiredStatus"] for event in events] == ["RUNNING", "STOPPED", "STOPPED"]
        assert {event["resources"][0] for event in events} == {arn}
        headers, body = Hook.got[0]
        seconds, signature = (part.split("=")[1] for part in headers["Berth-Signature"].split(","))
        assert signature == hmac.new(b"s3cret", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        with urllib.request.urlopen(f"{extension.controller.url}/metrics", timeout=5) as reply:
            assert 'berth_webhook_failures_total{webhook="ops"} 1' in reply.read().decode()
    finally:
        server.shutdown()
        server.server_close()
