"""The way of tasks to the agent, by real packets: a host, a container on its bridge, a neighbour on its wire."""

import pathlib
import re

import pytest

from support.netns import Namespace, join

RULES = pathlib.Path(__file__).parents[2] / "packaging/berth-endpoint-rules"
ENDPOINT = "http://169.254.170.2/v4/metadata"
SAVES = ["iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"]


class Scene:
    def __init__(self, folder, backend):
        self.host, self.container, self.neighbour = self.namespaces = [Namespace() for _ in range(3)]
        self.env = {"IPTABLES": f"iptables-{backend}", "IP6TABLES": f"ip6tables-{backend}",
                    "RUNTIME_DIRECTORY": str(folder / "marks")}
        host, container, neighbour = self.namespaces
        for namespace in self.namespaces:
            namespace.run("ip", "link", "set", "lo", "up")
        host.run("ip", "link", "add", "docker0", "type", "bridge")
        host.run("ip", "addr", "add", "172.17.0.1/16", "dev", "docker0")
        host.run("ip", "link", "set", "docker0", "up")
        join(host, "veth0", container, "eth0")
        host.run("ip", "link", "set", "veth0", "master", "docker0")
        container.run("ip", "addr", "add", "172.17.0.2/16", "dev", "eth0")
        container.run("ip", "route", "add", "default", "via", "172.17.0.1")
        join(host, "eth0", neighbour, "eth0")
        host.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
        neighbour.run("ip", "addr", "add", "192.0.2.2/24", "dev", "eth0")
        neighbour.run("ip", "route", "add", "default", "via", "192.0.2.1")
        # 51679: the agent's endpoints; 51678: introspection, opened by its operator; 8080: the host's own business.
        host.serve(folder, "127.0.0.1:51679", "0.0.0.0:51678", "127.0.0.1:8080")
        self.before = self.state()

    def rules(self, command, check=True, **env):
        return self.host.run(RULES, command, check=check, env={**self.env, **env})

    def state(self):
        """All that a host's network has of rules, routes and settings."""
        # Built-in chains appear with the first rule and stay: only rules, chains and other policies count.
        saved = [re.sub(r" \[\d+:\d+\]$", "", line) for save in SAVES
                 for line in self.host.run(save, check=False).stdout.splitlines()
                 if line.startswith(("-A", ":")) and " ACCEPT [" not in line]
        settings = self.host.run("sh", "-c", "grep -r . /proc/sys/net/ipv4/conf/*/route_localnet").stdout
        return saved, self.host.run("ip", "-4", "route").stdout, settings

    def lose_loopback(self, namespace, gateway):
        """Makes the namespace believe that 127.0.0.1 is beyond its gateway, as one who forges packets does."""
        namespace.run("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1")
        namespace.run("ip", "addr", "del", "127.0.0.1/8", "dev", "lo")
        namespace.run("ip", "route", "add", "127.0.0.1", "via", gateway)

    def close(self):
        for namespace in self.namespaces:
            namespace.close()


@pytest.fixture(params=["nft", "legacy"])
def scene(tmp_path, request):
    one = Scene(tmp_path, request.param)
    yield one
    one.close()


def test_a_container_and_the_host_itself_reach_the_agent_and_nobody_else_does(scene):
    assert scene.container.fetch(ENDPOINT) is None
    scene.rules("add")
    assert scene.container.fetch(ENDPOINT) == "51679 172.17.0.2", "the agent sees which container calls"
    assert scene.host.fetch(ENDPOINT).startswith("51679 ")
    assert scene.neighbour.fetch(ENDPOINT) is None
    scene.rules("remove")
    assert scene.container.fetch(ENDPOINT) is None


def test_the_host_itself_reaches_the_agent_without_a_default_route(scene):
    assert "default" not in scene.host.run("ip", "-4", "route").stdout
    scene.rules("add")
    assert scene.host.fetch(ENDPOINT).startswith("51679 ")


def test_a_host_that_lets_nothing_in_lets_tasks_reach_the_agent(scene):
    scene.host.run(scene.env["IPTABLES"], "-P", "INPUT", "DROP")
    scene.rules("add")
    assert scene.container.fetch(ENDPOINT) == "51679 172.17.0.2"
    assert scene.container.fetch("http://172.17.0.1:8080/") is None


def test_forged_packets_to_loopback_get_nowhere(scene):
    scene.rules("add", ECS_SKIP_LOCALHOST_TRAFFIC_FILTER="true")
    scene.lose_loopback(scene.container, "172.17.0.1")
    scene.lose_loopback(scene.neighbour, "192.0.2.1")
    assert scene.container.fetch("http://127.0.0.1:8080/") == "8080 172.17.0.2", "the forgery works without the guard"
    assert scene.neighbour.fetch("http://127.0.0.1:8080/") is None, "route_localnet is the bridge's alone"
    scene.rules("add")
    assert scene.container.fetch("http://127.0.0.1:8080/") is None
    assert scene.container.fetch("http://127.0.0.1:51679/") is None
    assert scene.container.fetch(ENDPOINT) == "51679 172.17.0.2"


