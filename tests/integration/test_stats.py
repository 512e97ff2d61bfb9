"""Statistics of containers as the containers themselves read them, beside the kernel's own files and Docker's.

Counters only grow. So what the agent says it read at a moment lies between what is read here before and after.
"""

import datetime
import http.client
import json
import pathlib
import socket
import time

import pytest

from support.local import ADDRESS, Local
from support.runtimes import both
from support.waiting import wait_until

pytestmark = both

GROUPS = pathlib.Path("/sys/fs/cgroup")
UNIFIED = (GROUPS / "cgroup.controllers").exists()
MEMORY = 64
# Writes a file through to the disk, counts, and goes on doing so.
BUSY = ["/bin/sh", "-c", 'trap "exit 0" TERM; while :; do dd if=/dev/zero of=/tmp/file bs=65536 count=16 conv=fsync; '
        'n=0; while [ $n -lt 200000 ]; do n=$((n + 1)); done; done >/dev/null 2>&1']
# Of a CPU: little enough to be held back also where the machine has much else to do.
QUOTA = 0.2
MODES = ("bridge", "host")


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry) as one:
        yield one


class Running:
    """A task with a busy container and an idle one."""

    def __init__(self, local, mode):
        self.mode = mode
        local.define(f"{mode}-busy", {"name": "app", "command": BUSY, "memory": MEMORY}, {"name": "idle"},
                     networkMode=mode)
        self.arn = local.run(f"{mode}-busy")
        self.containers = local.containers(self.arn)
        self.app = self.containers["app"]
        local.agent.engine.limit_cpus(self.app["Id"], QUOTA)


@pytest.fixture(scope="module")
def tasks(local):
    return {mode: Running(local, mode) for mode in MODES}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def dockers(local, container):
    """Docker's own statistics of a container."""
    peer = UnixConnection(local.agent.engine.socket)
    peer.request("GET", f"/containers/{container['Id']}/stats?stream=false&one-shot=true")
    try:
        return json.load(peer.getresponse())
    finally:
        peer.close()


def path_of(container, version):
    name = "ECS_CONTAINER_METADATA_URI" + ("_V4" if version == 4 else "")
    return Local.environment(container)[name].removeprefix(f"http://{ADDRESS}")


def keyed(path):
    return {key: int(value) for key, value in (line.split() for line in path.read_text().splitlines())}


def folder(container, controller):
    """The container's control group, of one controller where each has a hierarchy of its own."""
    for line in pathlib.Path(f"/proc/{container['State']['Pid']}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if UNIFIED and not names:
            return GROUPS / path.lstrip("/")
        if controller in names.split(","):
            return GROUPS / names / path.lstrip("/")
    raise AssertionError(f"no control group of {controller}")


def block_bytes(container):
    """Bytes read and written, of all devices."""
    if UNIFIED:
        pairs = [word.split("=") for word in (folder(container, "io") / "io.stat").read_text().split() if "=" in word]
        return sum(int(value) for key, value in pairs if key in ("rbytes", "wbytes"))
    lines = (folder(container, "blkio") / "blkio.throttle.io_service_bytes").read_text().splitlines()
    return sum(int(line.split()[2]) for line in lines if line.split()[1] in ("Read", "Write"))


def received(container):
    """Bytes that came by eth0 of the container."""
    lines = pathlib.Path(f"/proc/{container['State']['Pid']}/net/dev").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.split()[0] == "eth0:")


def kernels(container, mode):
    """The counters that the kernel itself shows, by our names for them."""
    cpu = folder(container, "cpu")
    stat = keyed(cpu / "cpu.stat")
    found = {"periods": stat["nr_periods"], "throttled": stat["nr_throttled"], "bytes": block_bytes(container)}
    if UNIFIED:
        found |= {"cpu": stat["usage_usec"] * 1000, "throttled_time": stat["throttled_usec"] * 1000}
    else:
        found |= {"cpu": int((folder(container, "cpuacct") / "cpuacct.usage").read_text()),
                  "throttled_time": stat["throttled_time"],
                  "peak": int((folder(container, "memory") / "memory.max_usage_in_bytes").read_text())}
    if mode == "bridge":
        found["received"] = received(container)
    return found


def shown(stats):
    """The same of a document of statistics, the agent's or Docker's."""
    cpu = stats["cpu_stats"]
    throttling = cpu["throttling_data"]
    blocks = stats["blkio_stats"]["io_service_bytes_recursive"] or []
    found = {"cpu": cpu["cpu_usage"]["total_usage"], "periods": throttling["periods"],
             "throttled": throttling["throttled_periods"], "throttled_time": throttling["throttled_time"],
             "bytes": sum(one["value"] for one in blocks if one["op"].lower() in ("read", "write"))}
    if "max_usage" in stats["memory_stats"]:
        found["peak"] = stats["memory_stats"]["max_usage"]
    if "networks" in stats:
        found["received"] = stats["networks"]["eth0"]["rx_bytes"]
    return found


def moment(text):
    return datetime.datetime.fromisoformat(text[:23].rstrip("Z") + "+00:00").timestamp()


def asked(local, container, path):
    answer = local.inside(container, path)
    assert answer.status == 200 and answer.kind == "application/json", answer
    return answer.json


def reading_after(local, container, path, when):
    """The statistics at `path`, once they are of a reading that was made later than that."""
    def seen():
        answer = local.inside(container, path)
        fresh = answer.status == 200 and "read" in answer.json and moment(answer.json["read"]) > when
        return answer.json if fresh else None
    return wait_until(seen, "a fresh reading", 10)


