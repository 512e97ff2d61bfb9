// The folder of webhooks, as people keep it: a file NAME.yaml each, with
//
//   url: http://127.0.0.1:9000/hook    where events are posted to
//   secret_file: /etc/berth/hook.key   what they are signed with; optional
//   detail_types: [ECS Task State Change]   which are sent; all when left out
//   cluster: prod                      of which cluster; of all when left out
//
// Names that begin with '.' or end in '~' are left alone.
#pragma once

#include <filesystem>
#include <vector>

#include "common/result/result.hpp"
#include "controller/events/webhook.hpp"

namespace berth::controller {

/// By name. InvalidArgument with every problem, one a line: what can't be read or has no place there, unknown
/// and malformed settings, secrets that are empty or that others can read.
Result<std::vector<Webhook>> readWebhooks(const std::filesystem::path& folder);

}  // namespace berth::controller
