"""Names of services and tasks: DNS as dig, a proxy and programs ask it, and the list for proxies."""

import json
import pathlib
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

import pytest

from support.berth import Controller
from support.docker import free_port
from support.name_client import NameClient
from support.played_agent import PlayedAgent, ask_servers
from support.process import Program
from support.waiting import wait_until
from support.wire import Key, exchange, request_bytes

WEB = "web.default.berth.internal"
PORTS = f"_80._tcp.{WEB}"
TAG = [{"key": "berth:dns", "value": "web"}]


class Named:
    """A controller that answers for names, and agents that are played by hand."""

    def __init__(self, folder, discovery, **changes):
        self.port = free_port()
        settings = discovery if discovery is None else {"listen": f"127.0.0.1:{self.port}", **discovery}
        self.controller = Controller(folder / "controller", {
            "discovery": settings, "lost_after": "10m", "heartbeat": "50s", **changes}).start()
        self.ecs = self.controller.client()
        self.ecs.create_cluster(clusterName="default")
        self.define("app")
        self.runs = 0

    def define(self, family, image="x"):
        self.ecs.register_task_definition(family=family, containerDefinitions=[
            {"name": "app", "image": image, "memory": 16, "portMappings": [{"containerPort": 80}]}])

    def run(self, count=1, **more):
        self.runs += 1
        tasks = self.ecs.run_task(taskDefinition="app", count=count, startedBy=f"run-{self.runs}", tags=TAG, **more)
        return [task["taskArn"] for task in tasks["tasks"]]

    def stop(self, arn):
        self.ecs.stop_task(task=arn)

    def dig(self, name, kind="A", *options):
        done = subprocess.run(
            ["dig", "@127.0.0.1", "-p", str(self.port), "+time=2", "+tries=2", *options, name, kind],
            capture_output=True, text=True, timeout=20, check=True)
        return done.stdout

    def short(self, name, kind="A", *options):
        return sorted(self.dig(name, kind, "+short", *options).split("\n")[:-1])

    def status(self, name, kind="A", *options):
        head = self.dig(name, kind, *options)
        return head.partition("status: ")[2].partition(",")[0], head

    def get(self, target, key=None):
        host = f"127.0.0.1:{self.controller.port}"
        key = key or Key.read(self.controller.credentials_file)
        return exchange(self.controller.port, request_bytes("GET", target, key.sign("GET", target, {"Host": host})))


@pytest.fixture
def named():
    made = []
    with tempfile.TemporaryDirectory(prefix="discovery.") as name:
        def start(discovery={}, **changes):
            made.append(Named(pathlib.Path(name), discovery, **changes))
            return made[0]
        yield start
        for one in made:
            one.controller.stop()


def short_id(arn):
    return arn.rpartition("/")[2]


def test_dig_finds_tasks_as_they_come_and_go(named):
    one = named({"ttl": "2s"})
    with PlayedAgent(one.controller, grace=30) as agent:
        first, = one.run()
        wait_until(lambda: one.short(WEB) == ["127.0.0.1"], "the first task has its name")
        port = agent.apps[first].port
        assert one.short(PORTS, "SRV") == [f"1 1 {port} {short_id(first)}.{WEB}."]
        assert one.short(WEB.upper(), "SRV", "+tcp") == [f"1 1 {port} {short_id(first)}.{WEB}."]
        assert one.short(f"{short_id(first)}.{WEB}") == ["127.0.0.1"]
        status, text = one.status(WEB)
        assert status == "NOERROR"
        assert f"{WEB}. 2 IN A 127.0.0.1" in " ".join(text.split())
        assert " qr aa rd;" in text and "udp: 1232" in text
        second, = one.run()
        wait_until(lambda: len(one.short(PORTS, "SRV")) == 2, "the second task has its name")
        one.stop(first)
        assert one.short(PORTS, "SRV") == [f"1 1 {agent.apps[second].port} {short_id(second)}.{WEB}."]
        one.stop(second)
        # A task that is stopped by StopTask has no tags any more.
        assert one.status(WEB)[0] == "NXDOMAIN"


