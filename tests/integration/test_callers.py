"""Callers beside the admin: what their keys may do, how fast, what is recorded, and changes while it runs."""

import json
import os
import pathlib
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import urllib.parse
import urllib.request

import botocore.exceptions
import pytest

from support.berth import Configured, Controller, REGION
from support.docker import free_port
from support.waiting import wait_until
from support.websocket import Refused, WebSocket
from support.wire import Key, request_bytes

ROOT = "arn:aws:iam::000000000000:root"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 1024},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 1024}]


def user(name):
    return f"arn:aws:iam::000000000000:user/{name}"


def arn(resource):
    return f"arn:aws:ecs:{REGION}:000000000000:{resource}"


def statement(action, resource="*", effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


class Callers:
    """A controller with a folder of callers."""

    def __init__(self, folder, **changes):
        self.folder = folder / "callers"
        self.folder.mkdir()
        self.audit_file = folder / "audit.log"
        self._changes = {"callers": str(self.folder), "audit": {"file": str(self.audit_file)}, **changes}
        self.base = folder
        self.controller = None
        self.sessions = 0

    def start(self):
        self.controller = Controller(self.base / "controller", self._changes).start()
        return self

    def key(self, name):
        return Key(f"AKIA{name.upper()}", f"secret-of-{name}")

    def add(self, name, *statements, role=None):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        key = self.key(name)
        file = folder / "credentials"
        file.write_text(f"[default]\naws_access_key_id = {key.key_id}\naws_secret_access_key = {key.secret}\n")
        file.chmod(0o600)
        if role:
            (folder / "role").write_text(role)
        else:
            self.policy(name, *statements)
        return self

    def policy(self, name, *statements):
        (self.folder / name / "policy.json").write_text(
            json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))

    def client(self, name):
        key = self.key(name)
        return self.controller.client(aws_access_key_id=key.key_id, aws_secret_access_key=key.secret)

    @property
    def admin(self):
        return self.controller.client()

    def reload(self, said):
        """SIGHUP, and waits until the log says so once more than before."""
        before = self.controller.log.read_text().count(said)
        os.kill(self.controller.pid, signal.SIGHUP)
        wait_until(lambda: self.controller.log.read_text().count(said) > before, said)

    def audit(self, **wanted):
        """The lines of the audit log that have these values."""
        lines = [json.loads(line) for line in self.audit_file.read_text().splitlines()]
        return [line for line in lines if all(line[name] == value for name, value in wanted.items())]

    def session(self, name, instance, path="acs"):
        port = self.controller.port
        members = {"acs": ("clusterArn", "containerInstanceArn"), "tcs": ("cluster", "containerInstance")}[path]
        # Two equal requests of one second would be taken for a replay.
        self.sessions += 1
        query = urllib.parse.urlencode({**dict(zip(members, ("default", instance))), "seqNum": self.sessions})
        target = f"/v1/{path}/ws?{query}"
        head = self.key(name).sign("GET", target, {"Host": f"127.0.0.1:{port}"})
        return WebSocket(port, request_bytes("GET", target, {**head, **UPGRADE}))


    def events(self, name):
        """An open answer of /v1/events, as a file."""
        host = f"127.0.0.1:{self.controller.port}"
        head = self.key(name).sign("GET", "/v1/events", {"Host": host})
        return urllib.request.urlopen(urllib.request.Request(f"http://{host}/v1/events", headers=head), timeout=20)


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="callers.") as name:
        yield pathlib.Path(name)


@pytest.fixture
def callers(folder):
    one = Callers(folder)
    yield one
    if one.controller:
        one.controller.stop()


def denied(call, **arguments):
    """The message of the AccessDeniedException that the call gets."""
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    assert error["Code"] == "AccessDeniedException", error
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Message"]


def define(ecs, family):
    ecs.register_task_definition(family=family, containerDefinitions=[{"name": "app", "image": "x", "memory": 16}])


