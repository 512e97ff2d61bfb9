"""Log drivers awslogs and none of containers on containerd. Who calls CloudWatch Logs is checked by its signature."""

import json
import re
import time

import pytest
from support.berth import merged
from support.fake_aws import FakeAws
from support.fake_logs import FakeLogs
from support.log_keeper import newest_has
from support.relay import EXECUTION, Relay
from support.streams import Logs
from support.tasks import run
from support.waiting import wait_until
from support.wire import Key

DRIVERS = ["json-file", "awslogs", "none"]


class House:
    """A controller, a relay that gives out roles, an agent on containerd and the service."""

    def __init__(self, berth, containerd):
        self.berth = berth
        berth.start(agents=0)
        self.relay = Relay(berth.controller.port)
        self.aws = FakeAws(self._find_key)
        self.aws.logs = FakeLogs()
        self.agent = berth.make_agent()
        self.agent.settings = merged(self.agent.settings, {
            "controller": f"http://127.0.0.1:{self.relay.port}", "logging_drivers": DRIVERS,
            "runtime": {"kind": "containerd", "socket": f"unix://{containerd.socket}"}})

    def _find_key(self, key_id):
        for one in self.relay.given:
            if one.key_id == key_id and one.kind == EXECUTION:
                return one.secret, one.token
        own = Key.read(self.berth.controller.credentials_file)
        return (own.secret, None) if own.key_id == key_id else None

    def __enter__(self):
        self.relay.__enter__()
        self.aws.__enter__()
        self.agent.start_joined()
        return self

    def __exit__(self, *_):
        self.agent.stop()
        self.aws.__exit__()
        self.relay.__exit__()

    def start(self, family, script, driver="awslogs", **options):
        if driver == "awslogs":
            options = {"awslogs-group": "web", "awslogs-region": "eu-west-1", "awslogs-endpoint": self.aws.url,
                       "awslogs-stream-prefix": family, **options}
        self.berth.ecs.register_task_definition(family=family, networkMode="host", containerDefinitions=[
            {"name": "app", "image": self.berth.image("busybox"), "essential": True, "cpu": 16, "memory": 64,
             "stopTimeout": 2, "command": ["sh", "-c", script],
             "logConfiguration": {"logDriver": driver, "options": options}}])
        return run(self.berth, family)[0]

    def stream(self, arn, family):
        return self.aws.logs.messages("web", f"{family}/app/{arn.rpartition('/')[2]}")


@pytest.fixture
def house(berth, containerd):
    with House(berth, containerd) as one:
        yield one


def test_lines_are_sent_by_the_execution_role_to_the_stream_of_the_task(house):
    house.relay.roles["role"] = (EXECUTION,)
    house.relay.edits["role"] = lambda task: task["containers"][0].update(logsAuthStrategy="ExecutionRole")
    began = time.time() * 1000
    arn = house.start("role", "echo INFO one; echo ' at two'; echo; echo INFO three; head -c 40000 /dev/zero | tr '\\0' x; echo",
                      **{"awslogs-create-group": "true", "awslogs-multiline-pattern": "^INFO", "mode": "non-blocking",
                         "max-buffer-size": "25m"})
    house.berth.wait_status(arn, "STOPPED")
    wait_until(lambda: len(house.stream(arn, "role")) == 2, "both messages arrive")
    first, second = house.stream(arn, "role")
    assert first == "INFO one\n at two\n" and second == "INFO three\n" + "x" * 40000, "as the pattern says"
    times = [at for at, _ in house.aws.logs.streams["web", f"role/app/{arn.rpartition('/')[2]}"]]
    assert all(began - 1000 < at < time.time() * 1000 + 1000 for at in times)
    assert house.aws.logs.calls[:4] == ["CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents"]
    asked = house.aws.asked("logs")
    assert {one.key_id for one in asked} == {house.relay.of(arn, EXECUTION).key_id}
    assert {one.region for one in asked} == {"eu-west-1"}
    with Logs(house.berth, task=arn) as logs:
        assert logs.all()[0]["line"] == "INFO one", "they can be read as well"


