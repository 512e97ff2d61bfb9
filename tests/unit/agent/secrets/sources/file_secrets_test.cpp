#include "agent/secrets/sources/file_secrets.hpp"

#include <sys/stat.h>

#include "agent/secrets/sources/private_file.hpp"
#include "agent/secrets/sources/secret_name.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

/// A directory of secrets, with something beside it that is nobody's business.
class SecretFiles {
 public:
  SecretFiles() {
    std::filesystem::create_directories(dir.path("secrets"));
    put("outside.txt", "sesame");
  }
  void put(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = dir.write(name, text);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  Result<std::string> get(const std::string& valueFrom) {
    FileSecrets source(stage.means(), dir.path("secrets"));
    const auto values = stage.secrets(source, {ssm(valueFrom)}, std::nullopt);
    if (!values) return values.error();
    return values->at(0);
  }
  Error failure(const std::string& valueFrom) {
    CAPTURE(valueFrom);
    const Result<std::string> value = get(valueFrom);
    REQUIRE_FALSE(value.ok());
    CHECK_THAT(value.error().message, Catch::StartsWith("Trying to retrieve secret with value " + valueFrom));
    CHECK_THAT(value.error().message, !Catch::Contains("sesame"));
    return value.error();
  }

  TempDir dir;
  Stage stage;
};

}  // namespace

TEST_CASE("a file's text is the secret, less the line end behind it") {
  SecretFiles files;
  files.put("secrets/db/password", "open sesame\n");
  files.put("secrets/bare", "a\r");
  CHECK(*files.get("bare") == "a\r");
  files.put("secrets/two", "line one\nline two\r\n", 0640);
  files.put("secrets/db.json", R"({"user":"admin","deep":{"pw":"x"},"a#b":"c"})");
  CHECK(*files.get("db/password") == "open sesame");
  CHECK(*files.get("file:db/password") == "open sesame");
  CHECK(*files.get("/db/password") == "open sesame");
  CHECK(*files.get("file:/db/password") == "open sesame");
  CHECK(*files.get("two") == "line one\nline two");
  CHECK(*files.get("db.json#user") == "admin");
  CHECK(*files.get("db.json#/deep/pw") == "x");
  CHECK(*files.get("db.json#deep") == R"({"pw":"x"})");
  CHECK_THAT(files.failure("db.json#other").message, Catch::Contains("did not contain json key other"));
}

TEST_CASE("no name leads out of the directory of secrets") {
  SecretFiles files;
  files.put("secrets/a", "x");
  for (const char* name : {"../outside.txt", "/../outside.txt", "a/../../outside.txt", "..", ".", "", "/",
                           "//a", "a//b", "./a", "a/", "file:../outside.txt", "file:", "#key"}) {
    CHECK(files.failure(name).code == Code::InvalidArgument);
  }
  const std::string absolute = files.dir.path("outside.txt");
  CHECK_FALSE(files.get(absolute).ok());
  CHECK_FALSE(files.get("/" + absolute).ok());
  CHECK_FALSE(parseSecretName(std::string_view("a\0b", 3), "file:").ok());
}

TEST_CASE("links may lead to what is below the directory, and nowhere else") {
  SecretFiles files;
  namespace fs = std::filesystem;
  const std::string secrets = files.dir.path("secrets");
  files.put("secrets/..data/real", "inside");
  fs::create_symlink("..data/real", secrets + "/link");
  fs::create_symlink("../outside.txt", secrets + "/out");
  fs::create_symlink(files.dir.path("outside.txt"), secrets + "/absolute");
  fs::create_symlink("..", secrets + "/up");
  fs::create_symlink("loop", secrets + "/loop");
  fs::create_symlink("/proc/self/root", secrets + "/magic");
  CHECK(*files.get("link") == "inside");
  CHECK(*files.get("..data/real") == "inside");
  for (const char* name : {"out", "absolute", "up/outside.txt", "loop", "magic/etc/hostname"}) {
    CHECK(files.failure(name).code == Code::PermissionDenied);
  }
}

TEST_CASE("where the kernel can't watch links, none is followed") {
  SecretFiles files;
  files.put("secrets/a/b", "inside");
  std::filesystem::create_symlink("b", files.dir.path("secrets/a/link"));
  std::filesystem::create_symlink("a", files.dir.path("secrets/folder"));
  const std::string secrets = files.dir.path("secrets");
  CHECK(*readPrivateFileWithoutLinks(secrets, {"a", "b"}) == "inside");
  CHECK(readPrivateFileWithoutLinks(secrets, {"a", "link"}).error().code == Code::PermissionDenied);
  CHECK_FALSE(readPrivateFileWithoutLinks(secrets, {"folder", "b"}).ok());
  CHECK(readPrivateFileWithoutLinks(secrets, {"a", "c"}).error().code == Code::NotFound);
}

TEST_CASE("a file that every user can read or write is refused with the way out") {
  SecretFiles files;
  for (mode_t mode : {0644, 0604, 0602, 0666, 0601}) {
    files.put("secrets/open", "sesame", mode);
    const Error error = files.failure("open");
    CHECK(error.code == Code::PermissionDenied);
    CHECK_FALSE(error.retryable);
    CHECK_THAT(error.message, Catch::Contains("chmod o-rwx"));
  }
}

TEST_CASE("what is no file with a text fails with its reason") {
  SecretFiles files;
  files.put("secrets/empty", "\n");
  files.put("secrets/binary", std::string("ses\0ame", 7));
  files.put("secrets/latin", "s\xe9same");
  files.put("secrets/large", std::string(kLargestSecret + 1, 'x'));
  files.put("secrets/full", std::string(kLargestSecret, 'x'));
  std::filesystem::create_directories(files.dir.path("secrets/folder"));
  REQUIRE(::mkfifo(files.dir.path("secrets/pipe").c_str(), 0600) == 0);
  CHECK(files.failure("missing").code == Code::NotFound);
  CHECK(files.failure("empty/below").code == Code::NotFound);
  CHECK(files.failure("empty").code == Code::InvalidArgument);
  CHECK(files.failure("binary").code == Code::InvalidArgument);
  CHECK(files.failure("latin").code == Code::InvalidArgument);
  CHECK(files.failure("folder").code == Code::InvalidArgument);
  CHECK(files.failure("pipe").code == Code::InvalidArgument);
  CHECK(files.failure("large").code == Code::ResourceExhausted);
  CHECK_FALSE(files.failure("large").retryable);
  CHECK(files.get("full").ok());
  CHECK_FALSE(files.get(std::string(5000, 'x')).ok());
}

TEST_CASE("a changed file counts at the next fetch, and a missing directory is an error") {
  SecretFiles files;
  files.put("secrets/a", "1");
  CHECK(*files.get("a") == "1");
  files.put("secrets/a", "2");
  CHECK(*files.get("a") == "2");
  FileSecrets nowhere(files.stage.means(), files.dir.path("nowhere"));
  const auto values = files.stage.secrets(nowhere, {ssm("a")}, std::nullopt);
  REQUIRE_FALSE(values.ok());
  CHECK(values.error().code == Code::NotFound);
}

}  // namespace berth::agent::test
