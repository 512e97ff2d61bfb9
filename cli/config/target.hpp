// Which controller to speak to, as whom, and of which cluster: from options, the environment and AWS's shared
// files. Source: AWS SDKs and Tools reference guide, "Configuration settings precedence", "Service-specific
// endpoints".
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/aws/credentials.hpp"
#include "common/http/message.hpp"
#include "common/result/result.hpp"

namespace berth::cli {

inline constexpr const char* kHostKeyFile = "/var/lib/berth/controller/admin-credentials";
inline constexpr const char* kHostEndpoint = "http://127.0.0.1:7400";

/// What was typed.
struct Choice {
  std::optional<std::string> profile;
  std::optional<std::string> region;
  std::optional<std::string> endpoint;
  std::optional<std::string> cluster;
};

/// A file that was looked for; without text it is not there or can't be read.
struct SharedFile {
  std::string path;
  std::optional<std::string> text;
};

struct Sources {
  std::map<std::string, std::string> environment;
  SharedFile credentials;  ///< ~/.aws/credentials
  SharedFile config;       ///< ~/.aws/config
  SharedFile hostKey;      ///< the admin's key of a controller on this host
};

/// A setting and what said so.
struct Setting {
  std::string value;
  std::string from;  ///< "AWS_REGION", "profile dev in /root/.aws/config", "the default"
};

struct Target {
  Setting endpoint;
  http::Url url;
  Setting region;
  Setting cluster;
  aws::Credentials credentials;
  std::string credentialsFrom;
  std::string caFile;     ///< AWS_CA_BUNDLE or ca_bundle; empty: the system's
  bool thisHost = false;  ///< the key of the controller on this host is used, as nothing else is set
};

/// What holds. Credentials: of --profile, else of the environment, else (where neither a profile nor an
/// endpoint is named and this host has a controller whose key can be read) that key, else of AWS_PROFILE or
/// "default". Endpoint: --endpoint, AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL, the profile's services section,
/// its endpoint_url, kHostEndpoint. Errors: InvalidArgument for what can't be read or is not offered,
/// NotFound without a profile or any credentials; each says where they may come from.
Result<Target> resolveTarget(const Choice& choice, const Sources& sources);

/// Reads the files that resolveTarget goes by: those that the environment names (AWS_SHARED_CREDENTIALS_FILE,
/// AWS_CONFIG_FILE), else those below HOME.
Sources readSources(std::map<std::string, std::string> environment);

}  // namespace berth::cli
