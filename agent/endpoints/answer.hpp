// What the endpoints answer at once, as a function of the request and of what is known. Requests that may
// have to wait (credentials, task protection) are in task_server.hpp.
#pragma once

#include <functional>
#include <string>

#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"
#include "common/result/result.hpp"

namespace berth::agent::endpoints {

/// What introspection needs beside the directory. Called on server threads.
struct IntrospectionSources {
  std::function<std::string()> metrics;  ///< Prometheus' text format 0.0.4; empty: not offered
  std::function<Status()> health;        ///< empty: always well
  std::string license;                   ///< the text of /license
};

/// Port 51678: /v1/metadata, /v1/tasks, /license (amazon-ecs-agent, ecs-agent/introspection), and ours:
/// /health, /metrics, /v1/why?task=ARN. Everything else gets the list of commands.
Response answerIntrospection(const Request& request, const Directory& directory,
                             const IntrospectionSources& sources);

/// Port 51679 but credentials and task protection: metadata and statistics v2 (by the caller's address), v3
/// and v4 (by the container's endpoint id), associations. 404 for an unknown path.
Response answerMetadata(const Request& request, const Directory& directory);

}  // namespace berth::agent::endpoints
