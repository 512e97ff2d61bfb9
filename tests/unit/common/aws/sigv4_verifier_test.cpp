#include "common/aws/sigv4_verifier.hpp"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "common/aws/crypto.hpp"
#include "common/aws/sigv4.hpp"

using namespace berth;
using namespace berth::aws;
using std::chrono::seconds;

namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

const WallTime kSigned = *parseAmzDate("20150830T123600Z");
const Credentials kKey{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", {}};
constexpr const char* kTarget = "AmazonEC2ContainerServiceV20141113.RunTask";

/// A request that a test may alter between signing and verifying.
struct Message {
  std::string method = "POST";
  std::string target = "/";
  HeaderList headers = {
      {"Host", "127.0.0.1:7400"}, {"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", kTarget}};
  std::string body = R"({"cluster":"default"})";

  void set(const std::string& name, const std::string& value) {
    for (auto& [key, old] : headers) {
      if (key == name) {
        old = value;
        return;
      }
    }
    headers.emplace_back(name, value);
  }
  const std::string& get(const std::string& name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    throw std::out_of_range(name);
  }
  void erase(const std::string& name) {
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
  }
  http::Headers wire() const {
    http::Headers out;
    for (const auto& [name, value] : headers) out.add(name, value);
    return out;
  }
};

Message signedMessage(Message message = {}, const Credentials& key = kKey,
                      const Scope& scope = {"us-east-1", "ecs"}) {
  const size_t pathEnd = std::min(message.target.find('?'), message.target.size());
  http::Url url{"http", "127.0.0.1", 7400, message.target.substr(0, pathEnd), ""};
  if (pathEnd < message.target.size()) url.query = message.target.substr(pathEnd + 1);
  const http::Headers headers = message.wire();
  const UnsignedRequest request{message.method, url, headers, message.body};
  for (const auto& [name, value] : sign(request, key, scope, kSigned)) message.set(name, value);
  return message;
}

ApiResult<Caller> verify(const Message& message, WallTime now = kSigned, const Credentials& known = kKey) {
  const Verifier verifier({"ecs", "us-east-1"}, [&](std::string_view id) {
    return id == known.accessKeyId ? std::optional(known) : std::nullopt;
  });
  const http::Headers headers = message.wire();
  return verifier.verify(SignedRequest{message.method, message.target, headers, message.body}, now);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

ApiError refusal(const ApiResult<Caller>& result) {
  const auto* error = std::get_if<ApiError>(&result);
  REQUIRE(error != nullptr);
  CHECK(error->httpStatus == 400);
  return *error;
}

const std::string kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key "
    "and signing method. Consult the service documentation for details.";

}  // namespace

TEST_CASE("what our signer signs is accepted, with the caller and the signature") {
  const ApiResult<Caller> result = verify(signedMessage());
  REQUIRE(std::holds_alternative<Caller>(result));
  CHECK(std::get<Caller>(result).accessKeyId == "AKIDEXAMPLE");
  // botocore 1.29.27 signs the same request so.
  CHECK(std::get<Caller>(result).signature ==
        "089c7640be6d0f58eac0315c66562449e42804a1d57ec009be25104c5e5a7607");
}

TEST_CASE("every spelling of a query that botocore and the Go SDK sign is accepted") {
  struct Signed {
    const char* target;
    const char* signature;
  };
  // Made with botocore 1.29.27: from a parameter list (the Go SDK signs that form too, '+' as %20, and the
  // Amazon agent still sends '+'), from a URL with "%20", from a URL with '+', and with a path to normalise.
  for (const Signed& sample : {
           Signed{"/ws?v=DockerVersion%3A+24.0.7&arn=arn%3Aaws%3Aecs",
                  "a651ac4b3eed87dddcd72cd7ecd31e4020cd69474b414b8e4dc9d2a5a32de73b"},
           Signed{"/ws?arn=arn%3Aaws%3Aecs&v=DockerVersion%3A%2024.0.7",
                  "a651ac4b3eed87dddcd72cd7ecd31e4020cd69474b414b8e4dc9d2a5a32de73b"},
           Signed{"/ws?v=DockerVersion%3A+24.0.7&arn=arn%3Aaws%3Aecs",
                  "050c68b791b74cefd8fdb23495132ddb1bacd7fbe921f86e33ae4e26d3e4d259"},
           Signed{"/a%20b/../c//d/", "57180fc7db3d7faf1788a94c22505039247b779fd363eba41bd0f6f1be7a8fff"},
       }) {
    INFO(sample.target);
    Message message;
    message.method = "GET";
    message.target = sample.target;
    message.body.clear();
    message.headers = {{"Host", "127.0.0.1:7400"},
                       {"Connection", "Upgrade"},
                       {"Upgrade", "websocket"},
                       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                       {"X-Amz-Date", "20150830T123600Z"},
                       {"Authorization",
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
                        "SignedHeaders=host;x-amz-date, Signature=" +
                            std::string(sample.signature)}};
    CHECK(std::holds_alternative<Caller>(verify(message)));
    message.target += "x";
    CHECK(refusal(verify(message)).message == kMismatch);
  }
}

TEST_CASE("a path signed as sent, as the Go SDK does, is accepted") {
  Message message;
  message.target = "//ws";
  message = signedMessage(message);
  CanonicalRequest canonical{"POST", "//ws", "", {}, sha256Hex(message.body)};
  canonical.headers = {
      {"host", "127.0.0.1:7400"}, {"x-amz-date", "20150830T123600Z"}, {"x-amz-target", kTarget}};
  message.set("Authorization",
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request,"
              "SignedHeaders=host;x-amz-date;x-amz-target,Signature=" +
                  signatureOf(canonical, kKey.secretAccessKey, "20150830T123600Z", {"us-east-1", "ecs"}));
  CHECK(std::holds_alternative<Caller>(verify(message)));
}

TEST_CASE("a Date header dates a request that has no X-Amz-Date") {
  Message message;
  message.headers = {{"Host", "h"}, {"Date", "Sun, 30 Aug 2015 12:36:00 GMT"}};
  CanonicalRequest canonical{"POST", "/", "", {}, sha256Hex(message.body)};
  canonical.headers = {{"date", "Sun, 30 Aug 2015 12:36:00 GMT"}, {"host", "h"}};
  message.set("Authorization",
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
              "SignedHeaders=date;host, Signature=" +
                  signatureOf(canonical, kKey.secretAccessKey, "20150830T123600Z", {"us-east-1", "ecs"}));
  CHECK(std::holds_alternative<Caller>(verify(message)));
  message.set("Date", "Sun, 30 Aug 2015 12:36:01 GMT");
  CHECK(refusal(verify(message)).message == kMismatch);
  message.set("Date", "yesterday");
  CHECK(refusal(verify(message)).type == "IncompleteSignatureException");
}

TEST_CASE("whatever is altered after signing breaks the signature") {
  Message original;
  original.target = "/path?a=1&b=2";
  original = signedMessage(original);
  REQUIRE(std::holds_alternative<Caller>(verify(original)));
  const std::pair<const char*, void (*)(Message&)> alterations[] = {
      {"method", [](Message& m) { m.method = "PUT"; }},
      {"path", [](Message& m) { m.target = "/other?a=1&b=2"; }},
      {"query", [](Message& m) { m.target = "/path?a=1&b=3"; }},
      {"query added", [](Message& m) { m.target = "/path?a=1&b=2&c=3"; }},
      {"query dropped", [](Message& m) { m.target = "/path"; }},
      {"body", [](Message& m) { m.body = R"({"cluster":"another"})"; }},
      {"body dropped", [](Message& m) { m.body.clear(); }},
      {"host", [](Message& m) { m.set("Host", "127.0.0.1:7500"); }},
      {"operation", [](Message& m) { m.set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.StopTask"); }},
      {"a second operation", [](Message& m) { m.headers.emplace_back("x-amz-target", "X.StopTask"); }},
      {"content type", [](Message& m) { m.set("Content-Type", "text/plain"); }},
      {"signed header dropped", [](Message& m) { m.erase("Content-Type"); }},
      {"date", [](Message& m) { m.set("X-Amz-Date", "20150830T123601Z"); }},
      {"signature", [](Message& m) { m.set("Authorization", m.get("Authorization") + "0"); }},
      {"signed headers",
       [](Message& m) {
         std::string text = m.get("Authorization");
         replace(text, "content-type;", "");
         m.set("Authorization", text);
       }},
  };
  for (const auto& [what, alter] : alterations) {
    INFO(what);
    Message message = original;
    alter(message);
    const ApiError error = refusal(verify(message));
    CHECK(error.type == "InvalidSignatureException");
    CHECK(error.message == kMismatch);
  }
  Credentials otherSecret = kKey;
  otherSecret.secretAccessKey.back() = 'Z';
  CHECK(refusal(verify(original, kSigned, otherSecret)).message == kMismatch);
}

TEST_CASE("headers that are not signed may come and go, but not those that carry meaning") {
  Message message = signedMessage();
  message.set("User-Agent", "anything");
  CHECK(std::holds_alternative<Caller>(verify(message)));

  for (const char* name : {"host", "x-amz-date", "x-amz-target"}) {
    INFO(name);
    Message partly = signedMessage();
    std::string text = partly.get("Authorization");
    const size_t at = text.find(name);
    REQUIRE(at != std::string::npos);
    text.replace(at, std::string_view(name).size(), "content-type");
    partly.set("Authorization", text);
    const ApiError error = refusal(verify(partly));
    CHECK(error.type == "InvalidSignatureException");
    CHECK(error.message == "'" + std::string(name) + "' must be a 'SignedHeader' in the AWS Authorization.");
  }
}

TEST_CASE("the clocks may differ by five minutes either way, and no more") {
  const Message message = signedMessage();
  CHECK(std::holds_alternative<Caller>(verify(message, kSigned + seconds(300))));
  CHECK(std::holds_alternative<Caller>(verify(message, kSigned - seconds(300))));
  const ApiError late = refusal(verify(message, kSigned + seconds(301)));
  CHECK(late.type == "InvalidSignatureException");
  CHECK(
      late.message ==
      "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)");
  const ApiError early = refusal(verify(message, kSigned - seconds(301)));
  CHECK(early.type == "InvalidSignatureException");
  CHECK(early.message ==
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z "
        "+ 5 min.)");
}

TEST_CASE("missing and malformed authorization is told apart from a wrong one") {
  Message message = signedMessage();
  message.erase("Authorization");
  CHECK(refusal(verify(message)) ==
        ApiError{"MissingAuthenticationTokenException", "Missing Authentication Token"});

  const std::string good = signedMessage().get("Authorization");
  const std::pair<const char*, const char*> breakages[] = {
      {"AWS4-HMAC-SHA256 ", "Bearer "},
      {"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256"},
      {"Credential=", "Credentials="},
      {"Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, ", ""},
      {", Signature=", ", Signature=,x="},
      {"SignedHeaders=", "SignedHeaders=,x="},
      {"/us-east-1/ecs/", "/us-east-1/ecs/x/"},
      {"/us-east-1/ecs/", "/ecs/"},
      {"AKIDEXAMPLE/", "/"},
      {"Signature=", "Signature=a, Signature="},
  };
  for (const auto& [from, to] : breakages) {
    INFO(from << " -> " << to);
    std::string text = good;
    replace(text, from, to);
    message.set("Authorization", text);
    CHECK(refusal(verify(message)).type == "IncompleteSignatureException");
  }
  message.set("Authorization", good);
  message.headers.emplace_back("Authorization", good);
  CHECK(refusal(verify(message)).type == "IncompleteSignatureException");

  Message undated = signedMessage();
  undated.erase("X-Amz-Date");
  CHECK(refusal(verify(undated)).message ==
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  undated.set("X-Amz-Date", "2015-08-30");
  CHECK(refusal(verify(undated)).type == "IncompleteSignatureException");
}

TEST_CASE("a signature is good for its service, region and day only") {
  const std::pair<Scope, const char*> cases[] = {
      {{"us-east-1", "ecr"}, "Credential should be scoped to correct service: 'ecs'."},
      {{"eu-west-1", "ecs"}, "Credential should be scoped to a valid region: 'us-east-1'."}};
  for (const auto& [scope, message] : cases) {
    CHECK(refusal(verify(signedMessage({}, kKey, scope))) == ApiError{"InvalidSignatureException", message});
  }
  Message otherDay = signedMessage();
  std::string text = otherDay.get("Authorization");
  replace(text, "/20150830/", "/20150829/");
  otherDay.set("Authorization", text);
  CHECK(refusal(verify(otherDay)).message.starts_with("Date in Credential scope does not match YYYYMMDD"));

  const Verifier anyRegion({"ecs", {}}, [](std::string_view) { return std::optional(kKey); });
  const Message elsewhere = signedMessage({}, kKey, {"eu-west-1", "ecs"});
  const http::Headers headers = elsewhere.wire();
  CHECK(std::holds_alternative<Caller>(
      anyRegion.verify(SignedRequest{elsewhere.method, elsewhere.target, headers, elsewhere.body}, kSigned)));
}

TEST_CASE("an unknown key, and a wrong, missing or expired session token, are refused") {
  const ApiError unknown{"UnrecognizedClientException",
                         "The security token included in the request is invalid."};
  Credentials stranger = kKey;
  stranger.accessKeyId = "AKIDSTRANGER";
  CHECK(refusal(verify(signedMessage({}, stranger))) == unknown);

  Credentials session = kKey;
  session.sessionToken = "AQoDYXdzEPT//////////wEXAMPLE";
  session.expiration = kSigned + seconds(60);
  const Message message = signedMessage({}, session);
  CHECK(std::holds_alternative<Caller>(verify(message, kSigned, session)));
  CHECK(refusal(verify(message, kSigned, kKey)) == unknown);
  CHECK(refusal(verify(signedMessage(), kSigned, session)) == unknown);
  Credentials renewed = session;
  renewed.sessionToken = "another";
  CHECK(refusal(verify(message, kSigned, renewed)) == unknown);
  CHECK(refusal(verify(message, kSigned + seconds(60), session)).type == "ExpiredTokenException");

  Message unsignedToken = signedMessage();
  unsignedToken.set("X-Amz-Security-Token", session.sessionToken);
  CHECK(refusal(verify(unsignedToken)).message ==
        "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST_CASE("a content hash must be that of the body, and unsigned payloads are refused") {
  Message message;
  message.headers.emplace_back("X-Amz-Content-Sha256", sha256Hex(message.body));
  CHECK(std::holds_alternative<Caller>(verify(signedMessage(message))));
  for (const std::string& hash : {sha256Hex("other"), std::string("UNSIGNED-PAYLOAD"),
                                  std::string("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), std::string()}) {
    INFO(hash);
    message.set("X-Amz-Content-Sha256", hash);
    const ApiError error = refusal(verify(signedMessage(message)));
    CHECK(error.type == "InvalidSignatureException");
    CHECK(error.message.starts_with("The x-amz-content-sha256 header is not the SHA-256 of the body"));
  }
}
