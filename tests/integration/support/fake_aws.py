"""The calls of AWS services that an agent makes for its tasks, answered on loopback.

Systems Manager, Secrets Manager, ECR, S3 and, where a test gives `logs`, CloudWatch Logs in one server. A request counts only with a signature (version 4) by a key
that `find_key` knows, checked with botocore's own code.
"""

import base64
import hashlib
import http.server
import json
import threading
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON = "application/x-amz-json-1.1"
# Headers of requests by the end of their X-Amz-Target.
SERVICES = {"AmazonSSM.GetParameters": "ssm", "secretsmanager.GetSecretValue": "secretsmanager",
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken": "ecr",
            **{f"Logs_20140328.{name}": "logs" for name in ("CreateLogGroup", "CreateLogStream", "PutLogEvents")}}


class Asked:
    """One request that was signed as it has to be."""

    def __init__(self, service, key_id, region, body):
        self.service = service
        self.key_id = key_id
        self.region = region
        self.body = body


class Refused(Exception):
    """An error of AWS: status, type and message."""


def signature(method, url, headers, body, names, scope, secret):
    """What botocore makes of the request with these headers."""
    date, region, service = scope
    request = AWSRequest(method, url, data=body, headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["X-Amz-Date"]
    assert date == headers["X-Amz-Date"][:8]
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("", secret), service, region)
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


class FakeAws:
    """find_key(id) is the secret key and session token (or None) of an access key, or None for a stranger's."""

    def __init__(self, find_key):
        self.find_key = find_key
        self.parameters = {}
        self.secrets = {}
        self.objects = {}
        self.registries = {}
        self.logs = None
        self.failures = []
        self.stalled = threading.Event()
        self.stalled.set()
        self.waiting = 0
        self._asked = []
        self._lock = threading.Lock()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.answer(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stalled.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def asked(self, service):
        with self._lock:
            return [one for one in self._asked if one.service == service]

    def stall(self):
        """From now on nothing is answered, until `stalled` is set again."""
        self.stalled.clear()

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        with self._lock:
            self.waiting += 1
        self.stalled.wait(60)
        target = handler.headers.get("X-Amz-Target")
        try:
            service = SERVICES[target] if target else "s3"
            self._check(handler, body, service)
            if self.failures:
                raise Refused(*self.failures.pop(0))
            if service == "s3":
                content = self._object(handler.path)
            elif service == "logs":
                content = json.dumps(self.logs.answer(target.partition(".")[2], json.loads(body))).encode()
            else:
                content = json.dumps(getattr(self, "_" + service)(json.loads(body))).encode()
            self._send(handler, 200, content, "binary/octet-stream" if service == "s3" else JSON)
        except Refused as refused:
            status, kind, message = refused.args
            if target:
                content = json.dumps({"__type": kind, "message": message}).encode()
            else:
                content = f"<Error><Code>{kind}</Code><Message>{message}</Message></Error>".encode()
            self._send(handler, status, content, JSON if target else "application/xml")

    @staticmethod
    def _send(handler, status, content, kind):
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:
            handler.close_connection = True

    def _check(self, handler, body, service):
        headers = handler.headers
        algorithm, _, rest = headers.get("Authorization", "").partition(" ")
        if algorithm != "AWS4-HMAC-SHA256":
            raise Refused(403, "MissingAuthenticationTokenException", "not signed")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key_id, date, region, signed_for, _ = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        known = self.find_key(key_id)
        if known is None:
            raise Refused(403, "UnrecognizedClientException", "a stranger's key")
        secret, token = known
        made = signature(handler.command, self.url + handler.path, headers, body, names,
                         (date, region, signed_for), secret)
        hashed = headers.get("X-Amz-Content-Sha256")
        right = made == fields["Signature"] and signed_for == service and "host" in names \
            and headers.get("X-Amz-Security-Token") == token and (not token or "x-amz-security-token" in names) \
            and hashed in (None, hashlib.sha256(body).hexdigest()) and (hashed or service != "s3")
        if not right:
            raise Refused(403, "InvalidSignatureException", "another signature than the right one")
        with self._lock:
            self._asked.append(Asked(service, key_id, region, json.loads(body) if body else handler.path))

    def _ssm(self, body):
        assert body["WithDecryption"] is True and 1 <= len(body["Names"]) <= 10
        found = [name for name in body["Names"] if name in self.parameters]
        return {"Parameters": [{"Name": name.rpartition(":parameter")[2] or name, "ARN": name,
                                "Value": self.parameters[name]} for name in found],
                "InvalidParameters": [name for name in body["Names"] if name not in found]}

    def _secretsmanager(self, body):
        key = (body["SecretId"], body.get("VersionStage"))
        if key not in self.secrets:
            raise Refused(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return {"ARN": body["SecretId"], "SecretString": self.secrets[key]}

    def _ecr(self, body):
        registry, login = self.registries[body["registryIds"][0]]
        token = base64.b64encode(":".join(login).encode()).decode()
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": 4102444800,
                                       "proxyEndpoint": f"https://{registry}"}]}

    def _object(self, path):
        name = urllib.parse.unquote(path).lstrip("/")
        if name not in self.objects:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return self.objects[name].encode()
