"""Fixtures of the API's conformance tests: one controller, called through boto3 and the aws CLI. No Docker.

Run them with `./dev test`, or `/usr/bin/python3 -m pytest tests/conformance/api` once berth-controller is built.
"""

import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "integration")]

from client import Api  # noqa: E402
from support.berth import Controller, binary  # noqa: E402
from support.wire import Key  # noqa: E402
from table import Table  # noqa: E402
from world import World  # noqa: E402

NOBODY = Key("AKIANOBODY", "secret-of-nobody")
_numbers = itertools.count(1)


def table_of_operations():
    printed = subprocess.run([binary("berth-controller"), "--describe-operations"], capture_output=True, text=True,
                             check=True, timeout=20)
    return Table(printed.stdout)


def pytest_generate_tests(metafunc):
    if "operation" in metafunc.fixturenames:
        metafunc.parametrize("operation", table_of_operations().operations)


@pytest.fixture(scope="session")
def table():
    return table_of_operations()


@pytest.fixture(scope="session")
def controller():
    """It has the caller nobody, who may do nothing, and quotas that a test can reach."""
    with tempfile.TemporaryDirectory(prefix="berth-api.") as name:
        folder = pathlib.Path(name)
        nobody = folder / "callers/nobody"
        nobody.mkdir(parents=True)
        credentials = nobody / "credentials"
        credentials.write_text(f"[default]\naws_access_key_id = {NOBODY.key_id}\n"
                               f"aws_secret_access_key = {NOBODY.secret}\n")
        credentials.chmod(0o600)
        nobody.joinpath("policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "*", "Resource": "*"}]}))
        one = Controller(folder / "controller", {"callers": str(folder / "callers"), "throttle": {"rate": 0},
                                                 "quotas": {"revisions_per_family": 5}})
        yield one.start()
        one.stop()


@pytest.fixture(scope="session")
def api(controller):
    return Api(controller)


@pytest.fixture(scope="session")
def nobody(controller):
    return Api(controller, NOBODY)


@pytest.fixture
def world(api):
    one = World(api, next(_numbers))
    yield one
    one.close()
