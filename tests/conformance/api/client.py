"""Calls of the API as clients make them: through boto3, and signed by hand where Debian's boto3 knows less."""

import json
import uuid

import botocore
import botocore.config
import botocore.exceptions

from support.wire import TARGET, Key, exchange, request_bytes


class Refused(Exception):
    """An error answer."""

    def __init__(self, name, message, more):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.more = more  # the other members of the error


def knows(shape, value):
    """Whether boto3's model has all the members of a value."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return all(name in shape.members and knows(shape.members[name], one) for name, one in value.items())
    if shape.type_name == "list" and isinstance(value, list):
        return all(knows(shape.member, one) for one in value)
    return True


class Api:
    """One caller of a controller. Each request is unlike all others: equal ones of one second count once."""

    def __init__(self, controller, key=None):
        self.port = controller.port
        self.key = key or Key.read(controller.credentials_file)
        self.ecs = controller.client(
            aws_access_key_id=self.key.key_id, aws_secret_access_key=self.key.secret,
            config=botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False,
                                          connect_timeout=5, read_timeout=30))
        self.ecs.meta.events.register("before-sign.ecs", self._make_unlike)
        self.ecs.meta.events.register("after-call.ecs", self._keep)
        self._model = self.ecs.meta.service_model
        self._body = None

    @staticmethod
    def _make_unlike(request, **_):
        request.headers["X-Unlike"] = uuid.uuid4().hex

    def _keep(self, http_response, **_):
        self._body = http_response.content

    def __call__(self, operation, members=None):
        """The answer of an operation; Refused when it is an error."""
        members = members or {}
        if operation in self._model.operation_names and knows(
                self._model.operation_model(operation).input_shape, members):
            return self._through_boto3(operation, members)
        return self._by_hand(operation, members)

    def _through_boto3(self, operation, members):
        try:
            getattr(self.ecs, botocore.xform_name(operation))(**members)
        except botocore.exceptions.ClientError as error:
            said = error.response["Error"]
            raise Refused(said["Code"], said["Message"], error.response) from None
        # The whole answer: boto3 has read it, and shows what its model knows.
        return json.loads(self._body)

    def _by_hand(self, operation, members):
        body = json.dumps(members).encode()
        headers = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)),
                   "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{TARGET}.{operation}",
                   "X-Unlike": uuid.uuid4().hex}
        answer = exchange(self.port, request_bytes("POST", "/", self.key.sign("POST", "/", headers, body), body))
        if answer.status != 200:
            raise Refused(*answer.error, answer.json)
        return answer.json