def test_introspection_is_for_the_host_and_its_containers_until_told_otherwise(scene):
    assert scene.neighbour.fetch("http://192.0.2.1:51678/") == "51678 192.0.2.2"
    scene.rules("add")
    assert scene.neighbour.fetch("http://192.0.2.1:51678/") is None
    assert scene.container.fetch("http://172.17.0.1:51678/") == "51678 172.17.0.2"
    assert scene.host.fetch("http://127.0.0.1:51678/") == "51678 127.0.0.1"
    scene.rules("add", ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS="true")
    assert scene.neighbour.fetch("http://192.0.2.1:51678/") == "51678 192.0.2.2"


def test_adding_twice_is_adding_once_and_removing_leaves_what_was(scene):
    # Amazon's own rule, word for word, and a setting that somebody else made.
    scene.host.run(scene.env["IPTABLES"], "-t", "nat", "-A", "PREROUTING", "-d", "169.254.170.2/32", "-p", "tcp",
                   "--dport", "80", "-j", "DNAT", "--to-destination", "127.0.0.1:51679")
    scene.host.run("ip", "link", "add", "br-mine", "type", "bridge")
    scene.host.run("sysctl", "-qw", "net.ipv4.conf.br-mine.route_localnet=1")
    both = {"BERTH_ENDPOINT_BRIDGES": "docker0 br-mine"}
    before = scene.state()
    assert scene.rules("check", check=False, **both).returncode == 1
    scene.rules("add", **both)
    once = scene.state()
    assert once != before
    scene.rules("add", **both)
    assert scene.state() == once
    scene.rules("check", **both)
    scene.rules("remove", **both)
    assert scene.state() == before
    scene.rules("remove", **both)
    assert scene.state() == before


def test_other_bridges_replace_the_ones_before(scene):
    scene.rules("add")
    scene.host.run("ip", "link", "add", "tasks", "type", "bridge")
    scene.rules("add", BERTH_ENDPOINT_BRIDGES="tasks")
    assert scene.container.fetch(ENDPOINT) is None
    scene.rules("check", BERTH_ENDPOINT_BRIDGES="tasks")
    scene.rules("remove")
    scene.host.run("ip", "link", "del", "tasks")
    assert scene.state() == scene.before


def test_check_tells_what_is_missing(scene):
    scene.rules("add")
    scene.host.run(scene.env["IPTABLES"], "-t", "nat", "-D", "OUTPUT", "-j", "BERTH-ENDPOINT-OUT")
    scene.host.run("sysctl", "-qw", "net.ipv4.conf.docker0.route_localnet=0")
    found = scene.rules("check", check=False)
    assert found.returncode == 1
    assert "the jump from OUTPUT to BERTH-ENDPOINT-OUT" in found.stderr and "route_localnet of docker0" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 3, found.stderr
    scene.rules("add")
    scene.rules("check")


def test_what_cannot_be_done_is_told_and_leaves_nothing(scene):
    missing = scene.rules("add", check=False, BERTH_ENDPOINT_BRIDGES="docker0 docker7")
    assert missing.returncode == 1 and "there is no bridge docker7: start Docker" in missing.stderr
    broken = scene.rules("add", check=False, IP6TABLES="/bin/false")
    assert broken.returncode == 1 and "/bin/false did not take the rules" in broken.stderr
    absent = scene.rules("add", check=False, IPTABLES="no-such-iptables")
    assert absent.returncode == 1 and "install the packages iptables and iproute2" in absent.stderr
    assert scene.state() == scene.before


@pytest.mark.parametrize("bridges", ["", "  ", "lo", "all", "docker0 ../lo", "a-name-that-is-too-long", "docker0;true"])
def test_a_bridge_that_cannot_be_one_is_refused(bridges):
    namespace = Namespace()
    done = namespace.run(RULES, "add", check=False, env={"BERTH_ENDPOINT_BRIDGES": bridges})
    namespace.close()
    assert done.returncode == 2 and "BERTH_ENDPOINT_BRIDGES" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["add", "remove"], ["flush"]])
def test_a_wrong_command_line_is_refused(arguments):
    namespace = Namespace()
    done = namespace.run(RULES, *arguments, check=False)
    namespace.close()
    assert done.returncode == 2 and "usage: berth-endpoint-rules add|remove|check" in done.stderr
