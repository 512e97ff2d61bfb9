"""Runs the conformance suite of the Runtime port (tests/conformance/runtime) against real runtimes."""

import os
import subprocess
import xml.etree.ElementTree

from support.berth import binary

# What the runtime on containerd can't do yet, by the name of the test that shows it. One that passes must go from here.
CONTAINERD_GAPS = {}


def environment(engine, registry, **more):
    return {**os.environ, "BERTH_TEST_DOCKER_SOCKET": str(engine.socket), "BERTH_TEST_REGISTRY": registry.address,
            "BERTH_TEST_IMAGE": registry.image("busybox"), **more}


def run_suite(env, *arguments):
    return subprocess.run([binary("conformance_runtime"), *arguments], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False)


def test_the_docker_runtime_passes_the_conformance_suite(engine, registry):
    done = run_suite(environment(engine, registry))
    leftover = engine.containers()
    engine.remove_containers()
    assert done.returncode == 0, done.stdout + done.stderr
    assert leftover == [], "the suite left containers"


def test_the_containerd_runtime_passes_what_it_is_not_known_to_lack(engine, registry, containerd):
    env = environment(engine, registry, BERTH_TEST_CONTAINERD_SOCKET=str(containerd.socket))
    before = containerd.ids()
    done = run_suite(env, "[port]", "-r", "junit")
    engine.remove_containers()
    cases = list(xml.etree.ElementTree.fromstring(done.stdout).iter("testcase"))
    failed = {case.get("name"): "".join(part.text or "" for part in case) for case in cases
              if case.find("failure") is not None or case.find("error") is not None}
    assert len(cases) > len(CONTAINERD_GAPS), done.stdout + done.stderr
    unknown = {name: text for name, text in failed.items() if name not in CONTAINERD_GAPS}
    assert unknown == {}, "\n".join(f"{name}: {text}" for name, text in unknown.items()) + done.stderr
    assert set(CONTAINERD_GAPS) <= set(failed), "a gap is closed: take it out of CONTAINERD_GAPS"
    assert containerd.ids() == before, "the suite left containers"
