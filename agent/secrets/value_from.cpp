#include "agent/secrets/value_from.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/ids/arn.hpp"

namespace berth::agent {
namespace {

constexpr std::string_view kArnStart = "arn:";
constexpr size_t kShownOfInput = 300;
constexpr size_t kLongestRegion = 40;

Error refused(std::string_view input, std::string_view rule) {
  return makeError(Code::InvalidArgument, "\"" + shortened(input, kShownOfInput) + "\" " + std::string(rule));
}

std::vector<std::string> splitAtColons(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t colon = text.find(':');
    parts.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

bool isBucketName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, allowed) && name.front() != '.';
}

/// The length of the UTF-8 sequence at the front of `text`, 0 when there is none (RFC 3629, section 4).
size_t sequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  uint8_t least = 0x80;
  uint8_t most = 0xBF;
  if (first == 0xE0) least = 0xA0;  // overlong
  if (first == 0xED) most = 0x9F;   // surrogates
  if (first == 0xF0) least = 0x90;  // overlong
  if (first == 0xF4) most = 0x8F;   // beyond U+10FFFF
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

Result<ParameterRef> parseParameterRef(std::string_view valueFrom) {
  if (valueFrom.empty()) return refused(valueFrom, "names no parameter: give its name or ARN");
  if (!valueFrom.starts_with(kArnStart)) return ParameterRef{std::string(valueFrom), ""};
  const Result<Arn> arn = parseArn(valueFrom);
  if (!arn) return arn.error();
  if (arn->service != "ssm" || !arn->resource.starts_with("parameter/") ||
      arn->resource.size() == std::string_view("parameter/").size() || arn->region.empty()) {
    return refused(valueFrom, "is not the ARN of a parameter: arn:aws:ssm:REGION:ACCOUNT:parameter/NAME");
  }
  return ParameterRef{std::string(valueFrom), arn->region};
}

Result<SecretRef> parseSecretRef(std::string_view valueFrom) {
  constexpr size_t kPlain = 7;
  constexpr size_t kWithPart = 10;
  if (valueFrom.empty()) return refused(valueFrom, "names no secret: give its ARN");
  if (!valueFrom.starts_with(kArnStart)) {
    SecretRef named;
    named.secretId = valueFrom;
    return named;
  }
  std::vector<std::string> parts = splitAtColons(valueFrom);
  const bool sized = parts.size() == kPlain || parts.size() == kWithPart;
  if (!sized || parts[2] != "secretsmanager" || parts[3].empty() || parts[5] != "secret" || parts[6].empty())
    return refused(valueFrom,
                   "is not the ARN of a secret: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, and then "
                   "nothing or :JSON-KEY:VERSION-STAGE:VERSION-ID, each of which may be empty");
  SecretRef ref;
  ref.region = parts[3];
  for (size_t i = 0; i < kPlain; ++i) ref.secretId += (i == 0 ? "" : ":") + parts[i];
  if (parts.size() == kWithPart) {
    ref.jsonKey = std::move(parts[7]);
    ref.versionStage = std::move(parts[8]);
    ref.versionId = std::move(parts[9]);
  }
  return ref;
}

Result<ObjectRef> parseObjectRef(std::string_view text) {
  const Result<Arn> arn = parseArn(text);
  if (!arn) return arn.error();
  const size_t slash = arn->resource.find('/');
  const std::string_view rule = "is not the ARN of an S3 object: arn:aws:s3:::BUCKET/KEY";
  if (arn->service != "s3" || !arn->region.empty() || !arn->account.empty() || slash == std::string::npos)
    return refused(text, rule);
  ObjectRef ref{arn->resource.substr(0, slash), arn->resource.substr(slash + 1), arn->partition};
  if (!isBucketName(ref.bucket) || ref.key.empty() || !isPlainText(ref.key)) return refused(text, rule);
  return ref;
}

bool isRegionName(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kLongestRegion && std::ranges::all_of(text, allowed);
}

std::string shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && (static_cast<uint8_t>(text[most]) & 0xC0) == 0x80) --most;
  return std::string(text.substr(0, most)) + "...";
}

bool isPlainText(std::string_view text) {
  while (!text.empty()) {
    const size_t length = text.front() == '\0' ? 0 : sequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace berth::agent
