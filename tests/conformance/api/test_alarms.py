"""Alarms of deployments: put at /v1/alarms, signed by hand; the deployment that they give up, through boto3."""

import json
import uuid

from support.waiting import wait_until
from support.wire import exchange, request_bytes
from test_services import DEPLOYMENT, Service, assert_told


def send(caller, method, path, body=None):
    content = json.dumps(body).encode() if body is not None else b""
    head = caller.key.sign(method, path, {"Host": f"127.0.0.1:{caller.port}", "X-Unlike": uuid.uuid4().hex,
                                          "Content-Length": str(len(content))}, content)
    return exchange(caller.port, request_bytes(method, path, head, content))


def answered(caller, method, path, body=None):
    answer = send(caller, method, path, body)
    assert answer.status == 200, answer.body
    return answer.json


def alarms(*names, rollback=True):
    return {"deploymentConfiguration": {"alarms": {"alarmNames": list(names), "enable": True, "rollback": rollback},
                                        "bakeTimeInMinutes": 0}}


def test_an_alarm_is_put_shown_listed_and_deleted(api, nobody):
    path = "/v1/alarms/shop-5xx"
    put = answered(api, "PUT", path, {"state": "ALARM", "reason": "12 of 100"})["alarm"]
    assert put["name"] == "shop-5xx" and put["alarmArn"].endswith(":alarm/shop-5xx")
    assert answered(api, "GET", path)["alarm"] == put
    assert put in answered(api, "GET", "/v1/alarms")["alarms"]
    for method, wrong, body, status, says in [
            ("PUT", path, {"state": "LOUD"}, 400, "An alarm's state is OK, ALARM or INSUFFICIENT_DATA, not 'LOUD'."),
            ("PUT", path, [], 400, "The body"), ("POST", path, None, 405, "This path takes GET, PUT, DELETE."),
            ("PUT", "/v1/alarms", {"state": "OK"}, 405, "This path takes GET."),
            ("GET", "/v1/alarms/a/b", None, 404, "There is nothing at this path: use /v1/alarms/NAME"),
            ("GET", "/v1/alarms?x=1", None, 400, "The parameter 'x' is not known here"),
            ("GET", "/v1/alarms/never", None, 404, "There is no alarm 'never'.")]:
        answer = send(api, method, wrong, body)
        assert answer.status == status and says in answer.json["message"], answer.body
    for method, body in [("GET", None), ("PUT", {"state": "OK"}), ("DELETE", None)]:
        answer = send(nobody, method, path, body)
        assert answer.json["__type"].endswith("AccessDeniedException"), answer.body
    assert answered(api, "DELETE", path) == {}
    assert send(api, "GET", path).status == 404


def test_a_deployment_is_taken_back_when_its_alarm_rings(api, world):
    name = "5xx-" + uuid.uuid4().hex
    answered(api, "PUT", f"/v1/alarms/{name}", {"state": "OK"})
    service = Service(api, world, **alarms(name))
    service.settle()
    shown = service.described()["deploymentConfiguration"]
    assert shown["alarms"] == {"alarmNames": [name], "enable": True, "rollback": True}
    before = {task["taskArn"] for task in service.tasks()}
    service.update(taskDefinition=world.second_definition)
    answered(api, "PUT", f"/v1/alarms/{name}", {"state": "ALARM"})
    wait_until(lambda: service.described()["taskDefinition"].endswith(world.definition), "the rollback")
    service.settle()
    assert {task["taskArn"] for task in service.tasks()} == before
    assert_told(service.messages(), rf"\(service web\) \(deployment {DEPLOYMENT}\) deployment failed: alarm detected\.",
                rf"\(service web\) rolling back to deployment {DEPLOYMENT}\.",
                r"\(service web\) has reached a steady state\.")
    # What rings already is not the fault of the next one.
    service.update(taskDefinition=world.second_definition)
    service.settle()
    assert service.described()["taskDefinition"].endswith(world.second_definition)
    answered(api, "DELETE", f"/v1/alarms/{name}")
