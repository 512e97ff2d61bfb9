"""A case of an operation as data. `$name` in a text stands for a resource of the case's world, see world.py."""

import dataclasses
import re

import jmespath

NAMED = re.compile(r"\$([a-z_]+)")


@dataclasses.dataclass(frozen=True)
class Case:
    operation: str
    input: dict
    answers: dict = None  # JMESPath -> value; ... for anything that is there
    raises: str = None    # the exception
    says: str = ""        # part of its message
    uses: tuple = ()      # resources that must be there, though the input does not name them

    def name(self, number):
        return f"{self.operation}-{self.raises or 'answers'}-{number}"


def ok(operation, members, answers=None, uses=()):
    return Case(operation, members, answers=answers or {}, uses=uses)


def bad(operation, members, raises, says, uses=()):
    return Case(operation, members, raises=raises, says=says, uses=uses)


def filled(value, world):
    """The value with its `$names` replaced."""
    if isinstance(value, dict):
        return {filled(name, world): filled(one, world) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    if isinstance(value, str):
        return NAMED.sub(lambda found: getattr(world, found.group(1)), value)
    return value


def check_answer(answer, wanted, world):
    for path, value in wanted.items():
        seen = jmespath.search(path, answer)
        if value is ...:
            assert seen is not None, f"no {path} in {answer}"
        else:
            assert seen == filled(value, world), f"{path} is {seen!r} in {answer}"