def test_a_key_may_do_what_its_policies_say(callers):
    callers.add("deploy", statement("ecs:RunTask", arn("task-definition/web:*"), Condition={
        "ArnEquals": {"ecs:cluster": arn("cluster/default")}}), statement("ecs:List*"))
    callers.add("ops", statement("*"), statement("ecs:Delete*", effect="Deny")).start()
    admin, deploy, ops = callers.admin, callers.client("deploy"), callers.client("ops")
    for cluster in ("default", "prod"):
        admin.create_cluster(clusterName=cluster)
    define(ops, "web")
    define(ops, "db")
    admin.register_container_instance(totalResources=RESOURCES)
    assert deploy.run_task(taskDefinition="web")["failures"], "no agent is connected, but it was allowed to ask"
    assert denied(deploy.run_task, taskDefinition="web", cluster="prod") == (
        f"User: {user('deploy')} is not authorized to perform: ecs:RunTask on resource: "
        f"{arn('task-definition/web:1')} because no identity-based policy allows the ecs:RunTask action")
    assert arn("task-definition/db:1") in denied(deploy.run_task, taskDefinition="db")
    assert len(deploy.list_clusters()["clusterArns"]) == 2
    assert denied(deploy.describe_clusters, clusters=["prod"]).endswith(
        f"on resource: {arn('cluster/prod')} because no identity-based policy allows the ecs:DescribeClusters action")
    assert denied(ops.delete_cluster, cluster="prod").endswith("with an explicit deny in an identity-based policy")
    assert admin.describe_task_definition(taskDefinition="web")["taskDefinition"]["registeredBy"] == user("ops")
    define(admin, "root")
    assert admin.describe_task_definition(taskDefinition="root")["taskDefinition"]["registeredBy"] == ROOT


def test_an_agents_key_is_for_its_own_instance(callers):
    callers.add("host-1", role="agent").add("host-2", role="agent").start()
    callers.admin.create_cluster()
    one, two = callers.client("host-1"), callers.client("host-2")

    def register(ecs, which="first"):
        instance = ecs.register_container_instance(totalResources=RESOURCES, attributes=[{"name": which}])
        return instance["containerInstance"]["containerInstanceArn"]

    mine, other = register(one), register(two)
    assert f"one container instance, which is {mine}: deregister that first" in denied(
        one.register_container_instance, totalResources=RESOURCES)
    assert denied(one.list_clusters).endswith(
        "because the role agent does not allow the ecs:ListClusters action")
    define(callers.admin, "web")
    with callers.session("host-2", other) as session:
        session.receive("TaskManifestMessage")
        task = callers.admin.start_task(taskDefinition="web", containerInstances=[other])["tasks"][0]["taskArn"]
    assert "only for the container instance" in denied(one.submit_task_state_change, task=task, status="STOPPED")
    assert "only for the container instance" in denied(one.deregister_container_instance, containerInstance=other)
    assert "only for the container instance" in denied(
        one.update_container_instances_state, containerInstances=[other], status="DRAINING")
    two.submit_task_state_change(task=task, status="STOPPED")
    for path in ("acs", "tcs"):
        with pytest.raises(Refused) as refused:
            callers.session("host-1", other, path)
        assert refused.value.answer.status == 403
        assert list(refused.value.answer.json) == ["AccessDeniedException"]
    with callers.session("host-1", mine) as session, callers.session("host-1", mine, "tcs"):
        session.receive("TaskManifestMessage")
    one.update_container_instances_state(containerInstances=[mine], status="DRAINING")
    one.deregister_container_instance(containerInstance=mine)
    assert register(one, "second") != mine
    # What a key is bound to outlives the controller.
    callers.controller.kill9()
    callers.controller.start()
    assert other in denied(callers.client("host-2").register_container_instance, totalResources=RESOURCES)


