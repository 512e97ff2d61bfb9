"""Services that run, with an agent that is played by hand: boto3's waiters, the texts of events, rolls."""

import re

from support.waiting import wait_until

AT_ONCE = {"Delay": 0, "MaxAttempts": 1}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
ID = "[0-9a-f]{32}"
DEPLOYMENT = r"ecs-svc/\d+"


class Service:
    def __init__(self, api, world, **more):
        self.api = api
        self.world = world
        self.cluster = world.cluster
        assert world.agent
        api("CreateService", {"cluster": self.cluster, "serviceName": "web", "taskDefinition": world.definition,
                              "desiredCount": 2, **more})

    def update(self, **members):
        return self.api("UpdateService", {"cluster": self.cluster, "service": "web", **members})["service"]

    def described(self):
        return self.api("DescribeServices", {"cluster": self.cluster, "services": ["web"]})["services"][0]

    def tasks(self, desired="RUNNING"):
        arns = self.api("ListTasks", {"cluster": self.cluster, "serviceName": "web", "desiredStatus": desired})["taskArns"]
        return self.api("DescribeTasks", {"cluster": self.cluster, "tasks": arns})["tasks"] if arns else []

    def play(self, crashing=None):
        """What the agent would report by now; the tasks of one definition end as soon as they begin."""
        for task in self.tasks("STOPPED"):
            if task["lastStatus"] != "STOPPED":
                self.world.agent.report(task["taskArn"], "STOPPED")
        for task in self.tasks():
            if task["lastStatus"] != "PENDING":
                continue
            if crashing and task["taskDefinitionArn"].endswith(crashing):
                ended = [{"containerName": "app", "status": "STOPPED", "exitCode": 3}]
                self.world.agent.report(task["taskArn"], "STOPPED", containers=ended)
            else:
                self.world.agent.report(task["taskArn"], "RUNNING")

    def settle(self, crashing=None):
        """Plays until there is one deployment and it is COMPLETED; then boto3's waiter must be content at once."""
        def done():
            self.play(crashing)
            deployments = self.described()["deployments"]
            return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

        wait_until(done, "the service is settled", 20)
        self.api.ecs.get_waiter("services_stable").wait(cluster=self.cluster, services=["web"], WaiterConfig=AT_ONCE)

    def messages(self):
        return [event["message"] for event in reversed(self.described()["events"])]


def assert_told(messages, *patterns):
    """The messages match the patterns, in their order; others may come between."""
    left = iter(messages)
    for pattern in patterns:
        assert any(re.fullmatch(pattern, message) for message in left), (pattern, messages)


def test_a_service_of_the_old_arn_format_becomes_stable_and_goes_by_that_arn(api, world):
    old = f"{world.arns}:service/web"
    api("PutAccountSetting", {"name": "serviceLongArnFormat", "value": "disabled"})
    try:
        service = Service(api, world)
    finally:
        api("DeleteAccountSetting", {"name": "serviceLongArnFormat"})
    service.settle()
    assert service.described()["serviceArn"] == old
    paginator = api.ecs.get_paginator("list_services")
    assert paginator.paginate(cluster=service.cluster).build_full_result()["serviceArns"] == [old]
    named = {"cluster": service.cluster, "services": [old]}
    api.ecs.get_waiter("services_stable").wait(**named, WaiterConfig=AT_ONCE)
    assert len(api("ListTasks", {"cluster": service.cluster, "serviceName": old})["taskArns"]) == 2
    assert api("DeleteService", {"cluster": service.cluster, "service": old, "force": True})["service"]["serviceArn"] == old
    wait_until(lambda: service.play() or service.described()["status"] == "INACTIVE", "the service is gone", 20)
    api.ecs.get_waiter("services_inactive").wait(**named, WaiterConfig=AT_ONCE)


def test_a_service_becomes_stable_rolls_scales_and_goes(api, world):
    service = Service(api, world)
    service.settle()
    assert_told(service.messages(), rf"\(service web\) has started 2 tasks: \(task {ID}\) \(task {ID}\)\.",
                rf"\(service web\) \(deployment {DEPLOYMENT}\) deployment completed\.",
                r"\(service web\) has reached a steady state\.")
    before = {task["taskArn"] for task in service.tasks()}
    rolled = service.update(taskDefinition=world.second_definition)
    assert [one["status"] for one in rolled["deployments"]] == ["PRIMARY", "ACTIVE"]
    service.settle()
    assert not before & {task["taskArn"] for task in service.tasks()}
    assert_told(service.messages(), rf"\(service web\) has stopped [12] running tasks: (\(task {ID}\) ?)+\.",
                r"\(service web\) has reached a steady state\.")
    assert service.tasks("STOPPED")[0]["stopCode"] == "ServiceSchedulerInitiated"
    service.update(desiredCount=0)
    service.settle()
    assert service.described()["runningCount"] == 0
    service.update(desiredCount=1)
    service.settle()
    api("DeleteService", {"cluster": world.cluster, "service": "web", "force": True})
    api.ecs.get_waiter("services_inactive").wait(cluster=world.cluster, services=["web"], WaiterConfig=AT_ONCE)
    service.play()


def test_a_deployment_that_fails_is_rolled_back_by_its_breaker(api, world):
    service = Service(api, world, deploymentConfiguration=BREAKER)
    service.settle()
    before = {task["taskArn"] for task in service.tasks()}
    service.update(taskDefinition=world.second_definition)
    service.settle(crashing=world.second_definition)
    assert {task["taskArn"] for task in service.tasks()} == before
    assert service.described()["taskDefinition"].endswith(world.definition)
    assert_told(service.messages(),
                rf"\(service web\) \(deployment {DEPLOYMENT}\) \(task {ID}\) failed: container app exited with code 3\.",
                rf"\(service web\) \(deployment {DEPLOYMENT}\) deployment failed: tasks failed to start\.",
                rf"\(service web\) rolling back to deployment {DEPLOYMENT}\.",
                rf"\(service web\) \(deployment {DEPLOYMENT}\) deployment completed\.",
                r"\(service web\) has reached a steady state\.")
    newest, _ = api("ListServiceDeployments", {"cluster": world.cluster, "service": "web"})["serviceDeployments"]
    assert newest["status"] == "ROLLBACK_SUCCESSFUL"
    shown, = api("DescribeServiceDeployments",
                 {"serviceDeploymentArns": [newest["serviceDeploymentArn"]]})["serviceDeployments"]
    assert shown["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}


def test_without_room_a_service_says_what_is_missing(api, world):
    service = Service(api, world, desiredCount=1, taskDefinition=world.definition, placementConstraints=[
        {"type": "memberOf", "expression": "attribute:none == here"}])
    assert_told(service.messages(), r"\(service web\) was unable to place a task because no container instance met all "
                rf"of its requirements\. The closest matching \(container-instance {ID}\) encountered error \"MemberOf placement "
                r"constraint unsatisfied\.\"\.")