def test_dig_is_told_what_is_not_there_and_whose_zone_it_is(named):
    one = named()
    assert one.status(WEB)[0] == "NXDOMAIN"
    assert one.status("example.com")[0] == "REFUSED"
    assert one.status("berth.internal", "AXFR", "+tcp")[1].count("Transfer failed") == 1
    assert one.status(WEB, "A", "-c", "CH")[0] == "REFUSED"
    assert one.status(WEB, "A", "+opcode=NOTIFY")[0] == "NOTIMP"
    assert one.status(WEB, "A", "+edns=1", "+noednsnegotiation")[0] == "BADVERS"
    assert one.short("berth.internal", "NS") == ["ns.berth.internal."]
    assert one.short("ns.berth.internal") == ["127.0.0.1"]
    assert one.short("berth.internal", "SOA")[0].startswith("ns.berth.internal. hostmaster.berth.internal. ")


def test_many_tasks_are_all_found_by_tcp(named):
    one = named()
    with PlayedAgent(one.controller) as agent:
        arns = [arn for _ in range(4) for arn in one.run(count=10)]
        wait_until(lambda: len(one.short(PORTS, "SRV")) == 40, "dig turns to TCP, and finds all")
        assert " tc" in one.dig(PORTS, "SRV", "+ignore", "+noedns")
        assert ask_servers(one.port, PORTS, by_tcp=True) == {("127.0.0.1", agent.apps[arn].port) for arn in arns}


def test_a_lost_host_is_left_out_after_a_while_and_a_restart_forgets_nothing(named):
    one = named({"keep_lost": "2s"})
    with PlayedAgent(one.controller) as agent:
        one.run()
        wait_until(lambda: one.short(WEB), "the task has its name")
        agent.leave()
        left = time.monotonic()
        assert one.short(WEB) == ["127.0.0.1"]
        wait_until(lambda: not one.short(WEB), "the lost host's task is left out")
        assert time.monotonic() - left > 1.5
        agent.join()
        wait_until(lambda: one.short(WEB), "the host is back")
        agent.leave()
        one.controller.stop()
        one.controller.start()
        assert one.short(WEB) == ["127.0.0.1"]
        wait_until(lambda: not one.short(WEB), "its agent did not come back")


def test_what_is_no_question_costs_the_server_nothing(named):
    one = named()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", one.port))
        for junk in (b"", b"\0", b"\xff" * 12, b"\0" * 512, b"\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", b"x" * 9000):
            peer.send(junk)
        peer.settimeout(5)
        assert peer.recv(512)[3] & 15 in (1, 4)
    idle = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(70)]
    try:
        wait_until(lambda: sum(map(_is_closed, idle)) == 6, "no more than 64 connections are kept")
        idle[0].sendall(struct.pack(">H", 4097) + b"x" * 100)
        wait_until(lambda: _is_closed(idle[0]), "a message that is too long ends its connection")
        assert one.status(WEB)[0] == "NXDOMAIN"
    finally:
        for peer in idle:
            peer.close()
    wait_until(lambda: one.dig(WEB, "A", "+tcp").count("NXDOMAIN"), "connections are taken again")


def _is_closed(peer):
    peer.settimeout(0.02)
    try:
        return peer.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_proxies_get_a_list(named):
    one = named()
    with PlayedAgent(one.controller) as agent:
        arn, = one.run()
        wait_until(lambda: one.short(WEB), "the task has its name")
        answer = one.get("/v1/discovery")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json == [{"targets": [f"127.0.0.1:{agent.apps[arn].port}"], "labels": {
            "__meta_berth_cluster": "default", "__meta_berth_service": "web", "__meta_berth_task": short_id(arn),
            "__meta_berth_container_instance": short_id(agent.arn), "__meta_berth_container": "app",
            "__meta_berth_container_port": "80", "__meta_berth_protocol": "tcp"}}]
        assert one.get("/v1/discovery?cluster=default&service=web").json == answer.json
        assert one.get("/v1/discovery?service=api").json == []
        assert "use cluster, service" in one.get("/v1/discovery?name=x").error[1]
        with urllib.request.urlopen(f"{one.controller.url}/metrics", timeout=5) as reply:
            text = reply.read().decode()
        assert "berth_discovery_names 1\n" in text and "berth_discovery_endpoints 1\n" in text


