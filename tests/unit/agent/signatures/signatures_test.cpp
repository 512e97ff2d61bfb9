#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/signatures/image_policy.hpp"
#include "agent/signatures/signed_image.hpp"

namespace berth::agent::signatures {
namespace {

using Json = nlohmann::json;
using Require = PolicyRule::Require;

// Made once, by python3-cryptography; the certificate is good around kWhile, for 31 days.
const std::string kDigest = "sha256:abababababababababababababababababababababababababababababababab";
const WallTime kWhile = fromEpochMillis(1795492670000);
const std::string kEcdsa = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEg3pL5u+d1FPuRmshKXe5IQYccYkr
zm/yvqEiYvG9tvnwk+muPO8Tj/AUu4BBlY6w/3Md2H4Ap74Zhc0uArO0FA==
-----END PUBLIC KEY-----
)";
const std::string kEd25519 = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAkf99jAlg1X0JUUUjfJo7WY7+i0ZX1mQVcCGehrtIfxQ=
-----END PUBLIC KEY-----
)";
const std::string kPayload =
    R"({"critical":{"identity":{"docker-reference":"r/x"},"image":{"docker-manifest-digest":"sha256:abababababababababababababababababababababababababababababababab"},"type":"cosign container image signature"},"optional":null})";
const std::string kByEcdsa =
    "MEYCIQC04nFWzirbw9Y+8OqoxNmynpHRSwUqEx0vLQt45itJ3gIhAMyHGPkprpXBOlCfNJUhP7iHaY0i5dc8olwNXw"
    "pQ3wNn";
const std::string kByEd25519 =
    "awymABj27vapeQfNXpT5w59fP9T3oBK/bsaUKXkebykq8WjvNj7ufoNSDGGp02xoxD0KFhPuF66PKMxpm88rBA==";
const std::string kHeader =
    "eyJhbGciOiJFUzI1NiIsImN0eSI6ImFwcGxpY2F0aW9uL3ZuZC5jbmNmLm5vdGFyeS5wYXlsb2FkLnYxK2pzb24iLC"
    "Jjcml0IjpbImlvLmNuY2Yubm90YXJ5LnNpZ25pbmdTY2hlbWUiXSwiaW8uY25jZi5ub3Rhcnkuc2lnbmluZ1NjaGVt"
    "ZSI6Im5vdGFyeS54NTA5In0";
const std::string kTarget =
    "eyJ0YXJnZXRBcnRpZmFjdCI6eyJtZWRpYVR5cGUiOiJtIiwiZGlnZXN0Ijoic2hhMjU2OmFiYWJhYmFiYWJhYmFiYW"
    "JhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWIiLCJzaXplIjoxfX0";
const std::string kSignature =
    "NxCFkDstxgI4Q3O8c-dpvuINB3fvy144YyaBPE9kgs6E90Akq-ObIwSPKRor6snOsr2gv_MjMRiRJA8kZj621Q";
const std::string kSigner =
    "MIIBSDCB8KADAgECAhQLSnWMnIJU+Mr0h8JuWnyhthYWjzAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0cnVzdGVkMB"
    "4XDTI2MTAyOTAzNTc1MFoXDTI2MTEyOTAzNTc1MFowETEPMA0GA1UEAwwGc2lnbmVyMFkwEwYHKoZIzj0CAQYIKoZI"
    "zj0DAQcDQgAEgs+KrnPVHwExrNpl78GFwg4AYqkWknLbpCC1OFq51rKCttmYWyHGzU9Fp+NsIhP8gumKXxaPjQA0Dp"
    "pVR+uXDqMlMCMwDAYDVR0TAQH/BAIwADATBgNVHSUEDDAKBggrBgEFBQcDAzAKBggqhkjOPQQDAgNHADBEAiB4+N/E"
    "6MOgia2HAs151JNPveY48UbliyojDmXjrIKtpgIgCJEVw7ax5pkXa8dWt5imznKcHkkkhx//wsiMvFMign8=";
