"""Network mode awsvpc on containerd: a task's own address, by real packets, and what a crash leaves of it."""

import json
import os
import signal
import subprocess

from support.tasks import run
from support.waiting import wait_until
from test_containerd import pids
from test_containerd_network import NOTHING, RULES, TOOLS, UNITS, bridged, inside, neighbour  # noqa: F401

SUBNETS = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
PAGE = f"{TOOLS}mkdir /pages; echo hello >/pages/index.html; exec httpd -f -p 8080 -h /pages"


class Site:
    """A Bridged whose tasks have addresses of their own."""

    def __init__(self, bridged, **changes):  # noqa: F811
        self.site = bridged(**changes)
        self.berth = self.site.berth
        self.agent = self.site.agent

    def define(self, family, *containers, volumes=()):
        self.berth.controller.call("RegisterTaskDefinition", family=family, networkMode="awsvpc", containerDefinitions=[
            {"image": self.berth.image("busybox"), "essential": True, "cpu": 16, "memory": 64, "stopTimeout": 1, **one}
            for one in containers], volumes=list(volumes))

    def start(self, family, *containers, **more):
        self.define(family, *containers, **more)
        return run(self.berth, family, networkConfiguration=SUBNETS)[0]

    def serve(self, family, *more):
        arn = self.start(family, script("web", PAGE, portMappings=[{"containerPort": 8080}]), *more)
        self.berth.wait_status(arn, "RUNNING")
        address = self.address(arn)
        wait_until(lambda: fetch(address) == "hello\n", "the page from the host itself")
        return arn, address

    def details(self, arn):
        (attachment,) = self.berth.task(arn)["attachments"]
        assert attachment["type"] == "ElasticNetworkInterface"
        return {"status": attachment["status"], **{one["name"]: one["value"] for one in attachment["details"]}}

    def address(self, arn):
        return wait_until(lambda: self.details(arn).get("privateIPv4Address"), "an address")

    def exit_code(self, arn, container=0):
        return self.berth.wait_status(arn, "STOPPED")["containers"][container].get("exitCode")


def script(name, text, **more):
    return {"name": name, "command": ["sh", "-c", text], **more}


def fetch(address, port=8080):
    done = subprocess.run(["curl", "-s", "--noproxy", "*", "-m", "2", f"http://{address}:{port}/"], capture_output=True,
                          text=True, timeout=30, check=False)
    return done.stdout if done.returncode == 0 else None


def cards():
    shown = json.loads(subprocess.run(["ip", "-j", "link"], check=True, capture_output=True, text=True).stdout)
    return sorted(one["ifname"] for one in shown if one["ifname"].startswith("btsk"))


def test_a_task_has_an_address_that_its_containers_share(berth, bridged, neighbour, run_folder):  # noqa: F811
    site = Site(bridged)
    # As a Docker Engine beside it leaves the host: nothing is forwarded that nobody allowed.
    subprocess.run(["iptables", "-P", "FORWARD", "DROP"], check=True)
    beside = script("side", TOOLS + "until [ \"$(wget -q -O - http://127.0.0.1:8080/)\" = hello ]; do sleep 0.1; done; exit 7",
                    essential=False)
    arn, address = site.serve("page", beside)
    assert address.startswith("10.191."), address
    side = wait_until(lambda: next(one for one in berth.task(arn)["containers"] if one["name"] == "side").get("exitCode"),
                      "the end of the container beside it")
    assert side == 7
    details = site.details(arn)
    assert details["status"] == "ATTACHED" and details["subnetId"] == "subnet-1", details
    assert details["networkInterfaceId"].startswith("eni-") and details["macAddress"].startswith("0a:58:"), details
    assert details["privateDnsName"] == f"ip-{address.replace('.', '-')}.berth.internal"
    task = berth.task(arn)
    for container in task["containers"]:
        assert container["networkInterfaces"] == [
            {"attachmentId": task["attachments"][0]["id"], "privateIpv4Address": address}], container
        assert container["networkBindings"] == []
    assert neighbour.fetch("http://192.0.2.1:8080/") is None, "nothing is published"

    # A second task reaches the first by its address, and what is outside under the host's.
    neighbour.serve(run_folder, "192.0.2.2:8000")
    asks = f"""[ "$(wget -q -O - http://{address}:8080/)" = hello ] || exit 1
[ "$(echo hello | nc -w 5 192.0.2.2 8000 | tail -n 1)" = "8000 192.0.2.1" ] || exit 2
ip -4 -o addr show eth0 | grep -q " $(hostname -i)/20 " || exit 3
exit 7"""
    assert site.exit_code(site.start("asks", script("app", TOOLS + asks))) == 7

    site.site.stop(arn)
    wait_until(lambda: site.site.left() == NOTHING and cards() == [], "nothing left")
    assert site.details(arn)["status"] == "DELETED" and fetch(address) is None


