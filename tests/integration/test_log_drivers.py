"""Log drivers of containers on containerd: what arrives at a sink, and what a dead one does to nobody."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import threading

import pytest
from support.log_keeper import newest_has, rss_kib
from support.streams import Logs
from support.tasks import run
from support.waiting import wait_until


class Sink:
    """Takes whatever is sent to it. `pause` keeps connections open and reads nothing."""

    def __init__(self, kind, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, kind)
        if kind == socket.SOCK_STREAM:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.kind, self.received, self.messages = kind, bytearray(), []
        self.reads = threading.Event()
        self.reads.set()
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def _run(self):
        with contextlib.suppress(OSError):
            while self.kind == socket.SOCK_DGRAM:
                self.messages.append(self.socket.recv(65536))
            while True:
                peer, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with contextlib.suppress(OSError), peer:
            while True:
                self.reads.wait()
                got = peer.recv(65536)
                if not got:
                    return
                self.received += got

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def sink():
    made = []

    def make(*arguments):
        made.append(Sink(*arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def house(berth, containerd):
    berth.start(agent_changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}})
    return berth


def start(berth, family, script, driver, **options):
    berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image("busybox"), "essential": True, "cpu": 16, "memory": 64, "stopTimeout": 2,
         "command": ["sh", "-c", script], "logConfiguration": {"logDriver": driver, "options": options}}])
    return run(berth, family)[0]


def test_syslog_journald_and_fluentd_get_each_line(house, sink):
    script = "echo one; echo two >&2; echo three"
    udp = sink(socket.SOCK_DGRAM, ("127.0.0.1", 0))
    start(house, "udp", script, "syslog", tag="app", **{"syslog-address": f"udp://127.0.0.1:{udp.port}"})
    tcp = sink(socket.SOCK_STREAM, ("127.0.0.1", 0))
    start(house, "tcp", script, "syslog", tag="{{.ID}}", **{"syslog-address": f"tcp://127.0.0.1:{tcp.port}",
                                                           "syslog-format": "rfc5424", "syslog-facility": "local0"})
    fluentd = sink(socket.SOCK_STREAM, ("127.0.0.1", 0))
    arn = start(house, "fluentd", script, "fluentd", tag="app", **{"fluentd-address": f"127.0.0.1:{fluentd.port}"})
    wait_until(lambda: len(udp.messages) == 3, "three datagrams")
    # The order between the two streams is not a container's to say.
    assert sorted(re.sub(rb" .*app", b"", one) for one in udp.messages) == [b"<27>Nov: two", b"<30>Nov: one", b"<30>Nov: three"] \
        or sorted(one.split(b"app: ")[1] for one in udp.messages) == [b"one", b"three", b"two"]
    wait_until(lambda: tcp.received.count(b"\n") == 3, "three messages")
    assert re.fullmatch(rb"(<13[14]>1 \d{4}-\S+Z \S+ [0-9a-f]{12} - [0-9a-f]{12} - (one|two|three)\n){3}", tcp.received)
    wait_until(lambda: fluentd.received.count(b"container_id") == 3, "three records")
    assert fluentd.received.startswith(b"\x92\xa3app") and b"\xa3log\xa5three" in fluentd.received
    house.wait_status(arn, "STOPPED")
    with Logs(house, task=arn) as logs:
        assert sorted(line["line"] for line in logs.all()) == ["one", "three", "two"], "they can be read as well"

    journal = pathlib.Path("/run/systemd/journal")
    if journal.exists():
        return
    journal.mkdir(parents=True)
    try:
        local = sink(socket.SOCK_DGRAM, str(journal / "socket"))
        start(house, "journal", script, "journald")
        wait_until(lambda: len(local.messages) == 3, "three messages of the journal")
        assert any(b"\nMESSAGE=two\n" in one and one.startswith(b"PRIORITY=3\n") for one in local.messages)
    finally:
        for path in journal.iterdir():
            path.unlink()
        journal.rmdir()


def test_a_sink_that_comes_late_gets_all_that_there_was_room_for_and_the_agents_crash_loses_nothing(house, sink):
    late = sink(socket.SOCK_STREAM, ("127.0.0.1", 0))
    port = late.port
    late.close()
    arn = start(house, "late", "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); usleep 5000; done; sleep 3600",
                "syslog", tag="app", **{"syslog-address": f"tcp://127.0.0.1:{port}"})
    house.wait_status(arn, "RUNNING")
    agent = house.agents[0]
    wait_until(lambda: "takes no lines" in agent.tail(200), "the sink is told to be dead")
    late = sink(socket.SOCK_STREAM, ("127.0.0.1", port))
    wait_until(lambda: b" app: line 300\n" in late.received or b"line 300\n" in late.received, "lines come", 30)
    agent.kill9()
    agent.start_joined()
    wait_until(lambda: b"line 999\n" in late.received, "the last line comes", 30)
    numbers = [int(found) for found in re.findall(rb"line (\d+)\n", late.received)]
    # What was under way when the agent was killed may come twice, in its order; nothing is missing.
    assert sorted(set(numbers)) == list(range(1000))
    house.ecs.stop_task(task=arn)


def test_a_dead_sink_holds_up_nobody_and_what_is_dropped_is_counted(house, sink, containerd):
    dead = sink(socket.SOCK_STREAM, ("127.0.0.1", 0))
    dead.reads.clear()
    # 46 MB at 5 MB/s, 90 MB in the files, thrice what is kept: each line has its number.
    lines = ("awk 'BEGIN { for (i = 1; i <= 600000; i++) { printf \"number %09d of many lines that nobody takes for quite "
             "some time\\n\", i; if (i % 6500 == 0) system(\"usleep 100000\") } }'; sleep 3600")
    arn = start(house, "dead", lines, "fluentd", **{"fluentd-address": f"127.0.0.1:{dead.port}"})
    house.wait_status(arn, "RUNNING")
    agent = house.agents[0]
    folder = house.folder / "agent-0" / "data" / "containerd" / "logs" / "containers"
    wait_until(lambda: newest_has(folder, b"number 000600000 "), "the container has written all of it", 60)
    sizes = [path.stat().st_size for path in folder.glob("*/*-json.log*")]
    assert len(sizes) == 3 and max(sizes) <= 10_000_000, sizes
    assert "lines are dropped" in agent.tail(200)
    dead.reads.set()
    wait_until(lambda: b"number 000600000 " in dead.received, "the sink gets the newest lines", 60)
    sent = next(folder.glob("*/sent"))
    arrived = len(set(re.findall(rb"number (\d{9}) ", dead.received)))
    dropped = wait_until(lambda: int(sent.read_text().split()[2]), "drops are counted")
    print(f"{arrived} lines arrived, {dropped} were dropped")
    # One batch of which some was taken before the sink failed counts as dropped.
    assert arrived < 600000 and 0 <= arrived + dropped - 600000 < 5000
    # Ended by itself, as only such tasks have last lines.
    os.kill(int(containerd.ctr("tasks", "ls").stdout.splitlines()[-1].split()[1]), signal.SIGKILL)
    house.wait_status(arn, "STOPPED")
    told = wait_until(lambda: agent.why(arn)["lastLogLines"], "the last lines are told")
    assert told[-1] == f"[{dropped} lines were not taken by the log driver's sink]", told


# Writes 5 MB/s in lines of 1 KiB for 20 s, and tells how long the longest write took.
STEADY = r"""
import os, sys, time
line = b"x" * 1023 + b"\n"
longest = slow = 0
began = time.monotonic()
for number in range(100000):
    at = time.monotonic()
    os.write(1, line)
    took = time.monotonic() - at
    longest, slow = max(longest, took), slow + (took > 0.01)
    if number % 50 == 49:
        time.sleep(max(0, began + number * 0.0002 - time.monotonic()))
