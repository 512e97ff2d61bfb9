#include "agent/images/image_names.hpp"

#include "proto/docker/image_reference.hpp"

namespace berth::agent {

std::string canonicalImage(std::string_view text) {
  const Result<docker::ImageReference> reference = docker::parseImageReference(text);
  if (!reference) return std::string(text);
  return reference->repository() + (reference->digest.empty() ? ":" : "@") + reference->version();
}

std::string_view repositoryOf(std::string_view canonical) {
  const size_t at = canonical.find('@');
  if (at != std::string_view::npos) return canonical.substr(0, at);
  const size_t colon = canonical.rfind(':');
  const size_t slash = canonical.rfind('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return canonical;
  return canonical.substr(0, colon);
}

}  // namespace berth::agent