def test_rules_of_a_task_are_its_own(containerd, bridged):  # noqa: F811
    site = Site(bridged)
    one, other = site.serve("page"), site.serve("other")
    found = {inside(pid, "hostname", "-I").strip(): pid for pid in pids(containerd).values()}
    assert set(found) == {one[1], other[1]}, found
    before = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout.count("8080")
    inside(found[one[1]], "iptables", "-A", "INPUT", "-p", "tcp", "--dport", "8080", "-j", "DROP")
    assert fetch(one[1]) is None and fetch(other[1]) == "hello\n"
    assert before == subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout.count("8080")
    for arn, _ in (one, other):
        site.site.stop(arn)
    wait_until(lambda: site.site.left() == NOTHING and cards() == [], "nothing left")


def test_a_task_is_told_of_its_network_and_known_by_its_address(berth, bridged, tmp_path):  # noqa: F811
    env = {**os.environ, "BERTH_ENDPOINT_BRIDGES": "berth1", "RUNTIME_DIRECTORY": str(tmp_path)}
    site = Site(bridged, endpoints={"task_address": "127.0.0.1:51679"})
    subprocess.run([RULES, "add"], check=True, env=env, timeout=60)
    try:
        text = TOOLS + """own=$(hostname -i)
until wget -q -O - $ECS_CONTAINER_METADATA_URI_V4 >/said && grep -q '"KnownStatus":"RUNNING"' /said; do sleep 0.2; done
for word in '"NetworkMode":"awsvpc"' "\\"IPv4Addresses\\":[\\"$own\\"]" '"AttachmentIndex":0' '"MACAddress":"0a:58:' \\
    '"IPv4SubnetCIDRBlock":"10.191.0.0/20"' '"SubnetGatewayIpv4Address":"10.191.0.1/20"' \\
    "\\"PrivateDNSName\\":\\"$(hostname)\\""; do
  grep -qF "$word" /said || { echo "no $word"; cat /said; exit 1; }
done
wget -q -O - http://169.254.170.2/v2/metadata | grep -qF "$ECS_TASK" || exit 2
exit 7"""
        arn = site.start("asks", script("app", text, environment=[{"name": "ECS_TASK", "value": "\"Family\":\"asks\""}]))
        assert site.exit_code(arn) == 7, site.agent.tail()
    finally:
        subprocess.run([RULES, "remove"], check=True, env=env, timeout=60)


