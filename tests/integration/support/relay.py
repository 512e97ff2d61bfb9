"""A relay in front of a controller that gives tasks credentials of roles, as Amazon's service does.

What an agent is told comes from the controller, with two things added: roleCredentials and executionRoleCredentials
in the tasks of a payload, and, when a session asks for them (sendCredentials=true), an IAMRoleCredentialsMessage for
each set that the relay has given out before. A test may also change tasks of a family in other ways.
"""

import json
import re
import threading
import uuid

from .recorder import Connection, Recorder
from .websocket import TEXT, frame, read_frame
from .wire import read_head

APPLICATION, EXECUTION = "TaskApplication", "TaskExecution"
MEMBERS = {APPLICATION: "roleCredentials", EXECUTION: "executionRoleCredentials"}
EXPIRATION = "2040-01-01T00:00:00Z"


class Credentials:
    """Of one role of one task. The id stays when they are rotated."""

    def __init__(self, task_arn, kind, credentials_id=None):
        self.task_arn = task_arn
        self.kind = kind
        self.id = credentials_id or str(uuid.uuid4())
        self.role_arn = f"arn:aws:iam::000000000000:role/{kind}"
        self.key_id = "ASIA" + uuid.uuid4().hex[:16].upper()
        self.secret = "secret-" + uuid.uuid4().hex
        self.token = "token-" + uuid.uuid4().hex

    def in_payload(self):
        return {"credentialsId": self.id, "roleArn": self.role_arn, "accessKeyId": self.key_id,
                "secretAccessKey": self.secret, "sessionToken": self.token, "expiration": EXPIRATION}

    def as_served(self):
        return {"RoleArn": self.role_arn, "AccessKeyId": self.key_id, "SecretAccessKey": self.secret,
                "Token": self.token, "Expiration": EXPIRATION}


class _Relayed(Connection):
    """A connection on which what the controller says is read frame by frame once it is a command session."""

    def __init__(self, client, port, relay):
        self.relay = relay
        self.lock = threading.Lock()
        super().__init__(client, port)

    def _pass_on(self, source, sink, kept):
        if kept is not None:
            return super()._pass_on(source, sink, kept)
        with source.makefile("rb") as stream:
            while self._answer(stream, sink):
                pass
        return None

    def _answer(self, stream, sink):
        """Passes one answer on, and with an upgrade all that follows; False at the end."""
        first, headers = read_head(stream)
        if not first:
            return False
        lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        assert "transfer-encoding" not in headers, "the controller's answers say their length"
        body = stream.read(int(headers.get("content-length", 0)))
        sink.sendall("\r\n".join(lines).encode() + body)
        if " 101 " not in first:
            return True
        target = re.findall(rb"GET (\S+) HTTP/1.1\r\n", bytes(self.said))[-1].decode()
        commands = "/acs/" in target
        if commands:
            self.relay.opened(self, "sendCredentials=true" in target)
        while got := read_frame(stream):
            opcode, payload = got
            if commands and opcode == TEXT:
                payload = self.relay.changed(payload.decode()).encode()
            self.send(opcode, payload)
        return False

    def send(self, opcode, payload):
        with self.lock:
            self.client.sendall(frame(opcode, payload, masked=False))


class Relay(Recorder):
    """`roles` says which sets the tasks of a family get, `edits` what else is done to them."""

    def __init__(self, port):
        super().__init__(port)
        self.roles = {}
        self.edits = {}
        self.given = []
        self._current = {}
        self._session = None
        self._owed = False
        self._withheld = False
        self._state = threading.RLock()

    def _connected(self, client):
        return _Relayed(client, self._target, self)

    def of(self, task_arn, kind=APPLICATION):
        with self._state:
            return self._current[task_arn, kind]

    def withhold(self):
        """From now on no credentials are sent."""
        with self._state:
            self._withheld = True

    def release(self):
        """Sends what was asked for meanwhile."""
        with self._state:
            self._withheld = False
            if self._owed:
                self._send_all()

    def rotate(self, task_arn, kind=APPLICATION):
        """New credentials with the id of those before, sent on the open session."""
        with self._state:
            one = self._give(task_arn, kind, self._current[task_arn, kind].id)
            return one, self._send(one)

    def acknowledged(self):
        """Ids of the messages whose credentials the agent said it has taken."""
        acks = (json.loads(text) for text in self.frames("acs"))
        return [one["message"]["messageId"] for one in acks if one["type"] == "IAMRoleCredentialsAckRequest"]

    def opened(self, session, wants_credentials):
        with self._state:
            self._session = session
            if wants_credentials:
                self._send_all()

    def changed(self, text):
        envelope = json.loads(text)
        if envelope["type"] != "PayloadMessage":
            return text
        with self._state:
            for task in envelope["message"]["tasks"]:
                self._change(task)
        return json.dumps(envelope)

    def _change(self, task):
        family = task.get("family")
        if family in self.edits:
            self.edits[family](task)
        if self._withheld:
            return
        for kind in self.roles.get(family, ()):
            one = self._current.get((task["arn"], kind)) or self._give(task["arn"], kind)
            task[MEMBERS[kind]] = one.in_payload()

    def _give(self, task_arn, kind, credentials_id=None):
        one = Credentials(task_arn, kind, credentials_id)
        self._current[task_arn, kind] = one
        self.given.append(one)
        return one

    def _send_all(self):
        self._owed = self._withheld
        if self._withheld:
            return
        for one in self._current.values():
            self._send(one)

    def _send(self, one):
        message_id = str(uuid.uuid4())
        self._session.send(TEXT, json.dumps({"type": "IAMRoleCredentialsMessage", "message": {
            "messageId": message_id, "taskArn": one.task_arn, "roleType": one.kind,
            "roleCredentials": one.in_payload()}}).encode())
        return message_id
