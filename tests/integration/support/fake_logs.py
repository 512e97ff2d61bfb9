"""CloudWatch Logs behind support/fake_aws.py: groups, streams and events, within the service's documented bounds."""

import threading
import time

from .fake_aws import Refused

DAY = 24 * 3600 * 1000


def must(right, why):
    if not right:
        raise Refused(400, "InvalidParameterException", why)


class FakeLogs:
    """`streams` has the events of each (group, stream) as (timestamp, message), in the order in which they came."""

    def __init__(self):
        self.streams = {}
        self.groups = set()
        self.calls = []
        self._lock = threading.Lock()

    def answer(self, operation, body):
        with self._lock:
            self.calls.append(operation)
            return getattr(self, operation)(body)

    def messages(self, group, stream):
        with self._lock:
            return [message for _, message in self.streams.get((group, stream), [])]

    def CreateLogGroup(self, body):
        if body["logGroupName"] in self.groups:
            raise Refused(400, "ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups.add(body["logGroupName"])
        return {}

    def CreateLogStream(self, body):
        key = body["logGroupName"], body["logStreamName"]
        if key[0] not in self.groups:
            raise Refused(400, "ResourceNotFoundException", "The specified log group does not exist.")
        if key in self.streams:
            raise Refused(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
        self.streams[key] = []
        return {}

    def PutLogEvents(self, body):
        key = body["logGroupName"], body["logStreamName"]
        if key not in self.streams:
            raise Refused(400, "ResourceNotFoundException", "The specified log stream does not exist.")
        events = [(one["timestamp"], one["message"]) for one in body["logEvents"]]
        times = [at for at, _ in events]
        must(1 <= len(events) <= 10_000, "1 to 10000 events")
        must(all(message for _, message in events), "a message has 1 byte at least")
        must(all(len(message.encode()) + 26 <= 262144 for _, message in events), "a message of 256 KiB at most")
        must(sum(len(message.encode()) + 26 for _, message in events) <= 1_048_576, "1 MiB at most")
        must(times == sorted(times), "Log events in a single PutLogEvents request must be in chronological order.")
        must(times[-1] - times[0] < DAY, "a span of 24 hours at most")
        now = time.time() * 1000
        old = sum(at < now - 14 * DAY for at in times)
        new = sum(at <= now + 2 * 3600 * 1000 for at in times)
        self.streams[key] += events[old:new]
        told = {"tooOldLogEventEndIndex": old} if old else {}
        if new < len(events):
            told["tooNewLogEventStartIndex"] = new
        return {"nextSequenceToken": "none", **({"rejectedLogEventsInfo": told} if told else {})}