def test_callers_change_while_it_runs_and_mistakes_change_nothing(callers):
    callers.add("ann", statement("ecs:ListClusters")).start()
    read_again = "read the callers again"
    ann = callers.client("ann")
    ann.list_clusters()
    callers.add("bob", statement("*"))
    callers.policy("ann", statement("ecs:CreateCluster"))
    callers.reload(read_again)
    callers.client("bob").list_clusters()
    assert "ecs:ListClusters" in denied(ann.list_clusters)
    ann.create_cluster(clusterName="a")
    callers.policy("ann", statement("ecs:Nonsense"))
    (callers.folder / "bob/credentials").chmod(0o644)
    callers.reload("the callers can't be used: going on with those before")
    log = callers.controller.log.read_text()
    assert "'ecs:Nonsense' is no operation of ECS" in log
    assert "bob/credentials: others can use these secrets" in log
    callers.client("bob").list_clusters()
    ann.create_cluster(clusterName="b")
    (callers.folder / "bob/credentials").chmod(0o600)
    callers.policy("ann", statement("ecs:ListClusters"))
    (callers.folder / "bob").rename(callers.folder / ".bob")
    callers.reload(read_again)
    with pytest.raises(botocore.exceptions.ClientError) as gone:
        callers.client("bob").list_clusters()
    assert gone.value.response["Error"]["Code"] == "UnrecognizedClientException"
    assert "secret-of-" not in callers.controller.log.read_text()


def test_what_a_caller_has_open_ends_when_it_is_taken_away(callers):
    callers.add("host-1", role="agent").add("host-2", role="agent").add("ann", statement("*")).start()
    callers.admin.create_cluster()
    hosts = [callers.client(name).register_container_instance(totalResources=RESOURCES)["containerInstance"]
             ["containerInstanceArn"] for name in ("host-1", "host-2")]
    with callers.session("host-1", hosts[0]) as gone, callers.session("host-1", hosts[0], "tcs") as silent, \
            callers.session("host-2", hosts[1]) as stays, callers.events("ann") as events:
        for session in (gone, stays):
            session.receive("TaskManifestMessage")
        for name in ("host-1", "ann"):
            (callers.folder / name).rename(callers.folder / f".{name}")
        callers.reload("read the callers again")
        for session in (gone, silent):
            with pytest.raises(AssertionError, match="the access key is not known any more"):
                session.receive("no such message")
        while events.read(1):
            pass
        stays.send(json.dumps({"type": "HeartbeatAckRequest", "message": {"messageId": "m"}}))
        stays.receive("HeartbeatMessage", 30)
        with pytest.raises(Refused) as refused:
            callers.session("host-1", hosts[0])
        assert refused.value.answer.status == 403


def test_callers_that_can_not_be_used_end_the_start_with_code_2(callers):
    callers.add("ann")
    callers.base.joinpath("controller").mkdir()
    controller = Configured("berth-controller", callers.base / "controller", {
        "listen": f"127.0.0.1:{free_port()}", "data_dir": str(callers.base / "data"), "callers": str(callers.folder)})
    assert controller.start().wait() == 2
    assert "ann/policy.json: Statement is empty" in controller.log.read_text()
    checked = subprocess.run([*controller.command, "--check-config"], capture_output=True, text=True, check=False)
    assert checked.returncode == 2
    assert "ann/policy.json: Statement is empty" in checked.stderr


def test_who_comes_too_fast_is_throttled_alone_and_sessions_are_not(folder):
    callers = Callers(folder, throttle={"rate": 1000, "burst": 1000, "classes": {"cluster_read": "1/3"}})
    callers.add("ann", statement("*")).add("bob", statement("*")).start()
    try:
        ann = callers.client("ann")
        refused = []
        for _ in range(8):
            try:
                ann.list_clusters()
            except botocore.exceptions.ClientError as error:
                refused.append(error.response["Error"])
        assert 3 <= len(refused) <= 5
        assert refused[0] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        callers.client("bob").list_clusters()
        ann.create_cluster()
        instance = ann.register_container_instance(totalResources=RESOURCES)["containerInstance"]["containerInstanceArn"]
        for _ in range(8):
            with callers.session("ann", instance) as session:
                session.receive("TaskManifestMessage")
        with urllib.request.urlopen(f"{callers.controller.url}/metrics", timeout=5) as metrics:
            assert f"berth_api_throttled_total {len(refused)}" in metrics.read().decode()
        wait_until(lambda: _served(ann), "a token comes back by itself", 5)
    finally:
        callers.controller.stop()


def _served(ecs):
    try:
        return ecs.list_clusters()
    except botocore.exceptions.ClientError:
        return None


