"""Networks of containers on containerd: bridge mode by real packets, and what a crash leaves of it."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from support import host
from support.netns import Namespace, join
from support.tasks import PYTHON_MOUNTS, PYTHON_VOLUMES, page, run
from support.waiting import wait_until
from test_containerd import pids

# The image has few of busybox's names.
TOOLS = "busybox --install -s /bin; "
RULES = pathlib.Path(__file__).parents[2] / "packaging/berth-endpoint-rules"
UNITS = pathlib.Path(__file__).parents[2] / "systemd"
PLUGINS = pathlib.Path("/usr/lib/cni")
ECHO_UDP = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 5353))
while True:
    text, peer = server.recvfrom(4096)
    server.sendto(text.upper(), peer)
"""


class Here:
    """The host of the test run, as one end of a cable."""

    pid = os.getpid()

    def run(self, *arguments):
        return subprocess.run(list(map(str, arguments)), check=True, capture_output=True, text=True, timeout=30)


@pytest.fixture
def neighbour():
    """Another host on this one's wire: 192.0.2.2 beside 192.0.2.1. It knows no way to the containers."""
    one = Namespace()
    here = Here()
    one.run("ip", "link", "set", "lo", "up")
    join(here, "wire0", one, "eth0")
    here.run("ip", "addr", "add", "192.0.2.1/24", "dev", "wire0")
    one.run("ip", "addr", "add", "192.0.2.2/24", "dev", "eth0")
    yield one
    here.run("ip", "link", "del", "wire0")
    one.close()


class Bridged:
    """A Berth whose one agent works with containerd, and what it keeps of networks."""

    def __init__(self, berth, containerd, start=True, **changes):
        self.berth = berth
        self.containerd = containerd
        berth.start(agents=0)
        self.agent = berth.make_agent(changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"},
                                   **changes})
        if start:
            self.agent.start_joined()
        self.folder = self.agent.folder / "data/containerd/networks"

    def define(self, family, containers, volumes=()):
        wanted = [{"image": self.berth.image("busybox"), "essential": True, "cpu": 16, "memory": 64, "stopTimeout": 1, **one}
                  for one in containers]
        # Debian's boto3 knows no ranges of ports.
        self.berth.controller.call("RegisterTaskDefinition", family=family, networkMode="bridge",
                                   containerDefinitions=wanted, volumes=list(volumes))

    def serve(self, family, text, **container):
        script = f"{TOOLS}mkdir /pages; echo {text} >/pages/index.html; exec httpd -f -p 8080 -h /pages"
        self.define(family, [{"name": "app", "command": ["sh", "-c", script],
                              "portMappings": [{"containerPort": 8080}], **container}])
        arn = run(self.berth, family)[0]
        return arn, self.berth.wait_status(arn, "RUNNING")

    def left(self):
        """What is there of networks: records, kept namespaces, noted addresses, published ports."""
        addresses = self.folder / "addresses/berth"
        return {"records": sorted(one.stem for one in (self.folder / "attachments").glob("*.json")),
                "namespaces": sorted(pathlib.Path(one).name for one in host.mounts_below(self.folder)),
                "files": sorted(one.name for one in (self.folder / "namespaces").iterdir()),
                "addresses": sorted(one.name for one in addresses.glob("10.*")) if addresses.exists() else [],
                "ports": [line for line in iptables() if line.startswith("-A CNI-DN-")]}

    def stop(self, arn):
        self.berth.ecs.stop_task(cluster="default", task=arn, reason="enough")
        return self.berth.wait_status(arn, "STOPPED")


    def close(self):
        """Also after a failed test the next one finds a host without containers and networks."""
        self.agent.kill9()
        self.containerd.remove_containers()
        for point in host.mounts_below(self.folder):
            subprocess.run(["umount", point], check=True)
        remove_rules()
        for bridge in ("berth0", "berth1"):
            if os.path.exists(f"/sys/class/net/{bridge}"):
                subprocess.run(["ip", "link", "del", bridge], check=True)


@pytest.fixture
def bridged(berth, containerd):
    """bridged(**changes): a Bridged whose agent has these settings."""
    made = []

    def make(**changes):
        made.append(Bridged(berth, containerd, **changes))
        return made[-1]

    yield make
    for one in made:
        one.close()


def remove_rules():
    """Those of the agent and of CNI's plugins; Docker's and the endpoints' stay."""
    saved = subprocess.run(["iptables-save"], check=True, capture_output=True, text=True).stdout
    kept = [line for line in saved.splitlines() if not re.search(r"BERTH-(?!ENDPOINT)|CNI-", line)]
    subprocess.run(["iptables-restore"], input="\n".join(kept) + "\n", check=True, text=True)


