"""What starts cost on containerd, each figure beside its peer from the same run."""

import os
import pathlib
import secrets
import statistics
import subprocess
import time

from figures import MANY, ROUNDS, Figure, behind, cpu_seconds, milliseconds, resident
from support import host
from support.berth import binary
from support.containerd import Containerd
from support.tasks import run
from support.waiting import wait_until
from tap import Tap

# Seconds after which the memory of a burst is given back.
SETTLES = 15
# Seconds within which a hundred shims are gone once their tasks are.
ENDS = 60
BARE_PARALLEL = (4, 16)


def start(berth):
    """Payload received to RUNNING submitted, beside containerd's bare API by a client that is there already."""
    berth.ecs.register_task_definition(family="start-containerd", networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image("sleeper"), "essential": True, "cpu": 16, "memory": 32}])
    containerd = Containerd(berth.folder).start()
    try:
        return start_beside_bare_api(berth, containerd)
    finally:
        containerd.close()


def start_beside_bare_api(berth, containerd):
    ours, peer, steps, traces = [], [], [], []
    with Tap(berth.controller.port) as tap:
        agent = behind(berth, tap, {"images": {"pull_behavior": "prefer-cached"}, "runtime": {
            "kind": "containerd", "socket": f"unix://{containerd.socket}"}}).start_joined()
        start_by_agent(berth, tap)  # the first one brings the image and warms caches
        bare = subprocess.Popen(bare_client(berth, containerd), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        start_by_client(bare)
        for number in range(ROUNDS):
            # Who begins finds caches colder than who comes at once behind: they take turns.
            if number % 2:
                times = start_by_client(bare)
            arn, took = start_by_agent(berth, tap)
            if not number % 2:
                times = start_by_client(bare)
            ours.append(took)
            peer.append(times[0])
            steps.append(times[1:])
            traces.append(trace(agent, arn))
        bare.communicate()
        rss = resident(agent.pid)
        for arn in berth.ecs.list_tasks(cluster="default")["taskArns"]:
            berth.ecs.stop_task(cluster="default", task=arn)
            berth.wait_status(arn, "STOPPED", seconds=60)
        agent.stop()
    ratio = statistics.median(ours) / statistics.median(peer)
    parts = ", ".join(f"{name} {statistics.median(each) * 1e3:.1f}" for name, each in
                      zip(("snapshot", "container", "task", "start"), zip(*steps)))
    return Figure("payload to RUNNING on containerd, image present, host network",
                  f"{milliseconds(ours)}; agent RSS {rss:.1f} MB with {ROUNDS + 1} tasks\n"
                  f"        of it   {medians(traces)}",
                  f"containerd's API: {milliseconds(peer)} ({parts})", f"ratio {ratio:.3f}, at most 1.25", ratio <= 1.25)


def start_by_agent(berth, tap):
    """A task's ARN, and seconds from its payload to RUNNING."""
    tap.forget()
    arn = run(berth, "start-containerd")[0]
    said = wait_until(lambda: tap.when("up", "RUNNING", f'"task":"{arn}"'), "RUNNING submitted")
    return arn, said - tap.when("down", "PayloadMessage", arn)


def start_by_client(bare):
    """Seconds of a start by the bare client, and of each of its calls."""
    bare.stdin.write("\n")
    bare.stdin.flush()
    return [float(value) / 1e3 for value in bare.stdout.readline().split()]


def bare_client(berth, containerd):
    return [binary("bench-containerd"), containerd.socket, berth.image("sleeper"), berth.folder / "output.log",
            oci_runtime(containerd)]


def oci_runtime(containerd):
    """The program that the agent's containers were started with."""
    bundles = pathlib.Path(containerd.folder, "state/io.containerd.runtime.v2.task/berth")
    return next(bundles.iterdir()).joinpath("runtime").read_text()


def trace(agent, arn):
    """Milliseconds of each step of a task's start, by the agent's own account."""
    def whole():
        steps = agent.why(arn).get("start", [])
        return steps if steps and steps[-1]["step"] == "report acknowledged" else None
    return {one["step"]: one["tookMs"] for one in wait_until(whole, "the trace of a start")[1:]}


def medians(traces):
    return ", ".join(f"{step} {statistics.median(one[step] for one in traces):.1f}" for step in traces[0])


def many(berth):
    """MANY tasks as fast as they come, beside containerd's bare API: the pace, and whose CPU time a start costs."""
    berth.ecs.register_task_definition(family="many-containerd", networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image("sleeper"), "essential": True, "cpu": 4, "memory": 16}])
    containerd = Containerd(berth.folder).start()
    group = Group(containerd.program.pid)
    try:
        agent = berth.make_agent(changes={"images": {"pull_behavior": "prefer-cached"}, "runtime": {
            "kind": "containerd", "socket": f"unix://{containerd.socket}"}}).start_joined()
        start_many(berth, MANY // 2)
        burst = resident(agent.pid)
        time.sleep(SETTLES)
        rss = resident(agent.pid)
        stop_all(berth)
        wait_until(lambda: not shims_of(containerd), "the end of all shims", ENDS)
        start_many(berth, 1)
        program = pathlib.Path(oci_runtime(containerd)).name
        bare = [start_bare(berth, containerd, group, parallel) for parallel in BARE_PARALLEL]
        before = spent(containerd, group, agent.pid)
        began = time.monotonic()
        start_many(berth, MANY)
        took = time.monotonic() - began
        parts = difference(spent(containerd, group, agent.pid), before)
        stop_all(berth)
        agent.stop()
    finally:
        containerd.close()
        wait_until(lambda: not (group.path / "cgroup.procs").read_text(), "the end of all shims", ENDS)
        group.close()
    floor = min(seconds for seconds, _ in bare)
    return Figure(f"{MANY} containers on containerd as fast as they come, by {program}",
                  f"{MANY / took:.1f} a second, agent RSS {rss:.1f} MB with {MANY // 2}, {burst:.1f} MB as the last of them starts\n"
                  f"        CPU     {by_start(parts)}",
                  "\n                ".join(f"containerd's API, {parallel} at once: {MANY / seconds:.1f} a second; CPU {by_start(used)}"
                                           for parallel, (seconds, used) in zip(BARE_PARALLEL, bare)),
                  f"at least 25 a second on 2 cores, at most 28 MB; {took / floor:.2f} of the bare API's time",
                  MANY / took >= 25 and rss <= 28)


def start_many(berth, count):
    arns = [arn for at in range(0, count, 10) for arn in run(berth, "many-containerd", count=min(10, count - at))]
    waiting = set(arns)

    def running():
        for at in range(0, count, 100):
            for task in berth.ecs.describe_tasks(tasks=arns[at:at + 100])["tasks"]:
                assert task["lastStatus"] != "STOPPED", task
                if task["lastStatus"] == "RUNNING":
                    waiting.discard(task["taskArn"])
        return not waiting

    wait_until(running, f"{count} RUNNING tasks", 300)


def stop_all(berth):
    for arn in list_all(berth):
        berth.ecs.stop_task(cluster="default", task=arn)
    wait_until(lambda: not list_all(berth), "no task", 300)


def list_all(berth):
    pages = berth.ecs.get_paginator("list_tasks").paginate(cluster="default")
    return [arn for page in pages for arn in page["taskArns"]]


def start_bare(berth, containerd, group, parallel):
    """Seconds, and CPU seconds by whose they are."""
    client = subprocess.Popen(
        bare_client(berth, containerd), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    before = spent(containerd, group, client.pid)
    client.stdin.write(f"{MANY} {parallel}\n")
    client.stdin.flush()
    seconds = float(client.stdout.readline())
    used = difference(spent(containerd, group, client.pid), before)
    client.communicate("\n")
    assert client.returncode == 0
    return seconds, used


def shims_of(containerd):
    return [pid for pid, command in host.processes().items()
            if "containerd-shim" in command and str(containerd.folder) in command]


def spent(containerd, group, client):
    """CPU seconds so far, by whose they are: a container's process has begun as the OCI runtime's that made it."""
    shims = shims_of(containerd)
    inside = [int(pid) for shim in shims for pid in children(shim)]
    own, starts = cpu_with_children(containerd.program.pid)
    shim = sum(map(scheduled, shims))
    return {"client": cpu_seconds([client]), "containerd": own, "shim's start": starts, "shim": shim,
            "OCI runtime": group.seconds() - own - starts - shim, "in the container": sum(map(group_seconds, inside))}


class Group:
    """A control group with containerd in it: it counts all CPU time below, and more finely than a process's own count."""

    def __init__(self, pid):
        # Not by the process id, which another bench has in a namespace of its own.
        self.path = pathlib.Path(accounts(), f"berth-bench-{secrets.token_hex(4)}")
        self.path.mkdir()
        (self.path / "cgroup.procs").write_text(str(pid))

    def seconds(self):
        return used_by(self.path)

    def close(self):
        """Once all processes in it have ended."""
        self.path.rmdir()


def accounts():
    """Where control groups count CPU time."""
    first = pathlib.Path("/sys/fs/cgroup/cpuacct")
    return first if first.exists() else pathlib.Path("/sys/fs/cgroup")


def used_by(path):
    if (path / "cpuacct.usage").exists():
        return int((path / "cpuacct.usage").read_text()) / 1e9
    return int((path / "cpu.stat").read_text().split()[1]) / 1e6


def group_seconds(pid):
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if "cpuacct" in names.split(",") or (not names and accounts().name == "cgroup"):
            return used_by(pathlib.Path(str(accounts()) + path))
    return 0


def scheduled(pid):
    """CPU seconds of a process's threads."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def difference(after, before):
    return {whose: seconds - before[whose] for whose, seconds in after.items()}


def by_start(parts):
    each = ", ".join(f"{whose} {seconds / MANY * 1e3:.1f}" for whose, seconds in parts.items())
    return f"{sum(parts.values()) / MANY * 1e3:.1f} ms a start: {each}"


def children(pid):
    try:
        return [one for task in pathlib.Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]
    except OSError:
        return []


def cpu_with_children(pid):
    """CPU seconds of a process itself, and of those that it has waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks, (int(fields[13]) + int(fields[14])) / ticks


def bridge(berth):
    """Payload received to RUNNING submitted on the bridge, with and without a port, and with an address of the task's
    own, beside the host's network."""
    ports = {"host": ("host", []), "bridge": ("bridge", []), "port": ("bridge", [{"containerPort": 80}]),
             "awsvpc": ("awsvpc", [{"containerPort": 80}])}
    subnets = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
    for name, (mode, mappings) in ports.items():
        berth.ecs.register_task_definition(family=name, networkMode=mode, containerDefinitions=[
            {"name": "app", "image": berth.image("sleeper"), "essential": True, "cpu": 16, "memory": 32,
             "portMappings": mappings}])
    containerd = Containerd(berth.folder).start()
    times = {name: [] for name in ports}
    try:
        with Tap(berth.controller.port) as tap:
            agent = behind(berth, tap, {"images": {"pull_behavior": "prefer-cached"}, "runtime": {
                "kind": "containerd", "socket": f"unix://{containerd.socket}"}}).start_joined()
            for number in range(ROUNDS + 1):
                for name, seconds in times.items():
                    tap.forget()
                    arn = run(berth, name, **(subnets if name == "awsvpc" else {}))[0]
                    said = wait_until(lambda: tap.when("up", "RUNNING", f'"task":"{arn}"'), "RUNNING submitted")
                    if number:  # the first round warms caches
                        seconds.append(said - tap.when("down", "PayloadMessage", arn))
            for arn in berth.ecs.list_tasks(cluster="default")["taskArns"]:
                berth.ecs.stop_task(cluster="default", task=arn)
                berth.wait_status(arn, "STOPPED", seconds=60)
            agent.stop()
    finally:
        containerd.close()
    more = {name: (statistics.median(found) - statistics.median(times["host"])) * 1e3 for name, found in times.items()}
    return Figure("payload to RUNNING on containerd, awsvpc and bridge", f"awsvpc {milliseconds(times['awsvpc'])}, bridge "
                  f"{milliseconds(times['bridge'])}, with a published port {milliseconds(times['port'])}",
                  f"host network: {milliseconds(times['host'])}",
                  f"{more['awsvpc']:.1f} ms more in mode awsvpc, at most 10; {more['bridge']:.1f} ms more on the bridge",
                  more["awsvpc"] <= 10)
