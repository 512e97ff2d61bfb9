"""An agent by hand: an instance with a command session, whose tasks do what a test says."""

import urllib.parse
import uuid

from support.websocket import WebSocket
from support.wire import request_bytes

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096},
             {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]}]


def register(api, cluster, **more):
    """The ARN of a new instance, which has no session yet."""
    answer = api("RegisterContainerInstance", {"cluster": cluster, "totalResources": RESOURCES, **more})
    return answer["containerInstance"]["containerInstanceArn"]


class Agent:
    def __init__(self, api, cluster, **more):
        self.cluster = cluster
        self.instance = register(api, cluster, **more)
        self._api = api
        query = urllib.parse.urlencode({
            "clusterArn": cluster, "containerInstanceArn": self.instance, "seqNum": 1, "agentVersion": "1.105.1",
            "agentHash": "abc", "dockerVersion": "DockerVersion: 20.10.24"})
        target = f"/v1/acs/ws?{query}"
        head = api.key.sign("GET", target, {"Host": f"127.0.0.1:{api.port}", "X-Unlike": uuid.uuid4().hex})
        self._session = WebSocket(api.port, request_bytes("GET", target, {**head, **UPGRADE}))
        self._session.receive("TaskManifestMessage")

    def next_task(self):
        """The ARN of the task that is handed to it next, and what it is wanted to be."""
        task = self._session.receive("PayloadMessage")[0]["tasks"][0]
        return task["arn"], task["desiredStatus"]

    def report(self, task, status, **more):
        self._api("SubmitTaskStateChange", {"cluster": self.cluster, "task": task, "status": status, **more})

    def close(self):
        self._session.__exit__()
