"""Input that is wrong: each gets a clear error, nothing crashes, nothing is lost, others are served meanwhile."""

import datetime
import json
import pathlib
import shutil
import stat
import subprocess
import tempfile
import urllib.parse

import pytest
import yaml

from support.berth import Controller, binary
from support.tasks import register, run
from support.wire import TARGET, Key, call, call_bytes, connect, exchange, read_message, request_bytes
from support.waiting import wait_until

UTC = datetime.timezone.utc
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.fixture
def controller(berth):
    """A controller alone, with a cluster; at the end of each test it is still the same process, and serves."""
    berth.start(agents=0)
    pid = berth.controller.pid
    yield berth.controller
    assert berth.controller.alive() and berth.controller.pid == pid
    assert berth.ecs.list_clusters()["clusterArns"], "nothing is lost"


@pytest.fixture
def key(controller):
    return Key.read(controller.credentials_file)


REFUSED_BODIES = [
    ("ListClusters", b"{", "SerializationException", "not JSON"),
    ("ListClusters", b"", "SerializationException", "not JSON"),
    ("ListClusters", b"[]", "SerializationException", "object"),
    ("ListClusters", b'{"maxResults": 1' + b"0" * 400 + b"}", None, ""),
    ("ListClusters", b'{"a":' * 2000 + b"1" + b"}" * 2000, "SerializationException", "nested deeper"),
    ("ListClusters", b'{"nextToken": "\xff\xfe"}', "SerializationException", "not JSON"),
    ("CreateCluster", {"clusterName": 7}, "SerializationException", "clusterName"),
    ("DescribeTasks", {"tasks": "one"}, "SerializationException", "tasks"),
    ("RunTask", {"taskDefinition": "web", "count": "three"}, "SerializationException", "count"),
    ("RunTask", {"count": 1}, "InvalidParameterException", "askDefinition"),
    ("RegisterTaskDefinition", {"family": "web"}, "ClientException", "ontainer"),
    ("RegisterTaskDefinition", {"family": "web", "containerDefinitions": [7]}, "SerializationException",
     "containerDefinitions"),
    ("RunTask", {"taskDefinition": "web", "launchType": "MOON"}, "InvalidParameterException", "launch type"),
    ("StopTask", {"task": "no-such-task", "cluster": "no-such-cluster"}, "ClusterNotFoundException",
     "Cluster not found."),
    ("MakeCoffee", {}, "UnknownOperationException", "MakeCoffee"),
]


def test_a_wrong_request_gets_the_error_that_names_what_is_wrong(controller, key):
    wrong = []
    for operation, body, name, words in REFUSED_BODIES:
        answer = call(controller.port, key, operation, body)
        shown = f"{operation} {str(body)[:60]}: {answer.status} {answer.body[:300]}"
        if not 400 <= answer.status < 500 or (name and answer.error[0] != name) or words not in answer.error[1]:
            wrong.append(shown)
    assert not wrong, "\n".join(wrong)


