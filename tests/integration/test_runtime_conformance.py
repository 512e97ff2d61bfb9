"""Runs the conformance suite of the Runtime port (tests/conformance/runtime) against a real Docker Engine."""

import os
import subprocess

from support.berth import binary


def test_the_docker_runtime_passes_the_conformance_suite(engine, registry):
    env = {**os.environ, "BERTH_TEST_DOCKER_SOCKET": str(engine.socket), "BERTH_TEST_REGISTRY": registry.address,
           "BERTH_TEST_IMAGE": registry.image("busybox")}
    done = subprocess.run([binary("conformance_runtime")], env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False)
    leftover = engine.containers()
    engine.remove_containers()
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftover == [], "the suite left containers"
