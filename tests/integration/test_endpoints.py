"""What an agent answers on its local ports: to people and monitoring, and to the containers of its tasks."""

import json
import statistics
import time
import uuid

import pytest

from support.local import ADDRESS, Local
from support.relay import APPLICATION, EXECUTION
from support.runtimes import both
from support.shapes import assert_shape
from support.waiting import wait_until

pytestmark = both

FAST_SECONDS = 0.1


@pytest.fixture(scope="module")
def local(run_folder, engines, registry):
    with Local(run_folder, engines, registry) as one:
        yield one


@pytest.fixture(scope="module")
def bridged(local):
    """A task in bridge mode that has of everything: its ARN and what Docker says of its container."""
    berth = local.berth
    local.define(
        "bridged",
        {"name": "app", "image": berth.image("httpd"), "command": ["/bin/serve"], "cpu": 128, "memory": 32,
         "portMappings": [{"containerPort": 80}], "dockerLabels": {"colour": "red"},
         "healthCheck": {"command": ["CMD-SHELL", "echo fine"], "interval": 5},
         "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/data"},
                         {"sourceVolume": "hosts", "containerPath": "/hosts", "readOnly": True}],
         "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "1m"}},
         "restartPolicy": {"enabled": True}},
        volumes=[{"name": "scratch"}, {"name": "hosts", "host": {"sourcePath": "/etc"}}], cpu="256", memory="64")
    arn = local.run("bridged")
    return arn, local.containers(arn)["app"]


@pytest.fixture(scope="module")
def hosted(local):
    """A task on the host's network: its ARN and what Docker says of its container."""
    local.define("hosted", {"name": "app"}, networkMode="host")
    arn = local.run("hosted")
    return arn, local.containers(arn)["app"]


def metadata_path(container, version=4):
    name = "ECS_CONTAINER_METADATA_URI" + ("_V4" if version == 4 else "")
    url = Local.environment(container)[name]
    assert url.startswith(f"http://{ADDRESS}/v{version}/")
    return url.removeprefix(f"http://{ADDRESS}")


def same_time(shown, dockers):
    """The agent's times are Docker's, to the millisecond; CreatedAt is when it was asked for."""
    return shown[:23] == dockers[:23]


# ---- introspection

def test_introspection_tells_of_the_instance_and_what_it_can_be_asked(local):
    metadata = local.introspection("/v1/metadata")
    assert metadata.status == 200 and metadata.kind == "application/json"
    assert_shape(metadata.json, {"Cluster": str, "ContainerInstanceArn": str, "Version": str})
    assert metadata.json["Cluster"] == "default"
    assert metadata.json["ContainerInstanceArn"] == local.agent.instance_arn
    assert metadata.json["Version"].startswith("Amazon ECS Agent - v")
    commands = {"AvailableCommands": ["/v1/metadata", "/v1/tasks", "/license"]}
    for path in ("/", "/v1/nothing-of-that-kind"):
        answer = local.introspection(path)
        assert (answer.status, answer.json) == (200, commands), path
    licence = local.introspection("/license")
    assert licence.status == 200 and licence.kind == "text/plain" and licence.text.strip()
    health = local.introspection("/health")
    assert (health.status, health.text) == (200, "ok\n")


def test_metrics_count_tasks_and_containers_by_status(local, bridged, hosted):
    def numbers():
        answer = local.introspection("/metrics")
        assert answer.status == 200 and answer.kind.startswith("text/plain; version=0.0.4")
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    running = 'berth_agent_tasks{status="RUNNING"}'
    before = numbers()
    assert before[running] >= 2
    local.define("two", {"name": "app"}, {"name": "side"})
    arn = local.run("two")
    after = numbers()
    assert after[running] == before[running] + 1
    name = 'berth_agent_containers{status="RUNNING"}'
    assert after[name] == before[name] + 2
    local.stop(arn)
    stopped = 'berth_agent_tasks{status="STOPPED"}'
    assert numbers()[stopped] == before[stopped] + 1


