#include <chrono>

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_forms.hpp"
#include "agent/config/rules.hpp"

namespace berth::agent {
namespace {

using namespace config;  // NOLINT: tables of declarations

std::vector<Setting> endpointSettings() {
  return {
      string("endpoints.introspection_address",
             "where people and monitoring ask the agent; off loopback only with allow_offhost_introspection")
          .matching(isListenAddress, "must be an IPv4 address and a port, like 127.0.0.1:51678")
          .byDefault("127.0.0.1:51678"),
      boolean("endpoints.allow_offhost_introspection",
              "let other hosts ask; without an introspection_address it is then 0.0.0.0:51678")
          .byDefault("false")
          .from(asBoolean("ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS", "")),
      string("endpoints.task_address",
             "where tasks get metadata and credentials; a rule of the firewall leads there "
             "from 169.254.170.2:80")
          .matching(isLoopback, "must be a loopback address and a port, like 127.0.0.1:51679")
          .byDefault("127.0.0.1:51679"),
      string("endpoints.rps", "requests a second that a task may make of one path, and how many at once")
          .matching(isRequestRate, "must be two whole numbers from 1, like 40,60")
          .byDefault("40,60")
          .live()
          .from(asText("ECS_TASK_METADATA_RPS_LIMIT", "TaskMetadataSteadyStateRate")),
      boolean("endpoints.availability_zone", "tasks are told the availability zone that the controller gave")
          .byDefault("true")
          .from(asOpposite("ECS_DISABLE_TASK_METADATA_AZ", "TaskMetadataAZDisabled")),
      boolean("task_roles.enabled", "tasks get the credentials of their roles")
          .byDefault("true")
          .from(asBoolean("ECS_ENABLE_TASK_IAM_ROLE", "TaskIAMRoleEnabled")),
      boolean("task_roles.network_host", "tasks in the host's network, too")
          .byDefault("true")
          .from(asBoolean("ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", "TaskIAMRoleEnabledForNetworkHost")),
      boolean("audit_log.enabled", "write down each request for credentials")
          .byDefault("true")
          .from(asOpposite("ECS_AUDIT_LOGFILE_DISABLED", "CredentialsAuditLogDisabled")),
      path("audit_log.file", "where; without it audit.log in `data_dir`")
          .from(asText("ECS_AUDIT_LOGFILE", "CredentialsAuditLogFile")),
  };
}

std::vector<Setting> secretSettings() {
  constexpr const char* kUrl = "must be an http or https URL";
  return {
      path("secrets.directory", "a folder with one file for each secret of tasks"),
      string("secrets.url", "a server of secrets: their names go behind it").matching(isApi, kUrl),
      path("secrets.token_file", "a file with the bearer token for that server"),
      string("secrets.endpoints.ssm", "called instead of AWS's Systems Manager").matching(isApi, kUrl),
      string("secrets.endpoints.secretsmanager", "called instead of AWS's Secrets Manager")
          .matching(isApi, kUrl),
      string("secrets.endpoints.s3",
             "called instead of AWS's S3, for environment files; with the bucket in the path")
          .matching(isApi, kUrl),
      string("secrets.endpoints.ecr", "called instead of AWS's ECR, for credentials of registries")
          .matching(isApi, kUrl),
      choice("registry_auth.type", {"docker", "dockercfg"}, "the form of `registry_auth.data`")
          .live()
          .from(asText("ECS_ENGINE_AUTH_TYPE", "EngineAuthType")),
      string(
          "registry_auth.data",
          "credentials of registries, a JSON object: `docker` has username and password for each registry, "
          "`dockercfg` has auth (both in base64)")
          .secret()
          .live()
          .from(asText("ECS_ENGINE_AUTH_DATA", "EngineAuthData")),
  };
}

std::vector<Setting> observationSettings() {
  return {
      boolean("metrics.enabled", "publish resource use")
          .byDefault("true")
          .from(asOpposite("ECS_DISABLE_METRICS", "DisableMetrics")),
      duration("metrics.interval", "between two readings of a container")
          .between(std::chrono::milliseconds(100), std::chrono::seconds(20))
          .byDefault("1s"),
      choice("log.level", {"debug", "info", "warn", "error"}, "the least severe that is logged")
          .byDefault("info")
          .live()
          .from(asLogLevel("ECS_LOGLEVEL")),
      choice("log.format", {"auto", "text", "json"}, "auto: text on a terminal, JSON lines otherwise")
          .byDefault("auto")
          .from(asLogFormat("ECS_LOG_OUTPUT_FORMAT")),
  };
}

}  // namespace

std::vector<config::Setting> serviceSettings() {
  std::vector<config::Setting> all;
  for (auto group : {endpointSettings, secretSettings, observationSettings})
    for (config::Setting& setting : group()) all.push_back(std::move(setting));
  return all;
}

}  // namespace berth::agent
