"""Programs that are killed at random moments while tasks start and stop: nothing lost, nothing run twice.

The moments come from a seed, which a failing test prints; BERTH_SEED repeats it.
"""

import os
import random
import threading
import time

import pytest

from support.tasks import TASK_LABEL, containers_of, register
from support.waiting import wait_until
from support.wire import Key, call

TASKS = 20
KILLS = 6
RUN = 'echo "$(hostname)" >>/runs/starts; trap "exit 0" TERM; sleep 86400 & wait $!'
TRY_AGAIN = ("ThrottlingException", "ServerException", "InvalidParameterException")


class Chaos(threading.Thread):
    """Kills the victims together, again and again, and starts them at once."""

    def __init__(self, victims, dice):
        super().__init__()
        self.victims = victims
        self.dice = dice
        self.error = None

    def run(self):
        try:
            for _ in range(KILLS):
                time.sleep(self.dice.uniform(0.1, 1.5))
                for victim in self.victims:
                    victim.kill9()
                time.sleep(self.dice.uniform(0, 0.3))
                for victim in self.victims:
                    victim.start()
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


class User:
    """Starts tasks and stops some of them; remembers what it was told and what it asked for."""

    def __init__(self, controller, seed, dice):
        self.controller = controller
        self.key = Key.read(controller.credentials_file)
        self.seed = seed
        self.dice = dice
        self.told = []
        self.asked_to_stop = set()

    def work(self):
        for number in range(TASKS):
            self.start(number)
            time.sleep(self.dice.uniform(0, 0.3))
            if self.dice.random() < 0.5:
                self.stop(self.dice.choice(self.told))

    def start(self, number):
        answer = self.ask("RunTask", {"taskDefinition": "counted", "clientToken": f"{self.seed}-{number}"})
        task, = answer["tasks"]
        assert task["taskArn"] not in self.told, "one token, one task; another token, another task"
        self.told.append(task["taskArn"])

    def stop(self, arn):
        self.ask("StopTask", {"task": arn, "reason": "asked to"})
        self.asked_to_stop.add(arn)

    def ask(self, operation, body):
        """The answer to a call that is repeated while the controller is away or has no agent to place on."""
        def once():
            try:
                answer = call(self.controller.port, self.key, operation, body)
            except (OSError, IndexError):
                return None
            if answer.status == 200 and not answer.json.get("failures"):
                return answer.json
            assert answer.status == 200 or answer.error[0] in TRY_AGAIN, answer.body
            return None

        return wait_until(once, f"{operation} {body}", 30)


def described(berth, arns):
    found = berth.ecs.describe_tasks(tasks=arns)
    assert found["failures"] == [], "a task that a client was told about is lost"
    return {task["taskArn"]: task for task in found["tasks"]}


def assert_settles(berth, user):
    def settled():
        tasks = described(berth, user.told)
        wrong = {arn: task["lastStatus"] for arn, task in tasks.items()
                 if task["lastStatus"] != ("STOPPED" if arn in user.asked_to_stop else "RUNNING")}
        return tasks if not wrong else None

    try:
        return wait_until(settled, "every task where it was asked to be", 60)
    except AssertionError:
        for arn, task in described(berth, user.told).items():
            print(arn, arn in user.asked_to_stop, task["lastStatus"], task.get("stoppedReason"), task["containers"])
        raise


def assert_containers_match(berth, tasks, runs):
    containers = containers_of(berth.agents[0])
    by_task = {}
    for one in containers:
        assert one["RestartCount"] == 0
        by_task.setdefault(one["Config"]["Labels"][TASK_LABEL], []).append(one)
    assert set(by_task) <= set(tasks), "a container of a task that nobody was told about"
    for arn, task in tasks.items():
        own = by_task.get(arn, [])
        assert len(own) == 1 or (not own and "startedAt" not in task), f"{arn} has {len(own)} containers"
        running = [one["Id"] for one in own if one["State"]["Running"]]
        expected = [task["containers"][0]["runtimeId"]] if task["lastStatus"] == "RUNNING" else []
        assert running == expected, f"{arn} is {task['lastStatus']}"
    started = (runs / "starts").read_text().split()
    assert len(started) == len(set(started)), "a container was started twice"
    assert set(started) <= {one["Id"][:12] for one in containers}, "a container ran and is gone"
    assert set(started) >= {task["containers"][0]["runtimeId"][:12]
                            for task in tasks.values() if task["lastStatus"] == "RUNNING"}


@pytest.mark.parametrize("runtime, who", [("docker", "agent"), ("docker", "controller"), ("docker", "both"),
                                          ("containerd", "agent")], indirect=["runtime"], scope="module")
def test_nothing_is_lost_or_run_twice_when_programs_are_killed(berth, who):
    seed = int(os.environ.get("BERTH_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"BERTH_SEED={seed}")
    berth.start()
    runs = berth.folder / "runs"
    runs.mkdir()
    register(berth, "counted", "busybox", command=["/bin/sh", "-c", RUN],
             mountPoints=[{"sourceVolume": "runs", "containerPath": "/runs"}],
             volumes=[{"name": "runs", "host": {"sourcePath": str(runs)}}])
    victims = {"agent": [berth.agents[0]], "controller": [berth.controller],
               "both": [berth.controller, berth.agents[0]]}[who]
    user = User(berth.controller, seed, random.Random(seed))
    chaos = Chaos(victims, random.Random(seed + 1))
    chaos.start()
    try:
        user.work()
    finally:
        chaos.join()
    assert chaos.error is None, chaos.error
    tasks = assert_settles(berth, user)
    listed = [arn for status in ("RUNNING", "STOPPED")
              for arn in berth.ecs.list_tasks(desiredStatus=status)["taskArns"]]
    assert sorted(listed) == sorted(user.told)
    assert len(berth.ecs.list_container_instances()["containerInstanceArns"]) == 1
    assert_containers_match(berth, tasks, runs)