NOTHING = {"records": [], "namespaces": [], "files": [], "addresses": [], "ports": []}


def iptables():
    return subprocess.run(["iptables", "-t", "nat", "-S"], check=True, capture_output=True, text=True).stdout.splitlines()


def inside(pid, *command):
    return subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", *command], check=True, capture_output=True,
                          text=True, timeout=30).stdout


def bindings(task):
    return {(one["containerPort"], one["protocol"]): one["hostPort"] for one in task["containers"][0]["networkBindings"]}


def is_held(port, kind=socket.SOCK_STREAM):
    """Whether another program of the host is refused the port."""
    with socket.socket(socket.AF_INET, kind) as one:
        try:
            one.bind(("0.0.0.0", port))
        except OSError:
            return True
    return False


def test_bridge_tasks_have_an_address_published_ports_and_a_way_out(berth, containerd, bridged, neighbour, run_folder):
    site = bridged()
    # As a Docker Engine beside it leaves the host: nothing is forwarded that nobody allowed.
    subprocess.run(["iptables", "-P", "FORWARD", "DROP"], check=True)
    arn, task = site.serve("page", "hello")
    port = bindings(task)[8080, "tcp"]
    assert wait_until(lambda: neighbour.fetch(f"http://192.0.2.1:{port}/"), "the page from outside") == "hello\n"
    assert page(port) == "hello\n", "the page from the host itself"
    assert is_held(port)
    pid = pids(containerd).popitem()[1]
    card = json.loads(inside(pid, "ip", "-j", "-4", "addr", "show", "eth0"))[0]
    assert card["operstate"] == "UP" and card["addr_info"][0]["local"].startswith("10.190."), card
    assert site.left()["addresses"] == [card["addr_info"][0]["local"]]
    shown = site.agent.ask(f"/v1/tasks?taskarn={arn}")["Containers"][0]
    assert shown["Networks"][0]["IPv4Addresses"] == [card["addr_info"][0]["local"]], shown

    neighbour.serve(run_folder, "192.0.2.2:8000")
    script = '[ "$(echo hello | nc -w 5 192.0.2.2 8000 | tail -n 1)" = "8000 192.0.2.1" ] && exit 7'
    site.define("out", [{"name": "app", "command": ["sh", "-c", script]}])
    assert berth.wait_status(run(berth, "out")[0], "STOPPED")["containers"][0]["exitCode"] == 7

    site.stop(arn)
    assert site.left() == NOTHING and not is_held(port)
    assert neighbour.fetch(f"http://192.0.2.1:{port}/") is None


def test_a_bridge_task_reaches_the_agent_and_is_known_by_its_address(berth, bridged, tmp_path):
    # The very address that the rules lead to: this host is the test's own.
    env = {**os.environ, "BERTH_ENDPOINT_BRIDGES": "berth0", "RUNTIME_DIRECTORY": str(tmp_path)}
    site = bridged(endpoints={"task_address": "127.0.0.1:51679"})
    subprocess.run([RULES, "add"], check=True, env=env, timeout=60)
    try:
        script = TOOLS + """own=$(ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1)
until wget -q -O - $ECS_CONTAINER_METADATA_URI_V4 | grep '"Name":"app"' | grep -qF "\\"$own\\""; do sleep 0.2; done; exit 7"""
        site.define("asks", [{"name": "app", "command": ["sh", "-c", script]}])
        task = berth.wait_status(run(berth, "asks")[0], "STOPPED")
        assert task["containers"][0]["exitCode"] == 7, task
    finally:
        subprocess.run([RULES, "remove"], check=True, env=env, timeout=60)


def test_udp_and_rows_of_ports_are_published_and_fixed_ones_are_as_asked(berth, bridged, neighbour):
    site = bridged()
    site.define("names", [{
        "name": "app", "command": ["/usr/bin/python3", "-c", ECHO_UDP],
        "mountPoints": PYTHON_MOUNTS,
        "portMappings": [{"containerPort": 5353, "protocol": "udp"},
                         {"containerPort": 8080, "hostPort": 18080, "protocol": "tcp"},
                         {"containerPortRange": "9000-9002", "protocol": "tcp"}]}],
        PYTHON_VOLUMES)
    arn = run(berth, "names")[0]
    berth.wait_status(arn, "RUNNING")
    task = berth.controller.call("DescribeTasks", cluster="default", tasks=[arn])["tasks"][0]
    found = {one.get("containerPort") or one["containerPortRange"]: one for one in task["containers"][0]["networkBindings"]}
    assert found[8080]["hostPort"] == 18080
    first, last = map(int, found["9000-9002"]["hostPortRange"].split("-"))
    assert last - first == 2 and all(is_held(port) for port in range(first, last + 1))
    port = found[5353]["hostPort"]
    assert is_held(port, socket.SOCK_DGRAM)
    ask = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); "
           f"s.sendto(b'hello', ('192.0.2.1', {port})); print(s.recv(100).decode())")
    wait_until(lambda: neighbour.run("/usr/bin/python3", "-c", ask, check=False).stdout == "HELLO\n", "an answer")
    site.stop(arn)
    assert site.left() == NOTHING