def test_an_unknown_target_or_method_is_refused(controller, key):
    answer = call(controller.port, key, "ListClusters", {}, prefix="AmazonDynamoDB")
    assert answer.status == 400 and answer.error[0] == "UnknownOperationException"
    host = {"Host": f"127.0.0.1:{controller.port}"}
    for method, target, headers in (("POST", "/", {"X-Amz-Target": "nonsense"}), ("DELETE", "/", {}),
                                    ("GET", "/no/such/page", {})):
        headers = {**host, "Content-Length": "0", **headers}
        assert 400 <= exchange(controller.port, request_bytes(method, target, headers)).status < 500
    garbage = exchange(controller.port, b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    assert garbage.status == 400


def test_a_body_of_ten_megabytes_is_refused_unread(controller, key):
    body = b'{"nextToken": "' + b"x" * (10 << 20) + b'"}'
    data = call_bytes(controller.port, key, "ListClusters", body)
    head = data[:data.index(b"\r\n\r\n") + 4]
    with connect(controller.port) as peer:
        # Only the head: who refuses by the announced length does not need the body.
        peer.sendall(head)
        with peer.makefile("rb") as stream:
            first, _, answer = read_message(stream)
    assert first.split()[1] == "413"
    assert json.loads(answer)["__type"] == "RequestEntityTooLargeException"


def test_a_chunked_body_without_end_is_refused(controller):
    with connect(controller.port) as peer:
        peer.sendall(request_bytes("POST", "/", {"Host": "x", "X-Amz-Target": f"{TARGET}.ListClusters",
                                                 "Transfer-Encoding": "chunked"}))
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(64):
                peer.sendall(chunk)
        except OSError:
            pass  # refused and closed while we were still sending
        peer.settimeout(10)
        try:
            answer = peer.recv(100)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.split()[1] == b"413"


def test_slow_clients_do_not_keep_others_waiting(controller, key):
    data = call_bytes(controller.port, key, "ListClusters", {})
    half_heads = [connect(controller.port) for _ in range(50)]
    half_bodies = [connect(controller.port) for _ in range(50)]
    silent = [connect(controller.port) for _ in range(50)]
    try:
        for peer in half_heads:
            peer.sendall(data[:40])
        for peer in half_bodies:
            peer.sendall(data[:-1])
        assert call(controller.port, key, "DescribeClusters", {}).status == 200
        # Whoever sends the rest in time is served.
        half_bodies[0].sendall(data[-1:])
        with half_bodies[0].makefile("rb") as stream:
            assert read_message(stream)[0].split()[1] == "200"
        # Whoever does not is cut off.
        half_heads[0].settimeout(20)
        assert half_heads[0].recv(1000)[:12] in (b"", b"HTTP/1.1 408")
    finally:
        for peer in half_heads + half_bodies + silent:
            peer.close()


def refusal(controller, data):
    answer = exchange(controller.port, data)
    assert answer.status in (400, 403)
    return answer.error


def test_a_signature_that_does_not_fit_is_refused_and_the_reason_named(controller, key):
    port = controller.port
    good = call_bytes(port, key, "ListClusters", {})
    assert exchange(port, good).status == 200
    unsigned = b"\r\n".join(line for line in good.split(b"\r\n") if not line.startswith(b"Authorization"))
    assert refusal(controller, unsigned)[0] == "MissingAuthenticationTokenException"
    stranger = Key("AKIAXXXXXXXXXXXXXXXX", key.secret)
    assert refusal(controller, call_bytes(port, stranger, "ListClusters", {})) == (
        "UnrecognizedClientException", "The security token included in the request is invalid.")
    thief = Key(key.key_id, "wrong" + key.secret[5:])
    assert refusal(controller, call_bytes(port, thief, "ListClusters", {}))[0] == "InvalidSignatureException"
    broken = good.replace(b"Credential=", b"Kredential=")
    assert refusal(controller, broken)[0] == "IncompleteSignatureException"
    tampered = call_bytes(port, key, "CreateCluster", {"clusterName": "aaaa"}).replace(b"aaaa", b"evil")
    assert refusal(controller, tampered)[0] == "InvalidSignatureException"
    retargeted = good.replace(b"ListClusters", b"CreateCluster")
    assert refusal(controller, retargeted)[0] == "InvalidSignatureException"
    names = call(port, key, "ListClusters", {}).json["clusterArns"]
    assert [arn.rpartition("/")[2] for arn in names] == ["default"]


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_far_off_is_told_so(controller, key, minutes):
    when = datetime.datetime.now(UTC) + datetime.timedelta(minutes=minutes)
    name, message = refusal(controller, call_bytes(controller.port, key, "ListClusters", {}, when=when))
    assert name == "InvalidSignatureException"
    assert when.strftime("%Y%m%dT%H%M%SZ") in message
    assert key.secret not in message


def test_a_change_can_not_be_replayed_and_a_read_can_be_repeated(controller, key):
    change = call_bytes(controller.port, key, "CreateCluster", {"clusterName": "once"})
    assert exchange(controller.port, change).status == 200
    assert refusal(controller, change)[0] == "ThrottlingException"
    read = call_bytes(controller.port, key, "ListClusters", {})
    for _ in range(3):
        assert exchange(controller.port, read).status == 200


def test_half_a_websocket_frame_costs_only_its_own_session(berth):
    berth.start()
    key = Key.read(berth.controller.credentials_file)
    port = berth.controller.port
    instance = call(port, key, "RegisterContainerInstance", {"cluster": "default", "totalResources": [
        {"name": "CPU", "type": "INTEGER", "integerValue": 1},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 1}]}).json["containerInstance"]["containerInstanceArn"]
    query = urllib.parse.urlencode({"clusterArn": "default", "containerInstanceArn": instance, "protocolVersion": 2})
    target = f"/v1/acs/ws?{query}"

    def is_connected():
        return berth.ecs.describe_container_instances(
            containerInstances=[instance])["containerInstances"][0]["agentConnected"]

    with connect(port) as peer:
        head = request_bytes("GET", target, {**key.sign("GET", target, {"Host": f"127.0.0.1:{port}"}), **UPGRADE})
        peer.sendall(head)
        assert peer.recv(12) == b"HTTP/1.1 101"
        wait_until(is_connected, "the session is open")
        # A text frame of 126 bytes, masked, of which only the start comes.
        peer.sendall(b"\x81\xfe\x00\x7e\x01\x02\x03\x04half")
        register(berth, "meanwhile", "sleeper")
        berth.wait_status(run(berth, "meanwhile")[0], "RUNNING")
        assert is_connected()
    wait_until(lambda: not is_connected(), "the session is closed")
    assert berth.controller.alive()


