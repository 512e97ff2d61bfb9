"""Waiting for what a test expects: by asking again until a deadline, never by sleeping for a guessed time."""

import time

POLL_SECONDS = 0.05


class TimedOut(AssertionError):
    pass


def wait_until(probe, what, seconds=15):
    """Returns probe()'s first true value. At the deadline, says what was waited for and what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {seconds} s: {what}; last seen: {seen!r}")
        time.sleep(POLL_SECONDS)