def test_without_a_role_the_agent_signs_and_what_fails_is_tried_again_until_it_does_not(house):
    agent = house.agent
    arn = house.start("own", "i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); usleep 5000; done; sleep 3600")
    wait_until(lambda: "ResourceNotFoundException" in agent.tail(200), "the missing group is told")
    assert "takes no lines" in agent.tail(200)
    house.aws.failures += [(400, "ThrottlingException", "Rate exceeded"), (503, "ServiceUnavailableException", "later")]
    house.aws.logs.groups.add("web")
    wait_until(lambda: any("line 99" in one for one in house.stream(arn, "own")), "lines come", 60)
    agent.kill9()
    agent.start_joined()
    wait_until(lambda: "line 499" in house.stream(arn, "own"), "the last line comes", 60)
    numbers = [int(re.fullmatch(r"line (\d+)", one)[1]) for one in house.stream(arn, "own")]
    # What was under way when the agent was killed may come twice; nothing is missing.
    assert sorted(set(numbers)) == list(range(500))
    assert len(house.aws.asked("logs")) < 60, "lines share calls"
    own = Key.read(house.berth.controller.credentials_file)
    assert {one.key_id for one in house.aws.asked("logs")} == {own.key_id}
    # A stream that somebody has removed is made again.
    house.aws.logs.streams.clear()
    house.berth.ecs.stop_task(task=arn)


def test_a_dead_endpoint_holds_up_nobody_and_what_is_dropped_is_counted(house):
    house.aws.logs.groups.add("web")
    house.aws.stall()
    lines = ("awk 'BEGIN { for (i = 1; i <= 600000; i++) { printf \"number %09d of many lines that nobody takes for quite "
             "some time\\n\", i; if (i % 6500 == 0) system(\"usleep 100000\") } }'; sleep 3600")
    arn = house.start("dead", lines)
    house.berth.wait_status(arn, "RUNNING")
    folder = house.berth.folder / "agent-0" / "data" / "containerd" / "logs" / "containers"
    wait_until(lambda: newest_has(folder, b"number 000600000 "), "the container has written all of it", 90)
    sizes = [path.stat().st_size for path in folder.glob("*/*-json.log*")]
    assert len(sizes) == 3 and max(sizes) <= 10_000_000, sizes
    wait_until(lambda: "lines are dropped" in house.agent.tail(200), "that is told")
    house.aws.stalled.set()
    wait_until(lambda: any("number 000600000 " in one for one in house.stream(arn, "dead")[-5000:]), "the newest arrive", 90)
    sent = next(folder.glob("*/sent"))
    arrived = len(set(house.stream(arn, "dead")))
    dropped = wait_until(lambda: int(sent.read_text().split()[2]), "drops are counted")
    print(f"{arrived} lines arrived, {dropped} were dropped, {len(house.aws.asked('logs'))} calls")
    # One batch of which some was taken before the limit counts as dropped.
    assert arrived < 600000 and 0 <= arrived + dropped - 600000 <= 15_000
    house.berth.ecs.stop_task(task=arn)


def without_log(task):
    """The API has no such driver; a payload may."""
    config = task["containers"][0]["dockerConfig"]
    config["hostConfig"] = json.dumps({**json.loads(config["hostConfig"]), "LogConfig": {"Type": "none"}})


def test_of_a_container_with_log_driver_none_nothing_is_kept(house):
    house.relay.edits["none"] = without_log
    arn = house.start("none", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 7", driver="json-file")
    assert house.berth.wait_status(arn, "STOPPED")["containers"][0]["exitCode"] == 7
    folder = house.berth.folder / "agent-0" / "data" / "containerd" / "logs" / "containers"
    assert not list(folder.glob("*")), "neither pipes nor files"
    with pytest.raises(AssertionError, match="log driver none"):
        Logs(house.berth, task=arn)
