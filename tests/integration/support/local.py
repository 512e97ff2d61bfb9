"""An agent with its local endpoints, reachable as on a real host: 169.254.170.2 leads there from its containers."""

import glob
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.error
import urllib.request

from .berth import Berth, merged
from .docker_proxy import DockerProxy
from .relay import Relay
from .socket_proxy import SocketProxy
from .waiting import wait_until

RULES = pathlib.Path(__file__).parents[3] / "packaging/berth-endpoint-rules"
ADDRESS = "169.254.170.2"
# Where the rules lead.
TASK_PORT = 51679
SLEEP = ["/bin/sh", "-c", 'trap "exit 0" TERM; sleep 86400 & wait $!']


class Reply:
    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def kind(self):
        return self.headers.get("Content-Type")

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"{self.status} {self.kind} {self.text!r}"


def get(port, path, timeout=10):
    """What a program of the host itself is answered, whatever the status."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
            return Reply(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.headers, error.read().decode())


class Local:
    """One agent between a proxy to its engine and a relay to its controller, and the rules of the host."""

    def __init__(self, folder, engines, registry, changes=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="local.", dir=folder))
        self.berth = Berth(self.folder, engines, registry)
        self.berth.start(agents=0, controller_changes={"heartbeat": "1s"})
        self.relay = Relay(self.berth.controller.port)
        self.agent = self.berth.make_agent()
        kind = DockerProxy if self.agent.engine.kind == "docker" else SocketProxy
        self.proxy = kind(self.folder / "proxy.sock", self.agent.engine.socket)
        self.agent.settings = merged(self.agent.settings, {
            "controller": f"http://127.0.0.1:{self.relay.port}", "cleanup_delay": "1h",
            "runtime": {"socket": f"unix://{self.proxy.socket}"},
            "endpoints": {"task_address": f"127.0.0.1:{TASK_PORT}"}, **(changes or {})})
        self._rules_environment = {**os.environ, "BERTH_ENDPOINT_BRIDGES": self.agent.engine.bridge,
                                   "RUNTIME_DIRECTORY": str(self.folder / "marks")}

    def __enter__(self):
        self.relay.__enter__()
        self.proxy.__enter__()
        self.agent.start_joined()
        # containerd's bridge is the agent's own.
        self._rules("add")
        return self

    def __exit__(self, *_):
        try:
            self.proxy.heal()
            self.agent.stop()
        finally:
            self._rules("remove")
            self.proxy.__exit__()
            self.relay.__exit__()
            ids = self._task_ids()
            self.berth.close()
            # The agent removes them with the containers, for which nobody waits here.
            for folder in (one for task in ids for one in glob.glob(f"/sys/fs/cgroup/*/ecs/{task}")):
                os.rmdir(folder)

    def _task_ids(self):
        found = [self.berth.ecs.list_tasks(desiredStatus=status)["taskArns"] for status in ("RUNNING", "STOPPED")]
        return [arn.rpartition("/")[2] for arns in found for arn in arns]

    def _rules(self, what):
        subprocess.run([RULES, what], env=self._rules_environment, check=True, timeout=30)

    def define(self, family, *containers, **task):
        whole = [{"image": self.berth.image("busybox"), "memory": 16, "command": SLEEP, **one} for one in containers]
        self.berth.controller.call("RegisterTaskDefinition", family=family, containerDefinitions=whole, **task)
        return family

    def run(self, family, until="RUNNING", seconds=30):
        """The ARN of a new task, once it is that far; until=None does not wait."""
        answer = self.berth.controller.call("RunTask", taskDefinition=family, count=1, startedBy=os.urandom(8).hex())
        assert answer["failures"] == [], answer
        arn = answer["tasks"][0]["taskArn"]
        if until:
            self.berth.wait_status(arn, until, seconds=seconds)
        return arn

    def stop(self, *arns):
        for arn in arns:
            self.berth.ecs.stop_task(task=arn)
        for arn in arns:
            self.berth.wait_status(arn, "STOPPED")

    def containers(self, arn):
        """What the engine says of the task's containers, by their names in the task."""
        label = "com.amazonaws.ecs.container-name"
        return {one["Config"]["Labels"][label]: one
                for one in self.agent.engine.containers(label=f"com.amazonaws.ecs.task-arn={arn}")}

    @staticmethod
    def environment(container):
        return dict(one.split("=", 1) for one in container["Config"]["Env"])

    def inside(self, container, target, host=ADDRESS, port=80, user_agent="inside"):
        """What a process of the container itself is answered."""
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", f"User-Agent: {user_agent}", "Connection: close", "", ""]
        request = r"\r\n".join(lines)
        script = f"echo -ne '{request}' | nc -w 15 {host} {port}"
        said = self.agent.engine.execute(container["Id"], "/bin/sh", "-c", script).stdout
        head, _, body = said.partition("\n\n")
        lines = head.splitlines()
        assert lines, f"nothing was answered to {target}"
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return Reply(int(lines[0].split()[1]), headers, body)

    def task_server(self, target, timeout=10):
        return get(TASK_PORT, target, timeout)

    def introspection(self, target, timeout=10):
        return get(self.agent.introspection_port, target, timeout)

    def why(self, arn, subject="container app"):
        """The reason that the agent gives for the subject's state, an empty one if there is none."""
        answer = self.introspection(f"/v1/why?task={arn}")
        reasons = answer.json["why"] if answer.status == 200 else []
        found = [one for one in reasons if one["subject"] == subject]
        return found[0] if found else {"what": ""}

    def wait_why(self, arn, part, subject="container app", seconds=20):
        def seen():
            one = self.why(arn, subject)
            return one if part in one["what"] else None
        return wait_until(seen, f"{subject} of {arn} waits for '{part}'", seconds)

    def _connected(self):
        arn = self.agent.instance_arn
        found = self.berth.ecs.describe_container_instances(containerInstances=[arn])["containerInstances"]
        return found[0]["agentConnected"]

    def kill(self):
        """kill -9, until the controller knows that the agent is away."""
        self.agent.kill9()
        wait_until(lambda: not self._connected(), "the agent is known to be away")

    def restart(self):
        """kill -9 and a new process, up to its connection."""
        self.kill()
        self.agent.start_joined()

    def wait_serving(self):
        def answers():
            try:
                return self.task_server("/v4/nobody", 2).status == 404
            except OSError:
                return False
        wait_until(answers, "the task server answers")
