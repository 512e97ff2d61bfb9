"""What a person sees in a real terminal: width, colours, Ctrl-C. tmux is the terminal."""

import re
import shlex
import subprocess

import pytest

from conftest import golden
from support.berth import binary
from support.waiting import wait_until


class Screen:
    """A terminal with a shell in it, in a tmux server of its own."""

    def __init__(self, environment, socket, columns=60, rows=20):
        self._socket = socket
        settings = [f"{name}={value}" for name, value in environment.items() if name.startswith(("AWS_", "BERTH_"))]
        shell = ["env", "-i", "PATH=/usr/bin:/bin", "TERM=screen", "PS1=$ ",
                 "LC_ALL=C.UTF-8", *settings, "/bin/sh"]
        self._tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), shlex.join(shell))

    def _tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self._socket, *arguments], check=True, capture_output=True, text=True,
                              timeout=20).stdout

    def close(self):
        self._tmux("kill-server")

    def keys(self, *keys):
        self._tmux("send-keys", *keys)

    def type(self, line):
        self.keys(line, "Enter")

    def text(self, *options):
        return self._tmux("capture-pane", "-p", *options)

    def shows(self, what):
        """What is on the screen once `what` is."""
        wait_until(lambda: re.search(what, self.text()), f"{what} on the screen")
        return self.text()


@pytest.fixture
def screen(cluster, tmp_path):
    one = Screen(cluster.environment, tmp_path / "tmux")
    yield one
    one.close()


def picture(text):
    """What a command has printed, without the shell's lines."""
    return "".join(line + "\n" for line in text.splitlines() if line and not line.startswith("$"))


def web_task(cluster):
    agent = cluster.agent("a-node-with-quite-a-long-name.example")
    cluster.define("web")
    task = cluster.run("web")
    agent.next_task()
    agent.report(task, "RUNNING")


def test_a_table_fits_the_terminal_and_has_colours(cluster, screen):
    web_task(cluster)
    screen.type(f"clear; {binary('berth')} ps; echo done")
    screen.shows("(?m)^done")
    golden("terminal-ps", picture(screen.text()))
    assert "\x1b[32mRUNNING" in screen.text("-e")
    screen.type(f"clear; NO_COLOR=1 {binary('berth')} ps; echo again")
    screen.shows("(?m)^again")
    assert "\x1b[3" not in screen.text("-e")


def test_a_deployment_is_redrawn_in_place_and_outlives_ctrl_c(cluster, screen):
    """No node: whoever starts the service's tasks finds no place for them."""
    cluster.define("web")
    cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "front", "desiredCount": 1,
                                  "taskDefinition": "web"})
    screen.type(f"clear; {binary('berth')} deploy front --image registry/app:2; echo ended $?")
    screen.shows("PRIMARY IN_PROGRESS")
    cluster.api("UpdateService", {"cluster": cluster.name, "service": "front", "desiredCount": 2})
    screen.shows("PRIMARY .* desired 2")
    assert screen.text().count("PRIMARY") == 1, "one line a deployment, however often it is drawn"
    screen.keys("C-c")
    screen.shows("ended 130")
    # What else a controller tells of the deployment is its own affair.
    lines = re.findall(r"(?m)^(?:service|PRIMARY|\^C|ended).*$", screen.text())
    golden("terminal-deploy", "\n".join(lines) + "\n")
    service = cluster.api("DescribeServices", {"cluster": cluster.name, "services": ["front"]})["services"][0]
    assert service["desiredCount"] == 2 and service["status"] == "ACTIVE"
