// The server's side of Signature Version 4.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/aws/credentials.hpp"
#include "common/aws/errors.hpp"
#include "common/http/message.hpp"
#include "common/time/clock.hpp"

namespace berth::aws {

/// Who signed a request.
struct Caller {
  std::string accessKeyId;
  std::string signature;  ///< 64 hex digits, for a ReplayGuard
};

/// A request as it came in; `target` is path and query as on the request line.
struct SignedRequest {
  std::string_view method;
  std::string_view target;
  const http::Headers& headers;
  std::string_view body;
};

struct VerifierConfig {
  std::string service;                ///< a signature for another service is refused
  std::optional<std::string> region;  ///< likewise; absent: any region
  std::chrono::minutes maxSkew{5};    ///< between the signature's date and our clock, either way
};

/// Checks the Authorization header of requests. Holds no state, so it may be used from any thread that the
/// lookup may be called on.
class Verifier {
 public:
  /// The credentials of an access key id; nullopt for an unknown one.
  using Lookup = std::function<std::optional<Credentials>(std::string_view accessKeyId)>;

  Verifier(VerifierConfig config, Lookup lookup);

  /// Errors, all with status 400 and the names and texts of AWS: MissingAuthenticationTokenException,
  /// IncompleteSignatureException (malformed), UnrecognizedClientException (unknown key, or wrong session
  /// token), ExpiredTokenException, InvalidSignatureException (clock skew, wrong scope, unsigned host, target
  /// or date, unsigned or altered body, wrong signature). Presigned queries and unsigned payloads are
  /// refused. Both spellings that clients sign are taken: a path with or without normalisation, and a query
  /// as sent or parsed as a form.
  ApiResult<Caller> verify(const SignedRequest& request, WallTime now) const;

 private:
  VerifierConfig config_;
  Lookup lookup_;
};

}  // namespace berth::aws