def test_the_agents_end_leaves_networks_alone_and_what_ended_meanwhile_is_taken_back(berth, containerd, bridged):
    site = bridged()
    arn, task = site.serve("page", "hello")
    port = bindings(task)[8080, "tcp"]
    wait_until(lambda: page(port) == "hello\n", "the page")
    before = site.left()
    assert len(before["namespaces"]) == len(before["addresses"]) == 1

    site.agent.kill9()
    # At the first try, though it may take its time on a busy machine.
    assert page(port, 20) == "hello\n"
    site.agent.start_joined()
    assert page(port, 20) == "hello\n" and site.left() == before
    wait_until(lambda: is_held(port), "the port, held again")
    assert bindings(berth.task(arn))[8080, "tcp"] == port

    site.agent.kill9()
    (pid,) = pids(containerd).values()
    os.kill(pid, signal.SIGKILL)
    # Of a container that nobody has any more, and an address that not even a record tells of.
    stray = site.folder / "addresses/berth/10.190.9.9"
    stray.write_text("of-nobody\r\neth0")
    site.agent.start_joined()
    berth.wait_status(arn, "STOPPED")
    wait_until(lambda: site.left() == NOTHING, "nothing left")
    assert not is_held(port)


def own_plugins(folder, bridge):
    """A folder of plugins whose `bridge` is a script; $PLUGIN is the real one, $input what it reads."""
    plugins = folder / "plugins"
    plugins.mkdir()
    for one in PLUGINS.iterdir():
        (plugins / one.name).symlink_to(one)
    (plugins / "bridge").unlink()
    (plugins / "bridge").write_text(f"#!/bin/sh\nPLUGIN={PLUGINS}/bridge\ninput=$(cat)\n{bridge}\n", encoding="utf-8")
    (plugins / "bridge").chmod(0o755)
    return {"plugins": str(plugins)}


def test_what_a_plugin_would_not_undo_is_undone_later_and_holds_its_port_until_then(bridged, tmp_path):
    refusing = tmp_path / "refusing"
    site = bridged(network=own_plugins(tmp_path, f"""
[ "$CNI_COMMAND" = DEL ] && [ -e {refusing} ] && echo '{{"msg": "not now"}}' && exit 1
printf '%s' "$input" | $PLUGIN"""))
    arn, task = site.serve("page", "hello")
    port = bindings(task)[8080, "tcp"]
    refusing.touch()
    site.stop(arn)
    left = site.left()
    assert len(left["records"]) == len(left["addresses"]) == 1 and left["namespaces"] == [] and is_held(port)
    assert "not now" in site.agent.tail()
    refusing.unlink()
    wait_until(lambda: site.left() == NOTHING, "nothing left", 40)
    assert not is_held(port)


def test_what_plugins_make_for_all_is_made_by_one_of_many_that_begin_at_once(berth, bridged, tmp_path):
    # As portmap with chains on nftables: of two that miss what all share, one fails to make it.
    site = bridged(network=own_plugins(tmp_path, f"""
[ "$CNI_COMMAND" != ADD ] || [ -e {tmp_path}/made ] && {{ printf '%s' "$input" | $PLUGIN; exit $?; }}
mkdir {tmp_path}/making 2>/dev/null || {{ echo '{{"msg": "File exists"}}'; exit 1; }}
sleep 0.5
touch {tmp_path}/made
printf '%s' "$input" | $PLUGIN"""))
    site.define("many", [{"name": "app", "command": ["sleep", "86400"]}])
    arns = run(berth, "many", count=6)
    for arn in arns:
        berth.wait_status(arn, "RUNNING")
    for arn in arns:
        site.stop(arn)
    assert site.left() == NOTHING


