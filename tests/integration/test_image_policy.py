"""The policy of a host on containerd, which says whose signatures its images need: from a real registry."""

import json
import pathlib
import subprocess
import uuid

import pytest
from support.berth import binary
from support.signing import Authority, Shelf, new_keys, pem_of
from support.tasks import run

PROGRAM = """#!/bin/sh
read -r told
case "$told" in
  *asked/no*) echo "not on a Friday" >&2; exit 3;;
  *asked/slow*) sleep 60;;
esac
"""


class Host:
    """An agent with one rule of each kind."""

    def __init__(self, berth, containerd):
        self.berth = berth
        self.shelf = Shelf(berth.registry.address)
        self.ecdsa, self.ed25519 = new_keys()
        self.authority = Authority("trusted")
        self.policy = berth.folder / "image-policy.json"
        files = {"ecdsa.pub": pem_of(self.ecdsa), "ed25519.pub": pem_of(self.ed25519), "ca.pem": self.authority.pem(),
                 "program": PROGRAM.encode()}
        for name, content in files.items():
            (berth.folder / name).write_bytes(content)
        (berth.folder / "program").chmod(0o755)
        at = berth.registry.address
        self.policy.write_text(json.dumps({"rules": [
            {"prefix": f"{at}/signed", "require": "cosign",
             "keys": [str(berth.folder / "ecdsa.pub"), str(berth.folder / "ed25519.pub")]},
            {"prefix": f"{at}/notary", "require": "notation", "certificates": [str(berth.folder / "ca.pem")]},
            {"prefix": f"{at}/asked", "require": "program", "program": str(berth.folder / "program"),
             "timeout_seconds": 2},
            {"prefix": f"{at}/free", "require": "nothing"}], "otherwise": "refuse"}), encoding="utf-8")
        berth.start(agent_changes={"runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"},
                                   "images": {"policy": str(self.policy)}})

    def put(self, repository, note=""):
        return self.shelf.copy("busybox", repository, note or repository)

    def run(self, repository):
        """How a task of the image ends: its container's exit code, and its reason."""
        family = f"{repository.replace('/', '-')}-{uuid.uuid4().hex[:8]}"
        self.berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
            {"name": "app", "image": f"{self.shelf.address}/{repository}:1", "essential": True, "cpu": 16, "memory": 32,
             "command": ["sh", "-c", "exit 0"]}])
        task = self.berth.wait_status(run(self.berth, family)[0], "STOPPED", seconds=60)["containers"][0]
        return task.get("exitCode"), task.get("reason", "")

    def assert_runs(self, repository):
        assert self.run(repository) == (0, "")

    def assert_refused(self, repository, *words):
        code, reason = self.run(repository)
        assert code is None and reason.startswith("CannotPullContainerError: ") and str(self.policy) in reason, reason
        assert f"{self.shelf.address}/{repository}@sha256:" in reason, "image and digest are named"
        for word in words:
            assert word in reason, reason


@pytest.fixture
def host(berth, containerd):
    return Host(berth, containerd)


def test_an_image_runs_with_a_cosign_signature_by_one_of_the_rules_keys_alone(host):
    shelf = host.shelf
    shelf.cosign("signed/ecdsa", host.put("signed/ecdsa"), host.ecdsa)
    shelf.cosign("signed/ed25519", host.put("signed/ed25519"), host.ed25519)
    host.assert_runs("signed/ecdsa")
    host.assert_runs("signed/ed25519")
    bare = host.put("signed/bare")
    host.assert_refused("signed/bare", bare, "it has no signature", "sign this digest with cosign")
    stranger, _ = new_keys()
    shelf.cosign("signed/stranger", host.put("signed/stranger"), stranger)
    host.assert_refused("signed/stranger", "none of the keys has signed it")
    shelf.cosign("signed/moved", host.put("signed/moved"), host.ecdsa, of=bare)
    host.assert_refused("signed/moved", f"it is of {bare}")
    # The host does not have what it refused, and what ran before is no way around it.
    shelf.cosign("signed/tag", host.put("signed/tag", "first"), host.ecdsa)
    host.assert_runs("signed/tag")
    second = host.put("signed/tag", "second")
    host.assert_refused("signed/tag", second, "it has no signature")
    shelf.cosign("signed/tag", second, host.ecdsa)
    host.assert_runs("signed/tag")