const std::string kRoot = R"(-----BEGIN CERTIFICATE-----
MIIBOTCB36ADAgECAhQ7Su7MHST8/Tck/HGFP9GLTdx4UDAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAd0cnVzdGVkMB4XDTI2MTAyOTAzNTc1MFoXDTI2MTEyOTAzNTc1
MFowEjEQMA4GA1UEAwwHdHJ1c3RlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BD5X03fJewOoeQMzhbiBW4hXe9wa5mopDKGCSlPwbJ9kWbCa/rBaLzDjSMqCb3Q9
wgYHxypr8ecl4EuNVsoLllqjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDSQAwRgIhAI1ZFPQHbfzjhrZgHKuTerJVxVaXlBn3AFBc8FfF9KPrAiEAohsR
jNohsfQu9pd665Ks1dipLs3nwAEXXZvuCjplzGc=
-----END CERTIFICATE-----
)";
const std::string kOtherRoot = R"(-----BEGIN CERTIFICATE-----
MIIBODCB36ADAgECAhRfpl/I2swpOT8BsGMpJkdSnYvZrzAKBggqhkjOPQQDAjAS
MRAwDgYDVQQDDAd0cnVzdGVkMB4XDTI2MTAyOTAzNTc1MFoXDTI2MTEyOTAzNTc1
MFowEjEQMA4GA1UEAwwHdHJ1c3RlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BNeuVXBjmz4zzUAjmFsI7NfFS25satXXXnIX92AzX8ZJ04tPmyAZi8lQY3fvZkhF
4uN727+aZTTFVP3vsZf896GjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDSAAwRQIgRXT3TPJykUbNeWIJLymqmMv0RO/3Vvnp3X20lGsLYVcCIQCeHBi2
7MRLEW9f7LuMT7yWfXgqt1Aw9MX+odWjmBnNyg==
-----END CERTIFICATE-----
)";

std::vector<PublicKey> keys(std::initializer_list<std::string> pems) {
  std::vector<PublicKey> all;
  for (const std::string& pem : pems) {
    auto key = PublicKey::parse(pem);
    REQUIRE(key);
    all.push_back(*key);
  }
  return all;
}

std::string bytes(const std::string& base64) { return *decodeBase64(base64); }

std::string envelope(const std::string& header, const std::string& payload, const std::string& signature,
                     Json chain = Json::array({kSigner})) {
  return Json{
      {"protected", header}, {"payload", payload}, {"signature", signature}, {"header", {{"x5c", chain}}}}
      .dump();
}

std::string refusedFor(const Status& status) { return status ? "not refused" : status.error().message; }

TEST_CASE("a cosign signature is good by one of the keys, for its own image") {
  const std::string ecdsa = bytes(kByEcdsa);
  CHECK(checkCosign(kPayload, ecdsa, keys({kEcdsa}), kDigest));
  CHECK(checkCosign(kPayload, ecdsa, keys({kEd25519, kEcdsa}), kDigest));
  CHECK(checkCosign(kPayload, bytes(kByEd25519), keys({kEcdsa, kEd25519}), kDigest));
  CHECK(refusedFor(checkCosign(kPayload, ecdsa, keys({kEd25519}), kDigest)) ==
        "none of the keys has signed it");
  CHECK_FALSE(checkCosign(kPayload + " ", ecdsa, keys({kEcdsa}), kDigest));
  CHECK_FALSE(checkCosign(kPayload, ecdsa.substr(1), keys({kEcdsa}), kDigest));
  CHECK_FALSE(checkCosign(kPayload, "", keys({kEcdsa, kEd25519}), kDigest));
  CHECK_FALSE(checkCosign(kPayload, ecdsa, {}, kDigest));
  const std::string other = "sha256:" + std::string(64, '0');
  CHECK(refusedFor(checkCosign(kPayload, ecdsa, keys({kEcdsa}), other)) == "it is of " + kDigest);
}

TEST_CASE("a notation signature is good by a trusted certificate, while that is good, for its own image") {
  const auto root = Certificates::parse(kRoot);
  const auto otherRoot = Certificates::parse(kOtherRoot);
  REQUIRE((root && otherRoot));
  const std::string whole = envelope(kHeader, kTarget, kSignature);
  CHECK(refusedFor(checkNotation(whole, *root, kDigest, kWhile)) == "not refused");
  const std::string other = "sha256:" + std::string(64, '0');
  CHECK(refusedFor(checkNotation(whole, *root, other, kWhile)) == "it is of " + kDigest);
  CHECK(refusedFor(checkNotation(whole, *otherRoot, kDigest, kWhile))
            .starts_with("its certificate is not trusted"));
  const auto days = [](int count) { return std::chrono::hours(24 * count); };
  CHECK(refusedFor(checkNotation(whole, *root, kDigest, kWhile + days(40))).find("expired") !=
        std::string::npos);
  CHECK_FALSE(checkNotation(whole, *root, kDigest, kWhile - days(40)));
  const std::string forged = envelope(kHeader, kTarget, kTarget);
  CHECK(refusedFor(checkNotation(forged, *root, kDigest, kWhile)).starts_with("it was not made by"));
  CHECK_FALSE(checkNotation(envelope(kTarget, kTarget, kSignature), *root, kDigest, kWhile));
  CHECK_FALSE(checkNotation(envelope(kHeader, kTarget, kSignature, Json::array()), *root, kDigest, kWhile));
  CHECK_FALSE(checkNotation(envelope(kHeader, kTarget, kSignature, {"AAAA"}), *root, kDigest, kWhile));
  CHECK_FALSE(checkNotation(envelope(kHeader, kTarget, kSignature, {7}), *root, kDigest, kWhile));
  for (const char* bad : {"", "[]", "{}", R"({"protected":"e30","payload":"e30","header":7})"})
    CHECK_FALSE(checkNotation(bad, *root, kDigest, kWhile));
}

