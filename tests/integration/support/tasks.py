"""Task definitions and tasks, as short as a test wants to say them."""

import urllib.request
import uuid

# A host's own Python, for what busybox has no applet for: a definition's volumes, and its containers' mountPoints.
_PYTHON = {"usr": "/usr", "lib": "/usr/lib", "lib64": "/usr/lib64"}
PYTHON_VOLUMES = [{"name": name, "host": {"sourcePath": path}} for name, path in _PYTHON.items()]
PYTHON_MOUNTS = [{"sourceVolume": name, "containerPath": f"/{name}", "readOnly": True} for name in _PYTHON]

TASK_LABEL = "com.amazonaws.ecs.task-arn"


def register(berth, family, image, volumes=(), **container):
    """Registers a definition with one container `app`; container gives or changes its members."""
    wanted = {"name": "app", "image": image if "/" in image else berth.image(image), "essential": True, "cpu": 16,
              "memory": 32, **container}
    answer = berth.ecs.register_task_definition(family=family, containerDefinitions=[wanted], volumes=list(volumes))
    return answer["taskDefinition"]["taskDefinitionArn"]


def run(berth, family, count=1, **options):
    """Runs copies of a definition and returns the ARNs; whatever could not be placed fails the test."""
    # Two equal calls within one second have the same signature: the second would be refused as a replay.
    answer = berth.ecs.run_task(**{"taskDefinition": family, "count": count, "startedBy": uuid.uuid4().hex, **options})
    assert answer["failures"] == [] and len(answer["tasks"]) == count, answer
    return [task["taskArn"] for task in answer["tasks"]]


def run_to_end(berth, image, seconds=30, **container):
    """Runs one task that ends by itself, or never starts: the stopped task and its container."""
    family = f"ends-{len(berth.ecs.list_task_definition_families()['families'])}"
    register(berth, family, image, **container)
    task = berth.wait_status(run(berth, family)[0], "STOPPED", seconds=seconds)
    return task, task["containers"][0]


def containers_of(agent, task_arn=None):
    """What the agent's engine says of the containers of one task, or of all tasks."""
    return agent.engine.containers(label=f"{TASK_LABEL}={task_arn}" if task_arn else TASK_LABEL)


def host_port(task):
    return task["containers"][0]["networkBindings"][0]["hostPort"]


def page(port, seconds=2):
    """The page at a port of this host, or None if nobody answers there in time."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=seconds) as reply:
            return reply.read().decode()
    except OSError:
        return None