def test_an_image_runs_with_a_notation_signature_by_a_trusted_certificate_alone(host):
    shelf = host.shelf
    key, chain = host.authority.signer()
    shelf.notation("notary/good", host.put("notary/good"), key, chain)
    host.assert_runs("notary/good")
    host.put("notary/bare")
    host.assert_refused("notary/bare", "it has no signature", "sign this digest with notation")
    other, strangers = Authority("trusted").signer()
    shelf.notation("notary/stranger", host.put("notary/stranger"), other, strangers)
    host.assert_refused("notary/stranger", "its certificate is not trusted")
    shelf.notation("notary/forged", host.put("notary/forged"), other, chain)
    host.assert_refused("notary/forged", "not made by its certificate's key")
    late, past = host.authority.signer(days=-1)
    shelf.notation("notary/late", host.put("notary/late"), late, past)
    host.assert_refused("notary/late", "certificate has expired")
    shelf.notation("notary/ended", host.put("notary/ended"), key, chain,
                   **{"io.cncf.notary.expiry": "2020-01-01T00:00:00Z"})
    host.assert_refused("notary/ended", "it has expired, at 2020")
    shelf.notation("notary/odd", host.put("notary/odd"), key, chain, crit=["io.cncf.notary.verificationPlugin"])
    host.assert_refused("notary/odd", "io.cncf.notary.verificationPlugin")


def test_a_program_may_decide_and_what_no_rule_is_for_is_refused(host):
    for name in ("asked/yes", "asked/no", "asked/slow", "free/one", "other/one"):
        host.put(name)
    host.assert_runs("asked/yes")
    host.assert_refused("asked/no", "not on a Friday", "ended with 3")
    host.assert_refused("asked/slow", "2s")
    host.assert_runs("free/one")
    host.assert_refused("other/one", '"otherwise" lets none run', "add a rule")


def test_a_local_image_needs_the_signature_too_also_after_a_restart_with_another_policy(host):
    host.put("free/later")
    host.assert_runs("free/later")
    agent = host.berth.agents[0]
    agent.stop()
    policy = json.loads(host.policy.read_text())
    policy["rules"][-1] = {"prefix": policy["rules"][-1]["prefix"], "require": "refuse"}
    host.policy.write_text(json.dumps(policy))
    agent.settings["images"]["pull_behavior"] = "prefer-cached"
    agent.start_joined()
    host.assert_refused("free/later", "lets none run")


def checked(folder, **changes):
    """What --check-config says of a configuration."""
    settings = {"cluster": "default", "controller": "http://127.0.0.1:1", "data_dir": str(folder),
                "credentials": {"access_key": "AKIA", "secret_key": "s"}, **changes}
    path = pathlib.Path(folder, "agent.yaml")
    path.write_text(json.dumps(settings))
    return subprocess.run([binary("berth-agent"), "--config", str(path), "--check-config"], capture_output=True,
                          text=True, timeout=30, check=False)


def test_on_docker_the_setting_is_refused_as_nothing_would_come_of_it(tmp_path):
    policy = {"images": {"policy": "/etc/berth/image-policy.json"}}
    done = checked(tmp_path, runtime={"kind": "docker"}, **policy)
    assert done.returncode == 2 and "images.policy" in done.stderr and "runtime.kind" in done.stderr, done.stderr
    done = checked(tmp_path, **policy)
    assert done.returncode == 2 and "images.policy" in done.stderr, "auto is Docker"
    assert checked(tmp_path, runtime={"kind": "containerd"}, **policy).returncode == 0
