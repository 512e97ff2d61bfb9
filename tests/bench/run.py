"""Prints each figure of the agent beside its peer's: `./dev bench [PART ...]`, by hand, as root.

Nothing is asserted: a shared machine is noisy, so a budget that was missed is shown, not failed.
"""

import argparse
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))

from support import host  # noqa: E402
from support.berth import Berth  # noqa: E402
from support.docker import Engine, Registry  # noqa: E402

import containerd_figures  # noqa: E402
import figures  # noqa: E402
import pull  # noqa: E402

PARTS = {
    "start": lambda berth: figures.task_start(berth, "prefer-cached", "image present"),
    "start-ask": lambda berth: figures.task_start(berth, "default", "image present, the registry is asked"),
    "containerd": containerd_figures.start,
    "containerd-many": containerd_figures.many,
    "containerd-bridge": containerd_figures.bridge,
    "session": figures.session_start,
    "memory": lambda berth: figures.memory(berth, 0),
    "memory-20": lambda berth: figures.memory(berth, 20),
    "metrics": figures.metrics,
    "pulls": figures.pulls,
    "pull": pull.one_layer,
    "pull-packed": pull.one_packed_layer,
    "pull-many": pull.many_layers,
    "many": figures.many,
    "restart": figures.restart,
    "metadata": figures.metadata,
}


def measure(part, folder, engine, registry):
    # Without signatures calls within one second don't count as replays, so nothing waits for a new second.
    below = pathlib.Path(folder, part)
    below.mkdir()
    berth = Berth(below, lambda _: engine, registry)
    try:
        berth.start(agents=0, controller_changes={"auth": "none"})
        return PARTS[part](berth)
    finally:
        berth.close()


def show(one):
    print(f"{'met   ' if one.met else 'MISSED'}  {one.what}\n"
          f"        berth   {one.ours}\n        peer    {one.peer}\n        budget  {one.budget}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all by default")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"unknown part {unknown[0]!r}: one of {', '.join(PARTS)}")
    host.enter()
    with tempfile.TemporaryDirectory(prefix="berth-bench.") as folder:
        engine = Engine(folder, 0)
        try:
            engine.start()
            registry = Registry(folder).start()
            registry.push_samples(engine)
            for part in parts:
                show(measure(part, folder, engine, registry))
            registry.program.stop()
        finally:
            engine.close()


if __name__ == "__main__":
    main()
