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
