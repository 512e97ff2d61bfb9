#include "controller/operations/notes.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kDaemons =
    "CreateDaemon DeleteDaemon DeleteDaemonTaskDefinition DescribeDaemon DescribeDaemonDeployments "
    "DescribeDaemonRevisions DescribeDaemonTaskDefinition ListDaemonDeployments ListDaemonTaskDefinitions "
    "ListDaemons RegisterDaemonTaskDefinition UpdateDaemon";
constexpr std::string_view kExpress =
    "CreateExpressGatewayService DeleteExpressGatewayService DescribeExpressGatewayService "
    "UpdateExpressGatewayService";

constexpr OperationNote kOperationNotes[] = {
    {"ContinueServiceDeployment", Extent::Refused,
     "lifecycle hooks are not offered, so no deployment ever waits at one: `InvalidParameterException`"},
    {"ExecuteCommand", Extent::Whole,
     "the session is opened by session-manager-plugin, or by Berth's own client (docs/exec.md)"},
    {"ListServicesByNamespace", Extent::Refused, "there are no namespaces: `NamespaceNotFoundException`"},
    {"UpdateContainerAgent", Extent::Refused,
     "packages update agents: `NoUpdateAvailableException`, or `MissingVersionException` before the agent "
     "has told its version"},
    {kDaemons, Extent::Refused, "daemons run on hosts that AWS manages: `UnsupportedFeatureException`"},
    {kExpress, Extent::Refused, "load balancers and certificates of AWS: `UnsupportedFeatureException`"},
};

constexpr std::string_view kNetworks =
    "for `awsvpc`: the host gives the address, a subnet's id is only shown; `securityGroups` and a public "
    "address are refused";
constexpr std::string_view kMakeTasks = "RunTask StartTask";
constexpr std::string_view kServices = "CreateService UpdateService";
constexpr std::string_view kProviders = "CreateCapacityProvider UpdateCapacityProvider";

constexpr MemberNote kMemberNotes[] = {
    {"CreateCapacityProvider DeleteCapacityProvider UpdateCapacityProvider", "cluster", Fate::Refused,
     "only providers of managed instances have one"},
    {kProviders, "managedInstancesProvider", Fate::Refused},
    {kProviders, "autoScalingGroupProvider", Fate::Kept, "Berth makes no hosts"},
    {kProviders, "autoScalingGroupProvider.managedScaling.status", Fate::ActedOn,
     "tasks without room wait for a host when it is `ENABLED`; such a provider serves one cluster"},

    {"CreateCluster UpdateCluster", "configuration serviceConnectDefaults", Fate::Kept},
    {"CreateCluster UpdateCluster UpdateClusterSettings", "settings", Fate::Kept},
    {"PutAccountSetting PutAccountSettingDefault", "value", Fate::Kept,
     "`containerInsights` holds for new clusters, `containerInstanceLongArnFormat` for new instances, "
     "`serviceLongArnFormat` for new services, `taskLongArnFormat` for new tasks; the other settings have no "
     "effect"},

    {kServices,
     "loadBalancers serviceConnectConfiguration volumeConfigurations vpcLatticeConfigurations monitoring",
     Fate::Refused, "services of AWS"},
    {kServices, "serviceRegistries", Fate::ActedOn,
     "Berth's own DNS has the service's name; what the `registryArn` names is not asked"},
    {kServices, "networkConfiguration", Fate::ActedOn, kNetworks},
    {kServices, "platformVersion", Fate::Refused, "for Fargate"},
    {kServices, "availabilityZoneRebalancing", Fate::ActedOn,
     "for services without placementStrategy, or whose first one spreads over zones"},
    {kServices, "deploymentConfiguration.alarms", Fate::ActedOn,
     "their states are put at `/v1/alarms`: CloudWatch is not asked"},
    {kServices, "deploymentConfiguration.bakeTimeInMinutes", Fate::ActedOn, "with alarms"},
    {kServices, "deploymentConfiguration.strategy", Fate::Refused, "all but `ROLLING`"},
    {kServices,
     "deploymentConfiguration.lifecycleHooks "
     "deploymentConfiguration.linearConfiguration deploymentConfiguration.canaryConfiguration",
     Fate::Refused},
    {"CreateService", "role", Fate::Refused, "for load balancers"},
    {"CreateService", "deploymentController", Fate::ActedOn, "`CODE_DEPLOY` is refused"},
    {"UpdateService", "deploymentController", Fate::Refused, "unless it is the one that the service has"},
    {"CreateTaskSet", "serviceRegistries", Fate::ActedOn,
     "Berth's own DNS has the service's name; what the `registryArn` names is not asked"},
    {"CreateTaskSet", "networkConfiguration", Fate::ActedOn, kNetworks},
    {"CreateTaskSet", "loadBalancers platformVersion", Fate::Refused},
    {"CreateTaskSet", "externalId", Fate::Kept},

    {"RegisterTaskDefinition", "containerDefinitions volumes", Fate::ActedOn, "see the next section"},
    {"RegisterTaskDefinition", "networkMode", Fate::ActedOn, "`awsvpc` is for hosts with containerd"},
    {"RegisterTaskDefinition", "proxyConfiguration inferenceAccelerators", Fate::Refused,
     "when it is to run; until then they are kept"},
    {"RegisterTaskDefinition", "taskRoleArn executionRoleArn", Fate::Kept,
     "hosts need the attributes of them, and the controller has no credentials to send"},
    {"RegisterTaskDefinition", "ephemeralStorage enableFaultInjection", Fate::Kept},

    {kMakeTasks, "volumeConfigurations", Fate::Refused},
    {kMakeTasks, "networkConfiguration", Fate::ActedOn, kNetworks},
    {kMakeTasks, "referenceId", Fate::Ignored},
    {kMakeTasks, "overrides.ephemeralStorage overrides.taskRoleArn overrides.executionRoleArn", Fate::Kept},
    {kMakeTasks, "overrides.inferenceAcceleratorOverrides overrides.containerOverrides.environmentFiles",
     Fate::Refused},
    {"RunTask", "launchType", Fate::ActedOn, "`EC2` and `EXTERNAL`; the others are refused"},
    {"RunTask", "platformVersion", Fate::Refused, "for Fargate"},
    {"ListTasks", "daemonName", Fate::Refused},

    {"DiscoverPollEndpoint", "containerInstance", Fate::ActedOn,
     "a host's key names its own alone; the answer is the same"},
    {"DiscoverPollEndpoint", "cluster zoneId", Fate::Ignored},
    {"RegisterContainerInstance", "instanceIdentityDocumentSignature", Fate::Ignored},
    {"RegisterContainerInstance", "totalResources.doubleValue totalResources.longValue", Fate::Ignored,
     "agents tell integers"},
    {"RegisterContainerInstance", "versionInfo", Fate::Kept},
    {"SubmitAttachmentStateChanges", "attachments", Fate::Ignored, "there are none yet"},
    {"SubmitTaskStateChange", "attachments managedAgents", Fate::Ignored, "there are none yet"},
};

}  // namespace

std::span<const OperationNote> operationNotes() { return kOperationNotes; }
std::span<const MemberNote> memberNotes() { return kMemberNotes; }

}  // namespace berth::controller