def test_a_websocket_is_refused_to_strangers_and_to_instances_that_are_not_there(controller, key):
    target = "/v1/acs/ws?clusterArn=default&containerInstanceArn=nonsense"
    host = {"Host": f"127.0.0.1:{controller.port}"}
    unknown = exchange(controller.port, request_bytes("GET", target, {**key.sign("GET", target, host), **UPGRADE}))
    assert unknown.status == 400 and len(unknown.json) == 1
    unsigned = exchange(controller.port, request_bytes("GET", target, {**host, **UPGRADE}))
    assert unsigned.status == 403 and list(unsigned.json) == ["AccessDeniedException"]
    elsewhere = request_bytes("GET", "/v1/other/ws", {**key.sign("GET", "/v1/other/ws", host), **UPGRADE})
    assert exchange(controller.port, elsewhere).status == 404


def run_config(program, folder, text):
    """(exit code, output) of a program that is expected to end by itself."""
    config = folder / "given.yaml"
    config.write_text(text if isinstance(text, str) else yaml.safe_dump(text))
    return run_program(program, "--config", config)


def run_program(program, *arguments, **options):
    done = subprocess.run([binary(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, check=False, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("program", ["berth-agent", "berth-controller"])
def test_a_wrong_config_ends_with_code_2_and_says_what_to_do(program, tmp_path):
    code, said = run_config(program, tmp_path, "data_dri: /tmp/x\n")
    assert code == 2 and "data_dri" in said and "data_dir" in said and f"{tmp_path}/given.yaml:1" in said
    code, said = run_config(program, tmp_path, "log:\n  level: loud\n")
    assert code == 2 and "log.level" in said and "loud" in said and "debug" in said and "given.yaml:2" in said
    code, said = run_config(program, tmp_path, "data_dir: [unclosed\n")
    assert code == 2 and "given.yaml" in said
    code, said = run_config(program, tmp_path, "data_dir: relative/folder\n")
    assert code == 2 and "data_dir" in said
    code, said = run_program(program, "--config", tmp_path / "missing.yaml")
    assert code == 2 and "missing.yaml" in said
    code, said = run_program(program, "--config", tmp_path)
    assert code == 2 and str(tmp_path) in said
    code, said = run_program(program, "--no-such-option")
    assert code == 2 and "--no-such-option" in said


def test_a_config_that_may_not_be_read_is_named():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        config = folder / "secret.yaml"
        config.write_text("listen: 127.0.0.1:0\n")
        config.chmod(0)
        # Root may read anything, so the program runs as somebody else, who gets a copy to run.
        program = shutil.copy(binary("berth-controller"), folder)
        done = subprocess.run([program, "--config", config], user=65534, group=65534, extra_groups=[], cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert str(config) in done.stderr and "Permission denied" in done.stderr


def test_a_data_folder_that_can_not_be_used_is_named(berth, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    code, said = run_config("berth-controller", tmp_path,
                            {"listen": "127.0.0.1:0", "data_dir": f"{blocker}/data"})
    assert code not in (0, 2) and f"{blocker}/data" in said and "data_dir" in said
    berth.start(agents=0)
    code, said = run_config("berth-agent", tmp_path, {
        "controller": berth.controller.url, "credentials": {"file": str(berth.controller.credentials_file)},
        "data_dir": f"{blocker}/data"})
    assert code not in (0, 2) and f"{blocker}/data" in said and "data_dir" in said


def test_two_programs_on_one_data_folder_are_refused(berth, tmp_path):
    berth.start()
    second = {**berth.controller.settings, "listen": "127.0.0.1:0"}
    code, said = run_config("berth-controller", tmp_path, second)
    assert code != 0 and "in use" in said and str(berth.controller.pid) in said
    code, said = run_config("berth-agent", tmp_path, berth.agents[0].settings)
    assert code != 0 and "in use" in said and str(berth.agents[0].pid) in said
    assert berth.controller.alive() and berth.agents[0].alive()


def test_auth_none_is_for_loopback_only(tmp_path):
    code, said = run_config("berth-controller", tmp_path,
                            {"listen": "0.0.0.0:0", "auth": "none", "data_dir": str(tmp_path / "data")})
    assert code == 2 and "loopback" in said and "sigv4" in said
    open_one = Controller(tmp_path / "controller", {"auth": "none"}).start()
    try:
        host = f"127.0.0.1:{open_one.port}"
        answer = exchange(open_one.port, request_bytes("POST", "/", {
            "Host": host, "Content-Length": "2", "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGET}.ListClusters"}, b"{}"))
        assert answer.status == 200
        assert "auth" in open_one.log.read_text()
    finally:
        open_one.stop()


def test_no_secret_is_in_a_file_that_others_may_read_nor_in_a_log(berth):
    berth.start(controller_changes={"log": {"level": "debug"}}, agent_changes={"log": {"level": "debug"}})
    file = berth.controller.credentials_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = Key.read(file).secret
    register(berth, "logged", "httpd", environment=[{"name": "PASSWORD", "value": "hunter2-hunter2"}])
    arn = run(berth, "logged")[0]
    berth.wait_status(arn, "RUNNING")
    berth.ecs.stop_task(task=arn)
    berth.wait_status(arn, "STOPPED")
    for program in (berth.controller, berth.agents[0]):
        log = program.log.read_text()
        assert '"debug"' in log
        assert secret not in log and "hunter2-hunter2" not in log
    for path in (*berth.controller.data_dir.rglob("*"), *(berth.agents[0].folder / "data").rglob("*")):
        folder_closed = stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
        assert folder_closed or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"others may read {path}"


def test_an_agent_with_wrong_credentials_says_so_and_joins_with_the_right_ones(berth):
    berth.start(agents=0)
    good = berth.controller.credentials_file
    copy = berth.folder / "copy"
    secret = Key.read(good).secret
    copy.write_text(good.read_text().replace(secret, "x" * len(secret)))
    copy.chmod(0o600)
    agent = berth.make_agent(changes={"credentials": {"file": str(copy)}})
    agent.start()
    wait_until(lambda: "InvalidSignatureException" in agent.log.read_text(), "the agent's error")
    agent.stop()
    copy.write_text(good.read_text())
    agent.start_joined()
