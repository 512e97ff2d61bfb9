"""What containers on containerd write, by the whole agent: kept, bounded, read, whoever is killed meanwhile."""

import contextlib
import os
import pathlib
import random
import signal
import time

from support.log_keeper import rss_kib
from support.streams import Logs
from support.tasks import run
from support.waiting import wait_until


def on_containerd(berth, containerd):
    berth.start(agent_changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}})
    return berth.agents[0]


def define(berth, family, **container):
    berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
        {"name": "app", "image": berth.image("busybox"), "essential": True, "cpu": 16, "memory": 32, **container}])


def started(berth, family):
    arn = run(berth, family)[0]
    berth.wait_status(arn, "RUNNING")
    return arn


def logs_folder(berth):
    return berth.folder / "agent-0" / "data" / "containerd" / "logs"


def keeper_pid(berth):
    """Of the keeper that works: the lock's text is that of the last one that got it."""
    def alive():
        text = (logs_folder(berth) / "lock").read_text()
        return int(text) if text and pathlib.Path(f"/proc/{int(text)}").exists() else None

    return wait_until(alive, "a log keeper works")


def kill9(pid):
    """Whether or not it has been killed before."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def lines(berth, **query):
    with Logs(berth, **query) as logs:
        return logs.all()


def test_no_line_is_lost_or_doubled_while_keeper_agent_and_containerd_are_killed(berth, containerd):
    agent = on_containerd(berth, containerd)
    count = 3000
    define(berth, "counts", command=["sh", "-c", f"i=0; while [ $i -lt {count} ]; do echo line $i; echo err $i >&2; "
                                                 "i=$((i+1)); usleep 10000; done"])
    arn = started(berth, "counts")
    dice = random.Random(3)
    killed = {"keeper": 0, "agent": 0, "containerd": 0}
    until = time.monotonic() + 20
    while time.monotonic() < until:
        who = dice.choice(["keeper", "keeper", "keeper", "agent", "containerd"])
        if who == "keeper":
            kill9(keeper_pid(berth))
            time.sleep(dice.uniform(0.01, 0.6))
        elif who == "agent":
            keeper = keeper_pid(berth)
            agent.kill9()
            if dice.random() < 0.5:
                kill9(keeper)
            agent.start_joined()
        else:
            containerd.program.kill9()
            containerd.start()
        killed[who] += 1
    print(killed)
    assert min(killed.values()) > 0
    assert berth.wait_status(arn, "STOPPED", seconds=90)["containers"][0]["exitCode"] == 0
    read = lines(berth, task=arn)
    for stream, word in (("stdout", "line"), ("stderr", "err")):
        assert [one["line"] for one in read if one["stream"] == stream] == [f"{word} {i}" for i in range(count)]
    print(f"keeper: {rss_kib(keeper_pid(berth))} KiB RSS")
    assert rss_kib(keeper_pid(berth)) < 3 << 10


def test_logs_are_followed_and_read_from_their_end_or_since_a_time(berth, containerd):
    agent = on_containerd(berth, containerd)
    define(berth, "speaks", command=["sh", "-c", "for i in 1 2 3; do echo tick $i; sleep 0.2; done; echo oops >&2; "
                                                 "printf 'no end'; sleep 3600"])
    arn = started(berth, "speaks")
    with Logs(berth, task=arn, follow="true") as logs:
        seen = [logs.next() for _ in range(4)]
        assert [one["line"] for one in seen] == ["tick 1", "tick 2", "tick 3", "oops"]
        assert [one["stream"] for one in seen] == ["stdout"] * 3 + ["stderr"]
        assert seen[0]["container"] == "app" and seen[0]["time"].startswith("20")
        assert [one["line"] for one in lines(berth, task=arn, tail="2")] == ["tick 3", "oops"]
        assert lines(berth, task=arn, tail="0") == []
        since = lines(berth, task=arn, since=seen[2]["time"])
        assert [one["line"] for one in since] == ["tick 3", "oops"]
        berth.ecs.stop_task(task=arn)
        # The end of the container is that of its log, and the last line needs none.
        assert logs.next()["line"] == "no end" and logs.next() is None
    berth.wait_status(arn, "STOPPED")
    assert lines(berth, task=arn, tail="1")[0]["line"] == "no end"
    assert lines(berth, task=arn, follow="true")[-1]["line"] == "no end"
    define(berth, "fails", command=["sh", "-c", "echo reason >&2; exit 3"])
    failed = run(berth, "fails")[0]
    berth.wait_status(failed, "STOPPED")
    wait_until(lambda: agent.why(failed)["lastLogLines"] == ["reason"], "the last lines are told")


def test_a_containers_log_has_the_bounds_that_it_asks_for(berth, containerd):
    on_containerd(berth, containerd)
    log = {"logDriver": "json-file", "options": {"max-size": "100k", "max-file": "3"}}
    define(berth, "much", command=["sh", "-c", "yes 'a line of some length' | head -n 100000"], logConfiguration=log)
    arn = run(berth, "much")[0]
    berth.wait_status(arn, "STOPPED")
    sizes = [path.stat().st_size for path in logs_folder(berth).glob("containers/*/*-json.log*")]
    assert len(sizes) == 3 and max(sizes) <= 100000 and sum(sizes) > 200000, sizes
    kept = lines(berth, task=arn)
    assert {one["line"] for one in kept} == {"a line of some length"} and len(kept) > 1000
    define(berth, "wrong", command=["true"], logConfiguration={"logDriver": "json-file", "options": {"max-size": "much"}})
    stopped = berth.wait_status(run(berth, "wrong")[0], "STOPPED")
    assert "max-size" in stopped["containers"][0]["reason"], stopped
