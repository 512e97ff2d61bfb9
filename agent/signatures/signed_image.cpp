#include "agent/signatures/signed_image.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/time/timestamp.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::signatures {
namespace {

using berth::json::Fields;
using nlohmann::json;

constexpr size_t kMost = 32;
constexpr const char* kCosignAnnotation = "dev.cosignproject.cosign/signature";
constexpr std::string_view kScheme = "notary.x509";
constexpr std::string_view kContentType = "application/vnd.cncf.notary.payload.v1+json";
constexpr const char* kSchemeHeader = "io.cncf.notary.signingScheme";
constexpr const char* kExpiryHeader = "io.cncf.notary.expiry";
/// What may be said to be critical: each is looked at, but for the time of signing, which has nobody's word
/// but the signer's.
constexpr std::array<std::string_view, 3> kUnderstood = {kSchemeHeader, kExpiryHeader,
                                                         "io.cncf.notary.authenticSigningTime"};

Error refuse(const std::string& why) { return makeError(Code::PermissionDenied, why); }

/// The object that a part of a JWS is in base64.
Result<json> partOf(const json& envelope, const char* name) {
  const auto found = envelope.find(name);
  if (found == envelope.end() || !found->is_string()) return refuse(std::string("it has no ") + name);
  const auto text = decodeBase64(found->get<std::string>());
  auto object = text ? berth::json::parseObject(*text, name) : Result<json>(refuse(""));
  if (!object) return refuse(std::string("its ") + name + " can't be read");
  return object;
}

/// The certificates of x5c, the signer's first.
Result<Certificates> signersOf(const json& envelope) {
  std::vector<std::string> all;
  const json header = envelope.value("header", json::object());
  const json chain = header.is_object() ? header.value("x5c", json::array()) : json::array();
  for (const json& one : chain) {
    const auto der = one.is_string() ? decodeBase64(one.get<std::string>()) : std::nullopt;
    if (!der) return refuse("its certificates can't be read");
    all.push_back(*der);
  }
  auto out = Certificates::decode(all);
  if (!out) return refuse(out.error().message);
  return out;
}

Status checkHeader(const json& header, WallTime now) {
  Fields fields(header, "protected");
  for (const std::string& name : fields.strings("crit")) {
    if (std::ranges::find(kUnderstood, std::string_view(name)) == kUnderstood.end())
      return refuse("it asks for " + name + ", which is not known here");
  }
  if (fields.str(kSchemeHeader) != kScheme)
    return refuse("its signing scheme is \"" + fields.str(kSchemeHeader) + "\": only notary.x509 is known");
  if (fields.str("cty") != kContentType) return refuse("it signs \"" + fields.str("cty") + "\", no image");
  const std::string expiry = fields.str(kExpiryHeader);
  const auto until = parseTimestamp(expiry);
  if (!expiry.empty() && (!until || *until <= now)) return refuse("it has expired, at " + expiry);
  return fields.status();
}

}  // namespace

Result<std::vector<SignatureLayer>> signatureLayers(const std::string& manifest) {
  const auto object = berth::json::parseObject(manifest, "a signature's manifest");
  if (!object) return object.error();
  Fields fields(*object, "manifest");
  std::vector<SignatureLayer> out;
  for (const json* each : fields.list("layers")) {
    if (out.size() == kMost) break;
    Fields layer(*each, "layers");
    SignatureLayer one{layer.str("mediaType"), layer.requiredStr("digest"), ""};
    const auto notes = layer.stringMap("annotations");
    if (const auto note = notes.find(kCosignAnnotation); note != notes.end())
      one.signature = decodeBase64(note->second).value_or("");
    out.push_back(std::move(one));
    fields.absorb(layer);
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

Result<std::vector<std::string>> referrersIn(const std::string& index, std::string_view artifactType) {
  const auto object = berth::json::parseObject(index, "an index of signatures");
  if (!object) return object.error();
  Fields fields(*object, "index");
  std::vector<std::string> out;
  for (const json* each : fields.list("manifests")) {
    Fields one(*each, "manifests");
    const std::string type = one.str("artifactType");
    if (out.size() < kMost && (type.empty() || type == artifactType))
      out.push_back(one.requiredStr("digest"));
    fields.absorb(one);
  }
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

Status checkCosign(const std::string& payload, std::string_view signature, const std::vector<PublicKey>& keys,
                   std::string_view digest) {
  const auto verifies = [&](const PublicKey& key) { return key.verifies(payload, signature); };
  if (std::ranges::none_of(keys, verifies)) return refuse("none of the keys has signed it");
  const auto object = berth::json::parseObject(payload, "payload");
  if (!object) return refuse("what was signed is no JSON");
  const json critical = object->value("critical", json::object());
  Fields fields(critical, "critical");
  if (fields.str("type") != "cosign container image signature")
    return refuse("what was signed is of the type \"" + fields.str("type") + "\"");
  const json image = critical.is_object() ? critical.value("image", json::object()) : json::object();
  const std::string of = Fields(image, "image").str("docker-manifest-digest");
  return of == digest ? Status() : Status(refuse("it is of " + of));
}

Status checkNotation(const std::string& envelope, const Certificates& trusted, std::string_view digest,
                     WallTime now) {
  const auto object = berth::json::parseObject(envelope, "envelope");
  if (!object) return refuse("its envelope is no JSON");
  const auto header = partOf(*object, "protected");
  if (!header) return header.error();
  const auto payload = partOf(*object, "payload");
  if (!payload) return payload.error();
  const auto signers = signersOf(*object);
  if (!signers) return signers.error();
  if (Status chained = signers->chainsTo(trusted, now); !chained) return chained;
  Fields parts(*object, "envelope");
  const auto signature = decodeBase64(parts.str("signature"));
  const std::string covered = parts.str("protected") + "." + parts.str("payload");
  const std::string algorithm = Fields(*header, "protected").str("alg");
  if (!signature || !signers->firstVerifies(algorithm, covered, *signature))
    return refuse("it was not made by its certificate's key, with the algorithm \"" + algorithm + "\"");
  if (Status checked = checkHeader(*header, now); !checked) return checked;
  const json target = payload->value("targetArtifact", json::object());
  const std::string of = Fields(target, "targetArtifact").str("digest");
  return of == digest ? Status() : Status(refuse("it is of " + of));
}

}  // namespace berth::agent::signatures
