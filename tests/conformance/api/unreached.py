"""Exceptions that the API documents for operations and that Berth has no occasion for, each with the reason."""

from cases import CHANGES

GENERIC = {
    "ServerException": "the answer of a controller that can't write its state, and this writes nothing",
    "UpdateInProgressException": "nothing here is under way after its call was answered",
    "PlatformUnknownException": "platform versions are Fargate's, and refused before they are looked at",
    "PlatformTaskDefinitionIncompatibilityException": "platform versions are Fargate's",
    "BlockedException": "no account is blocked",
}
CLIENT = "what is wrong with a request to this operation is told by InvalidParameterException or by name"
REACHED = ("AccessDeniedException", "UnsupportedFeatureException", "InvalidParameterException")
REFUSED = "the family of operations is refused as a whole: UnsupportedFeatureException"
EVERYTHING_IS_THERE = "nothing of this operation is left out, so nothing is refused as unsupported"

# exception -> operations, with the reason.
SINGLE = [
    ("ClientException", CLIENT, """
        ContinueServiceDeployment CreateCluster DeleteAccountSetting DeleteAttributes DeleteCluster DeleteService
        DeleteTaskDefinitions DeleteTaskSet DeregisterContainerInstance DescribeCapacityProviders DescribeClusters
        DescribeServiceDeployments DescribeServiceRevisions DescribeServices DescribeTaskSets DescribeTasks
        DiscoverPollEndpoint ExecuteCommand GetTaskProtection ListAccountSettings ListAttributes ListClusters
        ListContainerInstances ListServiceDeployments ListServices ListServicesByNamespace ListTaskDefinitionFamilies
        ListTaskDefinitions ListTasks PutAccountSetting PutAccountSettingDefault PutAttributes
        PutClusterCapacityProviders StopServiceDeployment StopTask SubmitAttachmentStateChanges
        SubmitContainerStateChange SubmitTaskStateChange UpdateCluster UpdateClusterSettings UpdateContainerAgent
        UpdateServicePrimaryTaskSet UpdateTaskProtection UpdateTaskSet"""),
    ("UnsupportedFeatureException", EVERYTHING_IS_THERE, """
        ContinueServiceDeployment DeleteTaskSet DescribeCapacityProviders DescribeServiceDeployments
        DescribeServiceRevisions DescribeTaskSets GetTaskProtection ListServiceDeployments StopServiceDeployment
        UpdateServicePrimaryTaskSet UpdateTaskProtection UpdateTaskSet"""),
    ("InvalidParameterException", "what is wrong with a definition is told by ClientException",
     "RegisterDaemonTaskDefinition"),
    ("InvalidParameterException", "its members can be anything, and none is needed",
     "DiscoverPollEndpoint ListDaemons"),
    ("ClusterNotFoundException", "ARNs say the cluster, and what is not found is among the failures",
     "DescribeServiceDeployments DescribeServiceRevisions"),
    ("ServiceNotFoundException", "what is not found is among the failures",
     "DescribeServiceDeployments DescribeServiceRevisions"),
    ("ResourceNotFoundException", "a task that is not found is among the failures",
     "GetTaskProtection UpdateTaskProtection"),
    ("ClusterContainsCapacityProviderException", "no provider belongs to one cluster", "DeleteCluster"),
    ("ClusterContainsTasksException", "tasks are on instances, which are told of first", "DeleteCluster"),
    ("LimitExceededException", "there is no quota of what this operation changes",
     "CreateCapacityProvider DeleteTaskSet UpdateTaskSet"),
    ("NamespaceNotFoundException", "namespaces are kept or refused, and not looked up",
     "CreateCluster CreateService CreateTaskSet StartTask UpdateCluster UpdateService"),
    ("TargetNotConnectedException", "needs enableExecuteCommand: tests/integration/test_exec.py",
     "ExecuteCommand"),
]


def unreached(table):
    """(operation, exception) -> reason."""
    changing = {case.operation for case in CHANGES}
    out = {}
    for operation, error in table.exceptions:
        family = "Daemon" in operation or "Express" in operation
        if error == "ServerException" and operation in changing:
            continue
        if error in GENERIC:
            out[operation, error] = GENERIC[error]
        elif family and error not in REACHED and not (error == "ClientException" and operation.startswith("Register")):
            out[operation, error] = REFUSED
    for error, reason, operations in SINGLE:
        for operation in operations.split():
            out[operation, error] = reason
    return out
