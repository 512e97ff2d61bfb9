// One spelling for what may be spelled in several ways.
#pragma once

#include <string>
#include <string_view>

namespace berth::agent {

/// "busybox" -> "docker.io/library/busybox:latest"; a digest wins over a tag, as it does in a pull:
/// "web:1@sha256:..." -> "docker.io/library/web@sha256:...". A text that is no image's name stays as it is.
std::string canonicalImage(std::string_view text);

/// The part of a canonical name before ":TAG" or "@DIGEST".
std::string_view repositoryOf(std::string_view canonical);

}  // namespace berth::agent
