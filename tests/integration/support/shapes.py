"""Shapes of JSON objects: members and their types."""


def assert_shape(value, required, options=None):
    """A JSON object with the required members, perhaps the optional ones, no others, each of its type."""
    assert isinstance(value, dict), value
    known = {**required, **(options or {})}
    assert set(required) <= set(value), f"missing {set(required) - set(value)} in {value}"
    assert set(value) <= set(known), f"unknown {set(value) - set(known)} in {value}"
    for name, kind in known.items():
        if name in value:
            member = value[name]
            assert isinstance(member, kind) and (kind is bool or not isinstance(member, bool)), (name, member)
