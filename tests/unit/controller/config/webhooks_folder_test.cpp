#include "controller/config/webhooks_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

namespace berth::controller {
namespace {

std::string wrongWebhooks(const TempDir& dir) {
  const auto read = readWebhooks(dir.path());
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == Code::InvalidArgument);
  return read.error().message;
}

TEST_CASE("a folder of webhooks is read, by name") {
  const TempDir dir;
  const std::string secret = dir.write(".secret", "s3cret\n");
  ::chmod(secret.c_str(), 0600);
  dir.write("ops.yaml", "url: https://ops.example:8443/hook?x=1\nsecret_file: " + secret +
                            "\ndetail_types: [ECS Task State Change, ECS Service Action]\ncluster: prod\n");
  dir.write("all.yaml", "url: http://127.0.0.1:9000/\n");
  dir.write("all.yaml~", "nonsense");
  const auto read = readWebhooks(dir.path());
  INFO((read ? "" : read.error().message));
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK(read->at(0).name == "all");
  CHECK(read->at(0).secret.empty());
  CHECK(read->at(0).filter.detailTypes.empty());
  CHECK(read->at(1).url == "https://ops.example:8443/hook?x=1");
  CHECK(read->at(1).secret == "s3cret");
  CHECK(read->at(1).filter.cluster == "prod");
  CHECK(read->at(1).filter.detailTypes.size() == 2);
}

TEST_CASE("all that is wrong with webhooks is told at once") {
  const TempDir dir;
  const std::string secret = dir.write(".secret", "s3cret");
  ::chmod(secret.c_str(), 0644);
  dir.write("a.yaml", "url: ftp://x\n");
  dir.write("b.yaml", "url: http://x/\ndetail_types: [ECS Nonsense]\n");
  dir.write("c.yaml", "url: http://x/\nsecret_file: " + secret + "\n");
  dir.write("d.yaml", "cluster: prod\n");
  dir.write("e.txt", "x");
  const std::string text = wrongWebhooks(dir);
  CHECK_THAT(text, Catch::Contains("must be an http or https URL"));
  CHECK_THAT(text, Catch::Contains("must be detail types of ECS"));
  CHECK_THAT(text, Catch::Contains("others can use it"));
  CHECK_THAT(text, Catch::Contains("url"));
  CHECK_THAT(text, Catch::Contains("e.txt: has no place here: a webhook is a file NAME.yaml"));
  CHECK_THAT(text, !Catch::Contains("s3cret"));
}

TEST_CASE("a folder of webhooks that is not there is named") {
  const TempDir dir;
  const auto read = readWebhooks(dir.path("none"));
  REQUIRE_FALSE(read.ok());
  CHECK_THAT(read.error().message, Catch::Contains("none: can't read the folder"));
}

}  // namespace
}  // namespace berth::controller
