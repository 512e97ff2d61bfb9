#include "agent/config/cross_rules.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "common/config/rules.hpp"

namespace berth::agent {
namespace {

using config::Origin;
using config::Settings;
using Problems = std::vector<std::string>;

/// " (from AWS_ACCESS_KEY_ID)" for what another program's configuration gives: its reader may not know the
/// key.
std::string foreignSource(const Settings& settings, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (settings.origin(key) == Origin::Foreign) return " (from " + settings.source(key) + ")";
  return {};
}

bool hasKey(const Settings& settings) {
  return settings.has("credentials.access_key") && settings.has("credentials.secret_key");
}

/// amazon-ecs-agent, like all of AWS's tools, takes a key before a file.
bool keyBeforeFile(const Settings& settings) {
  return hasKey(settings) && settings.origin("credentials.access_key") == Origin::Foreign &&
         settings.origin("credentials.file") == Origin::Foreign;
}

void checkCredentials(const Settings& settings, Problems& problems) {
  const bool key = settings.has("credentials.access_key");
  const bool secret = settings.has("credentials.secret_key");
  const bool file = settings.has("credentials.file");
  const bool imds = settings.boolean("credentials.imds");
  if (key != secret) {
    problems.push_back("credentials.access_key and credentials.secret_key go together" +
                       foreignSource(settings, {"credentials.access_key", "credentials.secret_key"}) +
                       ": give both or neither");
  }
  if (settings.has("credentials.session_token") && !key) {
    problems.push_back("credentials.session_token belongs to a credentials.access_key" +
                       foreignSource(settings, {"credentials.session_token"}) +
                       ": give that too, or leave it out");
  }
  if (file && key && secret && !keyBeforeFile(settings)) {
    problems.emplace_back("credentials.file and credentials.access_key exclude each other: give one");
  }
  if (imds && (file || key)) {
    problems.emplace_back("credentials.imds excludes credentials.file and credentials.access_key: give one");
  }
  if (!file && !key && !imds) {
    problems.emplace_back(
        "credentials.file is missing: name the file that the controller made on its first start "
        "(admin-credentials in its data directory), or a copy of it; or give credentials.access_key and "
        "credentials.secret_key (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or credentials.imds: true");
  }
}

void checkMarks(const Settings& settings, Problems& problems) {
  const int64_t high = settings.integer("images.cleanup.high_mark");
  const int64_t low = settings.integer("images.cleanup.low_mark");
  if (low < high) return;
  problems.push_back("images.cleanup.low_mark is " + std::to_string(low) +
                     " and images.cleanup.high_mark is " + std::to_string(high) +
                     ": the low one must be below the high one; change one of them");
}

void checkListeners(const Settings& settings, Problems& problems) {
  const std::string& address = settings.string("endpoints.introspection_address");
  if (!isLoopback(address) && !settings.boolean("endpoints.allow_offhost_introspection")) {
    problems.push_back("endpoints.introspection_address is " + address +
                       ", which other hosts may reach: use 127.0.0.1, or allow it with "
                       "endpoints.allow_offhost_introspection: true");
  }
  const ListenAddress tasks = *parseListenAddress(settings.string("endpoints.task_address"));
  if (introspectionAddress(settings).port == tasks.port) {
    problems.push_back("endpoints.introspection_address and endpoints.task_address have the same port, " +
                       std::to_string(tasks.port) + ": give each its own");
  }
}

bool fitsType(const nlohmann::json& entry, const std::string& type) {
  if (!entry.is_object()) return false;
  const auto isText = [&](const char* name) { return entry.contains(name) && entry[name].is_string(); };
  return type == "docker" ? isText("username") && isText("password") : isText("auth");
}

/// Says nothing of the data but its form.
void checkRegistryAuth(const Settings& settings, Problems& problems) {
  const bool type = settings.has("registry_auth.type");
  const bool data = settings.has("registry_auth.data");
  if (type != data) {
    problems.push_back("registry_auth.type and registry_auth.data go together" +
                       foreignSource(settings, {"registry_auth.type", "registry_auth.data"}) +
                       ": give both or neither");
    return;
  }
  if (!type) return;
  const std::string& form = settings.string("registry_auth.type");
  auto json = nlohmann::json::parse(settings.string("registry_auth.data"), nullptr, false);
  const bool nested = form == "dockercfg" && json.is_object() && json.contains("auths");
  const nlohmann::json& entries = nested ? json["auths"] : json;
  const bool fits = entries.is_object() && std::ranges::all_of(entries, [&](const nlohmann::json& entry) {
                      return fitsType(entry, form);
                    });
  if (fits) return;
  problems.push_back("registry_auth.data does not fit registry_auth.type " + form + " (from " +
                     settings.source("registry_auth.data") + "): it must be a JSON object like " +
                     (form == "docker" ? R"({"registry.example": {"username": "...", "password": "..."}})"
                                       : R"({"registry.example": {"auth": "..."}})"));
}

/// Source: ECS API reference, Tag.
void checkTags(const Settings& settings, Problems& problems) {
  constexpr size_t kMostTags = 50, kLongestKey = 128, kLongestValue = 256;
  const config::StringMap& tags = settings.map("tags");
  if (tags.size() > kMostTags) {
    problems.push_back("tags has " + std::to_string(tags.size()) +
                       " entries, at most 50 are allowed: remove some");
  }
  for (const auto& [key, value] : tags) {
    const bool reserved = key.starts_with("aws:") || key.starts_with("AWS:");
    if (!key.empty() && key.size() <= kLongestKey && value.size() <= kLongestValue && !reserved) continue;
    problems.push_back("tags has a key of " + std::to_string(key.size()) + " and a value of " +
                       std::to_string(value.size()) + " bytes (from " + settings.source("tags") +
                       "): keys have 1 to 128 and don't begin with aws:, values have at most 256");
  }
}

void checkSecrets(const Settings& settings, Problems& problems) {
  if (settings.has("secrets.token_file") && !settings.has("secrets.url"))
    problems.emplace_back(
        "secrets.token_file is for the server at secrets.url: give that too, or leave it out");
}

/// Docker pulls by itself: nothing would come of the policy.
void checkImagePolicy(const Settings& settings, Problems& problems) {
  if (!settings.has("images.policy") || settings.string("runtime.kind") == "containerd") return;
  problems.push_back(
      "images.policy is " + settings.string("images.policy") + " and runtime.kind is " +
      settings.string("runtime.kind") +
      ": signatures are looked at on containerd alone; set runtime.kind to containerd, or leave "
      "images.policy out");
}

}  // namespace

Status checkTogether(const Settings& settings) {
  Problems problems;
  checkCredentials(settings, problems);
  checkMarks(settings, problems);
  checkListeners(settings, problems);
  checkRegistryAuth(settings, problems);
  checkTags(settings, problems);
  checkSecrets(settings, problems);
  checkImagePolicy(settings, problems);
  return config::noProblems(problems);
}

CredentialsKind credentialsKind(const Settings& settings) {
  if (settings.boolean("credentials.imds")) return CredentialsKind::Imds;
  const bool file = settings.has("credentials.file") && !keyBeforeFile(settings);
  return file ? CredentialsKind::File : CredentialsKind::Key;
}

ListenAddress introspectionAddress(const Settings& settings) {
  ListenAddress address = *parseListenAddress(settings.string("endpoints.introspection_address"));
  const bool byDefault = settings.origin("endpoints.introspection_address") == Origin::Default;
  if (byDefault && settings.boolean("endpoints.allow_offhost_introspection")) address.host = "0.0.0.0";
  return address;
}

}  // namespace berth::agent