def test_tasks_are_found_by_arn_and_by_docker_id_and_its_beginning(local, bridged, hosted):
    arn, docker = bridged
    listed = {one["Arn"]: one for one in local.introspection("/v1/tasks").json["Tasks"]}
    assert {arn, hosted[0]} <= set(listed)
    for query in (f"taskarn={arn}", f"dockerid={docker['Id']}", f"dockerid={docker['Id'][:12]}",
                  f"dockerid={docker['Id'][:9]}"):
        answer = local.introspection(f"/v1/tasks?{query}")
        assert (answer.status, answer.json) == (200, listed[arn]), query
    task = listed[arn]
    assert_shape(task, {"Arn": str, "DesiredStatus": str, "KnownStatus": str, "Family": str, "Version": str,
                        "Containers": list})
    assert [task[name] for name in ("DesiredStatus", "KnownStatus", "Family", "Version")] == \
        ["RUNNING", "RUNNING", "bridged", "1"]
    container, = task["Containers"]
    assert_shape(container, {"DockerId": str, "DockerName": str, "Name": str, "Image": str, "ImageID": str,
                             "CreatedAt": str, "StartedAt": str, "Ports": list, "Networks": list, "Volumes": list,
                             "RestartCount": int})
    assert container["DockerId"] == docker["Id"] and container["DockerName"] == docker["Name"].lstrip("/")
    assert container["ImageID"] == docker["Image"] and container["Image"] == docker["Config"]["Image"]
    bound = docker["NetworkSettings"]["Ports"]["80/tcp"]
    assert {(one["HostIp"], str(one["HostPort"])) for one in container["Ports"]} == \
        {(one["HostIp"], one["HostPort"]) for one in bound}
    assert container["Networks"] == [{"NetworkMode": "bridge", "IPv6Addresses": [],
                                      "IPv4Addresses": [docker["NetworkSettings"]["IPAddress"]]}]


def test_questions_for_tasks_that_cannot_be_answered_get_an_empty_task(local, bridged):
    nothing = {"Arn": "", "KnownStatus": "", "Family": "", "Version": "", "Containers": None}
    arn, docker = bridged
    for status, query in ((404, "taskarn=arn:aws:ecs:us-east-1:000000000000:task/default/no"),
                          (404, "dockerid=zzzz"), (404, f"dockerid={docker['Id'][:13]}"),
                          (400, f"taskarn={arn}&dockerid={docker['Id']}")):
        answer = local.introspection(f"/v1/tasks?{query}")
        assert (answer.status, answer.json) == (status, nothing), query
    assert local.introspection("/v1/why").status == 400
    assert local.introspection("/v1/why?task=no").status == 404


# ---- task metadata

TASK = {"Cluster": str, "TaskARN": str, "Family": str, "Revision": str, "DesiredStatus": str, "KnownStatus": str,
        "AvailabilityZone": str, "Containers": list, "PullStartedAt": str, "PullStoppedAt": str}
TASK_V4 = {"LaunchType": str, "FaultInjectionEnabled": bool}
CONTAINER = {"DockerId": str, "Name": str, "DockerName": str, "Image": str, "ImageID": str, "Labels": dict,
             "DesiredStatus": str, "KnownStatus": str, "Limits": dict, "CreatedAt": str, "StartedAt": str,
             "Type": str, "Networks": list}
OF_BRIDGED = {"Ports": list, "Health": dict, "Volumes": list}
OF_BRIDGED_V4 = {"LogDriver": str, "LogOptions": dict, "ContainerARN": str, "RestartCount": int}


def assert_common(container, docker, cpu, memory):
    """What both modes and all versions show of a running container."""
    assert container["DockerId"] == docker["Id"] and container["DockerName"] == docker["Name"].lstrip("/")
    assert container["Name"] == "app" and container["Type"] == "NORMAL"
    assert container["Image"] == docker["Config"]["Image"] and container["ImageID"] == docker["Image"]
    assert container["Labels"] == docker["Config"]["Labels"]
    assert container["DesiredStatus"] == container["KnownStatus"] == "RUNNING"
    assert container["Limits"] == {"CPU": cpu, "Memory": memory}
    assert same_time(container["CreatedAt"], docker["Created"])
    assert same_time(container["StartedAt"], docker["State"]["StartedAt"])


def assert_task(task, arn, family, docker):
    assert task["Cluster"] == "default" and task["TaskARN"] == arn
    assert task["Family"] == family and task["Revision"] == "1"
    assert task["DesiredStatus"] == task["KnownStatus"] == "RUNNING"
    assert task["PullStartedAt"] <= task["PullStoppedAt"] <= docker["State"]["StartedAt"]
    assert [one["DockerId"] for one in task["Containers"]] == [docker["Id"]]


def healthy(local, docker, version):
    """The container's document, asked for by itself, once it is healthy."""
    def seen():
        answer = local.inside(docker, metadata_path(docker, version))
        assert answer.status == 200 and answer.kind == "application/json", answer
        return answer.json if answer.json["Health"]["status"] == "HEALTHY" else None
    return wait_until(seen, "a healthy container", 20)


