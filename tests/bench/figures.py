"""What the agent costs on Docker, each figure beside its peer from the same run."""

import contextlib
import os
import pathlib
import statistics
import subprocess
import time

from support.berth import binary, merged
from support.containerd import Containerd
from support.docker import DOCKER
from support.local import ADDRESS, RULES, TASK_PORT
from support.tasks import register, run
from support.waiting import wait_until
from tap import Tap

HERE = pathlib.Path(__file__).parent
ROUNDS = 20
CONTAINERS = 20
METRICS_SECONDS = 30
SETTLE_SECONDS = 5
PULLS = 40
PULL_BYTES = 200_000_000
MANY = 200
RESTARTS = 5
REQUESTS = 5000
LOAD_SECONDS = 20
STARTED_MEANWHILE = 50


class Figure:
    def __init__(self, what, ours, peer, budget, met):
        self.what, self.ours, self.peer, self.budget, self.met = what, ours, peer, budget, met


def milliseconds(values):
    ordered = sorted(values)
    return f"{statistics.median(ordered) * 1e3:.1f} ms ({ordered[0] * 1e3:.0f} to {ordered[-1] * 1e3:.0f})"


def behind(berth, tap, changes=None):
    """An agent, not started, that speaks with its controller through the tap."""
    return berth.make_agent(changes=merged({"controller": f"http://127.0.0.1:{tap.port}"}, changes))


def task_start(berth, pull_behavior, label):
    """Payload received to RUNNING submitted, beside `docker run -d`, one after the other in each round."""
    image = register(berth, f"start-{pull_behavior}", "sleeper", cpu=16, memory=32) and berth.image("sleeper")
    ours, peer = [], []
    with Tap(berth.controller.port) as tap:
        agent = behind(berth, tap, {"images": {"pull_behavior": pull_behavior}}).start_joined()
        agent.engine.docker("pull", "-q", image)
        for number in range(ROUNDS + 1):
            tap.forget()
            arn = run(berth, f"start-{pull_behavior}")[0]
            said = wait_until(lambda: tap.when("up", "RUNNING", f'"task":"{arn}"'), "RUNNING submitted")
            got = tap.when("down", "PayloadMessage", arn)
            before = time.monotonic()
            subprocess.run([DOCKER, "-H", f"unix://{agent.engine.socket}", "run", "-d", image], check=True,
                           stdout=subprocess.DEVNULL)
            if number:  # the first round warms caches
                ours.append(said - got)
                peer.append(time.monotonic() - before)
        remove(berth, agent)
    ratio = statistics.median(ours) / statistics.median(peer)
    return Figure(f"payload to RUNNING, {label}", milliseconds(ours), f"docker run -d: {milliseconds(peer)}",
                  f"ratio {ratio:.3f}, at most 1.05", ratio <= 1.05)


def containerd_start(berth):
    """Payload received to RUNNING submitted, beside containerd's bare API by a client that is there already."""
    berth.ecs.register_task_definition(family="start-containerd", networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image("sleeper"), "essential": True, "cpu": 16, "memory": 32}])
    containerd = Containerd(berth.folder).start()
    try:
        return start_beside_bare_api(berth, containerd)
    finally:
        containerd.close()


