"""Pulling and keeping images: a real engine with a registry that misbehaves, and with a disk that fills up.

The checks themselves are in tests/conformance/runtime; here is what they need around them.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import pytest

from support import docker_proxy as call
from support.berth import binary
from support.docker import Engine
from support.docker_proxy import DockerProxy
from support.fake_registry import FakeRegistry
from support.runtimes import both
from support.tasks import containers_of, register, run, run_to_end
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


class Shop(FakeRegistry):
    """All repositories below .../twins/ have one image, and who has asked too often is told when to come again."""

    def image(self, name):
        return super().image(name.rpartition("/")[0] if "/twins/" in name else name)

    def _refuse(self, handler, status, code, message, with_body, headers=None):
        later = {"Retry-After": "1"} if status == 429 else {}
        super()._refuse(handler, status, code, message, with_body, {**later, **(headers or {})})


@pytest.fixture
def fake():
    with Shop() as one:
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


@pytest.fixture
def engine_of_one_download(run_folder):
    """A Docker Engine that loads one layer at a time."""
    engine = Engine(run_folder, 8, ["--max-concurrent-downloads", "1"])
    try:
        yield engine.start()
    finally:
        engine.close()


@pytest.fixture
def proxied(berth, engines):
    """An agent whose way to its engine goes through the proxy."""
    with DockerProxy(berth.folder / "proxy.sock", engines(0).socket) as proxy:
        berth.start(agent_changes={"runtime": {"socket": f"unix://{proxy.socket}"}})
        yield proxy


def test_pulls_are_shared_queued_shown_cancelled_and_fail_for_what_the_registry_did(engine, registry, fake):
    run_suite(engine, registry, fake, ["[registry]"])


def test_one_digest_in_two_repositories_is_downloaded_once_with_each_ones_own_login(engine, registry, fake):
    fake.logins = {f"slow-1000000/twins/{name}": (name, "its word") for name in ("one", "other")}
    run_suite(engine, registry, fake, ["[twins]"])


def test_a_pull_that_waits_for_the_layers_of_others_is_not_ended_for_inactivity(engine_of_one_download, registry, fake):
    run_suite(engine_of_one_download, registry, fake, ["[one-at-once]"])


@pytest.mark.parametrize("name", [
    "Bytes above the high mark make the oldest images go until they are below the low one",
    "Inodes above the high mark do the same, with many bytes free",
    "What tasks want stays on a full disk, and the janitor says that it is stuck",
    "A pull that fills the disk fails, asks for a clean-up, and works after it",
])
def test_the_disk_of_the_engine_is_kept_below_its_marks(small_engine, registry, fake, name):
    # Catch takes a comma in a name for the end of it.
    run_suite(small_engine, registry, fake, [name.replace(",", r"\,")], BERTH_TEST_SMALL_DISK="1")


@both
def test_ten_tasks_of_an_absent_image_cost_one_download(berth, fake):
    berth.start()
    # Its program can't be started, so that the tasks end by themselves once it is there.
    register(berth, "crowd", f"{fake.address}/slow-2000000/crowd:1", cpu=1, memory=6)
    arns = run(berth, "crowd", count=10)
    for arn in arns:
        reason = berth.wait_status(arn, "STOPPED", seconds=60)["containers"][0]["reason"]
        assert reason.startswith("CannotStartContainerError: "), reason
    assert len(fake.requests("/layer-of/slow-2000000/crowd")) == 1


@both
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


@both
def test_two_tasks_with_one_digest_from_two_repositories_cost_one_download(berth, fake):
    berth.start()
    for name in ("one", "other"):
        register(berth, name, f"{fake.address}/slow-2000000/twins/{name}:1")
    arns = [run(berth, name)[0] for name in ("one", "other")]
    for arn in arns:
        reason = berth.wait_status(arn, "STOPPED", seconds=60)["containers"][0]["reason"]
        assert reason.startswith("CannotStartContainerError: "), "it was pulled: " + reason
    assert len(fake.requests("/layer-of/slow-2000000/twins/")) == 1


@both
def test_a_registry_that_answers_429_with_retry_after_is_asked_again_until_it_serves(berth, fake):
    berth.start()
    _, container = run_to_end(berth, f"{fake.address}/busy-twice/later:1", seconds=60)
    assert container["reason"].startswith("CannotStartContainerError: "), "it was pulled in the end"
    assert fake.asked("busy-twice/later") > 2


def test_a_registry_that_answers_429_each_time_ends_the_task_after_five_attempts(proxied, berth, fake):
    image = f"{fake.address}/busy/always:1"
    _, container = run_to_end(berth, image, seconds=60)
    assert container["reason"].startswith(
        "CannotPullContainerError: The task can't pull the image. The registry limits its pulls"), container["reason"]
    assert proxied.count("GET", call.DIGEST) == 5
    assert proxied.count("POST", call.PULL) == 0


@pytest.mark.parametrize("what", ["layer", "manifest"])
def test_a_registry_that_sends_a_wrong_digest_ends_the_task_at_the_first_attempt(proxied, berth, fake, what):
    _, container = run_to_end(berth, f"{fake.address}/wrong-{what}/once:1")
    assert container["reason"].startswith("CannotPullContainerError: The task can't pull the image. The registry sent "
                                          "something else than the digest names"), container["reason"]
    assert proxied.count("GET", call.DIGEST) == 1
    assert proxied.count("POST", call.PULL) <= 1


def test_an_image_that_is_deleted_by_hand_while_it_is_pulled_is_pulled_again(proxied, berth):
    engine = berth.engine(0)
    engine.remove_images()
    register(berth, "deleted", "sleeper")
    # All of it is there, but for its name.
    tagging = proxied.fault("POST", r"/images/.+/tag$", "hang", times=1)
    arn = run(berth, "deleted")[0]
    wait_until(lambda: tagging.hits, "the image is about to get its name")
    engine.remove_images()
    tagging.lift()
    berth.wait_status(arn, "RUNNING")
    assert proxied.count("POST", call.PULL) == 2


def test_an_image_that_is_deleted_by_hand_before_its_container_is_made_is_pulled_again(proxied, berth):
    engine = berth.engine(0)
    engine.remove_images()
    register(berth, "deleted", "sleeper")
    creation = proxied.fault("POST", call.CREATE, "hang", times=1)
    arn = run(berth, "deleted")[0]
    wait_until(lambda: creation.hits, "the container is about to be made")
    engine.remove_images()
    creation.lift()
    berth.wait_status(arn, "RUNNING")
    assert proxied.count("POST", call.PULL) == 2


@both
def test_stopped_containers_above_their_bound_go_oldest_first_and_the_others_keep_their_logs(berth):
    berth.start(agent_changes={"containers": {"keep_stopped_bytes": "1536KiB"}, "cleanup_delay": "1h",
                               "images": {"cleanup": {"interval": "1s"}}})
    agent = berth.agents[0]
    register(berth, "writes", "busybox",
             command=["/bin/sh", "-c", "dd if=/dev/zero of=/tmp/x bs=1000 count=700; echo written by $(hostname)"])
    arns = []
    for _ in range(2):
        arns += run(berth, "writes")
        berth.wait_status(arns[-1], "STOPPED")
    assert all(containers_of(agent, arn) for arn in arns), "two are below the bound"
    arns += run(berth, "writes")
    wait_until(lambda: not containers_of(agent, arns[0]), "the oldest is removed")
    for arn in arns[1:]:
        berth.wait_status(arn, "STOPPED")
    for arn in arns[1:]:
        one, = containers_of(agent, arn)
        assert f"written by {one['Id'][:12]}" in agent.engine.output(one["Id"])[0]
    assert len(containers_of(agent)) == 2


@both
def test_a_task_that_waits_for_a_stalled_registry_stops_when_asked(berth, fake):
    berth.start()
    register(berth, "stalled", f"{fake.address}/stall-1000000/e2e:1")
    arn = run(berth, "stalled")[0]
    wait_until(lambda: fake.requests("/layer-of/stall-1000000/e2e"), "the download has begun")
    berth.ecs.stop_task(task=arn, reason="seen enough")
    assert berth.wait_status(arn, "STOPPED")["stoppedReason"] == "seen enough"