os.write(2, b"longest write %.2f ms, %d of 100000 over 10 ms\n" % (longest * 1000, slow))
"""


def test_no_write_of_a_container_waits_for_a_dead_sink(house, sink):
    dead = sink(socket.SOCK_STREAM, ("127.0.0.1", 0))
    dead.reads.clear()
    places = {"usr": ("/usr", "/usr"), "lib": ("/usr/lib", "/lib"), "lib64": ("/usr/lib64", "/lib64")}
    house.ecs.register_task_definition(
        family="steady", networkMode="host",
        volumes=[{"name": name, "host": {"sourcePath": source}} for name, (source, _) in places.items()],
        containerDefinitions=[{
            "name": "app", "image": house.image("busybox"), "essential": True, "cpu": 16, "memory": 64,
            "command": ["/usr/bin/python3", "-c", STEADY],
            "mountPoints": [{"sourceVolume": name, "containerPath": place} for name, (_, place) in places.items()],
            "logConfiguration": {"logDriver": "fluentd",
                                 "options": {"fluentd-address": f"127.0.0.1:{dead.port}"}}}])
    arn = run(house, "steady")[0]
    house.wait_status(arn, "RUNNING")
    logs = house.folder / "agent-0" / "data" / "containerd" / "logs"
    keeper = rss_kib(int((logs / "lock").read_text()))
    assert house.wait_status(arn, "STOPPED", seconds=90)["containers"][0]["exitCode"] == 0
    with Logs(house, task=arn, tail="1000") as last:
        told = next(line["line"] for line in last.all() if line["stream"] == "stderr")
    keeper = max(keeper, rss_kib(int((logs / "lock").read_text())))
    print(f"{told}; keeper {keeper} KiB, agent {rss_kib(house.agents[0].pid)} KiB RSS")
    # On a machine that does nothing else it is below 10 ms; a sink that is waited for would be seconds.
    assert float(told.split()[2]) < 1000 and keeper < 3 << 10
    assert sum(path.stat().st_size for path in logs.glob("containers/*/*-json.log*")) <= 30_000_000
