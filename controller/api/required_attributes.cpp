#include "controller/api/required_attributes.hpp"

#include <map>

namespace berth::controller {
namespace {

/// By name, so that each is there once.
class Required {
 public:
  void legacy(bool needed, const std::string& name) { add(needed, "com.amazonaws.ecs.capability." + name); }
  void modern(bool needed, const std::string& name) { add(needed, "ecs.capability." + name); }
  void value(const std::string& name, const std::string& value) { found_[name] = value; }

  std::vector<Attribute> take() {
    std::vector<Attribute> out;
    for (auto& [name, value] : found_) out.push_back({name, std::move(value)});
    return out;
  }

 private:
  void add(bool needed, const std::string& name) {
    if (needed) found_.emplace(name, std::nullopt);
  }
  std::map<std::string, std::optional<std::string>> found_;
};

bool has(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && !found->empty();
}

/// ACCOUNT.dkr.ecr.REGION.amazonaws.com/...
bool isOfEcr(const std::string& image) {
  const size_t ecr = image.find(".dkr.ecr.");
  return ecr != std::string::npos && ecr < image.find('/');
}

void addSecret(const Json& secret, const std::string& use, Required& out) {
  const std::string from = text(secret, "valueFrom");
  const bool vault = from.starts_with("arn:") && from.find(":secretsmanager:") != std::string::npos;
  // A name alone is one of Systems Manager's; what has another scheme is the agent's own.
  const bool store = !vault && from.find("://") == std::string::npos;
  out.modern(vault, "secrets.asm." + use);
  out.modern(store, "secrets.ssm." + use);
}

void addLog(const Json& log, bool executionRole, Required& out) {
  const std::string driver = text(log, "logDriver");
  if (driver.empty()) return;
  out.legacy(true, "logging-driver." + driver);
  out.modern(executionRole && driver == "awslogs", "execution-role-awslogs");
  for (const Json& secret : log.value("secretOptions", Json::array())) {
    addSecret(secret, "bootstrap.log-driver", out);
  }
}

void addContainer(const Json& container, bool executionRole, Required& out) {
  const bool ecr = isOfEcr(text(container, "image"));
  out.legacy(ecr, "ecr-auth");
  out.modern(ecr && executionRole, "execution-role-ecr-pull");
  out.legacy(container.value("privileged", false), "privileged-container");
  out.modern(has(container, "healthCheck"), "container-health-check");
  out.modern(has(container, "dependsOn"), "container-ordering");
  out.modern(has(container, "environmentFiles"), "env-files.s3");
  out.modern(has(container, "repositoryCredentials"), "private-registry-authentication.secretsmanager");
  out.modern(container.value("restartPolicy", Json::object()).value("enabled", false),
             "container-restart-policy");
  for (const Json& port : container.value("portMappings", Json::array())) {
    out.modern(!text(port, "containerPortRange").empty(), "network.container-port-range");
  }
  for (const Json& secret : container.value("secrets", Json::array())) {
    addSecret(secret, "environment-variables", out);
  }
  for (const Json& option : container.value("dockerSecurityOptions", Json::array())) {
    const std::string name = option.get<std::string>();
    out.legacy(name.starts_with("apparmor"), "apparmor");
    out.legacy(name.starts_with("label"), "selinux");
  }
  addLog(container.value("logConfiguration", Json::object()), executionRole, out);
}

void addVolume(const Json& volume, Required& out) {
  const std::string driver = text(volume.value("dockerVolumeConfiguration", Json::object()), "driver");
  if (!driver.empty()) out.modern(true, "docker-plugin." + driver);
}

void addPlatform(const Json& platform, Required& out) {
  const std::string architecture = text(platform, "cpuArchitecture");
  if (architecture == "X86_64") out.value("ecs.cpu-architecture", "x86_64");
  if (architecture == "ARM64") out.value("ecs.cpu-architecture", "arm64");
}

}  // namespace

std::vector<Attribute> requiredAttributes(const Json& document) {
  Required out;
  const bool executionRole = !text(document, "executionRoleArn").empty();
  const std::string mode = text(document, "networkMode");
  const bool taskRole = !text(document, "taskRoleArn").empty();
  out.legacy(taskRole, "task-iam-role");
  out.legacy(taskRole && mode == "host", "task-iam-role-network-host");
  out.modern(mode == "awsvpc", "task-eni");
  out.modern(!text(document, "pidMode").empty() || !text(document, "ipcMode").empty(),
             "pid-ipc-namespace-sharing");
  for (const Json& container : document.value("containerDefinitions", Json::array())) {
    addContainer(container, executionRole, out);
  }
  for (const Json& volume : document.value("volumes", Json::array())) addVolume(volume, out);
  addPlatform(document.value("runtimePlatform", Json::object()), out);
  return out.take();
}

}  // namespace berth::controller
