// Builds the agent from its settings and runs it.
#pragma once

#include <memory>

#include "agent/config/config.hpp"
#include "agent/host/instance_metadata.hpp"
#include "common/aws/instance_credentials.hpp"
#include "common/aws/json_client.hpp"
#include "common/http/client.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

/// Fails at once when a file can't be read: a start that can't succeed had better say so.
Result<std::unique_ptr<aws::CredentialsProvider>> credentialsOf(const Config& config,
                                                                aws::InstanceCredentials::Means means);
aws::ClientConfig clientConfig(const Config& config);
http::ClientOptions httpOptions(const std::string& caFile);
InstanceMetadata::Options metadataOptions(const Config& config);

/// Runs until SIGTERM or SIGINT; containers go on. SIGHUP, or a change of one of the files that `sources`
/// names, takes over what can change while it runs. Answers the exit code (common/service/program.hpp).
int run(Config config, const ConfigSources& sources, Log& log);

}  // namespace berth::agent
