"""Images on containerd: pulled by the agent from a registry with faults, and unpacked as containerd itself does."""

import json
import os
import random
import stat
import subprocess
import tarfile
import threading
import time

import pytest

from support.berth import binary
from support.faulty_registry import FaultyRegistry, Layer, archive, busy, cut, layer_of, short, stall, trickle, wrong
from support.tasks import run
from support.waiting import wait_until

SIZE = 3_000_000


@pytest.fixture
def faulty():
    with FaultyRegistry() as one:
        yield one


def content(name, size=SIZE):
    return random.Random(name).randbytes(size)


def start(berth, containerd, **images):
    changes = {"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}}
    if images:
        changes["images"] = images
    berth.start(agent_changes=changes)


def begin(berth, image, **container):
    family = "pull-" + image.rsplit("/", 1)[1].replace(":", "-")
    berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
        {"name": "app", "image": image, "essential": True, "cpu": 16, "memory": 32, **container}])
    return run(berth, family)[0]


def ended(berth, arn, seconds=60):
    return berth.wait_status(arn, "STOPPED", seconds=seconds)["containers"][0]["reason"]


def pull(berth, image, seconds=60):
    """Why the container of a task ended. The images have no program, so one that was pulled fails to start."""
    return ended(berth, begin(berth, image), seconds)


def assert_pulled(reason):
    assert reason.startswith("CannotStartContainerError: "), reason


def assert_whole(containerd, image):
    """containerd finds all of it, and unpacked."""
    row = next(line for line in containerd.ctr("images", "check").stdout.splitlines() if line.startswith(image + " "))
    assert " complete " in row and row.split()[-1] == "true", row


def mounted(containerd, space, image, folder):
    subprocess.run(["/usr/bin/ctr", "-a", str(containerd.socket), "-n", space, "images", "mount", image, str(folder)],
                   check=True, capture_output=True)


def tree(root):
    """{path: all that can be told of a file}; files of one inode have one number."""
    found, inodes = {}, {}
    for folder, names, files in os.walk(root):
        for name in [".", *names, *files]:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            kind = stat.S_IFMT(info.st_mode)
            attributes = {key: os.getxattr(path, key, follow_symlinks=False)
                          for key in os.listxattr(path, follow_symlinks=False)}
            data = None
            if kind == stat.S_IFREG:
                with open(path, "rb") as file:
                    data = file.read()
            if kind == stat.S_IFLNK:
                data = os.readlink(path)
            # The times of folders are compared where containerd keeps them: not of one that a layer has files in
            # without an entry of its own.
            told = kind != stat.S_IFDIR
            found[os.path.relpath(path, root)] = (
                oct(info.st_mode), info.st_uid, info.st_gid, info.st_rdev, info.st_mtime_ns if told else None, attributes,
                data, inodes.setdefault(info.st_ino, len(inodes)) if info.st_nlink > 1 and kind == stat.S_IFREG else None)
    return found


FOLDER = {"type": tarfile.DIRTYPE, "mode": 0o755}
CAPABILITY = "\x01\0\0\x02\0\x04" + "\0" * 14


