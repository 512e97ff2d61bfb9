// What several settings mean together.
#pragma once

#include "agent/config/config.hpp"

namespace berth::agent {

/// What one setting alone can't show. InvalidArgument with every problem, one a line. A rule is about
/// settings that are all live, or all not: a reload puts live ones of one Config beside the others of
/// another.
Status checkTogether(const config::Settings& settings);

/// Of settings that checkTogether accepts.
CredentialsKind credentialsKind(const config::Settings& settings);
ListenAddress introspectionAddress(const config::Settings& settings);

}  // namespace berth::agent
