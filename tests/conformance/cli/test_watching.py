"""How a deployment that is watched ends, with services by script: exit codes, and what is printed without a terminal."""

import json

from conftest import golden
from fake import Fake
from test_streams import berth

ARN = "arn:aws:ecs:us-east-1:000000000000:"


def deployment(number, state, running, status="PRIMARY", **more):
    return {"id": f"ecs-svc/{number}", "status": status, "taskDefinition": f"{ARN}task-definition/web:{number}",
            "desiredCount": 2, "runningCount": running, "pendingCount": 2 - running, "failedTasks": 0,
            "rolloutState": state} | more


def service(*deployments, events=()):
    return {"serviceName": "front", "status": "ACTIVE", "taskDefinition": f"{ARN}task-definition/web:2",
            "deployments": list(deployments), "desiredCount": 2, "runningCount": 2, "events": [
                {"id": str(place), "createdAt": 1795802400.0 + place, "message": text}
                for place, text in reversed(list(enumerate(events)))]}


def answers(*steps):
    """What the API says while a deployment goes through these steps."""
    return {"ListServices": [json.dumps({"serviceArns": [f"{ARN}service/default/front"]})],
            "UpdateService": [json.dumps({"service": steps[0]})],
            "DescribeServices": [json.dumps({"services": [step], "failures": []}) for step in (steps[0], *steps)]}


FORMER = deployment(1, "COMPLETED", 2, "ACTIVE")
BEGUN = service(deployment(2, "IN_PROGRESS", 0), FORMER, events=["(service front) was there before."])


def deploy(name, code, *steps):
    with Fake(answers=answers(BEGUN, *steps)) as one:
        done = berth(one, "deploy", "front", "--task-definition", "web:2", code=code)
        golden(name, done.stdout + done.stderr)


def test_a_completed_deployment_is_a_success():
    deploy("deploy-completed", 0,
           service(deployment(2, "IN_PROGRESS", 1), FORMER, events=["(service front) was there before.",
                                                                   "(service front) has started 1 tasks."]),
           service(deployment(2, "COMPLETED", 2), events=["(service front) was there before.",
                                                          "(service front) has started 1 tasks.",
                                                          "(service front) has reached a steady state."]))


def test_a_failed_deployment_is_a_failure():
    deploy("deploy-failed", 1, service(deployment(2, "FAILED", 0, failedTasks=3,
                                                  rolloutStateReason="tasks failed to start.")))


def test_a_deployment_that_is_rolled_back_is_a_failure_once_the_former_one_stands():
    failed = deployment(2, "FAILED", 0, "ACTIVE", failedTasks=3, rolloutStateReason="circuit breaker: tasks failed.")
    deploy("deploy-rolled-back", 1, service(deployment(3, "IN_PROGRESS", 1), failed),
           service(deployment(3, "IN_PROGRESS", 2)), service(deployment(3, "COMPLETED", 2)))


def test_a_deployment_that_another_replaces_is_a_failure():
    deploy("deploy-replaced", 1, service(deployment(3, "IN_PROGRESS", 0)), service(deployment(3, "COMPLETED", 2)))


def test_a_deployment_may_take_too_long():
    with Fake(answers=answers(BEGUN)) as one:
        said = berth(one, "deploy", "front", "--force", "--timeout", "1s", code=1).stderr
        assert "not done within 1s; it goes on" in said


def deployments(*numbers, status="SUCCESSFUL"):
    return json.dumps({"serviceDeployments": [
        {"serviceDeploymentArn": f"{ARN}service-deployment/default/front/d{number}", "status": status,
         "targetServiceRevisionArn": f"{ARN}service-revision/default/front/{number}"} for number in numbers]})


def test_rollback_goes_to_the_last_completed_other_definition():
    settled = service(deployment(2, "COMPLETED", 2))
    back = service(deployment(3, "COMPLETED", 2))
    revisions = [{"serviceRevisionArn": f"{ARN}service-revision/default/front/{number}",
                  "taskDefinition": f"{ARN}task-definition/web:{number}"} for number in (2, 1)]
    scripted = answers(settled) | {"ListServiceDeployments": ['{"serviceDeployments": []}', deployments(2, 1)],
                                   "DescribeServiceRevisions": [json.dumps({"serviceRevisions": revisions})],
                                   "UpdateService": [json.dumps({"service": back})],
                                   "DescribeServices": [json.dumps({"services": [one]}) for one in (settled, back)]}
    with Fake(answers=scripted) as one:
        berth(one, "rollback", "front")
        assert [asked[1] for asked in one.asked if asked[0] == "UpdateService"] == [
            {"cluster": "default", "service": "front", "taskDefinition": f"{ARN}task-definition/web:1"}]


def test_rollback_turns_a_deployment_that_goes_back():
    back = service(deployment(3, "COMPLETED", 2))
    scripted = answers(BEGUN, BEGUN, back) | {"ListServiceDeployments": [deployments(2, status="IN_PROGRESS")],
                                              "StopServiceDeployment": ["{}"]}
    with Fake(answers=scripted) as one:
        berth(one, "rollback", "front")
        assert ("StopServiceDeployment", {"serviceDeploymentArn": f"{ARN}service-deployment/default/front/d2",
                                          "stopType": "ROLLBACK"}) in one.asked