def odd_layers():
    """All that layers can hold, each packed in another way."""
    lowest = archive(
        ("./", {**FOLDER, "mode": 0o711, "uid": 3}, b""),
        ("tmp/", {**FOLDER, "mode": 0o1777, "gid": 4}, b""), ("tmp/deep/", {**FOLDER, "mode": 0o750, "uid": 9}, b""),
        ("etc/", FOLDER, b""), ("etc/old", {}, b"old"), ("etc/gone", {}, b"gone"), ("all/", FOLDER, b""),
        ("all/hidden", {}, b"hidden"), ("turned/", FOLDER, b""), ("turned/below", {}, b"below"), ("file", {}, b"was"),
        ("usr/", FOLDER, b""), ("usr/prog", {"mode": 0o4755, "uid": 1000, "gid": 1000}, b"\x7fELF"),
        ("usr/same", {"type": tarfile.LNKTYPE, "linkname": "usr/prog", "mode": 0o4755, "uid": 1000, "gid": 1000}, b""),
        ("usr/capable", {"pax_headers": {"SCHILY.xattr.security.capability": CAPABILITY,
                                         "SCHILY.xattr.user.note": "noted"}}, b"x"),
        ("link", {"type": tarfile.SYMTYPE, "linkname": "../../etc/old", "uid": 5}, b""),
        ("null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3, "mode": 0o666}, b""),
        ("disk", {"type": tarfile.BLKTYPE, "devmajor": 8, "devminor": 1, "mode": 0o660}, b""),
        ("pipe", {"type": tarfile.FIFOTYPE, "mode": 0o600}, b""), ("n" * 120 + "/" + "ä" * 60, {}, b"long"))
    middle = archive(("etc/", FOLDER, b""), ("etc/.wh.gone", {}, b""), ("etc/new", {}, b"new"), ("all/", FOLDER, b""),
                     ("all/.wh..wh..opq", {}, b""), ("all/seen", {}, b"seen"), ("tmp/deep/added", {"uid": 7}, b"added"),
                     (".wh.file", {}, b""))
    upper = archive((".wh.turned", {}, b""), ("file/", FOLDER, b""), ("file/in", {}, b"in"), ("etc/old", {}, b"changed"),
                    ("big", {}, content("big")))
    return [Layer(lowest), Layer(middle, "zstd"), Layer(upper, "plain")]


def test_what_is_unpacked_is_what_containerd_unpacks_itself(berth, containerd, faulty, tmp_path):
    start(berth, containerd)
    image = faulty.put("odd", odd_layers())
    assert_pulled(pull(berth, image))
    assert_whole(containerd, image)
    subprocess.run(["/usr/bin/ctr", "-a", str(containerd.socket), "-n", "peer", "images", "pull", "--plain-http", image],
                   check=True, capture_output=True)
    trees = []
    for space in ("berth", "peer"):
        folder = tmp_path / space
        folder.mkdir()
        mounted(containerd, space, image, folder)
        try:
            trees.append(tree(folder))
        finally:
            subprocess.run(["umount", folder], check=True)
    ours, theirs = trees
    assert set(ours) == set(theirs)
    differing = {path: (ours[path], theirs[path]) for path in ours if ours[path] != theirs[path]}
    assert differing == {}
    assert "all/hidden" not in ours and "turned" not in ours and "file/in" in ours


def test_a_blob_that_is_cut_off_goes_on_where_it_was(berth, containerd, faulty):
    start(berth, containerd)
    layer = layer_of(content("cut"))
    image = faulty.put("cut", [layer])
    faulty.fault(layer.digest, cut(1_000_000))
    faulty.fault(layer.digest, cut(100_000))
    assert_pulled(pull(berth, image))
    assert_whole(containerd, image)
    ranges = [one[2] for one in faulty.asked(layer.digest)]
    assert ranges[0] is None and all(ranges[1:]), ranges
    assert faulty.sent < 1.1 * len(layer.data), "what was there was not asked for again"


def test_a_registry_without_ranges_sends_a_cut_blob_once_more(berth, containerd, faulty):
    faulty.ranges = False
    start(berth, containerd)
    layer = layer_of(content("no-ranges"))
    image = faulty.put("no-ranges", [layer])
    faulty.fault(layer.digest, cut(1_000_000))
    assert_pulled(pull(berth, image))
    assert_whole(containerd, image)


def test_a_connection_that_stalls_is_replaced_and_a_registry_that_stalls_ends_the_pull(berth, containerd, faulty):
    start(berth, containerd, pull_inactivity_timeout="4s")
    once, always = layer_of(content("once")), layer_of(content("always"))
    image = faulty.put("stalls-once", [once])
    faulty.fault(once.digest, stall(1_000_000))
    assert_pulled(pull(berth, image))
    assert faulty.sent < 1.1 * len(once.data)
    faulty.fault(always.digest, stall(0), times=1000)
    began = time.monotonic()
    reason = pull(berth, faulty.put("stalls", [always]), seconds=120)
    assert "timed out after waiting 4s without progress" in reason, reason
    assert time.monotonic() - began < 100


def test_a_pull_ends_when_its_time_is_over_whatever_comes(berth, containerd, faulty):
    start(berth, containerd, pull_timeout="5s")
    layer = layer_of(content("slow"))
    faulty.fault(layer.digest, trickle(5_000), times=1000)
    began = time.monotonic()
    reason = pull(berth, faulty.put("slow", [layer]))
    assert "timed out after waiting 5s" in reason, reason
    assert 5 <= time.monotonic() - began < 30
    # What it had begun is gone.
    wait_until(lambda: "berth-unpack" not in containerd.ctr("snapshots", "ls").stdout, "no snapshot left")
    wait_until(lambda: "berth-" not in containerd.ctr("leases", "ls", "-q").stdout, "no lease left")


def test_a_registry_that_says_later_is_asked_later(berth, containerd, faulty):
    start(berth, containerd)
    layer = layer_of(content("later"))
    image = faulty.put("later", [layer])
    faulty.fault("/manifests/", busy(1))
    faulty.fault(layer.digest, busy(2), times=2)
    began = time.monotonic()
    assert_pulled(pull(berth, image))
    assert time.monotonic() - began >= 5
    assert len(faulty.asked(layer.digest)) == 3


def test_a_token_that_expires_within_a_pull_is_renewed(berth, containerd, faulty):
    faulty.token_uses = 3
    start(berth, containerd)
    layers = [layer_of(content(f"token-{at}", 400_000)) for at in range(5)]
    faulty.fault(layers[0].digest, cut(100_000))
    image = faulty.put("token", layers)
    assert_pulled(pull(berth, image))
    assert_whole(containerd, image)
    assert faulty.tokens > 2


@pytest.mark.parametrize("fault, words, most", [(wrong(), "something else than the digest names", 1),
                                                (short(1000), "unexpected EOF: 1000 of", 60)])
def test_what_is_not_what_the_manifest_says_is_refused(berth, containerd, faulty, fault, words, most):
    start(berth, containerd)
    layer = layer_of(content(fault.kind))
    faulty.fault(layer.digest, fault, times=1000)
    image = faulty.put(fault.kind, [layer])
    reason = pull(berth, image, seconds=150)
    assert reason.startswith("CannotPullContainerError: ") and words in reason, reason
    assert len(faulty.asked(layer.digest)) <= most
    assert layer.digest not in containerd.ctr("content", "ls", "-q").stdout


def test_a_layer_of_two_images_is_downloaded_once_and_one_that_is_there_not_at_all(berth, containerd, faulty):
    start(berth, containerd)
    base = layer_of(content("base"))
    own = [layer_of(content(f"own-{at}", 10_000), f"own-{at}") for at in range(3)]
    faulty.fault(base.digest, trickle(200_000), times=1)
    arns = [begin(berth, faulty.put(f"shared-{at}", [base, own[at]])) for at in range(2)]
    for arn in arns:
        assert_pulled(ended(berth, arn))
    assert len(faulty.asked(base.digest)) == 1
    before = len(faulty.asked("/blobs/"))
    assert_pulled(pull(berth, faulty.put("shared-2", [base, own[2]])))
    asked = [one[1] for one in faulty.asked("/blobs/")][before:]
    assert len(asked) == 2 and own[2].digest in asked[-1], "its configuration and the layer that is new"


def test_garbage_collection_leaves_what_is_being_pulled(berth, containerd, faulty):
    start(berth, containerd)
    others = faulty.put("other", [layer_of(b"other", "other")])
    layers = [layer_of(content(f"gc-{at}", 600_000), f"part-{at}") for at in range(8)]
    for layer in layers:
        faulty.fault(layer.digest, trickle(60_000))
    image = faulty.put("collected", layers)
    arn = begin(berth, image)
    over = threading.Event()
    collected = []

    def collect():
        while not over.is_set():
            containerd.ctr("images", "pull", "--plain-http", others)
            containerd.ctr("images", "rm", "--sync", others)
            collected.append(time.monotonic())

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        assert_pulled(ended(berth, arn))
    finally:
        over.set()
        collector.join()
    assert len(collected) > 2
    containerd.ctr("images", "pull", "--plain-http", others)
    containerd.ctr("images", "rm", "--sync", others)
    assert_whole(containerd, image)


def test_an_index_gives_the_image_of_this_machine_and_schema_1_is_refused_by_name(berth, containerd, faulty):
    start(berth, containerd)
    layer = layer_of(content("index", 1000))
    image = faulty.put("index", [layer], platforms=[("linux", "amd64", None), ("linux", "arm", "v7"),
                                                    ("windows", "amd64", None)])
    assert_pulled(pull(berth, image))
    assert_whole(containerd, image)
    none = faulty.put("none", [layer], platforms=[("linux", "s390x", None), ("linux", "arm", "v6")])
    assert "no matching manifest for linux/amd64" in pull(berth, none)
    old = faulty.put_manifest("old", "application/vnd.docker.distribution.manifest.v1+json",
                              json.dumps({"schemaVersion": 1, "name": "old", "fsLayers": []}).encode())
    assert "schema 1" in pull(berth, old)


def test_a_pull_that_a_kill_ended_is_made_anew(berth, containerd, faulty):
    start(berth, containerd)
    layer = layer_of(content("killed"))
    faulty.fault(layer.digest, trickle(60_000))
    image = faulty.put("killed", [layer])
    arn = begin(berth, image)
    wait_until(lambda: faulty.sent > 500_000, "half of the layer")
    berth.agents[0].kill9()
    berth.agents[0].start_joined()
    assert_pulled(ended(berth, arn))
    assert_whole(containerd, image)


def test_mirrors_are_asked_first_and_the_registry_has_what_they_lack(berth, containerd, faulty):
    both, alone = layer_of(content("both")), layer_of(content("alone"))
    with FaultyRegistry() as mirror:
        start(berth, containerd, mirrors=[f"{faulty.address}=127.0.0.1:1", f"{faulty.address}={mirror.address}"])
        image = faulty.put("mirrored", [both])
        mirror.put("mirrored", [both])
        assert_pulled(pull(berth, image))
        assert len(mirror.asked(both.digest)) == 1 and faulty.asked("/") == []
        assert_pulled(pull(berth, faulty.put("not-mirrored", [alone])))
        assert len(faulty.asked(alone.digest)) == 1


def test_an_odd_layer_is_left_to_containerd(berth, containerd, faulty):
    start(berth, containerd)
    # Of a hard link to a file of a lower layer the archive alone can't tell; containerd refuses it in its own words.
    lower = layer_of(b"lower", "lower")
    odd = Layer(archive(("link", {"type": tarfile.LNKTYPE, "linkname": "lower"}, b"")))
    reason = pull(berth, faulty.put("odd-link", [lower, odd]))
    assert reason.startswith("CannotPullContainerError: ") and "/fs/lower" in reason, reason
    assert "a layer is unpacked by containerd" in berth.agents[0].tail()


def test_blobs_are_sent_where_the_store_of_containerd_can_not_be_written_to(containerd, faulty, tmp_path):
    store = containerd.folder / "root/io.containerd.content.v1.content"
    layers = [layer_of(content("sent", 20_000_000)), layer_of(content("sent-too", 1000), "more")]
    image = faulty.put("sent", layers)
    script = f"mount --bind {store} {store} && mount -o remount,bind,ro {store} && exec {binary('bench-pull')} " \
             f"{containerd.socket} {tmp_path}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], input=f"{image}\n", capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert_whole(containerd, image)
    assert sorted(os.listdir(tmp_path)) == ["logs", "networks"]


def test_downloads_at_once_stay_within_their_bytes_and_one_that_is_larger_goes_alone(berth, containerd, faulty):
    budget = 7 << 20
    layers = [layer_of(content(f"budget-{at}")) for at in range(5)]
    layers.insert(2, layer_of(content("budget-large", 3 * SIZE)))
    image = faulty.put("budget", layers)
    for layer in layers:
        faulty.fault(layer.digest, trickle(SIZE // 6))
    start(berth, containerd, layers_bytes="7MiB", layers_at_once=6)
    assert_pulled(pull(berth, image, 120))
    loads = [[size for size in load if size > 1000] for load in faulty.loads]
    assert all(sum(load) <= budget or len(load) == 1 for load in loads), loads
    assert any(len(load) == 2 for load in loads), "they do come side by side"
    assert [max(load) for load in loads if sum(load) > budget] == [len(layers[2].data)], "the large one came, and alone"


def test_a_registry_is_spoken_to_without_tls_on_loopback_and_where_that_is_allowed_alone(berth, containerd):
    subprocess.run(["ip", "addr", "add", "192.0.2.7/32", "dev", "lo"], check=True)
    try:
        with FaultyRegistry(host="192.0.2.7") as far:
            start(berth, containerd)
            image = far.put("far", [layer_of(content("far", 1000))])
            reason = pull(berth, image)
            assert reason.startswith("CannotPullContainerError: ") and far.requests == [], reason
            agent, = berth.agents
            agent.stop()
            agent.settings["images"] = {"plain_http": [far.address]}
            agent.start_joined()
            arn = run(berth, "pull-far-1")[0]
            assert_pulled(ended(berth, arn))
    finally:
        subprocess.run(["ip", "addr", "del", "192.0.2.7/32", "dev", "lo"], check=True)