@pytest.mark.parametrize("version", [3, 4])
def test_a_container_of_a_task_in_bridge_mode_reads_all_of_itself_and_of_its_task(local, bridged, version):
    arn, docker = bridged
    v4 = version == 4
    container = healthy(local, docker, version)
    assert_shape(container, {**CONTAINER, **OF_BRIDGED, **(OF_BRIDGED_V4 if v4 else {})})
    assert_common(container, docker, 128, 32)
    assert container["Labels"]["colour"] == "red"
    bound = {(one["HostIp"], int(one["HostPort"])) for one in docker["NetworkSettings"]["Ports"]["80/tcp"]}
    assert all(one["ContainerPort"] == 80 and one["Protocol"] == "tcp" for one in container["Ports"])
    assert {one["HostPort"] for one in container["Ports"]} == {port for _, port in bound}
    assert all(("HostIp" in one) == v4 for one in container["Ports"])
    network, = container["Networks"]
    assert network["NetworkMode"] == "bridge" and network["IPv4Addresses"] == [docker["NetworkSettings"]["IPAddress"]]
    assert_shape(container["Health"], {"status": str, "statusSince": str, "output": str, "exitCode": int})
    assert container["Health"]["exitCode"] == 0
    assert container["Health"]["output"].strip() == "fine"
    volumes = {one["Destination"]: one for one in container["Volumes"]}
    assert volumes["/hosts"]["Source"] == "/etc"
    mounts = {one["Destination"]: one for one in docker["Mounts"]}
    assert volumes["/data"]["DockerName"] == mounts["/data"]["Name"]
    assert volumes["/data"]["Source"] == mounts["/data"]["Source"]
    if v4:
        assert container["LogDriver"] == "json-file" and container["LogOptions"] == {"max-size": "1m"}
        assert container["ContainerARN"] == local.berth.task(arn)["containers"][0]["containerArn"]
        assert container["RestartCount"] == 0

    answer = local.inside(docker, metadata_path(docker, version) + "/task")
    assert answer.status == 200
    assert_shape(answer.json, {**TASK, "Limits": dict, **(TASK_V4 if v4 else {})})
    assert_task(answer.json, arn, "bridged", docker)
    assert answer.json["Limits"] == {"CPU": 0.25, "Memory": 64}
    assert answer.json["Containers"] == [container]
    if v4:
        assert answer.json["LaunchType"] == "EC2" and answer.json["FaultInjectionEnabled"] is False


@pytest.mark.parametrize("version", [3, 4])
def test_tags_of_the_instance_and_of_the_task_are_shown_as_they_are_now(local, bridged, version):
    arn, docker = bridged
    for resource, key in ((local.agent.instance_arn, "berth"), (arn, "crew")):
        local.berth.ecs.tag_resource(resourceArn=resource, tags=[{"key": key, "value": str(version)}])
    path = metadata_path(docker, version)
    answer = local.inside(docker, path + "/taskWithTags")
    assert answer.status == 200
    task = answer.json
    assert task.pop("ContainerInstanceTags") == {"berth": str(version)}
    assert task.pop("TaskTags") == {"crew": str(version)}
    assert "Errors" not in task
    assert settled(task) == settled(local.inside(docker, path + "/task").json)
    asked = [body["resourceArn"] for operation, body in local.relay.requests() if operation == "ListTagsForResource"]
    assert {local.agent.instance_arn, arn} <= set(asked)


@pytest.mark.parametrize("version", [3, 4])
def test_a_container_of_a_task_on_the_hosts_network_reads_all_of_itself_and_of_its_task(local, hosted, version):
    arn, docker = hosted
    v4 = version == 4
    answer = local.inside(docker, metadata_path(docker, version))
    assert answer.status == 200 and answer.kind == "application/json"
    assert_shape(answer.json, {**CONTAINER, **({"ContainerARN": str} if v4 else {})})
    assert_common(answer.json, docker, 2, 16)
    assert answer.json["Networks"] == [{"NetworkMode": "host"}]
    task = local.inside(docker, metadata_path(docker, version) + "/task").json
    assert_shape(task, {**TASK, **(TASK_V4 if v4 else {})})
    assert_task(task, arn, "hosted", docker)
    assert task["Containers"] == [answer.json]


