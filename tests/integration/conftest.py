"""Fixtures of the integration tests: real programs on a host of their own (see support/host.py).

Run them with `./dev test`, or `/usr/bin/python3 -m pytest tests/integration` as root once the programs are built.
Most of a test's time is waiting, so `./dev test` runs two shards at once, each on a host of its own: `--shard K/N`.
"""

import collections
import pathlib
import re
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import host, runtimes  # noqa: E402
from support.berth import Berth  # noqa: E402
from support.containerd import Containerd  # noqa: E402
from support.docker import Engine, Registry  # noqa: E402
from support.waiting import TimedOut, wait_until  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--shard", default="1/1", metavar="K/N", help="only the Kth of N parts of the test files")


def parse_shard(text):
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise pytest.UsageError(f"--shard {text}: write K/N with K from 1 to N, as 1/2")
    return int(match[1]), int(match[2])


def deal(files, count):
    """Files go to the shard with the fewest tests so far, those with many tests first."""
    totals = [0] * count
    shard_of = {}
    for file, tests in sorted(files.items(), key=lambda entry: (-entry[1], entry[0])):
        shard_of[file] = totals.index(min(totals))
        totals[shard_of[file]] += tests
    return shard_of


def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=runtimes.drop_differences(items, not any("::" in one for one in config.args)))
    shard, count = parse_shard(config.option.shard)
    shard_of = deal(collections.Counter(item.path.name for item in items), count)
    dropped = [item for item in items if shard_of[item.path.name] != shard - 1]
    items[:] = [item for item in items if shard_of[item.path.name] == shard - 1]
    config.hook.pytest_deselected(items=dropped)


def pytest_configure(config):
    parse_shard(config.option.shard)
    if not config.option.collectonly:
        host.enter()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the end of the logs of the programs that it used."""
    report = (yield).get_result()
    berth = getattr(item, "funcargs", {}).get("berth")
    if report.failed and berth is not None:
        report.sections.append(("logs", berth.logs()))


@pytest.fixture(scope="session", autouse=True)
def nothing_left():
    """Whatever the tests start is gone at the end: processes and mounts."""
    before = set(host.mounts_below("/"))
    yield
    try:
        wait_until(lambda: not host.processes(), "no process left", 10)
    except TimedOut:
        pytest.fail(f"processes left: {host.processes()}")
    assert set(host.mounts_below("/")) <= before, "mounts left"


@pytest.fixture(scope="session")
def run_folder(nothing_left):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-test."))
    yield folder
    assert not host.mounts_below(folder), "an engine left mounts below its folder"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def docker_engines(run_folder):
    """docker_engines(n): the nth Docker Engine, started when it is first asked for."""
    started = {}

    def engine(number):
        if number not in started:
            started[number] = Engine(run_folder, number)
            started[number].start()
        return started[number]

    yield engine
    for one in started.values():
        one.close()


@pytest.fixture(scope="session")
def engine(docker_engines):
    return docker_engines(0)


@pytest.fixture(scope="session")
def registry(run_folder, engine):
    one = Registry(run_folder).start()
    one.push_samples(engine)
    yield one
    one.program.stop()


@pytest.fixture(scope="session")
def containerd(run_folder):
    one = Containerd(run_folder).start()
    yield one
    one.close()


@pytest.fixture(scope="module")
def runtime(request):
    """The kind of the engines; files that are marked with support/runtimes.py's `both` run over each."""
    return getattr(request, "param", "docker")


@pytest.fixture(scope="module")
def engines(runtime, request):
    """engines(n): the nth engine of the runtime. Of containerd there is one: its networks are the host's."""
    if runtime == "docker":
        return request.getfixturevalue("docker_engines")
    containerd = request.getfixturevalue("containerd")

    def one(number):
        assert number == 0, "tests over both runtimes have one agent"
        return containerd

    return one


@pytest.fixture
def berth(run_folder, engines, registry, request):
    """A Berth to start: `berth.start(agents=2)`. Its folder is kept until the end of the run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{request.node.name[:40]}.", dir=run_folder))
    one = Berth(folder, engines, registry)
    yield one
    one.close()