def test_a_crash_in_the_midst_of_a_plugin_costs_no_address(berth, bridged, tmp_path):
    # It has done its work and does not say so.
    site = bridged(network=own_plugins(tmp_path, f"""
printf '%s' "$input" | $PLUGIN
code=$?
[ "$CNI_COMMAND" = ADD ] && [ -e {tmp_path}/hang ] && echo $$ >{tmp_path}/pid && exec sleep 600
exit $code"""))
    (tmp_path / "hang").touch()
    script = TOOLS + "mkdir /pages; echo hello >/pages/index.html; exec httpd -f -p 8080 -h /pages"
    site.define("page", [{"name": "app", "command": ["sh", "-c", script],
                             "portMappings": [{"containerPort": 8080}]}])
    arn = run(berth, "page")[0]
    hung = int(wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip(), "a hung plugin"))
    first = site.left()
    assert len(first["records"]) == len(first["addresses"]) == 1

    (tmp_path / "hang").unlink()
    site.agent.kill9()
    os.kill(hung, signal.SIGKILL)
    site.agent.start_joined()
    task = berth.wait_status(arn, "RUNNING")
    wait_until(lambda: page(bindings(task)[8080, "tcp"]) == "hello\n", "the page")
    after = site.left()
    assert after["records"] == first["records"] and len(after["addresses"]) == len(after["namespaces"]) == 1
    site.stop(arn)
    assert site.left() == NOTHING


def test_the_rights_that_the_unit_has_on_containerd_hosts_are_enough(berth, containerd, bridged):
    # The installed unit with the file for containerd hosts, as far as root's rights go.
    rights = [word for name in ("berth-agent.service", "berth-agent-containerd.conf")
              for line in (UNITS / name).read_text().splitlines() if line.startswith("CapabilityBoundingSet=")
              for word in line.partition("=")[2].removeprefix("CAP_").split(" CAP_")]
    site = bridged(start=False)
    kept = ",".join(["-all", *(f"+{right.lower()}" for right in rights)])
    site.agent.command = ["setpriv", "--no-new-privs", "--bounding-set", kept, *site.agent.command]
    site.agent.start_joined()
    with open(f"/proc/{site.agent.pid}/status", encoding="ascii") as status:
        effective = next(line.split()[1] for line in status if line.startswith("CapEff"))
    assert int(effective, 16).bit_count() == len(rights), "the agent has other rights than these"
    arn, task = site.serve("page", "hello", portMappings=[{"containerPort": 8080, "hostPort": 81}])
    wait_until(lambda: page(81) == "hello\n", "the page")
    assert bindings(task) == {(8080, "tcp"): 81}
    site.stop(arn)
    assert site.left() == NOTHING


def test_a_missing_plugin_and_a_wrong_list_of_plugins_are_said(berth, bridged, tmp_path):
    (tmp_path / "none").mkdir()
    site = bridged(network={"plugins": str(tmp_path / "none")})
    site.define("page", [{"name": "app", "command": ["true"]}])
    container = berth.wait_status(run(berth, "page")[0], "STOPPED")["containers"][0]
    assert "install the package containernetworking-plugins" in container["reason"], container
    assert site.left() == NOTHING
    wrong = tmp_path / "wrong.conflist"
    wrong.write_text('{"cniVersion": "1.0.0", "name": "own", "plugins": []}', encoding="utf-8")
    site.agent.stop()
    site.agent.settings["network"]["conflist"] = str(wrong)
    site.agent.start()
    assert site.agent.wait() == 2
    assert f"network.conflist {wrong}" in site.agent.tail()


def test_tasks_join_a_network_of_the_users_own_plugins(berth, bridged, tmp_path):
    own = tmp_path / "own.conflist"
    addresses = {"type": "host-local", "dataDir": str(tmp_path / "addresses"),
                 "ranges": [[{"subnet": "10.44.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    own.write_text(json.dumps({"cniVersion": "0.4.0", "name": "own", "plugins": [
        {"type": "ptp", "ipMasq": True, "ipam": addresses}, {"type": "tuning", "sysctl": {"net.core.somaxconn": "77"}}]}))
    site = bridged(network={"conflist": str(own)})
    script = TOOLS + "grep -q '^10.44.0.' /etc/hosts && [ $(cat /proc/sys/net/core/somaxconn) = 77 ] && exit 7"
    site.define("own", [{"name": "app", "command": ["sh", "-c", script]}])
    assert berth.wait_status(run(berth, "own")[0], "STOPPED")["containers"][0]["exitCode"] == 7
    site.define("published", [{"name": "app", "command": ["true"], "portMappings": [{"containerPort": 80}]}])
    container = berth.wait_status(run(berth, "published")[0], "STOPPED")["containers"][0]
    assert "network own can't publish ports" in container["reason"], container
    assert site.left() == NOTHING and list((tmp_path / "addresses/own").glob("10.*")) == []
