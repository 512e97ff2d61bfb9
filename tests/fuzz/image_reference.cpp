// Names of images.
#include "proto/docker/image_reference.hpp"

#include <nlohmann/json.hpp>

#include "common/aws/crypto.hpp"
#include "proto/docker/registry_auth.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkReference(std::string_view text) {
  const auto reference = docker::parseImageReference(text);
  if (!reference) return fuzz::require(!reference.error().message.empty(), "an error says why");
  fuzz::require(!reference->domain.empty() && !reference->path.empty(), "a reference has a host and a path");
  fuzz::require(reference->tag.size() <= 128, "a tag has at most 128 characters", reference->tag);
  std::string whole = reference->repository();
  if (!reference->tag.empty()) whole += ":" + reference->tag;
  if (!reference->digest.empty()) whole += "@" + reference->digest;
  const auto again = docker::parseImageReference(whole);
  fuzz::require(again.ok() && *again == *reference, "a reference written in full is the same", whole);
}

/// base64url is base64 with two other letters.
std::string standardAlphabet(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text;
}

void checkAuth(std::string_view secret) {
  const std::string header = docker::encodeRegistryAuth("user", secret, "registry:5000");
  const auto text = aws::base64Decode(standardAlphabet(header));
  fuzz::require(text.has_value(), "a registry's credentials are base64url", header);
  fuzz::require(nlohmann::json::parse(*text, nullptr, false).is_object(), "and hold a JSON object", *text);
}

}  // namespace

BERTH_FUZZ_TARGET(image_reference) {
  checkReference(input);
  checkAuth(input);
}
