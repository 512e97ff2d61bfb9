"""Fixtures of the command line's tests: `berth` against one real controller, with agents played by hand. No Docker.

Run them with `./dev test`, or `/usr/bin/python3 -m pytest tests/conformance/cli` once berth and berth-controller are
built. With BERTH_GOLDEN=write, the files in golden/ become what was seen.
"""

import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api"), str(HERE.parents[1] / "integration")]

from agent import Agent  # noqa: E402
from client import Api  # noqa: E402
from support.berth import Controller, binary  # noqa: E402

CONTAINER = {"name": "app", "image": "registry/app:1", "cpu": 64, "memory": 64, "essential": True}
_numbers = itertools.count(1)


def steady(text):
    """A text without what differs from run to run; columns stay where they are."""
    text = re.sub(r"\b[0-9a-f]{12,36}\b", lambda found: "0" * len(found.group()), text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"ecs-svc/\d+", "ecs-svc/1", text)
    text = re.sub(r"\b(web|huge):\d\d", r"\1:00", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:7400", text)
    text = re.sub(r"\S+/berth-cli\.\w+", "FOLDER", text)
    text = re.sub(r"'c\d+'", "'c1'", text)
    text = re.sub(r"after \d+ ms", "after 0 ms", text)
    return re.sub(r"\b\d+s( ago)?\b", r"0s\1", text)


def golden(name, text):
    """Compares with golden/NAME.txt."""
    path = HERE / "golden" / f"{name}.txt"
    text = steady(text)
    if os.environ.get("BERTH_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} is no longer what is printed"


@pytest.fixture(scope="session")
def controller():
    with tempfile.TemporaryDirectory(prefix="berth-cli.") as name:
        one = Controller(pathlib.Path(name) / "controller", {"throttle": {"rate": 0}})
        yield one.start()
        one.stop()


@pytest.fixture(scope="session")
def api(controller):
    one = Api(controller)
    # Revisions have two digits from here on, so that columns don't depend on which tests ran before.
    for family in ("web", "huge"):
        for _ in range(9):
            one("RegisterTaskDefinition", {"family": family, "containerDefinitions": [CONTAINER]})
    return one


class Cluster:
    """A cluster of its own, and `berth` in it."""

    def __init__(self, controller, api):
        self.controller = controller
        self.api = api
        self.name = f"c{next(_numbers)}"
        self.agents = []
        api("CreateCluster", {"clusterName": self.name})

    def close(self):
        for agent in self.agents:
            agent.close()

    @property
    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("AWS_", "BERTH_")) and name not in ("NO_COLOR", "COLUMNS")}
        return kept | {"AWS_SHARED_CREDENTIALS_FILE": str(self.controller.credentials_file),
                       "AWS_CONFIG_FILE": "/dev/null", "AWS_ENDPOINT_URL": self.controller.url,
                       "BERTH_CLUSTER": self.name}

    def berth(self, *arguments, code=0, **environment):
        """What `berth` prints; `code` is what it must end with."""
        done = subprocess.run([binary("berth"), *arguments], env=self.environment | environment, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"berth {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    def agent(self, name=None):
        """A node with a session."""
        attributes = [{"name": "name", "value": name}] if name else []
        self.agents.append(Agent(self.api, self.name, attributes=attributes))
        return self.agents[-1]

    def define(self, family, **more):
        self.api("RegisterTaskDefinition", {"family": family, "containerDefinitions": [CONTAINER | more]})
        return family

    def run(self, family, **more):
        """The ARN of a new task."""
        answer = self.api("RunTask", {"cluster": self.name, "taskDefinition": family, **more})
        assert not answer["failures"], answer
        return answer["tasks"][0]["taskArn"]


@pytest.fixture
def cluster(controller, api):
    one = Cluster(controller, api)
    yield one
    one.close()