def start_beside_bare_api(berth, containerd):
    ours, peer, steps = [], [], []
    with Tap(berth.controller.port) as tap:
        agent = behind(berth, tap, {"images": {"pull_behavior": "prefer-cached"}, "runtime": {
            "kind": "containerd", "socket": f"unix://{containerd.socket}"}}).start_joined()
        bare = None
        for number in range(ROUNDS + 1):
            tap.forget()
            arn = run(berth, "start-containerd")[0]
            said = wait_until(lambda: tap.when("up", "RUNNING", f'"task":"{arn}"'), "RUNNING submitted")
            got = tap.when("down", "PayloadMessage", arn)
            # Once the image is there.
            bare = bare or subprocess.Popen(
                [binary("bench-containerd"), containerd.socket, berth.image("sleeper"), berth.folder / "output.log"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            bare.stdin.write("\n")
            bare.stdin.flush()
            times = [float(value) / 1e3 for value in bare.stdout.readline().split()]
            if number:  # the first round warms caches
                ours.append(said - got)
                peer.append(times[0])
                steps.append(times[1:])
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
                  f"{milliseconds(ours)}; agent RSS {rss:.1f} MB with {ROUNDS + 1} tasks",
                  f"containerd's API: {milliseconds(peer)} ({parts})", f"ratio {ratio:.3f}, at most 1.25", ratio <= 1.25)


def containerd_bridge(berth):
    """Payload received to RUNNING submitted on the bridge, with and without a port, and with an address of the task's
    own, beside the host's network."""
    ports = {"host": ("host", []), "bridge": ("bridge", []), "port": ("bridge", [{"containerPort": 80}]),
             "awsvpc": ("awsvpc", [{"containerPort": 80}])}
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
                    wish = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
                    arn = run(berth, name, **(wish if name == "awsvpc" else {}))[0]
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
    return Figure("payload to RUNNING on containerd, bridge and awsvpc", f"{milliseconds(times['bridge'])}, with a "
                  f"published port {milliseconds(times['port'])}, awsvpc {milliseconds(times['awsvpc'])}",
                  f"host network: {milliseconds(times['host'])}",
                  f"{more['bridge']:.1f} ms more on the bridge without a port, {more['awsvpc']:.1f} ms more in mode "
                  "awsvpc, at most 10", max(more["bridge"], more["awsvpc"]) <= 10)


def pulls(berth):
    """Tasks of one absent image, all at once, beside one pull and then as many `docker start`s in parallel."""
    peer_image, image = (big_image(berth, name) for name in ("big-peer", "big"))
    register(berth, "big", image, cpu=16, memory=32)
    agent = berth.add_agent()
    socket = f"unix://{agent.engine.socket}"
    began = time.monotonic()
    agent.engine.docker("pull", "-q", peer_image)
    pulled = time.monotonic() - began
    ids = [agent.engine.docker("create", peer_image).stdout.strip() for _ in range(PULLS)]
    began = time.monotonic()
    starts = [subprocess.Popen([DOCKER, "-H", socket, "start", one], stdout=subprocess.DEVNULL) for one in ids]
    assert [one.wait() for one in starts] == [0] * PULLS
    started = time.monotonic() - began
    agent.engine.remove_containers()
    agent.engine.remove_images()

    before = bytes_read_by(berth.registry)
    began = time.monotonic()
    arns = [arn for _ in range(0, PULLS, 10) for arn in run(berth, "big", count=10)]
    waiting = set(arns)

    def running():
        for at in range(0, PULLS, 100):
            for task in berth.ecs.describe_tasks(tasks=arns[at:at + 100])["tasks"]:
                assert task["lastStatus"] != "STOPPED", task
                if task["lastStatus"] == "RUNNING":
                    waiting.discard(task["taskArn"])
        return not waiting

    wait_until(running, f"{PULLS} RUNNING tasks", 300)
    ours = time.monotonic() - began
    downloads = (bytes_read_by(berth.registry) - before) / PULL_BYTES
    remove(berth, agent)
    agent.engine.remove_images()
    ratio = ours / (pulled + started)
    return Figure(f"{PULLS} tasks of one absent image of {PULL_BYTES // 10**6} MB to RUNNING",
                  f"{ours:.2f} s, {downloads:.1f} downloads",
                  f"one pull {pulled:.2f} s + {PULLS} docker starts {started:.2f} s = {pulled + started:.2f} s",
                  f"ratio {ratio:.2f}, at most 1.2, one download", ratio <= 1.2 and downloads < 1.5)


def big_image(berth, name):
    """An image in the registry of the sleeper and random bytes, which don't pack; it is not on the engine."""
    engine = berth.engine(0)
    folder = pathlib.Path(berth.folder, name)
    folder.mkdir()
    (folder / "content").write_bytes(os.urandom(PULL_BYTES))
    (folder / "Dockerfile").write_text(f"FROM {berth.image('sleeper')}\nCOPY content /content\n")
    image = berth.image(name)
    engine.docker("build", "-q", "-t", image, str(folder))
    engine.docker("push", "-q", image)
    engine.remove_images()
    (folder / "content").unlink()
    return image


def bytes_read_by(registry):
    """What the registry has read from its files so far, by the kernel's count; a layer is most of it."""
    fields = dict(line.split(": ") for line in pathlib.Path(f"/proc/{registry.program.pid}/io").read_text().splitlines())
    return int(fields["rchar"])


def session_start(berth):
    """Process start to an accepted ACS session, state kept from the run before."""
    times = []
    with Tap(berth.controller.port) as tap:
        agent = behind(berth, tap).start_joined()
        for _ in range(ROUNDS):
            agent.stop()
            tap.forget()
            before = time.monotonic()
            agent.start()
            times.append(wait_until(lambda: tap.answered("GET /v1/acs", "101 Switching Protocols"), "a session") - before)
        agent.stop()
    return Figure("process start to ACS session", milliseconds(times), "Amazon's agent, as recorded: 180 ms",
                  "under 50 ms", statistics.median(times) < 0.05)


def memory(berth, tasks):
    agent = berth.add_agent()
    if tasks:
        run_all(berth, tasks)
    time.sleep(SETTLE_SECONDS)
    fields = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{agent.pid}/status").read_text().splitlines()
                  if ":\t" in line)
    rss, anonymous = (int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon"))
    remove(berth, agent)
    allowed = 20 + tasks * 0.01
    return Figure(f"agent memory, {tasks} tasks", f"RSS {rss:.1f} MB, anonymous {anonymous:.1f} MB",
                  f"Amazon's agent, as recorded: {37 if tasks else 30} MB",
                  f"RSS {allowed:.1f} MB, anonymous {5 + tasks * 0.01:.1f} MB",
                  rss <= allowed and anonymous <= 5 + tasks * 0.01)


def metrics(berth):
    """CPU of agent, dockerd and containerd; the peer is what reading Docker's stats API costs the same engine."""
    agent = berth.add_agent()
    run_all(berth, CONTAINERS)
    time.sleep(SETTLE_SECONDS)
    ids = agent.engine.docker("ps", "-q", "--no-trunc").stdout.split()
    assert len(ids) == CONTAINERS
    ours = cpu_seconds_over(engine_pids(agent.engine) + [agent.pid])
    agent.stop()
    idle = cpu_seconds_over(engine_pids(agent.engine))
    readers = [subprocess.Popen(["curl", "-sN", "--unix-socket", agent.engine.socket, "-o", "/dev/null", "--max-time",
                                 str(METRICS_SECONDS + 10), f"http://docker/containers/{one}/stats"]) for one in ids]
    try:
        time.sleep(1)
        peer = cpu_seconds_over(engine_pids(agent.engine))
    finally:
        for one in readers:
            one.terminate()
            one.wait()
    agent.start_joined()
    remove(berth, agent)
    return Figure(f"metrics of {CONTAINERS} containers, {METRICS_SECONDS} s, CPU",
                  f"{ours:.2f} s (engine with no agent: {idle:.2f} s)",
                  f"Docker's stats API: {peer:.2f} s; Amazon's agent, as recorded: 1.7 s", "at most 0.15 s", ours <= 0.15)


def many(berth):
    """MANY tasks at once: the pace, the agent's CPU beside the engine's, and what they cost when nothing happens."""
    agent = berth.add_agent(changes={"images": {"pull_behavior": "prefer-cached"}})
    engine = engine_pids(agent.engine)
    used = {pid: cpu_seconds([pid]) for pid in (agent.pid, *engine)}
    began = time.monotonic()
    run_all(berth, MANY)
    took = time.monotonic() - began
    ours = cpu_seconds([agent.pid]) - used[agent.pid]
    theirs = sum(cpu_seconds([pid]) - used[pid] for pid in engine)
    time.sleep(SETTLE_SECONDS)
    rss = resident(agent.pid)
    idle = cpu_seconds_over([agent.pid]) / METRICS_SECONDS
    agent.stop()
    agent.engine.remove_containers()
    image = berth.image("sleeper")
    began = time.monotonic()
    for at in range(0, MANY, 10):
        starts = [subprocess.Popen([DOCKER, "-H", f"unix://{agent.engine.socket}", "run", "-d", image],
                                   stdout=subprocess.DEVNULL) for _ in range(10)]
        assert [one.wait() for one in starts] == [0] * 10
    peer = time.monotonic() - began
    remove(berth, agent)
    allowed = 20 + MANY * 0.01
    met = took <= peer * 1.05 and ours <= theirs * 0.05 and rss <= allowed and idle <= 0.002 * MANY / 100
    return Figure(f"{MANY} tasks to RUNNING",
                  f"{took:.1f} s, agent's CPU {ours:.2f} s ({100 * ours / theirs:.1f}% of the engine's {theirs:.1f} s), "
                  f"RSS {rss:.1f} MB, idle {100 * idle:.2f}% of a core with metrics each second",
                  f"docker run -d, ten at a time: {peer:.1f} s; Amazon's agent, as recorded: 37 MB at 20 tasks",
                  f"the peer's time, 5%, {allowed:.0f} MB, {0.2 * MANY / 100:.1f}%", met)


def restart(berth):
    """Kill and start of the agent under MANY running tasks: to its session, and to all tasks shown as they are."""
    with Tap(berth.controller.port) as tap:
        agent = behind(berth, tap, {"images": {"pull_behavior": "prefer-cached"}}).start_joined()
        run_all(berth, MANY)
        before = {one["Id"]: one["State"]["StartedAt"] for one in agent.engine.containers()}
        sessions, truths = [], []
        for _ in range(RESTARTS):
            agent.kill9()
            tap.forget()
            began = time.monotonic()
            agent.start()
            truths.append(wait_until(lambda: all_running(agent), "all tasks shown as RUNNING", 60) - began)
            sessions.append(wait_until(lambda: tap.answered("GET /v1/acs", "101 Switching"), "a session") - began)
        after = {one["Id"]: one["State"]["StartedAt"] for one in agent.engine.containers()}
        remove(berth, agent)
    slowest = max(statistics.median(sessions), statistics.median(truths))
    touched = "no container touched" if before == after else "CONTAINERS CHANGED"
    return Figure(f"restart under {MANY} tasks",
                  f"session {milliseconds(sessions)}, truth {milliseconds(truths)}, {touched}",
                  "none: Amazon's agent was not recorded at this", "both within 1 s, no container touched",
                  slowest <= 1 and before == after)


def all_running(agent):
    """The moment at which introspection shows MANY tasks as RUNNING, else None."""
    try:
        tasks = agent.ask("/v1/tasks")["Tasks"]
    except OSError:
        return None
    shown = [one for one in tasks if one["KnownStatus"] == "RUNNING"]
    return time.monotonic() if len(shown) == MANY else None


def metadata(berth):
    """Requests for task metadata on a schedule, from inside a container, while tasks start."""
    agent = berth.add_agent(changes={"images": {"pull_behavior": "prefer-cached"},
                                     "endpoints": {"rps": "100000,100000", "task_address": f"127.0.0.1:{TASK_PORT}"}})
    run_all(berth, CONTAINERS)
    with rules(berth, agent), weighted(agent):
        containers = agent.engine.containers()
        load = ["nsenter", f"--net=/proc/{containers[0]['State']['Pid']}/ns/net", "chrt", "-f", "1",
                str(binary("bench-load")), str(REQUESTS), str(LOAD_SECONDS), f"{ADDRESS}:80",
                *map(metadata_path, containers)]
        quiet = parse_load(subprocess.run(load, check=True, capture_output=True, text=True).stdout)
        busy = subprocess.Popen(load, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        run_all(berth, STARTED_MEANWHILE)
        said = parse_load(busy.communicate()[0])
    remove(berth, agent)
    return Figure(f"task metadata, {REQUESTS} requests a second while {STARTED_MEANWHILE} tasks start",
                  f"{said['rate']:.0f}/s, {said['failed']:.0f} failed, p50 {said['p50']} ms, p99 {said['p99']} ms, "
                  f"most {said['max']} ms",
                  f"the same while nothing starts: {quiet['rate']:.0f}/s, p50 {quiet['p50']} ms, p99 {quiet['p99']} ms",
                  "p99 under 5 ms, none failed", said["p99"] < 5 and said["failed"] == 0)


@contextlib.contextmanager
def rules(berth, agent):
    """The host's rules that lead containers from 169.254.170.2 to the agent."""
    environment = {**os.environ, "BERTH_ENDPOINT_BRIDGES": agent.engine.bridge,
                   "RUNTIME_DIRECTORY": str(berth.folder / "marks")}
    subprocess.run([RULES, "add"], env=environment, check=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run([RULES, "remove"], env=environment, check=True, timeout=30)


@contextlib.contextmanager
def weighted(agent):
    """The agent has the share of CPU time that its unit asks systemd for; the engine has what it was started with."""
    unit = (HERE.parents[1] / "systemd/berth-agent.service").read_text()
    weight = int(unit.split("\nCPUWeight=")[1].split()[0])
    unified = not pathlib.Path("/sys/fs/cgroup/cpu").exists()
    group = pathlib.Path("/sys/fs/cgroup", *([] if unified else ["cpu"]), f"berth-bench-{os.getpid()}")
    group.mkdir()
    old = own_group(unified)
    try:
        (group / ("cpu.weight" if unified else "cpu.shares")).write_text(str(weight if unified else weight * 1024 // 100))
        (group / "cgroup.procs").write_text(str(agent.pid))
        yield
    finally:
        (old / "cgroup.procs").write_text(str(agent.pid))
        group.rmdir()


def own_group(unified):
    """The control group of this process that counts CPU time."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if (unified and not names) or "cpu" in names.split(","):
            return pathlib.Path("/sys/fs/cgroup", *([] if unified else ["cpu"]), path.lstrip("/"))
    raise AssertionError("this process is in no control group of CPU time")


def metadata_path(container):
    """/v4/ID/task, as the container is told."""
    uri, = [one for one in container["Config"]["Env"] if one.startswith("ECS_CONTAINER_METADATA_URI_V4=")]
    return "/v4/" + uri.rsplit("/", 1)[1] + "/task"


def parse_load(line):
    words = line.split()
    return dict(zip(words[::2], map(float, words[1::2])))


def resident(pid):
    """RSS in MB."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


def run_all(berth, count):
    register(berth, "many", "sleeper", cpu=4, memory=16)
    arns = [arn for at in range(0, count, 10) for arn in run(berth, "many", count=min(10, count - at))]
    for arn in arns:
        berth.wait_status(arn, "RUNNING", seconds=120)


def remove(berth, agent):
    agent.stop()
    berth.ecs.deregister_container_instance(containerInstance=agent.instance_arn, force=True)
    agent.engine.remove_containers()


def engine_pids(engine):
    """dockerd and its containerd; shims belong to the containers."""
    dockerd = engine.program.pid
    children = pathlib.Path(f"/proc/{dockerd}/task/{dockerd}/children").read_text().split()
    for task in pathlib.Path(f"/proc/{dockerd}/task").iterdir():
        children += (task / "children").read_text().split()
    containerd = {int(pid) for pid in children
                  if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "containerd"}
    assert len(containerd) == 1, containerd
    return [dockerd, *containerd]


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_seconds_over(pids, seconds=METRICS_SECONDS):
    before = cpu_seconds(pids)
    time.sleep(seconds)
    return cpu_seconds(pids) - before
