// A signature's manifest or index, an envelope of notation, what cosign signs, and a policy; parts of one
// input.
#include "agent/signatures/image_policy.hpp"
#include "agent/signatures/signed_image.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using namespace berth::agent;

// Its private key is nowhere.
const std::string kTrusted = R"(-----BEGIN CERTIFICATE-----
MIIBODCB36ADAgECAhRfpl/I2swpOT8BsGMpJkdSnYvZrzAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAd0cnVzdGVkMB4XDTI2MTAyOTAzNTc1MFoXDTI2MTEyOTAzNTc1
MFowEjEQMA4GA1UEAwwHdHJ1c3RlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BNeuVXBjmz4zzUAjmFsI7NfFS25satXXXnIX92AzX8ZJ04tPmyAZi8lQY3fvZkhF
4uN727+aZTTFVP3vsZf896GjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDSAAwRQIgRXT3TPJykUbNeWIJLymqmMv0RO/3Vvnp3X20lGsLYVcCIQCeHBi2
7MRLEW9f7LuMT7yWfXgqt1Aw9MX+odWjmBnNyg==
-----END CERTIFICATE-----
)";
const std::string kKey = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAkf99jAlg1X0JUUUjfJo7WY7+i0ZX1mQVcCGehrtIfxQ=
-----END PUBLIC KEY-----
)";
const std::string kDigest = "sha256:" + std::string(64, 'e');

Result<std::string> fileOf(const std::string& path) {
  if (path == "/key") return kKey;
  if (path == "/ca") return kTrusted;
  return makeError(Code::NotFound, "can't read " + path);
}

void checkPolicy(const std::string& text) {
  const auto policy = signatures::ImagePolicy::parse(text, "policy", fileOf);
  if (!policy) return fuzz::require(!policy.error().message.empty(), "an error says why");
  for (const char* repository : {"r.example/team/web", "p/x", "q"}) {
    const auto& rule = policy->ruleFor(repository);
    fuzz::require(std::string_view(repository).starts_with(rule.prefix), "a rule is for its own",
                  rule.prefix);
  }
}

}  // namespace

BERTH_FUZZ_TARGET(image_signatures) {
  std::string_view rest = input;
  const std::string manifest(fuzz::takePart(rest));
  const std::string envelope(fuzz::takePart(rest));
  const std::string payload(fuzz::takePart(rest));
  const auto layers = signatures::signatureLayers(manifest);
  fuzz::require(!layers || layers->size() <= 32, "no more than can be looked at");
  const auto referrers = signatures::referrersIn(manifest, signatures::kNotationArtifact);
  fuzz::require(!referrers || referrers->size() <= 32, "no more than can be looked at");
  static const auto trusted = signatures::Certificates::parse(kTrusted);
  static const auto key = signatures::PublicKey::parse(kKey);
  fuzz::require(trusted && key, "the keys are good");
  const WallTime now = fromEpochMillis(1'795'000'000'000);
  fuzz::require(!signatures::checkNotation(envelope, *trusted, kDigest, now), "nobody has signed it",
                envelope);
  const std::string signature = layers && !layers->empty() ? layers->front().signature : payload;
  fuzz::require(!signatures::checkCosign(payload, signature, {*key}, kDigest), "nobody has signed it",
                payload);
  checkPolicy(std::string(rest));
}