def test_a_task_that_has_ended_is_told_of_with_its_exit_code_and_its_end(local):
    local.define("ended", {"name": "app", "command": ["/bin/sh", "-c", "exit 9"]})
    arn = local.run("ended", until="STOPPED")
    docker = local.containers(arn)["app"]
    task = local.task_server(metadata_path(docker) + "/task").json
    assert_shape(task, {**TASK, **TASK_V4, "ExecutionStoppedAt": str})
    container, = task["Containers"]
    assert_shape(container, {**CONTAINER, "ContainerARN": str, "ExitCode": int, "FinishedAt": str})
    assert task["KnownStatus"] == task["DesiredStatus"] == container["KnownStatus"] == "STOPPED"
    assert container["ExitCode"] == 9
    assert same_time(container["FinishedAt"], docker["State"]["FinishedAt"])
    assert container["FinishedAt"] <= task["ExecutionStoppedAt"]
    shown = local.introspection(f"/v1/tasks?dockerid={docker['Id']}").json
    assert (shown["Arn"], shown["KnownStatus"]) == (arn, "STOPPED")


def test_the_role_of_a_task_that_has_ended_is_not_served_any_more_and_that_of_its_log_drivers_is(local):
    local.relay.roles["leaving"] = (APPLICATION, EXECUTION)
    local.define("leaving", {"name": "app"})
    arn = local.run("leaving")
    paths = {kind: f"/v2/credentials/{local.relay.of(arn, kind).id}" for kind in (APPLICATION, EXECUTION)}
    assert [local.task_server(path).status for path in paths.values()] == [200, 200]
    local.stop(arn)
    gone = local.task_server(paths[APPLICATION])
    assert gone.status == 400 and gone.json["code"] == "InvalidIdInRequest", gone
    assert local.task_server(paths[EXECUTION]).status == 200


def test_what_the_controller_says_about_a_protection_is_passed_on_with_the_id_of_the_call(local):
    local.relay.roles["guarded"] = (APPLICATION,)
    local.define("guarded", {"name": "app"})
    arn = local.run("guarded")
    docker = local.containers(arn)["app"]
    path = Local.environment(docker)["ECS_AGENT_URI"].removeprefix(f"http://{ADDRESS}") + "/task-protection/v1/state"
    answer = local.inside(docker, path)
    assert answer.kind == "application/json"
    assert_shape(answer.json, {"requestID": str, "error": dict})
    assert_shape(answer.json["error"], {"Arn": str, "Code": str, "Message": str})
    # The relay's keys are none that the controller knows.
    assert (answer.status, answer.json["error"]["Code"]) == (400, "UnrecognizedClientException"), answer
    assert answer.json["error"]["Arn"] == arn and answer.json["requestID"]


def test_version_two_knows_callers_by_their_address_which_only_a_network_of_their_own_gives(local, bridged):
    docker = bridged[1]
    address = docker["NetworkSettings"]["IPAddress"]
    for path in ("/v2/metadata", "/v2/metadata/", f"/v2/metadata/{docker['Id']}", "/v2/metadataWithTags", "/v2/stats"):
        answer = local.inside(docker, path)
        assert (answer.status, answer.json) == \
            (400, f"Unable to get task arn from request: unable to associate '{address}' with task"), path


def test_unknown_ids_and_paths_are_told_as_amazons_agent_tells_them(local):
    nobody = str(uuid.uuid4())
    task = "unable to get task arn from request: unable to get task Arn from v3 endpoint ID: " + nobody
    container = "unable to get container ID from request: unable to get docker ID from v3 endpoint ID: " + nobody
    for status, path, text in ((404, "/v4/{}", f"V4 container metadata handler: {container}"),
                               (404, "/v4/{}/task", f"V4 task metadata handler: {task}"),
                               (500, "/v3/{}", f"V3 container metadata handler: {container}"),
                               (500, "/v3/{}/task", f"V3 task metadata handler: {task}"),
                               (404, "/v4/{}/task/stats", f"V4 task stats handler: {task}"),
                               (400, "/v3/{}/task/stats", f"V3 task stats handler: {task}")):
        answer = local.task_server(path.format(nobody))
        assert (answer.status, answer.json) == (status, text), path
    assert local.task_server("/nothing").status == 404
    redirected = local.task_server("//v4//" + nobody)
    assert redirected.status == 404 and "V4 container metadata" in redirected.text


@pytest.mark.parametrize("version", [3, 4])
def test_a_task_without_associations_has_empty_lists_of_them(local, bridged, version):
    docker = bridged[1]
    path = metadata_path(docker, version)
    answer = local.inside(docker, path + "/associations/gpu")
    assert (answer.status, answer.json) == (200, {"Associations": []})
    missing = local.inside(docker, path + "/associations/gpu/GPU-1")
    assert missing.status == 400 and "no association of type 'gpu' with the name 'GPU-1'" in missing.json
    unknown = local.task_server(f"/v{version}/{uuid.uuid4()}/associations/gpu")
    assert unknown.status == 400 and "container associations handler" in unknown.json


