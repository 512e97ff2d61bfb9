"""A program under test: started, stopped, killed and started again, its output kept in a file."""

import atexit
import os
import pathlib
import signal
import subprocess

_running = set()


@atexit.register
def _kill_all():
    for program in list(_running):
        program.kill9()


class Program:
    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = pathlib.Path(folder, f"{name}.log")
        self.env = {**os.environ, **(env or {})}
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        assert not self.alive(), f"{self.name} runs already"
        with open(self.log, "ab") as output:
            # A session of its own: Ctrl-C at the terminal goes to the tests, which stop things in order.
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.env,
                start_new_session=True)
        _running.add(self)
        return self

    def kill9(self):
        """What a crash does: no chance to clean up. Harmless when it has ended already."""
        return self._end(signal.SIGKILL, 10)

    def stop(self, seconds=20):
        """TERM, and its exit code; a program that needs longer is killed and the test fails."""
        return self._end(signal.SIGTERM, seconds)

    def wait(self, seconds=20):
        return self._end(None, seconds)

    def _end(self, sign, seconds):
        if self._process is None:
            return None
        try:
            if sign is not None and self.alive():
                self._process.send_signal(sign)
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise AssertionError(f"{self.name} did not end within {seconds} s\n{self.tail()}") from None
        finally:
            if not self.alive():
                _running.discard(self)

    def tail(self, lines=30):
        """The end of its log, for messages of failing tests."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError as error:
            text = str(error)
        return f"--- {self.log}\n" + "\n".join(text.splitlines()[-lines:])
