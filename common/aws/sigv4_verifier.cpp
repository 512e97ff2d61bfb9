#include "common/aws/sigv4_verifier.hpp"

#include <time.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/aws/crypto.hpp"
#include "common/aws/sigv4.hpp"
#include "common/text/trim.hpp"

namespace berth::aws {
namespace {

ApiError incomplete(std::string message) { return {"IncompleteSignatureException", std::move(message)}; }
ApiError invalid(std::string message) { return {"InvalidSignatureException", std::move(message)}; }
ApiError unknownToken() {
  return {"UnrecognizedClientException", "The security token included in the request is invalid."};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// What an Authorization header says, and the date that goes with it.
struct Claim {
  std::string accessKeyId;
  std::string date;  ///< of the credential scope, "20240629"
  Scope scope;
  std::vector<std::string> signedHeaders;  ///< lower case, sorted, each once
  std::string signature;
  std::string amzDate;
  std::string_view dateHeader;  ///< the header that amzDate came from
  WallTime signedAt;
};

/// "Mon, 09 Sep 2011 23:36:00 GMT", as the Date header has it.
std::optional<WallTime> parseHttpDate(const std::string& text) {
  tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::optional<ApiError> readDate(const http::Headers& headers, Claim& claim) {
  std::string text;
  std::optional<WallTime> time;
  if (canonicalHeader(headers, "x-amz-date", text)) {
    claim.dateHeader = "x-amz-date";
    time = parseAmzDate(text);
  } else if (canonicalHeader(headers, "date", text)) {
    claim.dateHeader = "date";
    time = parseAmzDate(text);
    if (!time) time = parseHttpDate(text);
  } else {
    return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  }
  if (!time) return incomplete("Date must be in ISO-8601 'basic format', like 20240629T083320Z.");
  claim.signedAt = *time;
  claim.amzDate = toAmzDate(*time);
  return std::nullopt;
}

std::optional<ApiError> readCredential(std::string_view text, Claim& claim) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() != 5 || parts[0].empty()) {
    return incomplete(
        "Credential must have exactly 5 slash-delimited elements, keyid/date/region/service/term.");
  }
  if (parts[4] != "aws4_request")
    return invalid("Credential should be scoped with a valid terminator: 'aws4_request'.");
  claim.accessKeyId = parts[0];
  claim.date = parts[1];
  claim.scope = Scope{std::string(parts[2]), std::string(parts[3])};
  return std::nullopt;
}

std::vector<std::string> readSignedHeaders(std::string_view text) {
  std::vector<std::string> names;
  for (std::string_view part : split(text, ';')) names.push_back(signedName(part));
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

ApiResult<Claim> readClaim(const http::Headers& headers) {
  std::string header;
  if (!canonicalHeader(headers, "authorization", header)) {
    return ApiError{"MissingAuthenticationTokenException", "Missing Authentication Token"};
  }
  std::string_view rest = header;
  if (!rest.starts_with(kSigV4Algorithm) || rest.substr(kSigV4Algorithm.size(), 1) != " ") {
    return incomplete(
        "Unsupported AWS 'algorithm': the Authorization header must start with 'AWS4-HMAC-SHA256 '.");
  }
  rest.remove_prefix(kSigV4Algorithm.size());
  std::array<std::pair<std::string_view, std::string_view>, 3> fields{
      {{"Credential", {}}, {"SignedHeaders", {}}, {"Signature", {}}}};
  for (std::string_view part : split(rest, ',')) {
    part = trimmed(part, " ");
    const size_t equals = std::min(part.find('='), part.size());
    const auto field =
        std::ranges::find(fields, part.substr(0, equals), [](const auto& f) { return f.first; });
    if (field == fields.end() || !field->second.empty()) {
      return incomplete(
          "Authorization header has an unknown or repeated parameter; it takes Credential, "
          "SignedHeaders and Signature once each.");
    }
    field->second = part.substr(std::min(equals + 1, part.size()));
  }
  for (const auto& [name, value] : fields) {
    if (value.empty())
      return incomplete("Authorization header requires '" + std::string(name) + "' parameter.");
  }
  Claim claim;
  claim.signature = fields[2].second;
  claim.signedHeaders = readSignedHeaders(fields[1].second);
  if (auto error = readCredential(fields[0].second, claim)) return *error;
  if (auto error = readDate(headers, claim)) return *error;
  return claim;
}

std::optional<ApiError> checkScope(const Claim& claim, const VerifierConfig& config) {
  if (claim.scope.service != config.service) {
    return invalid("Credential should be scoped to correct service: '" + config.service + "'.");
  }
  if (config.region && claim.scope.region != *config.region) {
    return invalid("Credential should be scoped to a valid region: '" + *config.region + "'.");
  }
  if (claim.date != claim.amzDate.substr(0, 8)) {
    return invalid(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
        claim.amzDate + "'.");
  }
  return std::nullopt;
}

std::optional<ApiError> checkSkew(const Claim& claim, std::chrono::minutes limit, WallTime now) {
  const std::string minutes = std::to_string(limit.count()) + " min.)";
  if (claim.signedAt < now - limit) {
    return invalid("Signature expired: " + claim.amzDate + " is now earlier than " + toAmzDate(now - limit) +
                   " (" + toAmzDate(now) + " - " + minutes);
  }
  if (claim.signedAt > now + limit) {
    return invalid("Signature not yet current: " + claim.amzDate + " is still later than " +
                   toAmzDate(now + limit) + " (" + toAmzDate(now) + " + " + minutes);
  }
  return std::nullopt;
}

/// Whoever alters one of these alters what the request means, so their being signed is not left to the
/// client.
std::optional<ApiError> checkSignedHeaders(const Claim& claim, const http::Headers& headers) {
  for (std::string_view name : {std::string_view("host"), claim.dateHeader, std::string_view("x-amz-target"),
                                std::string_view("x-amz-security-token")}) {
    std::string value;
    if (name != "host" && !canonicalHeader(headers, name, value)) continue;
    if (!std::ranges::binary_search(claim.signedHeaders, name)) {
      return invalid("'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.");
    }
  }
  return std::nullopt;
}

std::optional<ApiError> checkToken(const Credentials& credentials, const http::Headers& headers,
                                   WallTime now) {
  std::string token;
  canonicalHeader(headers, "x-amz-security-token", token);
  if (!constantTimeEqual(token, credentials.sessionToken)) return unknownToken();
  if (credentials.expiration && *credentials.expiration <= now) {
    return ApiError{"ExpiredTokenException", "The security token included in the request is expired"};
  }
  return std::nullopt;
}

std::optional<ApiError> checkPayload(const http::Headers& headers, const std::string& bodyHash) {
  std::string claimed;
  if (!canonicalHeader(headers, "x-amz-content-sha256", claimed) || claimed == bodyHash) return std::nullopt;
  return invalid(
      "The x-amz-content-sha256 header is not the SHA-256 of the body. Sign the body: unsigned and "
      "streaming payloads are not accepted.");
}

/// True when the signature is right for the request in one of the spellings that clients use.
bool matches(const SignedRequest& request, const Claim& claim, const std::string& bodyHash,
             std::string_view secret) {
  CanonicalRequest canonical;
  canonical.method = request.method;
  canonical.payloadHash = bodyHash;
  for (const std::string& name : claim.signedHeaders) {
    std::string value;
    if (!canonicalHeader(request.headers, name, value)) return false;
    canonical.headers.emplace_back(name, std::move(value));
  }
  const size_t pathEnd = std::min(request.target.find('?'), request.target.size());
  const std::string_view path = request.target.substr(0, pathEnd);
  const std::string_view query = request.target.substr(std::min(pathEnd + 1, request.target.size()));

  std::vector<std::string> paths = {canonicalPath(path, true), canonicalPath(path, false)};
  if (paths[0] == paths[1]) paths.pop_back();
  std::vector<std::string> queries = {canonicalQuery(query, true), canonicalQuery(query, false)};
  if (queries[0] == queries[1]) queries.pop_back();
  for (const std::string& p : paths) {
    for (const std::string& q : queries) {
      canonical.path = p;
      canonical.query = q;
      if (constantTimeEqual(signatureOf(canonical, secret, claim.amzDate, claim.scope), claim.signature))
        return true;
    }
  }
  return false;
}

}  // namespace

Verifier::Verifier(VerifierConfig config, Lookup lookup)
    : config_(std::move(config)), lookup_(std::move(lookup)) {}

ApiResult<Caller> Verifier::verify(const SignedRequest& request, WallTime now) const {
  ApiResult<Claim> read = readClaim(request.headers);
  if (const auto* error = std::get_if<ApiError>(&read)) return *error;
  const Claim& claim = std::get<Claim>(read);
  if (auto error = checkScope(claim, config_)) return *error;
  const std::optional<Credentials> credentials = lookup_(claim.accessKeyId);
  if (!credentials) return unknownToken();
  if (auto error = checkSkew(claim, config_.maxSkew, now)) return *error;
  if (auto error = checkSignedHeaders(claim, request.headers)) return *error;
  const std::string bodyHash = sha256Hex(request.body);
  if (auto error = checkPayload(request.headers, bodyHash)) return *error;
  if (!matches(request, claim, bodyHash, credentials->secretAccessKey)) {
    return invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access "
        "Key and signing method. Consult the service documentation for details.");
  }
  // Only behind a right signature, so that a stolen key id alone learns nothing of tokens.
  if (auto error = checkToken(*credentials, request.headers, now)) return *error;
  return Caller{claim.accessKeyId, claim.signature};
}

}  // namespace berth::aws
