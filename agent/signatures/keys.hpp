// Public keys and certificates, and what they have signed. By OpenSSL.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"

struct evp_pkey_st;
struct x509_st;

namespace berth::agent::signatures {

/// Standard base64, padded or not, also in the alphabet of URLs; nullopt for anything else.
std::optional<std::string> decodeBase64(std::string_view text);

class PublicKey {
 public:
  /// From "-----BEGIN PUBLIC KEY-----". InvalidArgument for other text, and for keys other than ECDSA on
  /// P-256 and Ed25519.
  static Result<PublicKey> parse(const std::string& pem);

  /// Of the SHA-256 of `data` in ASN.1 (ECDSA), or of `data` itself (Ed25519).
  bool verifies(std::string_view data, std::string_view signature) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

/// X.509 certificates.
class Certificates {
 public:
  /// All of a PEM text. InvalidArgument when it has none, or one that can't be read.
  static Result<Certificates> parse(const std::string& pem);
  /// Each as DER.
  static Result<Certificates> decode(const std::vector<std::string>& der);

  /// Whether the first one is good at `now` for signing code, by a chain of the others to one of `trusted`.
  /// PermissionDenied with the reason.
  Status chainsTo(const Certificates& trusted, WallTime now) const;
  /// Whether the key of the first one has signed `data`, by an algorithm of JWS: PS256, PS384, PS512, ES256,
  /// ES384, ES512 (RFC 7518, sections 3.4 and 3.5). False for any other.
  bool firstVerifies(std::string_view algorithm, std::string_view data, std::string_view signature) const;

 private:
  std::vector<std::shared_ptr<x509_st>> all_;
};

}  // namespace berth::agent::signatures
