"""Secrets, environment files and logins of registries: from files, from a server of one's own, and from AWS's services.

Who asks AWS is checked by its signature; the execution role's credentials come from support/relay.py.
"""

import http.server
import json
import pathlib
import socket
import threading
import uuid

import pytest

from support.fake_aws import FakeAws
from support.fake_registry import FakeRegistry
from support.local import SLEEP, Local
from support.relay import EXECUTION
from support.runtimes import both
from support.waiting import wait_until
from support.wire import Key

pytestmark = both

SSM = "arn:aws:ssm:eu-west-1:000000000000:parameter"
ASM = "arn:aws:secretsmanager:eu-west-1:000000000000:secret"
TOKEN = f"bearer-{uuid.uuid4().hex}"


class SecretServer:
    """GET /v1/NAME with the bearer token; values by name, as (content type, body)."""

    def __init__(self):
        self.values = {}
        self.asked = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.asked.append(self.path)
                name = self.path.removeprefix("/v1/")
                allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
                kind, body = server.values.get(name, ("text/plain", "")) if allowed else ("text/plain", "")
                self.send_response(403 if not allowed else 200 if name in server.values else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class Place:
    """An agent and all the places that it gets secrets from. Every secret value is made by `secret`."""

    def __init__(self, folder, engines, registry):
        self.folder = folder
        self.files = folder / "secrets"
        self.files.mkdir()
        self.http = SecretServer()
        self.aws = FakeAws(self._find_key)
        self.registry = FakeRegistry()
        self.values = []
        self.password = self.secret()
        token = folder / "token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o600)
        endpoints = {name: self.aws.url for name in ("ssm", "secretsmanager", "s3", "ecr")}
        logins = {f"{self.registry.address}/fine-2000/configured": {"username": "captain", "password": self.password}}
        self.local = Local(folder, engines, registry, {
            "log": {"level": "debug"},
            "secrets": {"directory": str(self.files), "url": self.http.url, "token_file": str(token),
                        "endpoints": endpoints},
            "registry_auth": {"type": "docker", "data": json.dumps(logins)}})

    def _find_key(self, key_id):
        for one in self.local.relay.given:
            if one.key_id == key_id and one.kind == EXECUTION:
                return one.secret, one.token
        own = self.own_key()
        return (own.secret, None) if own.key_id == key_id else None

    def own_key(self):
        """The agent's."""
        return Key.read(self.local.berth.controller.credentials_file)

    def secret(self):
        self.values.append(f"value-{uuid.uuid4().hex}")
        return self.values[-1]

    def file(self, name, content):
        path = self.files / name
        path.write_text(content)
        path.chmod(0o600)

    def define(self, *containers, role=True, **task):
        family = f"s-{uuid.uuid4().hex[:8]}"
        if role:
            self.local.relay.roles[family] = (EXECUTION,)
        return self.local.define(family, *containers, **task)

    def started(self, *containers, **task):
        """The ARN of a task that runs, and what Docker says of its containers."""
        arn = self.local.run(self.define(*containers, **task))
        return arn, self.local.containers(arn)

    def role_key(self, arn):
        return self.local.relay.of(arn, EXECUTION).key_id

    def __enter__(self):
        for one in (self.http, self.aws, self.registry, self.local):
            one.__enter__()
        return self

    def __exit__(self, *_):
        for one in (self.local, self.registry, self.aws, self.http):
            one.__exit__()


@pytest.fixture(scope="module")
def place(run_folder, engines, registry):
    folder = pathlib.Path(run_folder, f"secrets.{uuid.uuid4().hex[:8]}")
    folder.mkdir()
    with Place(folder, engines, registry) as one:
        yield one


def named(**places):
    return [{"name": name, "valueFrom": place} for name, place in places.items()]


def variables(docker):
    return Local.environment(docker["app"])


def test_secrets_from_files_and_from_a_server_of_ones_own(place):
    whole, part, text, json_text, inner = (place.secret() for _ in range(5))
    place.file("db", whole + "\n")
    place.file("db.json", json.dumps({"password": part}))
    place.http.values.update({"team/text": ("text/plain", text),
                              "team/json": ("application/json", json.dumps({"value": json_text})),
                              "team/deep": ("application/json", json.dumps({"data": {"data": {"password": inner}}}))})
    _, docker = place.started(
        {"name": "app", "environment": [{"name": "WHOLE", "value": "plain"}, {"name": "OTHER", "value": "plain"}],
         "secrets": named(WHOLE="file:db", PART="file:db.json#password", TEXT="http:team/text", JSON="team/json",
                          INNER="http:team/deep#/data/data/password")}, role=False)
    seen = variables(docker)
    assert {name: seen[name] for name in ("WHOLE", "PART", "TEXT", "JSON", "INNER", "OTHER")} == {
        "WHOLE": whole, "PART": part, "TEXT": text, "JSON": json_text, "INNER": inner, "OTHER": "plain"}


def test_secrets_from_parameters_and_the_secrets_manager_are_fetched_by_the_execution_role(place):
    plain, member, previous = (place.secret() for _ in range(3))
    place.aws.parameters[f"{SSM}/db/password"] = plain
    place.aws.secrets[f"{ASM}:db-AbCdEf", None] = json.dumps({"user": "captain", "password": member})
    place.aws.secrets[f"{ASM}:db-AbCdEf", "AWSPREVIOUS"] = previous
    place.aws.parameters[f"{SSM}/log"] = "7"
    arn, docker = place.started(
        {"name": "app",
         "secrets": named(PARAMETER=f"{SSM}/db/password", MEMBER=f"{ASM}:db-AbCdEf:password::",
                          PREVIOUS=f"{ASM}:db-AbCdEf::AWSPREVIOUS:"),
         "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "1m"},
                              "secretOptions": named(**{"max-file": f"{SSM}/log"})}})
    seen = variables(docker)
    assert (seen["PARAMETER"], seen["MEMBER"], seen["PREVIOUS"]) == (plain, member, previous)
    log = docker["app"]["HostConfig"]["LogConfig"]
    assert (log["Type"], log["Config"]["max-file"]) == ("json-file", "7")
    key = place.role_key(arn)
    for service in ("ssm", "secretsmanager"):
        mine = [one for one in place.aws.asked(service) if one.key_id == key]
        assert mine and {one.region for one in mine} == {"eu-west-1"}, service
    call_, = [one for one in place.aws.asked("ssm") if one.key_id == key]
    assert sorted(call_.body["Names"]) == [f"{SSM}/db/password", f"{SSM}/log"], "one call for both"


