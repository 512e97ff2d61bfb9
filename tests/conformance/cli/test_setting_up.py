"""doctor, completion, and what is said without a controller."""

import json
import subprocess

from conftest import golden
from support.berth import binary


def checks(cluster, *arguments, code, **environment):
    said = cluster.berth("doctor", "--json", *arguments, code=code, **environment)
    return {one["check"]: one for one in json.loads(said[:said.rindex("}") + 1])["checks"]}


def test_doctor_finds_nothing_wrong_with_a_cluster_that_works(cluster):
    cluster.agent("rack-a")
    found = checks(cluster, code=0) if not _docker_is_amiss(cluster) else checks(cluster, code=1)
    for name in ("settings", "endpoint", "access key", "clock", "cluster", "nodes"):
        assert found[name]["finding"] == "ok", found[name]
    assert "AWS_ENDPOINT_URL" in found["settings"]["text"]


def _docker_is_amiss(cluster):
    """What the machine of the test has of Docker and of an agent is its own affair."""
    done = subprocess.run([binary("berth"), "doctor", "--json"], env=cluster.environment, capture_output=True, text=True,
                          timeout=30, check=False)
    return any(one["finding"] == "BAD" for one in json.loads(done.stdout)["checks"])


def test_doctor_says_what_is_wrong_and_what_to_do(cluster):
    nodes = checks(cluster, code=1)["nodes"]
    assert nodes["finding"] == "BAD" and "berth-agent" in nodes["do"]
    agent = cluster.agent("rack-a")
    agent.close()
    cluster.agents.clear()
    cluster.api("DescribeContainerInstances", {"cluster": cluster.name, "containerInstances": [agent.instance]})
    gone = checks(cluster, "--cluster", "nowhere", code=1)["cluster"]
    assert gone["finding"] == "BAD" and "create-cluster" in gone["do"]
    key = checks(cluster, code=1, AWS_ACCESS_KEY_ID="AKIANOBODY", AWS_SECRET_ACCESS_KEY="x")
    assert key["access key"]["finding"] == "BAD" and "cluster" not in key
    lost = checks(cluster, "--endpoint", "http://127.0.0.1:1", code=1)["endpoint"]
    assert lost["finding"] == "BAD" and "systemctl" in lost["do"]


def complete(cluster, *words):
    """What bash offers behind these words."""
    script = (f'PATH={binary("berth").parent}:$PATH; . <(berth completion bash); COMP_WORDS=(berth {" ".join(words)}); '
              f'COMP_CWORD={len(words)}; [ -n "${{COMP_WORDS[COMP_CWORD]+x}}" ] || COMP_WORDS+=(""); _berth; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script], env=cluster.environment, capture_output=True, text=True, timeout=30,
                          check=True)
    return done.stdout.split()


def test_bash_completes_commands_options_and_names(cluster):
    cluster.agent("rack-a")
    cluster.define("web")
    cluster.api("CreateService", {"cluster": cluster.name, "serviceName": "front", "desiredCount": 0,
                                  "taskDefinition": "web"})
    assert complete(cluster, "de") == ["deploy", "dev"]
    assert complete(cluster, "ps", "--all") == ["--all", "--all-pages"]
    assert "--cluster" in complete(cluster, "deploy", "--")
    assert complete(cluster, "deploy", "fr") == ["front"]
    assert complete(cluster, "--cluster", cluster.name, "drain", "ra") == ["rack-a"]
    assert complete(cluster, "scale", "f") == ["front="]
    assert "names" not in complete(cluster, "''")


def test_help_is_kept(cluster):
    golden("help", cluster.berth("--help"))