def test_only_who_may_ask_gets_the_list(named, tmp_path):
    key = Key("AKIAANN", "secret-of-ann")
    ann = tmp_path / "ann"
    ann.mkdir()
    credentials = ann / "credentials"
    credentials.write_text(f"[default]\naws_access_key_id = {key.key_id}\naws_secret_access_key = {key.secret}\n")
    credentials.chmod(0o600)
    (ann / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "berth:Discovery", "Resource": "arn:aws:ecs:*:*:cluster/prod"}]}))
    one = named(callers=str(tmp_path))
    assert one.get("/v1/discovery?cluster=prod", key).json == []
    for target in ("/v1/discovery", "/v1/discovery?cluster=default"):
        assert one.get(target, key).error[0] == "AccessDeniedException"


def test_without_an_address_there_is_no_discovery(named):
    one = named(None)
    assert "set discovery.listen" in one.get("/v1/discovery").error[1]


def test_a_client_sees_no_error_while_tasks_are_replaced(named):
    one = named()
    # Programs that were asked to end go on for longer than an answer may be kept.
    with PlayedAgent(one.controller, grace=1.5) as agent:
        old = one.run(count=2)
        wait_until(lambda: len(one.short(PORTS, "SRV")) == 2, "both tasks have the name")
        with NameClient(one.port, PORTS) as client:
            new = []
            for arn in old:
                more, = one.run()
                new.append(more)
                wait_until(lambda: more in agent.apps and len(one.short(PORTS, "SRV")) == 3, "one more has the name")
                one.stop(arn)
            wait_until(lambda: not set(old) & set(agent.apps), "the old ones have ended")
            wait_until(lambda: {short_id(arn) for arn in new} <= set(client.answered), "the new ones are called")
        assert client.errors == []
        assert len(client.answered) > 20


@pytest.mark.parametrize("by", ["", "tcp@"])
def test_haproxy_follows_the_names(named, by):
    one = named()
    front = free_port()
    with PlayedAgent(one.controller, grace=3) as agent, tempfile.TemporaryDirectory(prefix="haproxy.") as folder:
        config = pathlib.Path(folder, "haproxy.cfg")
        config.write_text(f"""
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
resolvers berth
  nameserver controller {by}127.0.0.1:{one.port}
  accepted_payload_size 1232
  timeout resolve 500ms
  hold valid 1s
  hold nx 0s
backend web
  server-template web 10 {PORTS} resolvers berth resolve-prefer ipv4 init-addr none
frontend in
  bind 127.0.0.1:{front}
  default_backend web
""")
        old, = one.run()
        wait_until(lambda: one.short(WEB), "the task has its name")
        proxy = Program("haproxy", ["haproxy", "-db", "-f", config], folder).start()
        try:
            wait_until(lambda: proxied(front) == short_id(old), "the proxy has found the task")
            new, = one.run()
            wait_until(lambda: proxied(front) == short_id(new), "the proxy has found the new task")
            one.stop(old)
            seen = []
            wait_until(lambda: seen.append(proxied(front)) or old not in agent.apps, "the old one has ended")
            seen += [proxied(front) for _ in range(20)]
            assert set(seen) <= {short_id(old), short_id(new)}, f"an error: {set(seen)}"
            assert set(seen[-20:]) == {short_id(new)}
        finally:
            proxy.stop()


def proxied(port):
    """Who answered behind the proxy, or the error."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return reply.read().decode()
    except OSError as error:
        return repr(error)


def test_a_client_sees_no_error_while_a_service_is_rolled(named):
    one = named()
    with PlayedAgent(one.controller, grace=1.5) as agent:
        one.ecs.create_service(serviceName="web", taskDefinition="app", desiredCount=3, serviceRegistries=[
            {"registryArn": "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-1", "containerName": "app",
             "containerPort": 80}])
        # Tasks that have not yet shown that they stay up may be replaced at once.
        wait_until(lambda: one.ecs.describe_services(services=["web"])["services"][0]["deployments"][0][
            "rolloutState"] == "COMPLETED", "the service is steady", 30)
        assert len(one.short(PORTS, "SRV")) == 3
        old = set(agent.apps)
        with NameClient(one.port, PORTS) as client:
            one.define("app", image="y")
            one.ecs.update_service(service="web", taskDefinition="app")
            wait_until(lambda: not old & set(agent.apps), "the old tasks have ended", 60)
            seen = len(client.answered)
            wait_until(lambda: len(client.answered) > seen + 20, "the new tasks are called")
        assert client.errors == []
        assert not {short_id(arn) for arn in old} & set(client.answered[-20:])
