"""The examples of docs/discovery.md for nginx and Prometheus, with Debian's."""

import json
import pathlib
import re
import subprocess
import urllib.request

import pytest

from support.docker import free_port
from support.played_agent import PlayedAgent
from support.process import Program
from support.waiting import wait_until
from support.wire import Key
from test_discovery import WEB, named, short_id  # noqa: F401: a fixture

DOCS = pathlib.Path(__file__).parents[2] / "docs/discovery.md"


def listed(one, into, jq=None):
    """Fetches the list as the documentation says, and has jq make a file of it."""
    key = Key.read(one.controller.credentials_file)
    fetched = subprocess.run(
        ["curl", "-sf", "--aws-sigv4", "aws:amz:us-east-1:ecs", "--user", f"{key.key_id}:{key.secret}",
         f"{one.controller.url}/v1/discovery?cluster=default&service=web"],
        capture_output=True, text=True, timeout=20, check=True).stdout
    made = subprocess.run(["jq", *(["-r", jq] if jq else ["."])], input=fetched, capture_output=True, text=True,
                          timeout=20, check=True).stdout
    into.write_text(made)
    return made


def fetch(port):
    """The page at a port, or the error."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return reply.read().decode()
    except OSError as error:
        return repr(error)


class Nginx(Program):
    """With `inside` in its http block."""

    def __init__(self, folder, inside):
        config = folder / "nginx.conf"
        config.write_text(f"""
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{inside}
}}
""")
        super().__init__("nginx", ["/usr/sbin/nginx", "-c", config, "-p", folder, "-e", folder / "error.log"], folder)


def test_nginx_asks_for_addresses(named, tmp_path):  # noqa: F811
    one = named()
    front = free_port()
    with PlayedAgent(one.controller) as agent:
        arn, = one.run()
        wait_until(lambda: one.short(WEB), "the task has its name")
        nginx = Nginx(tmp_path, f"""
  resolver 127.0.0.1:{one.port} valid=1s;
  server {{
    listen 127.0.0.1:{front};
    location / {{ set $web {WEB}; proxy_pass http://$web:{agent.apps[arn].port}; }}
  }}
""").start()
        try:
            wait_until(lambda: fetch(front) == short_id(arn), "nginx has found the task")
            one.stop(arn)
            wait_until(lambda: "502" in fetch(front), "nginx has learned that there is none")
        finally:
            nginx.stop()


def test_nginx_is_given_a_file_of_the_list(named, tmp_path):  # noqa: F811
    one = named()
    front = free_port()
    jq, = re.findall(r"jq -r '([^']+)' > /etc/nginx", DOCS.read_text())
    made = tmp_path / "web.conf"
    with PlayedAgent(one.controller, grace=5) as agent:
        old = one.run(count=2)
        wait_until(lambda: len(json.loads(one.get("/v1/discovery").body)) == 2, "both tasks are listed")
        listed(one, made, jq)
        assert made.read_text().count("server 127.0.0.1:") == 2
        nginx = Nginx(tmp_path, f"""
  include {made};
  server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://web; }} }}
""").start()
        try:
            wait_until(lambda: fetch(front) in map(short_id, old), "nginx serves")
            assert {fetch(front) for _ in range(10)} == set(map(short_id, old))
            new, = one.run()
            wait_until(lambda: len(json.loads(one.get("/v1/discovery").body)) == 3, "one more is listed")
            for arn in old:
                one.stop(arn)
            listed(one, made, jq)
            subprocess.run([*nginx.command, "-s", "reload"], check=True, timeout=20)
            wait_until(lambda: {fetch(front) for _ in range(5)} == {short_id(new)}, "nginx has taken the list over")
        finally:
            nginx.stop()
        assert new in agent.apps


@pytest.mark.parametrize("by", ["file", "http"])
def test_prometheus_finds_tasks(named, tmp_path, by):  # noqa: F811
    one = named(**({"auth": "none"} if by == "http" else {}))
    port = free_port()
    made = tmp_path / "berth.json"
    relabels = re.findall(r"      - \{source_labels.*", DOCS.read_text())
    assert len(relabels) == 2
    source = (f"file_sd_configs: [{{files: [{made}], refresh_interval: 1s}}]" if by == "file" else
              f'http_sd_configs: [{{url: "{one.controller.url}/v1/discovery", refresh_interval: 1s}}]')
    config = tmp_path / "prometheus.yml"
    config.write_text("\n".join([
        "scrape_configs:", "  - job_name: berth", f"    {source}", "    relabel_configs:", *relabels, ""]))

    def targets():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5) as reply:
            found = json.load(reply)["data"]["activeTargets"]
        return {(target["scrapeUrl"], target["labels"]["service"], target["labels"]["task"]) for target in found}

    def answers():
        try:
            return targets() is not None
        except OSError:
            return False

    with PlayedAgent(one.controller, grace=5) as agent:
        arns = one.run(count=2)
        wait_until(lambda: len(json.loads(one.get("/v1/discovery").body)) == 2, "both tasks are listed")
        if by == "file":
            listed(one, made)
        prometheus = Program("prometheus", [
            "/usr/bin/prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}"], tmp_path).start()
        try:
            wait_until(answers, "Prometheus answers", 60)

            def expected(those):
                return {(f"http://127.0.0.1:{agent.apps[arn].port}/metrics", "web", short_id(arn)) for arn in those}

            wait_until(lambda: targets() == expected(arns), "Prometheus has found both", 60)
            one.stop(arns[0])
            wait_until(lambda: len(json.loads(one.get("/v1/discovery").body)) == 1, "one is left")
            if by == "file":
                listed(one, made)
            wait_until(lambda: targets() == expected(arns[1:]), "Prometheus has dropped the other one", 60)
        finally:
            prometheus.stop()
