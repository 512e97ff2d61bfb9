// What signatures of images say, in the formats of cosign and Notary Project. Functions of values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/signatures/keys.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::signatures {

inline constexpr std::string_view kCosignLayer = "application/vnd.dev.cosign.simplesigning.v1+json";
inline constexpr std::string_view kCosignArtifact = "application/vnd.dev.cosign.artifact.sig.v1+json";
inline constexpr std::string_view kNotationArtifact = "application/vnd.cncf.notary.signature";
inline constexpr std::string_view kNotationLayer = "application/jose+json";

/// One layer of a signature's manifest.
struct SignatureLayer {
  std::string mediaType;
  std::string digest;
  std::string signature;  ///< bytes, of cosign's annotation; empty: none
};
/// At most 32. InvalidArgument for what is no manifest.
Result<std::vector<SignatureLayer>> signatureLayers(const std::string& manifest);

/// Digests of the manifests in an index, at most 32, that are of this artifact type, or don't say of which.
Result<std::vector<std::string>> referrersIn(const std::string& index, std::string_view artifactType);

/// `payload` is what was signed. PermissionDenied with the reason when none of the keys verifies it, or when
/// it is of another image. Source: containers/image, "Simple signing"; sigstore/cosign,
/// specs/SIGNATURE_SPEC.md.
Status checkCosign(const std::string& payload, std::string_view signature, const std::vector<PublicKey>& keys,
                   std::string_view digest);

/// `envelope` is a JWS in its flattened JSON form. PermissionDenied with the reason unless it was signed by a
/// certificate that chains to `trusted`, has not expired, and is of this image.
/// Source: Notary Project, specs/signature-envelope-jws.md and signature-specification.md.
Status checkNotation(const std::string& envelope, const Certificates& trusted, std::string_view digest,
                     WallTime now);

}  // namespace berth::agent::signatures
