"""The programs under test: one controller and its agents, as a person starts them from config files."""

import configparser
import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import boto3
import botocore.config
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .docker import free_port
from .process import Program
from .waiting import wait_until

REGION = "us-east-1"
AWS = "/usr/bin/aws"


def binary(name):
    folder = pathlib.Path(os.environ.get("BERTH_BIN", pathlib.Path(__file__).parents[3] / "build/release/bin"))
    path = folder / name
    assert path.exists(), f"{path} is not there: build it (./dev build), or point BERTH_BIN to the programs"
    return path


def merged(settings, changes):
    """settings with changes laid over them, nested maps key by key; a value of None takes a key away."""
    result = dict(settings)
    for key, value in (changes or {}).items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


class Configured(Program):
    """A program of ours with a YAML config in a folder of its own."""

    def __init__(self, program, folder, settings):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = settings
        self.config = folder / f"{program}.yaml"
        super().__init__(folder.name, [binary(program), "--config", self.config], folder)

    def start(self):
        self.config.write_text(yaml.safe_dump(self.settings, sort_keys=False))
        return super().start()


class Controller(Configured):
    def __init__(self, folder, changes=None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = folder / "data"
        super().__init__("berth-controller", folder, merged({
            "listen": f"127.0.0.1:{self.port}", "data_dir": str(self.data_dir), "region": REGION,
            "account": "000000000000", "auth": "sigv4"}, changes))

    @property
    def credentials_file(self):
        return self.data_dir / "admin-credentials"

    def start(self):
        super().start()
        wait_until(self._healthy, f"{self.url}/health")
        return self

    def _healthy(self):
        assert self.alive(), f"berth-controller ended\n{self.tail()}"
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def _key(self):
        profile = configparser.ConfigParser()
        profile.read(self.credentials_file)
        return profile["default"]

    def client(self, service="ecs", **settings):
        """A boto3 client with the admin key. It retries nothing: a test sees every answer."""
        key = self._key()
        config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30)
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION,
            **{"aws_access_key_id": key["aws_access_key_id"], "aws_secret_access_key": key["aws_secret_access_key"],
               "config": config, **settings})

    def call(self, operation, **body):
        """One call of the API with members that Debian's boto3 has not heard of yet."""
        key = self._key()
        target = "AmazonEC2ContainerServiceV20141113." + operation
        request = AWSRequest("POST", self.url + "/", data=json.dumps(body),
                             headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target})
        credentials = Credentials(key["aws_access_key_id"], key["aws_secret_access_key"])
        SigV4Auth(credentials, "ecs", REGION).add_auth(request)
        sent = urllib.request.Request(self.url + "/", data=request.data.encode(), headers=dict(request.headers))
        try:
            with urllib.request.urlopen(sent, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{operation}: {error.code} {error.read().decode()}") from error

    def aws(self, *arguments, check=True):
        """Debian's aws CLI: its parsed answer, or with check=False the finished process."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.credentials_file), "AWS_CONFIG_FILE": "/dev/null",
                "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}
        done = subprocess.run([AWS, "--endpoint-url", self.url, "--output", "json", *arguments], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if not check:
            return done
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr.strip()}\n{self.tail()}"
        return json.loads(done.stdout) if done.stdout.strip() else None


class Agent(Configured):
    def __init__(self, folder, controller, engine, cluster="default", changes=None):
        self.engine = engine
        self.cluster = cluster
        self.instance_arn = None
        self._controller = controller
        self.introspection_port = free_port()
        self.task_port = free_port()
        super().__init__("berth-agent", folder, merged({
            "cluster": cluster, "controller": controller.url, "region": REGION,
            "credentials": {"file": str(controller.credentials_file)},
            "runtime": engine.settings,
            "endpoints": {"introspection_address": f"127.0.0.1:{self.introspection_port}",
                          "task_address": f"127.0.0.1:{self.task_port}"},
            "data_dir": str(folder / "data")}, changes))

    def ask(self, path, port=None, timeout=10):
        """What a local endpoint answers, as parsed JSON."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.introspection_port}{path}", timeout=timeout) as reply:
            return json.load(reply)

    def why(self, arn):
        """What the agent says that a task waits for, and why it ended."""
        return self.ask(f"/v1/why?task={arn}")

    def start_joined(self, seconds=30):
        """Starts it and waits until its instance is ACTIVE and connected; the first time, learns which that is."""
        before = {} if self.instance_arn else self._instances()
        self.start()
        return self.wait_joined(before, seconds)

    def wait_joined(self, before=(), seconds=30):
        """Waits until its instance is ACTIVE and connected; a first start has to say which there were before."""
        def joined():
            assert self.alive(), f"berth-agent ended\n{self.tail()}"
            return [arn for arn, one in self._instances().items() if one["status"] == "ACTIVE" and one["agentConnected"]
                    and (arn == self.instance_arn or (self.instance_arn is None and arn not in before))]

        self.instance_arn = wait_until(joined, f"{self.name} ACTIVE and connected", seconds)[0]
        return self

    def _instances(self):
        ecs = self._controller.client()
        arns = ecs.list_container_instances(cluster=self.cluster)["containerInstanceArns"]
        if not arns:
            return {}
        found = ecs.describe_container_instances(cluster=self.cluster, containerInstances=arns)["containerInstances"]
        return {one["containerInstanceArn"]: one for one in found}


class Berth:
    """A controller with its agents. Each agent has an engine of its own, as hosts have."""

    def __init__(self, folder, engines, registry):
        self.folder = folder
        self.registry = registry
        self.agents = []
        self.controller = None
        self._engines = engines

    def start(self, agents=1, cluster="default", controller_changes=None, agent_changes=None):
        self.controller = Controller(self.folder / "controller", controller_changes).start()
        self.controller.client().create_cluster(clusterName=cluster)
        for _ in range(agents):
            self.add_agent(cluster, agent_changes)
        return self

    def make_agent(self, cluster="default", changes=None):
        """An agent that is not started yet."""
        number = len(self.agents)
        agent = Agent(self.folder / f"agent-{number}", self.controller, self._engines(number), cluster, changes)
        self.agents.append(agent)
        return agent

    def add_agent(self, cluster="default", changes=None):
        return self.make_agent(cluster, changes).start_joined()

    @property
    def ecs(self):
        return self.controller.client()

    def aws(self, *arguments, **options):
        return self.controller.aws(*arguments, **options)

    def image(self, name):
        return self.registry.image(name)

    def engine(self, number):
        """The engine of agent `number`, also before there is one."""
        return self._engines(number)

    def task(self, arn, cluster="default"):
        return self.ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]

    def wait_status(self, arn, status, cluster="default", seconds=30):
        """Waits until the task's lastStatus is status and returns the task; a task that stopped instead fails."""
        def reached():
            task = self.task(arn, cluster)
            if task["lastStatus"] == "STOPPED" != status:
                raise AssertionError(f"stopped instead of {status}: {task.get('stoppedReason')} {task['containers']}")
            return task if task["lastStatus"] == status else None

        return wait_until(reached, f"{status} of {arn}", seconds)

    def logs(self):
        return "\n".join(program.tail() for program in [self.controller, *self.agents] if program)

    def close(self):
        """Ends everything; containers outlive agents by design, so they are removed on the engines."""
        try:
            for program in [*self.agents, self.controller]:
                if program:
                    program.stop()
        finally:
            for agent in self.agents:
                agent.engine.remove_containers()
