"""What a case finds: a cluster of its own, and in it each resource that the case names, made when it is named."""

import functools

from agent import Agent, register

CONTAINER = {"name": "app", "image": "registry/app:1", "cpu": 64, "memory": 64, "essential": True}


class World:
    def __init__(self, api, number):
        self._api = api
        self._number = number
        self._agents = []

    def close(self):
        for agent in self._agents:
            agent.close()

    # Names.

    @property
    def new(self):
        """A name that is free."""
        return f"n{self._number}"

    @functools.cached_property
    def arns(self):
        return "arn:aws:ecs:us-east-1:000000000000"

    # Clusters.

    @functools.cached_property
    def cluster(self):
        self._api("CreateCluster", {"clusterName": f"c{self._number}"})
        return f"c{self._number}"

    @functools.cached_property
    def inactive_cluster(self):
        self._api("CreateCluster", {"clusterName": f"gone{self._number}"})
        self._api("DeleteCluster", {"cluster": f"gone{self._number}"})
        return f"gone{self._number}"

    @functools.cached_property
    def tagged_cluster(self):
        """Its ARN; it has forty tags."""
        tags = [{"key": f"k{place}", "value": ""} for place in range(40)]
        answer = self._api("CreateCluster", {"clusterName": f"t{self._number}", "tags": tags})
        return answer["cluster"]["clusterArn"]

    @functools.cached_property
    def settled_user(self):
        """The ARN of a user who has a setting of its own, awsvpcTrunking."""
        arn = f"arn:aws:iam::000000000000:user/u{self._number}"
        self._api("PutAccountSetting", {"name": "awsvpcTrunking", "value": "enabled", "principalArn": arn})
        return arn

    # Task definitions.

    def _define(self, family, **more):
        answer = self._api("RegisterTaskDefinition", {"family": family, "containerDefinitions": [CONTAINER], **more})
        return f"{family}:{answer['taskDefinition']['revision']}"

    @functools.cached_property
    def definition(self):
        return self._define(f"f{self._number}")

    @functools.cached_property
    def family(self):
        return self.definition.partition(":")[0]

    @functools.cached_property
    def second_definition(self):
        """Another family's."""
        return self._define(f"g{self._number}")

    @functools.cached_property
    def inactive_definition(self):
        definition = self._define(f"i{self._number}")
        self._api("DeregisterTaskDefinition", {"taskDefinition": definition})
        return definition

    @functools.cached_property
    def awsvpc_definition(self):
        return self._define(f"v{self._number}", networkMode="awsvpc")

    @functools.cached_property
    def full_family(self):
        """It has had as many revisions as the quota allows."""
        for _ in range(5):
            self._define(f"q{self._number}")
        return f"q{self._number}"

    # Instances.

    @functools.cached_property
    def agent(self):
        agent = Agent(self._api, self.cluster)
        self._agents.append(agent)
        return agent

    @property
    def instance(self):
        return self.agent.instance

    @property
    def instance_id(self):
        return self.instance.rpartition("/")[2]

    @functools.cached_property
    def silent_instance(self):
        """Its agent has never connected."""
        return register(self._api, self.cluster)

    @functools.cached_property
    def inactive_instance(self):
        arn = register(self._api, self.cluster)
        self._api("DeregisterContainerInstance", {"cluster": self.cluster, "containerInstance": arn})
        return arn

    @functools.cached_property
    def foreign_instance(self):
        """It is of another cluster."""
        self._api("CreateCluster", {"clusterName": f"o{self._number}"})
        return register(self._api, f"o{self._number}")

    @functools.cached_property
    def attributed_instance(self):
        """It has ten attributes of users, as many as it may."""
        attributes = [{"name": f"a{place}", "value": "x", "targetId": self.silent_instance} for place in range(10)]
        self._api("PutAttributes", {"cluster": self.cluster, "attributes": attributes})
        return self.silent_instance

    # Tasks.

    def _run(self, **more):
        assert self.instance
        answer = self._api("RunTask", {"cluster": self.cluster, "taskDefinition": self.definition, **more})
        assert not answer["failures"], answer
        return answer["tasks"][0]["taskArn"]

    @functools.cached_property
    def task(self):
        """PENDING; startedBy "me", clientToken "token-1"."""
        return self._run(startedBy="me", clientToken="token-1")

    @property
    def task_id(self):
        return self.task.rpartition("/")[2]

    @functools.cached_property
    def running_task(self):
        arn = self._run()
        self.agent.report(arn, "RUNNING")
        return arn

    @functools.cached_property
    def stopped_task(self):
        arn = self._run()
        self.agent.report(arn, "STOPPED", reason="It ended.")
        return arn

    # Capacity providers.

    def _provide(self, name):
        self._api("CreateCapacityProvider",
                  {"name": name, "autoScalingGroupProvider": {"autoScalingGroupArn": f"group-{name}"}})
        return name

    def _associate(self, provider):
        self._api("PutClusterCapacityProviders", {"cluster": self.cluster, "capacityProviders": [provider],
                                                  "defaultCapacityProviderStrategy": []})

    @functools.cached_property
    def provider(self):
        return self._provide(f"p{self._number}")

    @functools.cached_property
    def associated_provider(self):
        name = self._provide(f"pa{self._number}")
        self._associate(name)
        return name

    @functools.cached_property
    def used_provider(self):
        """It has a task."""
        attribute = {"name": "berth.capacity-provider", "value": self.associated_provider}
        self._agents.append(Agent(self._api, self.cluster, attributes=[attribute]))
        self._api("RunTask", {"cluster": self.cluster, "taskDefinition": self.definition, "capacityProviderStrategy": [
            {"capacityProvider": self.associated_provider}]})
        return self.associated_provider

    # Services.

    def _serve(self, name, **more):
        kind = {"taskDefinition": self.definition} if "deploymentController" not in more else {}
        return self._api("CreateService", {"cluster": self.cluster, "serviceName": name, "desiredCount": 0,
                                           **kind, **more})["service"]

    @functools.cached_property
    def service(self):
        self._serve("web")
        return "web"

    @functools.cached_property
    def scaled_service(self):
        self._serve("scaled", desiredCount=2)
        return "scaled"

    @functools.cached_property
    def inactive_service(self):
        self._serve("over")
        self._api("DeleteService", {"cluster": self.cluster, "service": "over"})
        return "over"

    @functools.cached_property
    def _deployed(self):
        """Its rollout goes on: there is no host for its tasks."""
        return self._serve("deployed", desiredCount=1)

    @property
    def service_deployment(self):
        return self._deployed["currentServiceDeployment"]

    @property
    def service_revision(self):
        return self._deployed["currentServiceRevisions"][0]["arn"]

    @functools.cached_property
    def ended_deployment(self):
        """A newer deployment has replaced it."""
        arn = self._serve("replaced")["currentServiceDeployment"]
        self._api("UpdateService", {"cluster": self.cluster, "service": "replaced", "forceNewDeployment": True})
        return arn

    @functools.cached_property
    def external_service(self):
        self._serve("external", deploymentController={"type": "EXTERNAL"})
        return "external"

    @functools.cached_property
    def inactive_external_service(self):
        self._serve("externally", deploymentController={"type": "EXTERNAL"})
        self._api("DeleteService", {"cluster": self.cluster, "service": "externally"})
        return "externally"

    def _set(self, service):
        answer = self._api("CreateTaskSet", {"cluster": self.cluster, "service": service,
                                             "taskDefinition": self.definition})
        return answer["taskSet"]["id"]

    @functools.cached_property
    def task_set(self):
        return self._set(self.external_service)

    @functools.cached_property
    def task_set_arn(self):
        return f"{self.arns}:task-set/{self.cluster}/{self.external_service}/{self.task_set}"

    @functools.cached_property
    def crowded_service(self):
        """It has five task sets, as many as it may."""
        self._serve("crowded", deploymentController={"type": "EXTERNAL"})
        for _ in range(5):
            self._set("crowded")
        return "crowded"
