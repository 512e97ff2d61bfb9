#include "common/aws/sigv4.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

using namespace berth;
using namespace berth::aws;

namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Vector {
  const char* name;
  const char* method;
  const char* target;
  HeaderList headers;
  const char* body;
  const char* token;
  const char* signedHeaders;
  const char* signature;
};

// Source: the AWS Signature Version 4 test suite, as in awslabs/aws-c-auth, tests/aws-signing-test-suite/v4.
const std::vector<Vector> kSuite = {
    {"get-vanilla",
     "GET",
     "/",
     {},
     "",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-with-session-token",
     "GET",
     "/",
     {},
     "",
     "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
     "host;x-amz-date;x-amz-security-token",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     {{"Content-Type", "application/x-www-form-urlencoded"},
      {"Content-Length", "13"},
      {"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"}},
     "Param1=value1",
     "",
     "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
     "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
    {"get-utf8",
     "GET",
     "/\u1234",
     {},
     "",
     "",
     "host;x-amz-date",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "",
     "",
     "host;my-header1;my-header2;x-amz-date",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "",
     "",
     "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "",
     "",
     "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?\u1234=bar",
     {},
     "",
     "",
     "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "",
     "",
     "host;my-header1;x-amz-date",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"My-Header1", "value4"}, {"My-Header1", "value1"}, {"My-Header1", "value3"}, {"My-Header1", "value2"}},
     "",
     "",
     "host;my-header1;x-amz-date",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "",
     "",
     "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"get-space-normalized",
     "GET",
     "/example space/",
     {},
     "",
     "",
     "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-slashes-normalized",
     "GET",
     "//",
     {},
     "",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-normalized",
     "GET",
     "/example/..",
     {},
     "",
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
};

http::Url urlOf(std::string_view target) {
  const size_t end = std::min(target.find('?'), target.size());
  http::Url url{"https", "example.amazonaws.com", 443, std::string(target.substr(0, end)), ""};
  if (end < target.size()) url.query = target.substr(end + 1);
  return url;
}

std::string headerOf(const http::Headers& headers, std::string_view name) {
  std::string value;
  canonicalHeader(headers, name, value);
  return value;
}

}  // namespace

TEST_CASE("requests of the AWS test suite get the signatures of the suite") {
  const WallTime now = *parseAmzDate("20150830T123600Z");
  for (const Vector& vector : kSuite) {
    INFO(vector.name);
    http::Headers headers;
    for (const auto& [name, value] : vector.headers) headers.add(name, value);
    const http::Url url = urlOf(vector.target);
    const Credentials credentials{
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", vector.token, {}};
    const UnsignedRequest request{vector.method, url, headers, vector.body};
    const http::Headers added = sign(request, credentials, Scope{"us-east-1", "service"}, now);
    CHECK(headerOf(added, "authorization") ==
          std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                      "SignedHeaders=") +
              vector.signedHeaders + ", Signature=" + vector.signature);
    CHECK(headerOf(added, "x-amz-date") == "20150830T123600Z");
    CHECK(headerOf(added, "x-amz-security-token") == vector.token);
  }
}

TEST_CASE("the host is signed as it goes over the wire: with its port unless that is the default") {
  const auto authorization = [](const char* text) {
    const Result<http::Url> url = http::parseUrl(text);
    REQUIRE(url.ok());
    const http::Headers none;
    const UnsignedRequest request{"GET", *url, none, ""};
    const Credentials credentials{"AKID", "secret", "", {}};
    return headerOf(sign(request, credentials, Scope{"r", "s"}, *parseAmzDate("20150830T123600Z")),
                    "authorization");
  };
  CHECK(authorization("https://a:443/") == authorization("https://a/"));
  CHECK(authorization("http://a:80?x") == authorization("http://a/?x"));
  CHECK(authorization("wss://a:443/") == authorization("https://a"));
  CHECK(authorization("http://a:443/") != authorization("http://a/"));
  CHECK(authorization("http://a:7400/") != authorization("http://a/"));
}

TEST_CASE("paths are encoded once more, and normalised when asked") {
  CHECK(canonicalPath("", true) == "/");
  CHECK(canonicalPath("/a%20b/c:d", true) == "/a%2520b/c%3Ad");
  CHECK(canonicalPath("/a/./b/../c//", true) == "/a/c/");
  CHECK(canonicalPath("/../../x", true) == "/x");
  CHECK(canonicalPath("/a/..", true) == "/");
  CHECK(canonicalPath("//ws", false) == "//ws");
}

TEST_CASE("queries are sorted by name and value, encoded anew or as sent") {
  CHECK(canonicalQuery("", true).empty());
  CHECK(canonicalQuery("b=2&a=2&a=1&a-b=0&&c", true) == "a=1&a=2&a-b=0&b=2&c=");
  CHECK(canonicalQuery("arn=arn%3aaws:x&v=1+2%2B3", true) == "arn=arn%3Aaws%3Ax&v=1%202%2B3");
  CHECK(canonicalQuery("v=1+2&arn=arn%3aaws:x", false) == "arn=arn%3aaws:x&v=1+2");
  CHECK(canonicalQuery("a=b=c", true) == "a=b%3Dc");
  CHECK(canonicalQuery("a=%zz%4", true) == "a=%zz%4");
}

// Source: Amazon S3 API reference, "Signature calculations for the Authorization header", example GET Object.
TEST_CASE("a request to S3 is signed with the digest of its body, as in Amazon's example") {
  const Credentials key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", {}};
  const http::Url url = *http::parseUrl("https://examplebucket.s3.amazonaws.com/test.txt");
  const http::Headers headers{{"Range", "bytes=0-9"}};
  const http::Headers added =
      signForS3({"GET", url, headers, ""}, key, {"us-east-1", "s3"}, *parseAmzDate("20130524T000000Z"));
  CHECK(added.get("X-Amz-Content-Sha256") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(added.get("Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("the path of a request to S3 is signed as it is sent") {
  const Credentials key{"AKID", "secret", "", {}};
  const WallTime now = *parseAmzDate("20130524T000000Z");
  const http::Url url = *http::parseUrl("https://b.s3.amazonaws.com/a%20b/../c");
  const http::Headers added = signForS3({"GET", url, {}, ""}, key, {"us-east-1", "s3"}, now);
  CanonicalRequest expected;
  expected.method = "GET";
  expected.path = "/a%20b/../c";
  expected.headers = {{"host", "b.s3.amazonaws.com"},
                      {"x-amz-content-sha256", std::string(*added.get("X-Amz-Content-Sha256"))},
                      {"x-amz-date", "20130524T000000Z"}};
  expected.payloadHash = *added.get("X-Amz-Content-Sha256");
  const std::string signature = signatureOf(expected, "secret", "20130524T000000Z", {"us-east-1", "s3"});
  CHECK_THAT(std::string(*added.get("Authorization")), Catch::EndsWith("Signature=" + signature));
}
