#include "common/aws/file_credentials.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/log/capture.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::aws {
namespace {

class Fixture {
 public:
  TempDir folder;
  CaptureLog log;
  FileCredentials provider{folder.path("key"), "default", log};

  void put(const std::string& id) {
    REQUIRE(writeCredentialsFile(folder.path("key"), Credentials{id, "secret-of-" + id, {}, std::nullopt}));
  }

  /// The access key id that calls are signed with now, or the error.
  std::string now() {
    boost::asio::io_context io;
    std::string out;
    spawn(io.get_executor(), log, "test", [&]() -> Async<void> {
      auto credentials = co_await provider.credentials({});
      out = credentials ? credentials->accessKeyId : credentials.error().message;
    });
    io.run();
    return out;
  }
};

}  // namespace

TEST_CASE("a replaced credentials file is read again") {
  Fixture test;
  test.put("AKIAFIRST");
  CHECK(test.now() == "AKIAFIRST");
  test.put("AKIANEXT0");
  CHECK(test.now() == "AKIANEXT0");
}

TEST_CASE("while the credentials file can't be read the last key stays, and the log says so once") {
  Fixture test;
  test.put("AKIAFIRST");
  CHECK(test.now() == "AKIAFIRST");
  test.folder.write("key", "[default]\naws_access_key_id = AKIAHALF\n");
  CHECK(test.now() == "AKIAFIRST");
  CHECK(test.now() == "AKIAFIRST");
  REQUIRE(test.log.lines().size() == 1);
  CHECK_THAT(test.log.text(), Catch::Contains("can't read the credentials again"));
  CHECK_THAT(test.log.text(), !Catch::Contains("secret-of"));
  test.put("AKIANEXT0");
  CHECK(test.now() == "AKIANEXT0");
}

TEST_CASE("credentials that could never be read are an error, until the file is there") {
  Fixture test;
  CHECK_THAT(test.now(), Catch::Contains(test.folder.path("key")));
  CHECK(test.log.lines().empty());
  test.put("AKIAFIRST");
  CHECK(test.now() == "AKIAFIRST");
}

}  // namespace berth::aws