def test_an_association_that_this_agent_cannot_give_is_the_reason_why_the_task_stops(local):
    def add(task):
        task["associations"] = [{"name": "eia", "type": "elastic-inference", "containers": ["app"],
                                 "content": {"value": "{}", "encoding": "identity"}}]

    local.define("associated", {"name": "app"})
    local.relay.edits["associated"] = add
    arn = local.run("associated", until="STOPPED")
    assert "association eia is of type elastic-inference" in local.berth.task(arn)["stoppedReason"]


# ---- an engine that hangs, an agent that dies

def ask(local, path):
    return (local.task_server if path.startswith(("/v3", "/v4")) else local.introspection)(path, timeout=5)


def documents(local, *tasks):
    """Everything that is told of tasks, by its path."""
    found = {}
    for arn, docker in tasks:
        for version in (3, 4):
            for what in ("", "/task"):
                path = metadata_path(docker, version) + what
                found[path] = local.task_server(path)
        found[f"/v1/tasks?taskarn={arn}"] = local.introspection(f"/v1/tasks?taskarn={arn}")
    assert all(answer.status == 200 for answer in found.values()), found
    return {path: answer.json for path, answer in found.items()}


def settled(shown):
    """Without what health checks change all the time."""
    return json.loads(json.dumps(shown), object_pairs_hook=lambda pairs: {
        name: value for name, value in pairs if name != "Health"})


def test_an_engine_that_hangs_does_not_slow_an_answer_down(local, bridged, hosted):
    before = settled(documents(local, bridged, hosted))
    local.proxy.hang()
    try:
        local.define("hanging", {"name": "app"})
        arn = local.run("hanging", until=None)
        local.wait_why(arn, local.proxy.held_at)
        took = []
        for _ in range(20):
            for path in (*before, f"/v1/why?task={arn}", "/v1/tasks", "/metrics", "/health"):
                began = time.monotonic()
                assert ask(local, path).status == 200, path
                took.append(time.monotonic() - began)
        assert settled(documents(local, bridged, hosted)) == before
        p99 = sorted(took)[int(len(took) * 0.99)]
        print(f"\nwhile the engine hangs: median {statistics.median(took) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
        assert p99 < FAST_SECONDS
    finally:
        local.proxy.heal()
    local.berth.wait_status(arn, "RUNNING")
    local.stop(arn)


# What an agent asks Docker for anew when it starts, and does not remember.
DOCKERS = {"Health", "Labels", "Networks", "Volumes", "Why"}


def remembered(shown):
    return json.loads(json.dumps(shown), object_pairs_hook=lambda pairs: {
        name: value for name, value in pairs if name not in DOCKERS})


def told_after_a_crash(local, before):
    """Kills the agent and starts it. Every answer from its first one on, until all documents are remembered."""
    local.kill()
    local.agent.start()
    answers = []

    def all_told():
        try:
            answers.extend((path, ask(local, path)) for path in before)
        except OSError:
            return False  # not both of its ports are open yet
        return {path for path, answer in answers if answer.status == 200} == set(before)
    wait_until(all_told, "an answer to everything", 10)
    return answers


def assert_nothing_else_is_told(local, bridged, hosted):
    # What the controller has heard already is stored a tenth of a second later, with what comes next: nobody else can
    # read the file meanwhile.
    time.sleep(1)
    before = settled(documents(local, bridged, hosted))
    for path, answer in told_after_a_crash(local, before):
        assert answer.status == 200, (path, answer)
        assert remembered(answer.json) == remembered(before[path]), path
    return before


def test_an_agent_that_was_killed_never_tells_anything_else_of_the_same_containers(local, bridged, hosted):
    before = assert_nothing_else_is_told(local, bridged, hosted)
    wait_until(lambda: settled(documents(local, bridged, hosted)) == before, "the documents as before")
    local.agent.wait_joined()
    for _, docker in (bridged, hosted):
        assert local.inside(docker, metadata_path(docker)).status == 200


def test_an_agent_that_was_killed_tells_the_same_while_the_engine_hangs(local, bridged, hosted):
    local.proxy.hang()
    try:
        before = assert_nothing_else_is_told(local, bridged, hosted)
        reason = local.why(bridged[0])
        assert reason["what"] == "waits for the runtime, to list its containers"
    finally:
        local.proxy.heal()
    wait_until(lambda: settled(documents(local, bridged, hosted)) == before, "the documents as before", 30)
    local.agent.wait_joined()