def test_the_audit_log_says_who_changed_what_and_who_was_refused(callers):
    callers.add("ann", statement(["ecs:RegisterTaskDefinition", "ecs:List*"])).start()
    assert stat.S_IMODE(callers.audit_file.stat().st_mode) == 0o600
    ann = callers.client("ann")
    ann.register_task_definition(family="web", containerDefinitions=[
        {"name": "app", "image": "x", "memory": 16, "environment": [{"name": "PASSWORD", "value": "hunter2"}]}])
    ann.list_clusters()
    denied(ann.delete_cluster, cluster="prod")
    with pytest.raises(botocore.exceptions.ClientError):
        callers.admin.delete_cluster(cluster="prod")
    thief = Key("AKIATHIEF", "x")
    with pytest.raises(botocore.exceptions.ClientError):
        callers.controller.client(aws_access_key_id=thief.key_id, aws_secret_access_key="x").list_clusters()
    by_ann = callers.audit(principal=user("ann"))
    assert [(line["operation"], line["outcome"]) for line in by_ann] == [
        ("RegisterTaskDefinition", "ok"), ("DeleteCluster", "AccessDeniedException")]
    assert by_ann[0]["access_key_id"] == "AKIAANN"
    assert by_ann[0]["source"].startswith("127.0.0.1:")
    assert by_ann[0]["resources"] == [arn("task-definition/web:*")]
    assert by_ann[1]["resources"] == [arn("cluster/prod")]
    assert [line["outcome"] for line in callers.audit(principal=ROOT)] == ["ClusterNotFoundException"]
    stranger, = callers.audit(access_key_id="AKIATHIEF")
    assert (stranger["principal"], stranger["outcome"]) == ("", "UnrecognizedClientException")
    text = callers.audit_file.read_text()
    assert "hunter2" not in text and "secret-of-" not in text
    moved = callers.audit_file.with_suffix(".1")
    callers.audit_file.rename(moved)
    callers.reload("read the callers again")
    callers.admin.create_cluster(clusterName="later")
    assert [line["resources"] for line in callers.audit(operation="CreateCluster")] == [[arn("cluster/later")]]
    assert "later" not in moved.read_text()


def test_a_full_audit_log_stops_nobody(folder):
    callers = Callers(folder, audit={"file": "/dev/full"}).start()
    try:
        callers.admin.create_cluster(clusterName="a")
        assert "the audit log can't be written: calls go on unrecorded" in callers.controller.log.read_text()
    finally:
        callers.controller.stop()


def make_certificate(folder, name):
    files = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "1", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout",
                    files[1]], check=True, capture_output=True)
    return files


def test_a_new_certificate_is_taken_over_and_a_wrong_one_is_not(folder):
    first, second = make_certificate(folder, "first"), make_certificate(folder, "second")
    cert, key = folder / "used.crt", folder / "used.key"

    def use(new_cert, new_key):
        cert.write_bytes(new_cert.read_bytes())
        key.write_bytes(new_key.read_bytes())

    use(*first)
    port = free_port()
    controller = Configured("berth-controller", folder / "controller", {
        "listen": f"127.0.0.1:{port}", "data_dir": str(folder / "data"), "tls": {"cert": str(cert), "key": str(key)}})
    controller.start()

    def shown():
        try:
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
        except OSError:
            return None

    def hang_up(said):
        before = controller.log.read_text().count(said)
        os.kill(controller.pid, signal.SIGHUP)
        wait_until(lambda: controller.log.read_text().count(said) > before, said)

    try:
        wait_until(lambda: shown() == first[0].read_text(), "the first certificate")
        trusting = ssl.create_default_context(cafile=first[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, \
                trusting.wrap_socket(plain, server_hostname="127.0.0.1") as old:
            ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
            old.sendall(ask)
            assert old.recv(4096).startswith(b"HTTP/1.1 200")
            use(second[0], first[1])
            hang_up("the certificate can't be used: going on with the one before")
            assert shown() == first[0].read_text()
            use(*second)
            hang_up("read the callers again")
            wait_until(lambda: shown() == second[0].read_text(), "the second certificate")
            old.sendall(ask)
            assert old.recv(4096).startswith(b"HTTP/1.1 200")
    finally:
        controller.stop()
