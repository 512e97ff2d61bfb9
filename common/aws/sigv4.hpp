// AWS Signature Version 4: how a request is written down and signed.
// Source: AWS IAM User Guide, "Create a signed AWS API request".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/aws/credentials.hpp"
#include "common/http/message.hpp"
#include "common/time/clock.hpp"

namespace berth::aws {

/// Where a signature is good.
struct Scope {
  std::string region;   ///< "us-east-1"
  std::string service;  ///< "ecs"
};

inline constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";

/// The path of a URL, as sent, once more percent-encoded (all but S3 do so). `normalise` also drops empty,
/// "." and ".." segments: the specification and botocore do, the Go SDKs don't.
std::string canonicalPath(std::string_view path, bool normalise);

/// The query of a URL, sorted by name and value. `reencode` parses it as a form ('+' is a space) and
/// percent-encodes it anew: what the specification asks for. Without, or when it has a bad percent sequence,
/// each field stays as sent: what botocore signs when the query is part of the URL that it was given.
std::string canonicalQuery(std::string_view query, bool reencode);

/// The parts of a canonical request, each in canonical form.
struct CanonicalRequest {
  std::string method;
  std::string path;
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;  ///< what is signed: lower-case names, sorted
  std::string payloadHash;                                   ///< hex SHA-256 of the body

  /// "host;x-amz-date"
  std::string signedHeaders() const;
  std::string str() const;
};

/// The name of a header in canonical form: lower case.
std::string signedName(std::string_view name);

/// The value of a header in canonical form: all its lines joined by commas, blanks collapsed.
/// `name` may be of any case. False when the request has no such header.
bool canonicalHeader(const http::Headers& headers, std::string_view name, std::string& value);

/// The signature of a request, 64 hex digits. `amzDate` is "20240629T083320Z".
std::string signatureOf(const CanonicalRequest& request, std::string_view secretAccessKey,
                        std::string_view amzDate, const Scope& scope);

/// "20240629/us-east-1/ecs/aws4_request"
std::string credentialScope(std::string_view amzDate, const Scope& scope);

/// A request about to be sent.
struct UnsignedRequest {
  std::string_view method;
  const http::Url& url;
  const http::Headers& headers;
  std::string_view body;
};

/// The headers to add to a request: X-Amz-Date, X-Amz-Security-Token (when there is one), Authorization.
/// Signs the URL's host and every header given, but those that proxies and clients change on their own.
http::Headers sign(const UnsignedRequest& request, const Credentials& credentials, const Scope& scope,
                   WallTime now);

/// The same for S3, which signs the path as it is sent and wants X-Amz-Content-Sha256 as well. Encode the
/// path with percentEncode(key, "/"). Source: Amazon S3 API reference, "Signature calculations for the
/// Authorization header".
http::Headers signForS3(const UnsignedRequest& request, const Credentials& credentials, const Scope& scope,
                        WallTime now);

}  // namespace berth::aws
