"""The controller under a simulated fleet: bench-fleet holds the agents, this starts and stops the controller."""

import pathlib
import resource
import subprocess
import time

from support.berth import Controller, binary


def ticks(pid):
    """User and system CPU seconds of a process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def threads(pid):
    """CPU seconds of each of a process' threads, by their numbers."""
    return {int(each.name): (lambda f: (int(f[11]) + int(f[12])) / 100)(
        (each / "stat").read_text().rsplit(")", 1)[1].split()) for each in pathlib.Path(f"/proc/{pid}/task").iterdir()}


def resident(pid):
    """Bytes of memory that a process has."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


class Fleet:
    """A controller of its own and a fleet of agents."""

    def __init__(self, folder, changes=None):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.controller = Controller(pathlib.Path(folder, "controller"), {"log": {"level": "warn"}, **(changes or {})})
        self.controller.start()
        client = self.controller.client()
        client.create_cluster()
        client.register_task_definition(family="fleet", containerDefinitions=[
            {"name": "app", "image": "registry.example/app:1", "cpu": 10, "memory": 8, "essential": True}])
        self.fleet = subprocess.Popen(
            [binary("bench-fleet"), f"127.0.0.1:{self.controller.port}", self.controller.credentials_file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, command):
        """One command of bench-fleet, and what it answered, by name."""
        self.fleet.stdin.write(command + "\n")
        self.fleet.stdin.flush()
        words = self.fleet.stdout.readline().split()
        return {words[i]: float(words[i + 1]) for i in range(0, len(words) - 1, 2)}

    def close(self):
        self.fleet.kill()
        self.fleet.wait()
        self.controller.stop()
