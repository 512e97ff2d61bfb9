"""The house that the other tests stand on: engine, registry, sample images."""

import json
import urllib.request

from support.waiting import wait_until


def test_a_sample_image_is_pulled_from_the_registry_and_serves_its_page(engine, registry):
    engine.docker("run", "-d", "--name", "web", "-e", "ANSWER=42", "-p", "127.0.0.1:0:80", registry.image("httpd"))
    try:
        port = engine.docker("port", "web", "80").stdout.strip().rpartition(":")[2]

        def page():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as reply:
                    return reply.read().decode()
            except OSError:
                return None

        assert wait_until(page, "the sample page").strip().endswith("answer 42")
    finally:
        engine.remove_containers()
    assert engine.containers() == []


def test_a_sample_ends_as_its_name_says(engine, registry):
    assert engine.docker("run", "--rm", registry.image("exit3"), check=False).returncode == 3


def test_a_memory_limit_holds_on_this_host(engine, registry):
    """Tests on OutOfMemoryError rest on it: the kernel kills what takes more than its container may."""
    hog = "x=a; while true; do x=$x$x; done"
    image = registry.image("busybox")
    engine.docker("run", "--name", "hog", "--memory", "32m", image, "/bin/sh", "-c", hog, check=False)
    state = json.loads(engine.docker("inspect", "hog").stdout)[0]["State"]
    engine.remove_containers()
    assert state["OOMKilled"] is True and state["ExitCode"] == 137