def test_many_parameters_are_fetched_ten_a_call_and_each_once(place):
    values = {f"N{number}": place.secret() for number in range(12)}
    for name, value in values.items():
        place.aws.parameters[f"{SSM}/many/{name}"] = value
    places = {name: f"{SSM}/many/{name}" for name in values}
    arn, docker = place.started({"name": "app", "secrets": named(**places, AGAIN=places["N3"])})
    seen = variables(docker)
    assert {name: seen[name] for name in values} == values and seen["AGAIN"] == values["N3"]
    sizes = [len(one.body["Names"]) for one in place.aws.asked("ssm") if one.key_id == place.role_key(arn)]
    assert sorted(sizes) == [2, 10]


def test_environment_files_come_last_and_earlier_ones_before_later_ones(place):
    first, second, secret = (place.secret() for _ in range(3))
    lines = ["# not this", "OWN=file", f"BOTH={first}", "SECRET=file", "", "no equals", "EQ=a=b", ""]
    place.aws.objects["bucket-one/env/a b.env"] = "\n".join(lines)
    place.aws.objects["bucket-one/second.env"] = f"BOTH=second\nLATER={second}\n"
    files = [{"type": "s3", "value": f"arn:aws:s3:::bucket-one/{key}"} for key in ("env/a b.env", "second.env")]
    place.aws.parameters[f"{SSM}/secret"] = secret
    arn, docker = place.started(
        {"name": "app", "environment": [{"name": "OWN", "value": "own"}], "environmentFiles": files,
         "secrets": named(SECRET=f"{SSM}/secret")})
    seen = variables(docker)
    assert {name: seen[name] for name in ("OWN", "BOTH", "LATER", "SECRET", "EQ")} == {
        "OWN": "own", "BOTH": first, "LATER": second, "SECRET": secret, "EQ": "a=b"}
    assert not {"# not this", "no equals"} & set(seen)
    mine = [one.body for one in place.aws.asked("s3") if one.key_id == place.role_key(arn)]
    assert mine == ["/bucket-one/env/a%20b.env", "/bucket-one/second.env"]


