"""Three hosts, each with a network and a Docker Engine of its own, and one controller at their bridge."""

import contextlib
import subprocess

from support.berth import Berth, Controller
from support.docker import Engine, free_port
from support.netns import Namespace
from support.tasks import run

HOSTS = 3
LOST_AFTER = 3
BRIDGE, ADDRESS = "berth-hosts", "192.0.2.1"
SLEEP = ["/bin/sh", "-c", 'trap "exit 7" TERM; sleep 86400 & wait $!']


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Host:
    """A network namespace with a cable to the bridge that the controller listens at, and an engine in it."""

    def __init__(self, folder, number, registry):
        self.space = Namespace()
        self.engine = None
        cable = f"berth-host-{number}"
        try:
            ip("link", "add", cable, "type", "veth", "peer", "name", "cable", "netns", str(self.space.pid))
            ip("link", "set", cable, "master", BRIDGE, "up")
            for arguments in (["link", "set", "lo", "up"], ["addr", "add", f"192.0.2.{11 + number}/24", "dev", "cable"],
                              ["link", "set", "cable", "up"]):
                self.space.run("ip", *arguments)
            self.engine = Engine(folder, number, space=self.space)
            self.engine.start()
            registry.put_sample(self.engine, "busybox")
        except BaseException:
            self.close()
            raise

    def cut(self):
        """Nothing gets out or in any more, and nobody is told."""
        for chain in ("INPUT", "OUTPUT"):
            self.space.run("iptables", "-I", chain, "1", "-" + chain[0].lower(), "cable", "-j", "DROP")

    def mend(self):
        for chain in ("INPUT", "OUTPUT"):
            self.space.run("iptables", "-D", chain, "-" + chain[0].lower(), "cable", "-j", "DROP")

    def close(self):
        try:
            if self.engine:
                self.engine.close()
        finally:
            self.space.close()


class Three(Berth):
    def __init__(self, folder, hosts, registry):
        super().__init__(folder, lambda number: hosts[number].engine, registry)
        self.hosts = hosts

    def start_all(self, changes=None):
        one = Controller(self.folder / "controller",
                         {"heartbeat": "1s", "lost_after": f"{LOST_AFTER}s", **(changes or {})})
        port = free_port()
        one.settings["listen"] = f"{ADDRESS}:{port}"
        one.url = f"http://{ADDRESS}:{port}"
        self.controller = one.start()
        one.client().create_cluster(clusterName="default")
        for host in self.hosts:
            agent = self.make_agent(changes={"images": {"pull_behavior": "prefer-cached"}})
            agent.command = host.space.command(*agent.command)
            agent.start_joined()

    def instance(self, agent):
        return self.ecs.describe_container_instances(containerInstances=[agent.instance_arn])["containerInstances"][0]

    def connected(self, agent):
        return self.instance(agent)["agentConnected"]

    def run_one_on_each(self, family):
        """The ARN of a RUNNING task for each agent."""
        found = []
        for agent in self.agents:
            here = [{"type": "memberOf", "expression": f"attribute:host == {self.agents.index(agent)}"}]
            found += run(self, family, placementConstraints=here)
        for arn in found:
            self.wait_status(arn, "RUNNING")
        return found


@contextlib.contextmanager
def three_hosts(folder, registry, changes=None):
    """They are there, joined, with the attribute `host`: 0, 1 or 2. `changes` are those of the controller's settings."""
    with contextlib.ExitStack() as closing:
        ip("link", "add", BRIDGE, "type", "bridge")
        closing.callback(ip, "link", "del", BRIDGE)
        ip("addr", "add", f"{ADDRESS}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        folder.mkdir()
        hosts = []
        for number in range(HOSTS):
            hosts.append(Host(folder, number, registry))
            closing.callback(hosts[-1].close)
        one = Three(folder, hosts, registry)
        closing.callback(one.close)
        one.start_all(changes)
        for number, agent in enumerate(one.agents):
            one.ecs.put_attributes(attributes=[{"name": "host", "value": str(number), "targetId": agent.instance_arn}])
        yield one
