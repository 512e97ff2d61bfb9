"""The log keeper, against pipes: what it is killed for, what it can't write, how much it keeps."""

import os
import random
import subprocess
import threading
import time

import pytest
from support.log_keeper import Keeper, KeptContainer
from support.waiting import wait_until


@pytest.fixture
def keeper(tmp_path):
    one = Keeper(tmp_path)
    yield one
    one.program.kill9()


def write_numbers(descriptor, until, pause, form="line {0} {1}\n"):
    """Numbered lines of many lengths. A pipe takes each of them whole, as they are short enough."""
    dice = random.Random(descriptor)
    for number in range(until):
        os.write(descriptor, form.format(number, "x" * dice.choice([0, 1, 5, 30, 300, 3000])).encode())
        if pause:
            time.sleep(pause)


def numbers(text):
    return [int(line.split(" ")[1]) for line in text.splitlines()]


def test_no_line_is_lost_or_doubled_however_often_the_keeper_is_killed(keeper):
    containers = [KeptContainer(keeper.root, f"busy{index}", max_bytes=4 << 20, max_files=50) for index in range(3)]
    count = 20000
    writers = [threading.Thread(target=write_numbers, args=(descriptor, count, 0.0001))
               for one in containers for descriptor in (one.out, one.err)]
    for writer in writers:
        writer.start()
    kills = 0
    dice = random.Random(7)
    while any(writer.is_alive() for writer in writers):
        keeper.program.start()
        time.sleep(dice.uniform(0.001, 0.05))
        keeper.program.kill9()
        kills += 1
    keeper.program.start()
    for one in containers:
        # A keeper that comes after the last writer sees no end: it is told.
        one.want(ended=True)
    for one in containers:
        wait_until(one.done, "everything is kept", 20)
        assert numbers(one.text("stdout")) == list(range(count))
        assert numbers(one.text("stderr")) == list(range(count))
        assert one.drops() == {"lines": 0, "bytes": 0}
        one.close()
    print(f"{kills} kills, {keeper.rss_kib()} KiB RSS")
    assert kills > 20
    assert keeper.rss_kib() < 3 << 10


def test_the_end_of_a_containers_output_is_seen_and_a_new_run_goes_on_in_the_same_log(keeper):
    keeper.start()
    one = KeptContainer(keeper.root, "again")
    os.write(one.out, b"first\nno end")
    wait_until(lambda: one.text() == "first\n", "the keeper has the pipe")
    one.close()
    wait_until(one.done, "the run is kept")
    assert one.text() == "first\nno end\n"
    one.start()
    os.write(one.out, b"second\n")
    os.write(one.err, b"to the other\n")
    wait_until(lambda: one.text("stderr") == "to the other\n", "the new run is kept")
    assert one.text() == "first\nno end\nsecond\n" and not one.done()
    # A line that has begun outlives the keeper, too.
    os.write(one.out, b"half")
    wait_until(lambda: (one.folder / "rest-stdout.run-2").exists(), "half of a line is put aside")
    keeper.program.kill9()
    os.write(one.out, b" a line\n" + b"y" * 20000 + b"\n")
    keeper.program.start()
    one.want(ended=True)
    wait_until(one.done, "the second run is kept")
    one.close()
    assert one.text() == "first\nno end\nsecond\nhalf a line\n" + "y" * 20000 + "\n"
    assert [record["log"] for record in one.records() if "y" in record["log"]] == ["y" * 16384, "y" * 3616 + "\n"]


def test_files_stay_in_their_bounds(keeper):
    keeper.start()
    one = KeptContainer(keeper.root, "bounded", max_bytes=100000, max_files=3)
    write_numbers(one.out, 5000, 0)
    one.close()
    wait_until(one.done, "all is kept")
    sizes = [path.stat().st_size for path in one.files()]
    assert len(sizes) == 3 and max(sizes) <= 100000 and sum(sizes) > 200000, sizes
    kept = numbers(one.text())
    assert kept == list(range(kept[0], 5000)), "the newest lines, without a gap"
    single = KeptContainer(keeper.root, "single", max_bytes=100000, max_files=1)
    write_numbers(single.out, 2000, 0)
    single.close()
    wait_until(single.done, "all is kept")
    assert [path.stat().st_size <= 100000 for path in single.files()] == [True]
    assert numbers(single.text())[-1] == 1999


def test_a_full_disk_holds_up_nobody_and_what_is_dropped_is_counted(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "berth-test", disk], check=True)
    keeper = Keeper(disk, "logs")
    try:
        keeper.start()
        one = KeptContainer(keeper.root, "full")
        os.write(one.out, b"before\n")
        wait_until(lambda: one.text() == "before\n", "what fits is kept")
        # A write that would have to wait fails instead.
        os.set_blocking(one.out, False)
        for _ in range(10000):
            assert os.write(one.out, b"z" * 1023 + b"\n") == 1024
            time.sleep(0.0002)
        wait_until(lambda: one.drops()["lines"] > 0, "drops are counted")
        print(f"{one.drops()}, {keeper.rss_kib()} KiB RSS")
        assert keeper.rss_kib() < 3 << 10
        (one.folder / "full-json.log").write_bytes(b"")
        kept = one.drops()["lines"]
        os.write(one.out, b"after\n")
        wait_until(lambda: one.text().endswith("after\n"), "there is room again")
        assert one.drops()["lines"] >= kept > 5000
    finally:
        keeper.program.kill9()
        one.close()
        subprocess.run(["umount", disk], check=True)


def test_a_second_keeper_takes_over_when_the_first_ends(keeper, tmp_path):
    keeper.start()
    wait_until((keeper.root / "wanted").exists, "the first works")
    one = KeptContainer(keeper.root, "two")
    second = Keeper(tmp_path / "other", "second")
    second.program.command = keeper.program.command
    second.start()
    try:
        os.write(one.out, b"one\n")
        wait_until(lambda: one.text() == "one\n", "the first keeps it")
        keeper.program.kill9()
        os.write(one.out, b"two\n")
        wait_until(lambda: one.text() == "one\ntwo\n", "the second keeps it")
        one.close()
        wait_until(one.done, "the second sees the end")
    finally:
        second.program.kill9()