def test_secrets_and_environment_files_are_in_the_environment_of_the_first_process(place):
    secret, line = place.secret(), place.secret()
    place.file("seen", secret)
    place.aws.objects["bucket-one/seen.env"] = f"LINE={line}\nSECRET=file\n"
    _, docker = place.started(
        {"name": "app", "environment": [{"name": "OWN", "value": "own words"}, {"name": "SECRET", "value": "plain"}],
         "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::bucket-one/seen.env"}],
         "secrets": named(SECRET="file:seen")})
    told = place.local.agent.engine.execute(docker["app"]["Id"], "/bin/cat", "/proc/1/environ").stdout
    seen = dict(one.split("=", 1) for one in told.split("\0") if one)
    assert {name: seen[name] for name in ("OWN", "SECRET", "LINE")} == {
        "OWN": "own words", "SECRET": secret, "LINE": line}


def test_a_secret_of_the_log_driver_reaches_it_and_nobody_else(place):
    tag, local = place.secret(), place.local
    place.file("log-tag", tag)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(10)
        options = {"syslog-address": f"udp://127.0.0.1:{syslog.getsockname()[1]}", "syslog-format": "rfc5424"}
        arn, docker = place.started(
            {"name": "app", "command": ["/bin/sh", "-c", f"echo fair wind; {SLEEP[2]}"],
             "logConfiguration": {"logDriver": "syslog", "options": options,
                                  "secretOptions": named(tag="file:log-tag")}}, role=False)
        message = syslog.recv(4096).decode()
    assert message.split()[3] == tag and message.strip().endswith(" - fair wind")
    told = [json.dumps(local.berth.controller.call("DescribeTasks", tasks=[arn])), local.agent.log.read_text(),
            local.introspection(f"/v1/tasks?taskarn={arn}").text, local.introspection(f"/v1/why?task={arn}").text,
            json.dumps(docker["app"]["Config"])]
    assert all(arn in text or "app" in text for text in told)
    assert not any(tag in text for text in told)


def test_a_service_that_fails_for_a_moment_is_asked_again(place):
    value = place.secret()
    place.aws.parameters[f"{SSM}/again"] = value
    place.aws.failures = [(400, "ThrottlingException", "Rate exceeded"), (500, "InternalServerError", "not now")]
    _, docker = place.started({"name": "app", "secrets": named(AGAIN=f"{SSM}/again")})
    assert variables(docker)["AGAIN"] == value and place.aws.failures == []


MISSING = {
    "parameter": (named(A=f"{SSM}/missing"),
                  f"Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: {SSM}/missing"),
    "secret": (named(A=f"{ASM}:missing-AbCdEf"),
               f"Trying to retrieve secret with value {ASM}:missing-AbCdEf resulted in error: "),
    "member": (named(A=f"{ASM}:whole-AbCdEf:absent::"),
               f"Trying to retrieve secret with value {ASM}:whole-AbCdEf:absent:: resulted in error: "),
    "file": (named(A="file:missing"),
             "Trying to retrieve secret with value file:missing resulted in error: missing: there is no such file"),
    "open file": (named(A="file:open"),
                  "Trying to retrieve secret with value file:open resulted in error: open is open to every user"),
    "way out": (named(A="file:link"),
                "Trying to retrieve secret with value file:link resulted in error: link leads out of the directory"),
    "page": (named(A="http:missing"), "Trying to retrieve secret with value http:missing resulted in error: the server "
             "of secrets answered with HTTP status 404"),
}


