"""Prints each figure of the controller under a simulated fleet: `./dev bench fleet [PART ...]`, by hand.

bench-fleet holds the agents' websockets; this starts and stops the controller. Nothing is asserted: a shared machine is
noisy. PART is tasks, describe, reconnect, services, loss or ps.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))

from support.berth import Controller, binary  # noqa: E402
from support.waiting import wait_until  # noqa: E402

AGENTS = 5_000
TASKS = 1_000_000
CALLERS = 128
RECONNECTING = 10_000
DESCRIBED_RATE = 1_000
DESCRIBED_SECONDS = 20
ROLLED, ROLLED_COPIES, ROLLED_AGENTS = 1_000, 10, 1_000
RESTED_SECONDS = 30
LISTED, LISTED_AGENTS, LISTED_TIMES = 10_000, 500, 5
LOST_SERVICES, LOST_COPIES = 1_000, 100
REPLACE_AFTER = 10


def cpu(pid):
    """User and system CPU seconds of the threads of a process: core (its first), sockets, and the store's."""
    used = collections.Counter()
    for each in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name, rest = (each / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        name = "core" if int(each.name) == pid else name if name == "sockets" else "store"
        fields = rest.split()
        used[name] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def resident(pid):
    """Bytes of memory that a process has."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


class Fleet:
    """A controller of its own and a fleet of agents."""

    def __init__(self, folder, reports, changes=None):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.controller = Controller(pathlib.Path(folder, "controller"), {
            "log": {"level": "warn"}, "quotas": {"instances_per_cluster": 20_000},
            **(changes or {})})
        self.controller.start()
        client = self.controller.client()
        client.create_cluster()
        client.register_task_definition(family="fleet", containerDefinitions=[
            {"name": "app", "image": "registry.example/app:1", "cpu": 10, "memory": 8, "essential": True}])
        self.fleet = subprocess.Popen(
            [binary("bench-fleet"), f"127.0.0.1:{self.controller.port}", self.controller.credentials_file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.tell(f"reports {int(reports == 'session')}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fleet.kill()
        self.fleet.wait()
        self.controller.stop()

    def tell(self, command):
        """One command of bench-fleet, and what it answered, by name."""
        self.fleet.stdin.write(command + "\n")
        self.fleet.stdin.flush()
        words = self.fleet.stdout.readline().split()
        return {name: value if name == "last" else float(value) for name, value in zip(words[::2], words[1::2])}


def show(what, ours, budget, met):
    print(f"{'met   ' if met else 'MISSED'}  {what}\n        berth   {ours}\n        budget  {budget}", flush=True)


def tasks(folder, options):
    """So many tasks accepted, placed, delivered and reported RUNNING, and what they and the agents weigh."""
    count, agents = options.tasks, options.agents
    with Fleet(folder, options.reports) as fleet:
        pid = fleet.controller.pid
        empty = resident(pid)
        joined = fleet.tell(f"agents {agents}")
        # Connections for calls that nobody makes are closed after 75 s; what a fleet at rest has is its sessions.
        time.sleep(options.rest)
        with_agents = resident(pid)
        each = (with_agents - empty) / agents
        show(f"memory of a connected agent, {agents} of them", f"{each / 1024:.1f} KB, joined in {joined['seconds']:.1f} s",
             "20 KB", each <= 20 * 1024)
        before, fleet_before, began = cpu(pid), sum(cpu(fleet.fleet.pid).values()), resident(pid)
        run = fleet.tell(f"run {count} {options.callers}")
        after, fleet_after = cpu(pid), sum(cpu(fleet.fleet.pid).values())
        split = {name: (after[name] - before[name]) / count * 1e6 for name in ("core", "sockets", "store")}
        show(f"{count} tasks on {agents} agents to RUNNING, reports by {options.reports}",
             f"{run['seconds']:.1f} s by {options.callers} callers, {run['per_second']:.0f} tasks/s; RunTask to payload p50 {run['p50']:.1f} ms, p99 "
             f"{run['p99']:.1f} ms; failed {run['failed']:.0f}, calls repeated {run['refused']:.0f}; CPU a task: core "
             f"{split['core']:.0f} us, sockets {split['sockets']:.0f} us, store {split['store']:.0f} us, fleet "
             f"{(fleet_after - fleet_before) / count * 1e6:.0f} us",
             f"{count / 10_000:.0f} s (Nomad, C1M: 3,750 tasks/s on five servers)", run["seconds"] <= count / 10_000)
        time.sleep(options.rest)
        each = (resident(pid) - began) / count
        show(f"memory of a task at rest, {count} of them", f"{each:.0f} bytes; the controller in all "
             f"{resident(pid) / 1e6:.0f} MB, its state on disk "
             f"{(fleet.controller.data_dir / 'state.db').stat().st_size / 1e6:.0f} MB", "1,024 bytes", each <= 1024)


def describe(folder, options):
    """DescribeTasks of a hundred tasks while others start."""
    with Fleet(folder, options.reports) as fleet:
        fleet.tell(f"agents {options.agents}")
        seen = fleet.tell(f"paced {DESCRIBED_RATE * DESCRIBED_SECONDS} {DESCRIBED_RATE}")
        show(f"DescribeTasks of 100 tasks while {DESCRIBED_RATE} tasks a second start",
             f"p50 {seen['p50']:.1f} ms, p99 {seen['p99']:.1f} ms of {seen['calls']:.0f} calls; tasks started in "
             f"{seen['seconds']:.1f} s, failed {seen['failed']:.0f}", "p99 5 ms", seen["p99"] <= 5)


def reconnect(folder, options):
    """The controller is killed under its agents; from its first answer until all have their command session."""
    with Fleet(folder, options.reports) as fleet:
        fleet.tell("telemetry 0")  # one session an agent, as one process may not have descriptors for more
        joined = fleet.tell(f"agents {RECONNECTING}")
        fleet.controller.kill9()
        fleet.controller.start()
        back = fleet.tell("all")
        show(f"{RECONNECTING} agents in session again after a restart of the controller",
             f"{back['seconds']:.1f} s; at first they joined in {joined['seconds']:.1f} s", "10 s", back["seconds"] <= 10)


def create_services(fleet, services, copies):
    """Services of the family "fleet", all of whose tasks run."""
    client = fleet.controller.client()
    for number in range(services):
        client.create_service(serviceName=f"s{number}", taskDefinition="fleet", desiredCount=copies)
    wait_until(lambda: running(fleet) == services * copies, "all tasks RUNNING", 300)


def running(fleet):
    """RUNNING tasks, by the controller's own count."""
    with urllib.request.urlopen(f"{fleet.controller.url}/metrics", timeout=10) as answer:
        line = re.search(r'^berth_tasks{status="RUNNING"} (\S+)$', answer.read().decode(), re.M)
    return int(float(line[1]))


def at_rest(pid):
    """The part of a core that a process takes while nothing is asked of it."""
    time.sleep(10)
    before = sum(cpu(pid).values())
    time.sleep(RESTED_SECONDS)
    return (sum(cpu(pid).values()) - before) / RESTED_SECONDS


def unfinished(client, names):
    """Those whose roll goes on."""
    open_ = []
    for at in range(0, len(names), 10):
        for service in client.describe_services(services=names[at:at + 10])["services"]:
            done = len(service["deployments"]) == 1 and service["deployments"][0]["rolloutState"] == "COMPLETED"
            open_ += [] if done else [service["serviceName"]]
    return open_


def services(folder, options):
    """All services at rest, and then all rolled at once."""
    with Fleet(folder, options.reports) as fleet:
        fleet.tell(f"agents {ROLLED_AGENTS}")
        client, pid = fleet.controller.client(), fleet.controller.pid
        sessions = at_rest(pid)
        create_services(fleet, ROLLED, ROLLED_COPIES)
        names = [f"s{number}" for number in range(ROLLED)]
        wait_until(lambda: not unfinished(client, names), "every service steady", 120)
        rest = at_rest(pid)
        show(f"{ROLLED} services of {ROLLED_COPIES} tasks on {ROLLED_AGENTS} agents at rest",
             f"{rest:.2%} of a core; the agents' sessions alone took {sessions:.2%} before there were services",
             "1% of a core", rest <= 0.01)
        client.register_task_definition(family="fleet", containerDefinitions=[
            {"name": "app", "image": "registry.example/app:2", "cpu": 10, "memory": 8, "essential": True}])
        began, before = time.monotonic(), sum(cpu(pid).values())
        for name in names:
            client.update_service(service=name, taskDefinition="fleet")
        left = names
        while left:
            left = unfinished(client, left)
        took, used = time.monotonic() - began, sum(cpu(pid).values()) - before
        show(f"a roll of all {ROLLED} services", f"{took:.1f} s, the controller's CPU {used:.1f} s", "120 s", took <= 120)


def loss(folder, options):
    """Hosts that are gone: how soon after the bound the tasks of services are started elsewhere."""
    with Fleet(folder, options.reports, {"services": {"replace_after": f"{REPLACE_AFTER}s"}}) as fleet:
        fleet.tell(f"agents {options.agents}")
        create_services(fleet, LOST_SERVICES, LOST_COPIES)
        for hosts, budget in ((1, 1), (500, 10)):
            fleet.tell(f"leave {hosts}")
            seen = fleet.tell(f"settle {REPLACE_AFTER + budget + 5}")
            late = seen["seconds"] - REPLACE_AFTER
            last = fleet.controller.client().describe_tasks(tasks=[seen["last"]])["tasks"][0]
            decided = last["createdAt"].timestamp() - seen["left"] - REPLACE_AFTER
            show(f"{hosts} of {options.agents} hosts gone, of {LOST_SERVICES * LOST_COPIES} tasks",
                 f"{seen['delivered']:.0f} tasks replaced, the last decided {decided:.2f} s and delivered {late:.2f} s after the "
                 "bound", f"decided within {budget} s", seen["delivered"] > 0 and decided <= budget)


def timed(controller, *arguments):
    """The median seconds that `berth` takes, of several times, and what it printed."""
    environment = os.environ | {"AWS_SHARED_CREDENTIALS_FILE": str(controller.credentials_file),
                                "AWS_CONFIG_FILE": "/dev/null", "AWS_ENDPOINT_URL": controller.url}
    took = []
    for _ in range(LISTED_TIMES):
        began = time.monotonic()
        done = subprocess.run([binary("berth"), *arguments], env=environment, capture_output=True, text=True, check=True)
        took.append(time.monotonic() - began)
    return statistics.median(took), done.stdout


def ps(folder, options):
    """What a person waits for `berth` with many tasks."""
    with Fleet(folder, options.reports, {"throttle": {"rate": 0}}) as fleet:
        fleet.tell(f"agents {LISTED_AGENTS}")
        fleet.tell(f"run {LISTED}")
        controller = fleet.controller
        took, screen = timed(controller, "ps")
        show(f"berth ps, the first hundred of {LISTED} tasks", f"{took * 1000:.0f} ms", "200 ms", took <= 0.2)
        identity = json.loads(timed(controller, "ps", "--json")[1])["tasks"][0]["taskArn"].rpartition("/")[2]
        took, _ = timed(controller, "why", "--as", "task", identity[:-4])
        show("berth why, of a task by the beginning of its id", f"{took * 1000:.0f} ms", "200 ms", took <= 0.2)
        took, screen = timed(controller, "ps", "--all-pages")
        show(f"berth ps --all-pages, {len(screen.splitlines()) - 1} tasks", f"{took * 1000:.0f} ms", "2 s", took <= 2)


PARTS = {"tasks": tasks, "describe": describe, "reconnect": reconnect, "services": services, "loss": loss, "ps": ps}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench fleet", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--tasks", type=int, default=TASKS, help="how many tasks part tasks starts")
    parser.add_argument("--agents", type=int, default=AGENTS, help="of the fleet of parts tasks and describe")
    parser.add_argument("--callers", type=int, default=CALLERS, help="who start the tasks of part tasks, at most 256")
    parser.add_argument("--reports", choices=["session", "http"], default="session",
                        help="how agents tell states: on their command session, or by requests as Amazon's agent does")
    parser.add_argument("--rest", type=int, default=80, metavar="SECONDS",
                        help="before memory is looked at: connections that are not used are closed after 75")
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"unknown part {unknown[0]!r}: one of {', '.join(PARTS)}")
    for part in arguments.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="berth-bench.") as folder:
            PARTS[part](folder, arguments)


if __name__ == "__main__":
    main()
