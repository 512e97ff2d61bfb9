#include "proto/docker/image_reference.hpp"

#include <catch2/catch.hpp>

namespace berth::docker {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST_CASE("Image names are split into registry, path, tag and digest") {
  struct Case {
    std::string text;
    ImageReference expected;
  };
  const auto each = GENERATE(values<Case>({
      {"busybox", {"docker.io", "library/busybox", "", ""}},
      {"busybox:1.35", {"docker.io", "library/busybox", "1.35", ""}},
      {"amazon/amazon-ecs-agent", {"docker.io", "amazon/amazon-ecs-agent", "", ""}},
      {"docker.io/busybox", {"docker.io", "library/busybox", "", ""}},
      {"index.docker.io/library/busybox", {"docker.io", "library/busybox", "", ""}},
      {"localhost/web", {"localhost", "web", "", ""}},
      {"localhost:5000/web:2", {"localhost:5000", "web", "2", ""}},
      {"127.0.0.1:5000/a/b__c-d.e:x_1", {"127.0.0.1:5000", "a/b__c-d.e", "x_1", ""}},
      {"[::1]:5000/web", {"[::1]:5000", "web", "", ""}},
      {"0123.dkr.ecr.eu-west-1.amazonaws.com/web@" + kDigest,
       {"0123.dkr.ecr.eu-west-1.amazonaws.com", "web", "", kDigest}},
      {"web:1@" + kDigest, {"docker.io", "library/web", "1", kDigest}},
  }));
  CAPTURE(each.text);
  const auto parsed = parseImageReference(each.text);
  REQUIRE(parsed);
  CHECK(parsed->domain == each.expected.domain);
  CHECK(parsed->path == each.expected.path);
  CHECK(parsed->tag == each.expected.tag);
  CHECK(parsed->digest == each.expected.digest);
}

TEST_CASE("What to pull is the digest, else the tag, else latest") {
  CHECK(parseImageReference("web")->version() == "latest");
  CHECK(parseImageReference("web:1")->version() == "1");
  CHECK(parseImageReference("web:1@" + kDigest)->version() == kDigest);
  CHECK(parseImageReference("r:5000/web:1")->repository() == "r:5000/web");
}

TEST_CASE("What is no image name is refused with the rule") {
  const auto text =
      GENERATE(as<std::string>(), "", "Web", "web:", "web:a b", "web@sha256:12", "web@" + kDigest + "0",
               "/web", "web/", "a//b", "-web", "web-", "a..b", "a___b", "localhost:x/web", "localhost:/web",
               "r.io/", "web:" + std::string(129, 'a'), "[::1/web", "web@sha256:" + std::string(64, 'A'));
  CAPTURE(text);
  const auto parsed = parseImageReference(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Code::InvalidArgument);
  CHECK(parsed.error().message.find("write [HOST[:PORT]/]NAME") != std::string::npos);
}

}  // namespace
}  // namespace berth::docker