def ended(place, family):
    """Why a task never ran: the texts of the task and its container; nothing was created for it."""
    arn = place.local.run(family, until="STOPPED")
    assert place.local.containers(arn) == {}, "its settings keep containers for an hour"
    task = place.local.berth.task(arn)
    return f"{task.get('stoppedReason')}\n{task['containers'][0].get('reason')}"


@pytest.mark.parametrize("what", MISSING)
def test_a_secret_that_cannot_be_had_stops_the_task_with_the_reason(place, what):
    secrets, reason = MISSING[what]
    hidden = place.secret()
    place.aws.secrets[f"{ASM}:whole-AbCdEf", None] = json.dumps({"present": hidden})
    place.file("open", hidden)
    (place.files / "open").chmod(0o644)
    (place.folder / "outside").write_text(hidden)
    (place.files / "link").unlink(missing_ok=True)
    (place.files / "link").symlink_to("../outside")
    told = ended(place, place.define({"name": "app", "secrets": secrets}))
    assert reason in told and hidden not in told


def test_an_environment_file_that_is_missing_stops_the_task_with_the_reason(place):
    family = place.define({"name": "app", "environmentFiles": [
        {"type": "s3", "value": "arn:aws:s3:::bucket-one/absent.env"}]})
    assert "Unable to download env file with key absent.env from bucket bucket-one, error: " in ended(place, family)


def test_a_task_without_an_execution_role_does_not_get_secrets_from_aws(place):
    place.aws.parameters[f"{SSM}/role"] = place.secret()
    family = place.define({"name": "app", "secrets": named(A=f"{SSM}/role")}, role=False)
    assert "Unable to find execution role credentials" in ended(place, family)


# ---- registries

def pulled(place, repository, **container):
    """Runs a task whose image wants a login; its program can't be started, so the task ends once it is pulled."""
    family = place.define({"name": "app", "image": f"{place.registry.address}/{repository}:1", **container})
    arn = place.local.run(family, until="STOPPED")
    return arn, place.local.berth.task(arn)["containers"][0]["reason"]


def test_a_registry_of_the_settings_gets_their_login_and_another_does_not(place):
    for name in ("configured/app", "strange/app"):
        place.registry.logins[f"fine-2000/{name}"] = ("captain", place.password)
    assert pulled(place, "fine-2000/configured/app")[1].startswith("CannotStartContainerError: ")
    assert pulled(place, "fine-2000/strange/app")[1].startswith("CannotPullContainerError: ")
    assert not place.registry.requests("/layer-of/fine-2000/strange")


def test_repository_credentials_of_a_container_come_from_the_secrets_manager(place):
    password = place.secret()
    place.registry.logins["fine-2000/asm"] = ("captain", password)
    place.aws.secrets[f"{ASM}:registry-AbCdEf", None] = json.dumps({"username": "captain", "password": password})
    credentials = {"credentialsParameter": f"{ASM}:registry-AbCdEf"}
    arn, reason = pulled(place, "fine-2000/asm", repositoryCredentials=credentials)
    assert reason.startswith("CannotStartContainerError: "), reason
    assert [one.body["SecretId"] for one in place.aws.asked("secretsmanager")
            if one.key_id == place.role_key(arn)] == [f"{ASM}:registry-AbCdEf"]
    missing = {"credentialsParameter": f"{ASM}:unknown-AbCdEf"}
    _, reason = pulled(place, "fine-2000/asm", repositoryCredentials=missing)
    assert reason.startswith("CannotStartContainerError: "), "by default the image that is here will do"
    _, reason = pulled(place, "fine-2000/asm-absent", repositoryCredentials=missing)
    assert reason.startswith("CannotPullContainerAuthError: ") and f"{ASM}:unknown-AbCdEf" in reason


