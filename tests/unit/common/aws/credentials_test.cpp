#include "common/aws/credentials.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <utility>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::aws;

TEST_CASE("a profile is read from among comments, other profiles and unknown keys") {
  const char* text =
      "# made by hand\r\n"
      "[other]\n"
      "aws_access_key_id = AKIAOTHER\n"
      "aws_secret_access_key = other\n"
      "\n"
      "[ default ]\r\n"
      "aws_access_key_id=AKIADEFAULT\r\n"
      "; a comment\n"
      "\taws_secret_access_key =  a/b+c=d \n"
      "region = eu-west-1\n"
      "aws_session_token = token==";
  const Result<Credentials> credentials = parseCredentials(text, "creds");
  REQUIRE(credentials.ok());
  CHECK(credentials->accessKeyId == "AKIADEFAULT");
  CHECK(credentials->secretAccessKey == "a/b+c=d");
  CHECK(credentials->sessionToken == "token==");

  const Result<Credentials> other = parseCredentials(text, "creds", "other");
  REQUIRE(other.ok());
  CHECK(other->accessKeyId == "AKIAOTHER");
  CHECK(other->sessionToken.empty());
}

TEST_CASE("a bad credentials file is named with its line and rule, without the secret") {
  const std::pair<const char*, const char*> cases[] = {
      {"[default]\naws_secret_access_key = hunter2 two\n", "creds:2: aws_secret_access_key must be one word"},
      {"[default]\naws_secret_access_key = hunter2 # old\n",
       "creds:2: aws_secret_access_key must be one word"},
      {"[default]\naws_secret_access_key =\n", "creds:2: aws_secret_access_key must be one word"},
      {"[default]\naws_secret_access_key = hunter2\naws_secret_access_key = hunter2\n", "creds:3: "},
      {"[default]\nhunter2\n", "creds:2: expected"},
      {"[default]\n= hunter2\n", "creds:2: expected"},
      {"aws_secret_access_key = hunter2\n", "creds:1: a key before the first [profile]"},
      {"[default\n", "creds:1: a profile heading ends with ']'"},
      {"[default]\naws_access_key_id = AKIA\n", "creds: profile [default] has no aws_secret_access_key"},
      {"[default]\naws_secret_access_key = hunter2\n", "creds: profile [default] has no aws_access_key_id"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    const Result<Credentials> credentials = parseCredentials(text, "creds");
    REQUIRE_FALSE(credentials.ok());
    CHECK(credentials.error().code == Code::InvalidArgument);
    CHECK(credentials.error().message.starts_with(message));
    CHECK(credentials.error().message.find("hunter2") == std::string::npos);
  }
  CHECK(parseCredentials("", "creds").error().code == Code::NotFound);
  CHECK(
      parseCredentials("[a]\n", "creds").error().message.starts_with("creds: profile [default] is missing"));
}

TEST_CASE("written credentials are read back, from a file that only its owner may read") {
  const TempDir dir;
  const Credentials first{"AKIAFIRST", "secret+/1", "", {}};
  const Credentials second{"AKIASECOND", "secret+/2", "token", {}};
  const mode_t before = ::umask(0);
  REQUIRE(writeCredentialsFile(dir.path("creds"), first).ok());
  struct stat info{};
  REQUIRE(::stat(dir.path("creds").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(dir.read("creds") == "[default]\naws_access_key_id = AKIAFIRST\naws_secret_access_key = secret+/1\n");

  REQUIRE(::chmod(dir.path("creds").c_str(), 0644) == 0);
  REQUIRE(writeCredentialsFile(dir.path("creds"), second, "admin").ok());
  ::umask(before);
  REQUIRE(::stat(dir.path("creds").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  const Result<Credentials> back = readCredentialsFile(dir.path("creds"), "admin");
  REQUIRE(back.ok());
  CHECK(back->accessKeyId == "AKIASECOND");
  CHECK(back->secretAccessKey == "secret+/2");
  CHECK(back->sessionToken == "token");
  CHECK(dir.entries() == 1);
}

TEST_CASE("credentials that can't be written leave the old file and nothing else") {
  const TempDir dir;
  REQUIRE(writeCredentialsFile(dir.path("creds"), Credentials{"AKIA", "old", "", {}}).ok());
  const Credentials broken{"AKIA", "new\n[admin]", "", {}};
  const Status refused = writeCredentialsFile(dir.path("creds"), broken);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
  CHECK(refused.error().message.find("new") == std::string::npos);
  CHECK_FALSE(writeCredentialsFile(dir.path("creds"), Credentials{"AKIA", "new", "", {}}, "a]\n[b").ok());
  CHECK(readCredentialsFile(dir.path("creds"))->secretAccessKey == "old");

  // A folder in the way fails the last step, the move.
  REQUIRE(std::filesystem::create_directory(dir.path("taken")));
  CHECK_FALSE(writeCredentialsFile(dir.path("taken"), Credentials{"AKIA", "new", "", {}}).ok());
  CHECK(dir.entries() == 2);
  CHECK(writeCredentialsFile(dir.path("none/creds"), Credentials{"AKIA", "new", "", {}}).error().code ==
        Code::NotFound);
}

TEST_CASE("a credentials file that is not there or is a folder is an error") {
  const TempDir dir;
  CHECK(readCredentialsFile(dir.path("none")).error().code == Code::NotFound);
  CHECK(readCredentialsFile(dir.path(".")).error().code == Code::Unavailable);
}

TEST_CASE("all profiles of a file are keys, each whole") {
  const auto keys = parseAllCredentials(
      "[old]\naws_access_key_id = A\naws_secret_access_key = a\n"
      "[ new ]\naws_access_key_id = B\naws_secret_access_key = b\n",
      "keys");
  REQUIRE(keys.ok());
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[0].accessKeyId == "A");
  CHECK((*keys)[1].secretAccessKey == "b");
  const auto wrong = [](std::string_view text) { return parseAllCredentials(text, "keys").error().message; };
  CHECK(wrong("") == "keys: no [profile] with an access key");
  CHECK(wrong("[a]\naws_access_key_id = A\n") == "keys: profile [a] has no aws_secret_access_key");
  CHECK(wrong("[a]\naws_access_key_id = A\naws_secret_access_key = s\n[b]\n") ==
        "keys: profile [b] has no aws_access_key_id");
  CHECK(wrong("[a]\naws_access_key_id = A\naws_secret_access_key = s\n[a]\n") ==
        "keys: profile [a] is there twice; keep one");
}

TEST_CASE("a file of keys that others can use is refused") {
  const TempDir dir;
  const std::string path = dir.write("keys", "[a]\naws_access_key_id = A\naws_secret_access_key = s\n");
  for (const mode_t mode : {0600, 0640, 0400}) {
    ::chmod(path.c_str(), mode);
    CHECK(readKeysFile(path).ok());
  }
  for (const mode_t mode : {0644, 0660, 0604, 0602}) {
    ::chmod(path.c_str(), mode);
    const auto keys = readKeysFile(path);
    REQUIRE_FALSE(keys.ok());
    CHECK(keys.error().code == Code::PermissionDenied);
    CHECK(keys.error().message == path + ": others can use these secrets: chmod 0600 it, or 0640");
  }
  CHECK(readKeysFile(dir.path("none")).error().code == Code::NotFound);
}

TEST_CASE("generated keys have the form of AWS keys and differ") {
  SeededRandom random(7);
  const Credentials a = generateCredentials(random);
  const Credentials b = generateCredentials(random);
  CHECK(a.accessKeyId.size() == 20);
  CHECK(a.accessKeyId.starts_with("AKIA"));
  CHECK(a.accessKeyId.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string::npos);
  CHECK(a.secretAccessKey.size() == 40);
  CHECK(
      std::ranges::all_of(a.secretAccessKey, [](char c) { return std::isalnum(c) || c == '+' || c == '/'; }));
  CHECK(a.accessKeyId != b.accessKeyId);
  CHECK(a.secretAccessKey != b.secretAccessKey);
  CHECK(a.sessionToken.empty());
}