TEST_CASE("signatures are found in manifests and indexes, and no more of them than can be looked at") {
  Json layer{{"mediaType", kCosignLayer},
             {"digest", kDigest},
             {"annotations", {{"dev.cosignproject.cosign/signature", "YWJj"}}}};
  const auto layers = signatureLayers(Json{{"layers", Json::array({layer, {{"digest", "d"}}})}}.dump());
  REQUIRE(layers);
  REQUIRE(layers->size() == 2);
  CHECK((layers->at(0).signature == "abc" && layers->at(1).signature.empty()));
  CHECK(signatureLayers(Json{{"layers", Json(100, layer)}}.dump())->size() == 32);
  CHECK_FALSE(signatureLayers("[]"));
  CHECK_FALSE(signatureLayers(R"({"layers":[{}]})"));
  const std::string index =
      R"({"manifests":[{"digest":"a","artifactType":"x"},{"digest":"b","artifactType":"y"},
                                             {"digest":"c"}]})";
  CHECK(*referrersIn(index, "x") == std::vector<std::string>{"a", "c"});
  CHECK_FALSE(referrersIn("7", "x"));
}

Result<std::string> fileOf(const std::string& path) {
  if (path == "/key") return kEcdsa;
  if (path == "/ca") return kRoot;
  return makeError(Code::NotFound, "can't read " + path);
}

Result<ImagePolicy> policy(const Json& document) {
  return ImagePolicy::parse(document.dump(), "policy.json", fileOf);
}

TEST_CASE("the rule with the longest prefix counts, by whole parts of names") {
  const auto made = policy(
      {{"rules",
        {{{"prefix", "r.example"}, {"require", "nothing"}},
         {{"prefix", "r.example/team/"}, {"require", "cosign"}, {"keys", {"/key"}}},
         {{"prefix", "r.example/team/web"}, {"require", "notation"}, {"certificates", {"/ca"}}},
         {{"prefix", "p.example"}, {"require", "program"}, {"program", "/bin/check"}, {"timeout_seconds", 3}},
         {{"prefix", "q.example"}, {"require", "refuse"}}}},
       {"otherwise", "refuse"}});
  REQUIRE(made);
  const auto of = [&](const char* repository) { return made->ruleFor(repository).require; };
  CHECK(of("r.example/other") == Require::Nothing);
  CHECK(of("r.example/team/app") == Require::Cosign);
  CHECK(of("r.example/team2/app") == Require::Nothing);
  CHECK(of("r.example/team/web") == Require::Notation);
  CHECK(of("r.example/team/web2") == Require::Cosign);
  CHECK(of("q.example/x") == Require::Never);
  CHECK(of("r.example.evil/x") == Require::Never);
  CHECK(made->ruleFor("p.example/x").limit == std::chrono::seconds(3));
  CHECK(policy({{"otherwise", "accept"}})->ruleFor("r/x").require == Require::Nothing);
}

TEST_CASE("a policy that says nothing clear is refused") {
  const auto rule = [](Json members) {
    Json one{{"prefix", "r"}};
    one.update(members);
    return Json{{"rules", Json::array({one})}, {"otherwise", "refuse"}};
  };
  struct Row {
    Json document;
    const char* says;
  };
  const std::vector<Row> rows = {
      {Json{{"rules", Json::array()}}, "otherwise"},
      {Json{{"otherwise", "maybe"}}, "refuse or accept"},
      {Json{{"otherwise", "accept"}, {"rule", 1}}, "\"rule\""},
      {rule({{"require", "sigstore"}}), "sigstore"},
      {rule({{"require", "cosign"}}), "at least one file"},
      {rule({{"require", "cosign"}, {"keys", {"/none"}}}), "/none"},
      {rule({{"require", "cosign"}, {"keys", {"/ca"}}}), "PUBLIC KEY"},
      {rule({{"require", "notation"}, {"certificates", {"/key"}}}), "CERTIFICATE"},
      {rule({{"require", "notation"}, {"keys", {"/key"}}}), "\"keys\""},
      {rule({{"require", "nothing"}, {"program", "/x"}}), "\"program\""},
      {rule({{"require", "program"}, {"program", "check"}}), "absolute"},
      {rule({{"require", "program"}, {"program", "/c"}, {"timeout_seconds", 0}}), "timeout_seconds"},
      {Json{{"rules", {{{"prefix", "a"}, {"require", "nothing"}}, {{"prefix", "a/"}, {"require", "refuse"}}}},
            {"otherwise", "accept"}},
       "two rules"}};
  for (const Row& row : rows) {
    const auto made = policy(row.document);
    INFO(row.document);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find(row.says) != std::string::npos);
  }
  CHECK_FALSE(ImagePolicy::parse("no json", "policy.json", fileOf));
}

}  // namespace
}  // namespace berth::agent::signatures
