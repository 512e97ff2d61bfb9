
#include "common/text/number.hpp"
#include "controller/api/account_settings.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/attributes.hpp"
#include "controller/api/gpus.hpp"
#include "controller/api/render.hpp"
#include "controller/api/tags.hpp"
#include "proto/ecs/text.hpp"

namespace berth::controller {
namespace {

ApiResult<std::set<uint16_t>> portSet(const Json& resource) {
  std::set<uint16_t> out;
  for (const Json& port : resource.value("stringSetValue", Json::array())) {
    const std::string& digits = port.get_ref<const std::string&>();
    uint16_t number = parseNumber<uint16_t>(digits).value_or(0);
    if (number == 0) {
      return invalidParameter("The resource " + text(resource, "name") + " has the port '" +
                              std::string(ecs::cut(digits, 100)) + "': give ports between 1 and 65535.");
    }
    out.insert(number);
  }
  return out;
}

ApiResult<Resources> resourcesIn(const Json& input) {
  Resources out;
  for (const Json& resource : input.value("totalResources", Json::array())) {
    std::string name = text(resource, "name");
    int64_t amount = resource.value("integerValue", int64_t{0});
    if (amount < 0) return invalidParameter("The resource " + name + " must not be negative.");
    if (name == "CPU") out.cpu = amount;
    if (name == "MEMORY") out.memory = amount;
    if (name != "PORTS" && name != "PORTS_UDP") continue;
    BERTH_API_TRY(ports, portSet(resource));
    (name == "PORTS" ? out.ports : out.udpPorts) = std::move(ports);
  }
  BERTH_API_TRY(gpus, registeredGpus(input));
  out.gpus = std::move(gpus);
  return out;
}

/// The identity document is EC2's JSON about the machine; on other hosts it is empty.
void readIdentity(Instance& instance, const std::string& document) {
  Json parsed_document = Json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (!parsed_document.is_object()) return;
  auto member = [&](const char* name) {
    auto it = parsed_document.find(name);
    return it != parsed_document.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  if (std::string id = member("instanceId"); !id.empty()) instance.ec2InstanceId = id;
  const std::pair<const char*, const char*> kAttributes[] = {{"imageId", "ecs.ami-id"},
                                                             {"instanceType", "ecs.instance-type"},
                                                             {"availabilityZone", "ecs.availability-zone"}};
  for (const auto& [from, attribute] : kAttributes) {
    if (std::string value = member(from); !value.empty()) instance.setAttribute(attribute, value);
  }
}

/// What the agent says of itself. Every attribute that was sent is kept as sent: Amazon's agent exits for
/// good when one does not come back.
void update(Instance& instance, Resources resources, const Context& context) {
  const Json& input = context.input;
  instance.registered = std::move(resources);
  readIdentity(instance, text(input, "instanceIdentityDocument"));
  for (const Json& attribute : input.value("attributes", Json::array())) {
    std::optional<std::string> value;
    if (attribute.contains("value")) value = attribute["value"].get<std::string>();
    instance.setAttribute(text(attribute, "name"), std::move(value));
  }
  if (instance.attribute("ecs.availability-zone") == nullptr) {
    instance.setAttribute("ecs.availability-zone", context.names.region + "a");
  }
  if (auto version = input.find("versionInfo"); version != input.end()) {
    instance.agentVersion = text(*version, "agentVersion", instance.agentVersion);
    instance.agentHash = text(*version, "agentHash", instance.agentHash);
    instance.dockerVersion = text(*version, "dockerVersion", instance.dockerVersion);
  }
  ++instance.version;
}

/// The instance that a repeated registration already made, found by its token.
const Instance* byToken(const State& state, const std::string& cluster, const std::string& token) {
  if (token.empty()) return nullptr;
  for (const auto& instance : state.instances()) {
    if (instance->cluster == cluster && instance->status != "INACTIVE" && instance->clientToken == token) {
      return instance.get();
    }
  }
  return nullptr;
}

}  // namespace

ApiResult<Json> registerContainerInstance(Context& context) {
  const Json& input = context.input;
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(resources, resourcesIn(input));
  for (const Json& attribute : input.value("attributes", Json::array())) {
    if (auto error = checkAddress(attribute)) return *error;
  }
  BERTH_API_TRY(tags, givenTags(input));
  std::string token = text(input, "clientToken");
  Instance instance;
  if (std::string reference = text(input, "containerInstanceArn"); !reference.empty()) {
    const Instance* known = findInstance(context, *cluster, reference);
    if (!known || known->status == "INACTIVE") {
      return clientError("The container instance " + reference +
                         " is not registered in this cluster: remove the agent's state to register anew.");
    }
    instance = *known;
  } else if (const Instance* same = byToken(context.state(), cluster->name, token)) {
    instance = *same;
  } else if (std::ssize(context.state().fleet().in(cluster->name)) >= context.quotas.instancesPerCluster) {
    return quotaReached(context.quotas.instancesPerCluster, "container instances per cluster",
                        "deregister some", "instances_per_cluster");
  } else {
    instance.oldArn = settingInForce(context, "containerInstanceLongArnFormat") == "disabled";
    instance.id = instance.oldArn ? randomUuid(context.random) : randomHex(context.random, 32);
    instance.cluster = cluster->name;
    instance.clientToken = token;
    instance.registeredAt = context.now.wall;
    instance.registeredBy = context.caller.principal;
  }
  const int64_t before = customAttributes(instance);
  update(instance, std::move(resources), context);
  // A known host that is over a lowered quota comes back all the same, unless its agent brings even more.
  if (customAttributes(instance) > before) {
    if (auto error = checkAttributeQuota(context, instance, "InvalidParameterException")) return *error;
  }
  if (input.contains("tags")) instance.tags = std::move(tags);
  context.tx.put(instance);
  return Json{{"containerInstance", renderInstance(context.state(), context.names, instance, true)}};
}

}  // namespace berth::controller