def assert_between(before, stats, after):
    said = shown(stats)
    assert set(said) == set(before), "every counter is there that the kernel has"
    for name, value in said.items():
        assert before[name] <= value <= after[name], (name, before[name], value, after[name])


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("mode", MODES)
def test_a_container_reads_its_statistics_and_they_are_the_kernels(local, tasks, mode, version):
    container = tasks[mode].app
    wait_until(lambda: kernels(container, mode)["throttled"] > 0, "a period in which it was held back", 60)
    path = path_of(container, version) + "/stats"
    # Until there are two readings, the one before is all zeros, as Docker has it.
    wait_until(lambda: local.inside(container, path).status == 200, "a first reading", 10)
    before = kernels(container, mode)
    stats = reading_after(local, container, path, time.time())
    assert_between(before, stats, kernels(container, mode))
    assert stats["id"] == container["Id"] and stats["name"] == container["Name"]
    assert stats["cpu_stats"]["cpu_usage"]["total_usage"] > stats["precpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert stats["cpu_stats"]["system_cpu_usage"] > stats["precpu_stats"]["system_cpu_usage"] > 0
    assert stats["pids_stats"]["current"] >= 1
    memory = stats["memory_stats"]
    assert memory["limit"] == MEMORY << 20
    assert 0 < memory["usage"] <= memory["limit"]
    assert ("networks" in stats) == (mode == "bridge")


@pytest.mark.parametrize("mode", MODES)
def test_a_container_with_a_quota_is_shown_to_keep_to_it(local, tasks, mode):
    container = tasks[mode].app
    path = path_of(container, 4) + "/stats"
    first = reading_after(local, container, path, time.time())
    second = reading_after(local, container, path, moment(first["read"]) + 3)
    seconds = moment(second["read"]) - moment(first["read"])
    used = shown(second)["cpu"] - shown(first)["cpu"]
    # It waits for its disk now and then, and shares the machine with others: how much less it gets is open.
    assert 0 < used / 1e9 / seconds < QUOTA * 1.5
    periods = shown(second)["periods"] - shown(first)["periods"]
    assert 0 < periods <= seconds * 10 + 5, "periods of 100 ms"


@pytest.mark.parametrize("mode", MODES)
def test_statistics_have_the_members_of_dockers_and_their_values(local, tasks, mode):
    container = tasks[mode].app
    path = path_of(container, 3) + "/stats"
    before = dockers(local, container)
    stats = reading_after(local, container, path, time.time())
    after = dockers(local, container)
    assert_between(shown(before), stats, shown(after))
    # Newer engines have more to tell about themselves.
    assert set(stats) == set(before) - {"os_type"}
    assert set(stats["cpu_stats"]) == set(before["cpu_stats"])
    assert set(stats["cpu_stats"]["cpu_usage"]) == set(before["cpu_stats"]["cpu_usage"])
    assert set(stats["memory_stats"]) - {"failcnt"} == set(before["memory_stats"]) - {"failcnt"}
    assert set(before["memory_stats"]["stats"]) <= set(stats["memory_stats"]["stats"])
    assert set(stats["blkio_stats"]) == set(before["blkio_stats"])
    for name, entries in before["blkio_stats"].items():
        if entries:
            assert {(one["major"], one["minor"], one["op"]) for one in entries} <= \
                {(one["major"], one["minor"], one["op"]) for one in stats["blkio_stats"][name]}, name
    assert stats["cpu_stats"]["online_cpus"] == before["cpu_stats"]["online_cpus"]
    assert stats["memory_stats"]["limit"] == before["memory_stats"]["limit"]
    assert stats["pids_stats"].get("limit") == before["pids_stats"].get("limit")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("mode", MODES)
def test_a_container_reads_the_statistics_of_its_whole_task(local, tasks, mode, version):
    task = tasks[mode]
    path = path_of(task.containers["idle"], version)
    stats = asked(local, task.containers["idle"], path + "/task/stats")
    ids = {one["Id"] for one in task.containers.values()}
    assert set(stats) == ids
    assert all(stats[one]["id"] == one for one in ids)
    busy, idle = (stats[task.containers[name]["Id"]] for name in ("app", "idle"))
    assert shown(busy)["cpu"] > shown(idle)["cpu"] > 0
    assert shown(idle)["periods"] == 0, "it has no quota"
    own = asked(local, task.containers["idle"], path + "/stats")
    assert own["id"] == task.containers["idle"]["Id"]


def test_version_four_tells_how_fast_the_network_is_where_a_task_has_its_own(local, tasks):
    container = tasks["bridge"].app
    path = path_of(container, 4) + "/stats"
    first = reading_after(local, container, path, time.time())
    assert set(first["network_rate_stats"]) == {"rx_bytes_per_sec", "tx_bytes_per_sec"}

    # The questions themselves are the traffic: one at least falls between two readings, though seldom each one does.
    def busy():
        rates = asked(local, container, path)["network_rate_stats"]
        return rates["rx_bytes_per_sec"] > 0 and rates["tx_bytes_per_sec"] > 0
    wait_until(busy, "a second with traffic both ways", 10)
    assert "network_rate_stats" not in asked(local, container, path_of(container, 3) + "/stats")
    hosted = tasks["host"].app
    assert "network_rate_stats" not in asked(local, hosted, path_of(hosted, 4) + "/stats")


def test_statistics_go_with_the_container(local, tasks):
    local.define("short", {"name": "app"})
    arn = local.run("short")
    container = local.containers(arn)["app"]
    path = path_of(container, 4)
    wait_until(lambda: local.task_server(path + "/stats").status == 200, "a first reading", 10)
    local.stop(arn)
    wait_until(lambda: local.task_server(path + "/stats").status == 500, "no statistics any more", 10)
    assert local.task_server(path + "/task/stats").json == {container["Id"]: {}}
