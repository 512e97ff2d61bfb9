"""`berth dev` on a host with Docker, and what it says to type there, down to a container."""

import os
import signal
import subprocess

import yaml

from support.berth import binary
from support.docker import free_port


def test_dev_brings_a_host_up_and_a_file_runs_there(engine, registry, run_folder):
    folder = run_folder / "dev"
    folder.mkdir()
    listen = f"127.0.0.1:{free_port()}"
    key = folder / "controller/admin-credentials"
    # Its own ports, as other agents may run here; `dev` keeps what is there.
    (folder / "agent.yaml").write_text(yaml.safe_dump({
        "controller": f"http://{listen}", "credentials": {"file": str(key)}, "data_dir": str(folder / "agent"),
        "runtime": {"kind": "docker", "socket": f"unix://{engine.socket}"},
        "endpoints": {"introspection_address": f"127.0.0.1:{free_port()}", "task_address": f"127.0.0.1:{free_port()}"}}))
    dev = subprocess.Popen([binary("berth"), "dev", "--dir", folder, "--listen", listen, "--docker", str(engine.socket)],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    environment = {"PATH": os.environ["PATH"], "AWS_SHARED_CREDENTIALS_FILE": str(key),
                   "AWS_ENDPOINT_URL": f"http://{listen}"}

    def berth(*arguments):
        return subprocess.run([binary("berth"), *arguments], env=environment, capture_output=True, text=True, timeout=60,
                              check=False)

    try:
        said = ""
        while "Ctrl-C stops" not in said:
            line = dev.stdout.readline()
            assert line, said
            said += line
        assert "has joined" in said and f"keeps   {folder / 'agent.yaml'}" in said and "berth doctor" in said
        file = folder / "task.yaml"
        file.write_text(yaml.safe_dump({"family": "hello", "containerDefinitions": [
            {"name": "app", "image": registry.image("busybox"), "memory": 32, "command": ["/bin/sh", "-c", "exit 3"]}]}))
        ran = berth("run", str(file), "--wait=stopped")
        assert ran.returncode == 1 and "app exit 3" in ran.stderr, ran.stdout + ran.stderr
        assert "exit 3" in berth("ps", "-a").stdout
        nodes = {one.split()[0]: one for one in berth("doctor").stdout.splitlines() if "nodes:" in one}
        assert "ok" in nodes, nodes
    finally:
        dev.send_signal(signal.SIGINT)
        assert dev.wait(timeout=30) == 0
