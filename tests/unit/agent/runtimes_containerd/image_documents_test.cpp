#include "agent/runtimes/containerd/image_documents.hpp"

#include <catch2/catch.hpp>

#include "agent/runtimes/containerd/registry.hpp"

namespace berth::agent::containerd {
namespace {

std::string digestOf(char digit) { return "sha256:" + std::string(64, digit); }

std::string described(const std::string& type, char digit, const std::string& more = "") {
  return R"({"mediaType": ")" + type + R"(", "digest": ")" + digestOf(digit) + R"(", "size": 7)" + more + "}";
}

const std::string kGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

std::string manifestOf(const std::string& layers) {
  return R"({"schemaVersion": 2, "config": )" + described("config", 'c') + R"(, "layers": [)" + layers + "]}";
}

TEST_CASE("A manifest names a configuration and layers from the lowest") {
  const auto manifest = parseManifest(manifestOf(described(kGzip, '1') + "," + described(kGzip, '2')));
  REQUIRE(manifest);
  CHECK(manifest->config.digest == digestOf('c'));
  REQUIRE(manifest->layers.size() == 2);
  CHECK(manifest->layers[1].digest == digestOf('2'));
  CHECK(manifest->bytes() == 14);
}

TEST_CASE("Manifests that can't be used are refused with the reason") {
  CHECK(parseManifest("{").error().code == Code::InvalidArgument);
  CHECK(parseManifest(R"({"schemaVersion": 1})").error().code == Code::Unimplemented);
  CHECK(parseManifest(R"({"schemaVersion": 2})").error().code == Code::InvalidArgument);
  CHECK(parseManifest(manifestOf(described("application/x-foreign", '1'))).error().code ==
        Code::Unimplemented);
  for (const char* digest : {"sha256:zz", "md5:11", "", "sha256:../../etc/passwd"}) {
    const std::string layer =
        R"({"mediaType": ")" + kGzip + R"(", "digest": ")" + digest + R"(", "size": 1})";
    CHECK(parseManifest(manifestOf(layer)).error().code == Code::InvalidArgument);
  }
}

TEST_CASE("An index is asked for the machine's own manifest") {
  const auto entry = [](const char* architecture, char digit) {
    return described(
        "m", digit, std::string(R"(, "platform": {"os": "linux", "architecture": ")") + architecture + "\"}");
  };
  const std::string index =
      R"({"manifests": [{"digest": 5}, )" + entry("amd64", 'a') + "," + entry("arm64", 'b') + "]}";
  CHECK(chooseManifest(index, "x86_64")->digest == digestOf('a'));
  CHECK(chooseManifest(index, "aarch64")->digest == digestOf('b'));
  const auto none = chooseManifest(index, "riscv64");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::NotFound);
  CHECK(none.error().message.find("linux/amd64, linux/arm64") != std::string::npos);
  CHECK(isIndex(mediaTypeOf(index)));
  CHECK_FALSE(isIndex(mediaTypeOf(manifestOf(""))));
}

TEST_CASE("Of the variants of a machine's kind the newest that it runs is taken") {
  const auto entry = [](const std::string& architecture, const std::string& variant, char mark) {
    return R"({"digest": ")" + digestOf(mark) +
           R"(", "size": 1, "platform": {"os": "linux", "architecture": ")" + architecture +
           R"(", "variant": ")" + variant + R"("}})";
  };
  const std::string index = R"({"manifests": [)" + entry("arm", "v5", 'a') + "," + entry("arm", "v7", 'b') +
                            "," + entry("arm", "v6", 'c') + "," + entry("amd64", "v3", 'd') + "," +
                            entry("arm64", "v8", 'e') + "]}";
  CHECK(chooseManifest(index, "armv7l")->digest == digestOf('b'));
  CHECK(chooseManifest(index, "armv6l")->digest == digestOf('c'));
  CHECK(chooseManifest(index, "armv8l")->digest == digestOf('b'));
  CHECK(chooseManifest(index, "aarch64")->digest == digestOf('e'));
  const auto newer = chooseManifest(index, "x86_64");
  REQUIRE_FALSE(newer);
  CHECK(newer.error().message.find("linux/amd64/v3") != std::string::npos);
}

TEST_CASE("An image's configuration says what its containers run") {
  const auto config = parseImageConfig(
      R"({"created": "2020-01-02T03:04:05Z", "config": {"Cmd": ["sh"], "Env": ["A=1"], "User": "app", "Volumes": {"/data": {}},
          "StopSignal": "SIGQUIT"}, "rootfs": {"type": "layers", "diff_ids": ["sha256:a", "sha256:b"]}})");
  REQUIRE(config);
  CHECK(config->defaults.command == std::vector<std::string>{"sh"});
  CHECK(config->defaults.user == "app");
  CHECK(config->defaults.stopSignal == "SIGQUIT");
  CHECK(config->volumes == std::vector<std::string>{"/data"});
  CHECK(config->diffIds.size() == 2);
  CHECK(config->createdAt);
  CHECK(parseImageConfig(R"({"config": {}})").error().code == Code::InvalidArgument);
  CHECK(parseImageConfig(R"({"rootfs": {"diff_ids": [1]}})").error().code == Code::InvalidArgument);
}

TEST_CASE("A chain's name is made of all layers below") {
  const std::vector<std::string> layers = {"sha256:a", "sha256:b"};
  CHECK(chainId(layers, 0) == "sha256:a");
  // sha256sum of "sha256:a sha256:b"
  CHECK(chainId(layers, 1) == "sha256:970a948bffa8de94d6e22d747ba8c95030e6e546909f98f54e99a13005e173a8");
}

TEST_CASE("A registry's challenge says where the token is") {
  const auto bearer =
      parseChallenge(R"(Bearer realm="https://a.example/t",service="reg",scope="repository:x:pull,push")");
  REQUIRE(bearer);
  CHECK(bearer->realm == "https://a.example/t");
  CHECK(bearer->service == "reg");
  CHECK(bearer->scope == "repository:x:pull,push");
  CHECK(parseChallenge("basic realm=\"x\"")->basic);
  for (const char* text : {"", "Bearer", "Bearer service=\"x\"", "Digest realm=\"x\""})
    CHECK_FALSE(parseChallenge(text));
}

}  // namespace
}  // namespace berth::agent::containerd
