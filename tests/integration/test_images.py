"""Pulling and keeping images: a real engine with a registry that misbehaves, and with a disk that fills up.

The checks themselves are in tests/conformance/runtime; here is what they need around them.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import pytest

from support.berth import binary
from support.docker import Engine
from support.fake_registry import FakeRegistry
from support.tasks import register, run, run_to_end
from support.waiting import wait_until

DISK_BYTES = 256 * 1024 * 1024
DISK_INODES = 20_000


def run_suite(engine, registry, fake, what, **variables):
    env = {**os.environ, "BERTH_TEST_DOCKER_SOCKET": str(engine.socket), "BERTH_TEST_REGISTRY": registry.address,
           "BERTH_TEST_IMAGE": registry.image("busybox"), "BERTH_TEST_FAKE_REGISTRY": fake.address, **variables}
    done = subprocess.run([binary("conformance_runtime"), *what], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "skipped" not in output and "No test" not in output, output


@pytest.fixture
def fake():
    with FakeRegistry() as one:
        yield one


@contextlib.contextmanager
def small_disk(folder):
    """An ext4 file system of its own; overlay2 wants more than tmpfs offers."""
    image = pathlib.Path(folder, "disk.ext4")
    with open(image, "wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-N", str(DISK_INODES), image], check=True)
    point = pathlib.Path(folder, "disk")
    point.mkdir()
    subprocess.run(["mount", "-o", "loop", image, point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


@pytest.fixture
def small_engine(run_folder):
    """A Docker Engine with all its data on a small disk."""
    with tempfile.TemporaryDirectory(prefix="small.", dir=run_folder) as folder, small_disk(folder) as disk:
        engine = Engine(disk, 9)
        try:
            yield engine.start()
        finally:
            engine.close()


def test_pulls_are_shared_queued_shown_cancelled_and_fail_for_what_the_registry_did(engine, registry, fake):
    run_suite(engine, registry, fake, ["[registry]"])


@pytest.mark.parametrize("name", [
    "Bytes above the high mark make the oldest images go until they are below the low one",
    "Inodes above the high mark do the same, with many bytes free",
    "What tasks want stays on a full disk, and the janitor says that it is stuck",
    "A pull that fills the disk fails, asks for a clean-up, and works after it",
])
def test_the_disk_of_the_engine_is_kept_below_its_marks(small_engine, registry, fake, name):
    # Catch takes a comma in a name for the end of it.
    run_suite(small_engine, registry, fake, [name.replace(",", r"\,")], BERTH_TEST_SMALL_DISK="1")


def test_ten_tasks_of_an_absent_image_cost_one_download(berth, fake):
    berth.start()
    # Its program can't be started, so that the tasks end by themselves once it is there.
    register(berth, "crowd", f"{fake.address}/slow-2000000/crowd:1", cpu=1, memory=6)
    arns = run(berth, "crowd", count=10)
    for arn in arns:
        reason = berth.wait_status(arn, "STOPPED", seconds=60)["containers"][0]["reason"]
        assert reason.startswith("CannotStartContainerError: "), reason
    assert len(fake.requests("/layer-of/slow-2000000/crowd")) == 1


def test_a_pull_that_no_retry_helps_fails_at_once_and_one_that_it_helps_does_not(berth, fake):
    berth.start()
    for behaviour, advice in (("absent", "Check whether the image exists. "),
                              ("denied", "Check that the role has the permissions to pull images from the registry. "),
                              ("wrong-layer", "The registry sent something else than the digest names")):
        image = f"{fake.address}/{behaviour}/e2e:1"
        _, container = run_to_end(berth, image)
        assert container["reason"].startswith(
            f"CannotPullContainerError: The task can't pull the image. {advice}"), container["reason"]
        assert image.rpartition(":")[0] in container["reason"]
    assert len(fake.requests("/layer-of/wrong-layer/e2e")) == 1
    _, container = run_to_end(berth, f"{fake.address}/busy-twice/e2e:1", seconds=60)
    assert container["reason"].startswith("CannotStartContainerError: "), "it was pulled in the end"


def test_a_task_that_waits_for_a_stalled_registry_stops_when_asked(berth, fake):
    berth.start()
    register(berth, "stalled", f"{fake.address}/stall-1000000/e2e:1")
    arn = run(berth, "stalled")[0]
    wait_until(lambda: fake.requests("/layer-of/stall-1000000/e2e"), "the download has begun")
    berth.ecs.stop_task(task=arn, reason="seen enough")
    assert berth.wait_status(arn, "STOPPED")["stoppedReason"] == "seen enough"