@pytest.mark.parametrize("by_role", [True, False])
def test_a_token_of_ecr_is_fetched_by_the_role_that_the_task_says_and_used_again(place, by_role):
    password = place.secret()
    repository = f"fine-2000/ecr-{'role' if by_role else 'agent'}"
    place.registry.logins[repository] = ("AWS", password)
    place.aws.registries["111122223333"] = (place.registry.address, ("AWS", password))
    family = place.define({"name": "app", "image": f"{place.registry.address}/{repository}:1"},
                          {"name": "side", "image": f"{place.registry.address}/{repository}:2"})

    def want_token(task):
        for container in task["containers"]:
            container["registryAuthentication"] = {"type": "ecr", "ecrAuthData": {
                "registryId": "111122223333", "region": "eu-west-1", "useExecutionRole": by_role}}

    place.local.relay.edits[family] = want_token
    arn = place.local.run(family, until="STOPPED")
    reasons = [one["reason"] for one in place.local.berth.task(arn)["containers"] if one.get("reason")]
    assert reasons and all(one.startswith("CannotStartContainerError: ") for one in reasons), reasons
    key = place.role_key(arn) if by_role else place.own_key().key_id
    mine = [one for one in place.aws.asked("ecr") if one.key_id == key]
    assert len(mine) == 1 and mine[0].region == "eu-west-1" and mine[0].body == {"registryIds": ["111122223333"]}
    place.aws.registries.clear()


# ---- a crash, and what is left behind

def test_a_crash_while_secrets_are_fetched_costs_a_wait_for_the_role_and_nothing_else(place):
    local, value = place.local, place.secret()
    place.aws.parameters[f"{SSM}/crash"] = value
    place.aws.stall()
    before = place.aws.waiting
    arn = local.run(place.define({"name": "app", "secrets": named(CRASH=f"{SSM}/crash")}), until=None)
    wait_until(lambda: place.aws.waiting > before, "the agent asks for the secret")

    def reasons():
        answer = local.introspection(f"/v1/why?task={arn}")
        return [one["what"] for one in answer.json["why"]] if answer.status == 200 else []
    wait_until(lambda: reasons() == ["waits for its secrets, and the runtime, to create"], "the reason")
    local.relay.withhold()
    local.restart()
    waits = "waits for the controller, to send the credentials of the execution role"
    wait_until(lambda: reasons() == [waits], "it waits for the credentials")
    place.aws.stalled.set()
    local.relay.release()
    local.berth.wait_status(arn, "RUNNING")
    assert variables(local.containers(arn))["CRASH"] == value


def test_no_secret_is_in_a_file_of_the_agent(place):
    """Last: by now every value was fetched, or was near one that was missing."""
    place.local.agent.stop()
    # Network namespaces are kept as files, too; there is nothing in them to read.
    files = {path: path.read_bytes() for path in place.local.agent.folder.rglob("*")
             if path.is_file() and path.parent.name != "namespaces"}
    own = place.local.agent.config
    assert place.password.encode() in files.pop(own), "the settings hold it, and nothing else does"
    assert any(path.name == "state.db" for path in files) and any(path.suffix == ".log" for path in files)
    assert any(f"{SSM}/missing".encode() in content for content in files.values()), "names may be there"
    roles = [text for one in place.local.relay.given for text in (one.secret, one.token)]
    secrets = [text.encode() for text in [TOKEN, *place.values, *roles]]
    assert len(place.values) >= 30
    assert [str(path) for path, content in files.items() if any(one in content for one in secrets)] == []
    place.local.agent.start_joined()
