#include "common/aws/sigv4.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "common/aws/crypto.hpp"
#include "common/text/letter_case.hpp"

namespace berth::aws {
namespace {

constexpr std::string_view kTerminator = "aws4_request";

/// Headers that are rewritten on the way, or that sign() makes itself.
constexpr std::array<std::string_view, 9> kNeverSigned = {
    "authorization", "connection",           "expect",     "host",           "transfer-encoding",
    "user-agent",    "x-amz-security-token", "x-amz-date", "x-amzn-trace-id"};

/// The key that signs a day's requests of one access key; kept for the next of them.
Sha256 signingKey(std::string_view secret, std::string_view day, const Scope& scope) {
  constexpr size_t kMostKept = 256;
  thread_local std::unordered_map<std::string, Sha256> kept;
  std::string what = "AWS4" + std::string(secret);
  const size_t secretEnd = what.size();
  for (std::string_view part : {day, std::string_view(scope.region), std::string_view(scope.service)}) {
    what.append("\n").append(part);
  }
  if (const auto known = kept.find(what); known != kept.end()) return known->second;
  Sha256 key = hmacSha256(what.substr(0, secretEnd), day);
  for (std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), kTerminator}) {
    key = hmacSha256(key, part);
  }
  if (kept.size() >= kMostKept) kept.clear();
  kept.emplace(std::move(what), key);
  return key;
}

std::string dropDotSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool endsWithSlash = path.ends_with('/');
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (std::string_view segment : segments) out.append("/").append(segment);
  if (endsWithSlash || out.empty()) out += '/';
  return out;
}

http::Query fieldsAsSent(std::string_view query) {
  http::Query fields;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = std::min(field.find('='), field.size());
    if (!field.empty())
      fields.emplace_back(field.substr(0, equals), field.substr(std::min(equals + 1, field.size())));
  }
  return fields;
}

void appendCollapsed(std::string& out, std::string_view value) {
  bool blank = false;
  const size_t start = out.size();
  for (char c : value) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = true;
      continue;
    }
    if (blank && out.size() > start) out += ' ';
    blank = false;
    out += c;
  }
}

http::Headers signPath(const UnsignedRequest& request, std::string path, const Credentials& credentials,
                       const Scope& scope, WallTime now) {
  const std::string amzDate = toAmzDate(now);
  CanonicalRequest canonical;
  canonical.method = request.method;
  canonical.path = std::move(path);
  canonical.query = canonicalQuery(request.url.query, true);
  canonical.payloadHash = sha256Hex(request.body);

  canonical.headers = {{"host", request.url.authority()}, {"x-amz-date", amzDate}};
  http::Headers added;
  added.add("X-Amz-Date", amzDate);
  if (!credentials.sessionToken.empty()) {
    canonical.headers.emplace_back("x-amz-security-token", credentials.sessionToken);
    added.add("X-Amz-Security-Token", credentials.sessionToken);
  }
  for (const auto& [key, text] : request.headers) {
    std::string name = signedName(key);
    if (std::ranges::find(kNeverSigned, name) != kNeverSigned.end()) continue;
    std::string value;
    canonicalHeader(request.headers, name, value);
    canonical.headers.emplace_back(std::move(name), std::move(value));
  }
  std::ranges::sort(canonical.headers);
  const auto repeated = std::ranges::unique(canonical.headers);
  canonical.headers.erase(repeated.begin(), repeated.end());

  std::string authorization(kSigV4Algorithm);
  authorization.append(" Credential=").append(credentials.accessKeyId).append("/");
  authorization.append(credentialScope(amzDate, scope));
  authorization.append(", SignedHeaders=").append(canonical.signedHeaders());
  authorization.append(", Signature=");
  authorization.append(signatureOf(canonical, credentials.secretAccessKey, amzDate, scope));
  added.add("Authorization", authorization);
  return added;
}

}  // namespace

std::string signedName(std::string_view name) { return lowered(name); }

std::string canonicalPath(std::string_view path, bool normalise) {
  if (path.empty()) return "/";
  return http::percentEncode(normalise ? dropDotSegments(path) : std::string(path), "/");
}

std::string canonicalQuery(std::string_view query, bool reencode) {
  http::Query fields;
  if (std::optional<http::Query> parsed = reencode ? http::parseQuery(query) : std::nullopt) {
    for (const auto& [name, value] : *parsed) {
      fields.emplace_back(http::percentEncode(name), http::percentEncode(value));
    }
  } else {
    fields = fieldsAsSent(query);
  }
  std::ranges::sort(fields);
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

bool canonicalHeader(const http::Headers& headers, std::string_view name, std::string& value) {
  bool found = false;
  value.clear();
  for (const auto& [key, text] : headers) {
    if (!equalsIgnoreCase(key, name)) continue;
    if (found) value += ',';
    std::string line;
    appendCollapsed(line, text);
    value += line;
    found = true;
  }
  return found;
}

std::string CanonicalRequest::signedHeaders() const {
  std::string out;
  for (const auto& [name, value] : headers) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string CanonicalRequest::str() const {
  std::string out = method + "\n" + path + "\n" + query + "\n";
  for (const auto& [name, value] : headers) out.append(name).append(":").append(value).append("\n");
  return out + "\n" + signedHeaders() + "\n" + payloadHash;
}

std::string credentialScope(std::string_view amzDate, const Scope& scope) {
  std::string out(amzDate.substr(0, 8));
  return out.append("/")
      .append(scope.region)
      .append("/")
      .append(scope.service)
      .append("/")
      .append(kTerminator);
}

std::string signatureOf(const CanonicalRequest& request, std::string_view secretAccessKey,
                        std::string_view amzDate, const Scope& scope) {
  const Sha256 key = signingKey(secretAccessKey, amzDate.substr(0, 8), scope);
  std::string text(kSigV4Algorithm);
  text.append("\n").append(amzDate).append("\n").append(credentialScope(amzDate, scope));
  text.append("\n").append(sha256Hex(request.str()));
  return hexEncode(hmacSha256(key, text));
}

http::Headers sign(const UnsignedRequest& request, const Credentials& credentials, const Scope& scope,
                   WallTime now) {
  return signPath(request, canonicalPath(request.url.path, true), credentials, scope, now);
}

http::Headers signForS3(const UnsignedRequest& request, const Credentials& credentials, const Scope& scope,
                        WallTime now) {
  const http::Headers::Field hash("X-Amz-Content-Sha256", sha256Hex(request.body));
  http::Headers headers = request.headers;
  headers.add(hash.first, hash.second);
  const UnsignedRequest hashed{request.method, request.url, headers, request.body};
  http::Headers added = signPath(hashed, request.url.path, credentials, scope, now);
  added.add(hash.first, hash.second);
  return added;
}

}  // namespace berth::aws