def test_the_instances_metadata_is_out_of_reach_unless_it_is_allowed(berth, bridged, neighbour, run_folder):  # noqa: F811
    neighbour.run("ip", "addr", "add", "169.254.169.254/32", "dev", "eth0")
    subprocess.run(["ip", "route", "add", "169.254.169.254/32", "via", "192.0.2.2"], check=True)
    neighbour.serve(run_folder, "169.254.169.254:80")
    try:
        ask = '[ "$(echo hello | nc -w 5 169.254.169.254 80 | tail -n 1)" = "80 192.0.2.1" ] && exit 7; exit 8'
        site = Site(bridged)
        assert fetch("169.254.169.254", 80) == "80 192.0.2.1"
        assert site.exit_code(site.start("asks", script("app", TOOLS + ask))) == 8
        # Nor by somebody who makes a route of his own.
        routes = TOOLS + "ip route del 169.254.169.254 || exit 1; " + ask
        bold = {"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}}
        assert site.exit_code(site.start("routes", script("app", routes, **bold))) == 8
        site.agent.stop()
        site.agent.settings["network"] = {"block_instance_metadata": False}
        site.agent.start_joined()
        assert site.exit_code(site.start("asks", script("app", TOOLS + ask))) == 7
    finally:
        subprocess.run(["ip", "route", "del", "169.254.169.254/32"], check=True)


def test_the_agents_end_leaves_a_tasks_network_alone(berth, containerd, bridged):  # noqa: F811
    site = Site(bridged)
    arn, address = site.serve("page")
    before = site.site.left()
    assert len(before["records"]) == len(before["namespaces"]) == len(cards()) == 1

    site.agent.kill9()
    assert fetch(address) == "hello\n"
    site.agent.start_joined()
    assert fetch(address) == "hello\n" and site.site.left() == before and site.address(arn) == address

    site.agent.kill9()
    (pid,) = pids(containerd).values()
    os.kill(pid, signal.SIGKILL)
    # Of a task that nobody knows any more.
    stray = site.site.folder / "attachments/0123456789abcdef0123456789abcdef.json"
    stray.write_text(json.dumps({"chain": "", "ports": [], "result": "", "task": True, "address": "10.191.9.9"}))
    site.agent.start_joined()
    berth.wait_status(arn, "STOPPED")
    wait_until(lambda: site.site.left() == NOTHING and cards() == [], "nothing left", 40)


def test_an_address_is_the_tasks_whichever_containers_come_and_go(berth, bridged, tmp_path):  # noqa: F811
    site = Site(bridged)
    told = tmp_path / "told"
    told.mkdir()
    say = TOOLS + "hostname -i >>/told/addresses; "
    keep = {"mountPoints": [{"sourceVolume": "told", "containerPath": "/told"}]}
    arn = site.start("row", script("first", say + "exit 0", essential=False, **keep),
                     script("second", say + "exit 0", essential=False, **keep,
                            dependsOn=[{"containerName": "first", "condition": "COMPLETE"}]),
                     script("app", say + "exec sleep 1000", **keep,
                            dependsOn=[{"containerName": "second", "condition": "COMPLETE"}]),
                     volumes=[{"name": "told", "host": {"sourcePath": str(told)}}])
    addresses = wait_until(lambda: (told / "addresses").exists() and len((told / "addresses").read_text().split()) == 3
                           and (told / "addresses").read_text(), "three containers", 60)
    berth.wait_status(arn, "RUNNING")
    assert set(addresses.split()) == {site.address(arn)}
    site.site.stop(arn)
    wait_until(lambda: site.site.left() == NOTHING and cards() == [], "nothing left")


def test_tasks_join_a_network_of_the_users_own_plugins(berth, bridged, tmp_path):  # noqa: F811
    own = tmp_path / "own.conflist"
    addresses = {"type": "host-local", "dataDir": str(tmp_path / "addresses"),
                 "ranges": [[{"subnet": "10.44.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    own.write_text(json.dumps({"cniVersion": "0.4.0", "name": "own", "plugins": [
        {"type": "ptp", "ipMasq": True, "dns": {"nameservers": ["10.44.0.99"]}, "ipam": addresses}]}))
    site = Site(bridged, network={"task_conflist": str(own)})
    arn, address = site.serve("page")
    assert address.startswith("10.44.0.") and fetch(address) == "hello\n"
    text = TOOLS + "grep -q 10.44.0.99 /etc/resolv.conf && grep -q '^10.44.0.' /etc/hosts && exit 7"
    assert site.exit_code(site.start("asks", script("app", text))) == 7
    site.site.stop(arn)
    wait_until(lambda: site.site.left() == NOTHING and list((tmp_path / "addresses/own").glob("10.*")) == [], "nothing left")


def test_tasks_are_hosts_on_the_wire_by_macvlan(berth, bridged, neighbour, tmp_path):  # noqa: F811
    own = tmp_path / "wire.conflist"
    addresses = {"type": "host-local", "dataDir": str(tmp_path / "addresses"), "ranges": [
        [{"subnet": "192.0.2.0/24", "rangeStart": "192.0.2.100", "rangeEnd": "192.0.2.110", "gateway": "192.0.2.2"}]]}
    own.write_text(json.dumps({"cniVersion": "0.4.0", "name": "wire", "plugins": [
        {"type": "macvlan", "master": "wire0", "mode": "bridge", "ipam": addresses}]}))
    site = Site(bridged, network={"task_conflist": str(own)})
    # A host and what is on its own card by macvlan do not reach each other: the neighbour asks.
    first = site.start("first", script("web", PAGE))
    address = site.address(first)
    assert address.startswith("192.0.2.1") and fetch(address) is None
    wait_until(lambda: neighbour.fetch(f"http://{address}:8080/") == "hello\n", "the page from the neighbour")
    text = TOOLS + f'[ "$(wget -q -O - http://{address}:8080/)" = hello ] && exit 7'
    assert site.exit_code(site.start("second", script("app", text))) == 7
    site.site.stop(first)
    wait_until(lambda: site.site.left() == NOTHING and list((tmp_path / "addresses/wire").glob("192.*")) == [], "nothing left")


def test_the_rights_that_the_unit_has_are_enough_for_addresses_of_tasks(berth, bridged):  # noqa: F811
    rights = [word for name in ("berth-agent.service", "berth-agent-containerd.conf")
              for line in (UNITS / name).read_text().splitlines() if line.startswith("CapabilityBoundingSet=")
              for word in line.partition("=")[2].removeprefix("CAP_").split(" CAP_")]
    site = Site(bridged, start=False)
    kept = ",".join(["-all", *(f"+{right.lower()}" for right in rights)])
    site.agent.command = ["setpriv", "--no-new-privs", "--bounding-set", kept, *site.agent.command]
    site.agent.start_joined()
    arn, address = site.serve("page")
    assert fetch(address) == "hello\n"
    site.site.stop(arn)
    wait_until(lambda: site.site.left() == NOTHING and cards() == [], "nothing left")


def test_a_host_that_gives_no_addresses_gets_no_such_tasks(berth, bridged):  # noqa: F811
    site = Site(bridged, network={"task_addresses": False})
    site.define("page", script("web", PAGE))
    answer = berth.ecs.run_task(taskDefinition="page", networkConfiguration=SUBNETS)
    assert answer["tasks"] == [] and answer["failures"][0]["reason"] == "ATTRIBUTE", answer
