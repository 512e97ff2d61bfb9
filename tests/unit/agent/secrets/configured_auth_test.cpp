#include "agent/secrets/configured_auth.hpp"

#include <catch2/catch.hpp>

using namespace berth::agent;

namespace {

RegistryAuths authsOf(std::initializer_list<const char*> names) {
  RegistryAuths out;
  for (const char* name : names) out[registryKey(name)] = RegistryAuth{name, "pw"};
  return out;
}

std::string chosen(const RegistryAuths& auths, std::string_view image) {
  const auto auth = chooseAuth(auths, image);
  return auth ? auth->username : "none";
}

}  // namespace

TEST_CASE("an image's repository has its registry and neither tag nor digest") {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  CHECK(repositoryOf("nginx") == "docker.io/library/nginx");
  CHECK(repositoryOf("nginx:1.27") == "docker.io/library/nginx");
  CHECK(repositoryOf("team/app:1" + digest) == "docker.io/team/app");
  CHECK(repositoryOf("docker.io/nginx") == "docker.io/library/nginx");
  CHECK(repositoryOf("index.docker.io/team/app") == "docker.io/team/app");
  CHECK(repositoryOf("reg.example:5000/a/b/c:tag") == "reg.example:5000/a/b/c");
  CHECK(repositoryOf("localhost/app") == "localhost/app");
  CHECK(repositoryOf("localhost:5000/app" + digest) == "localhost:5000/app");
  CHECK(repositoryOf("") == "docker.io/library/");
}

TEST_CASE("a registry's key has no scheme, and all names of Docker Hub are one") {
  for (const char* name : {"https://index.docker.io/v1/", "index.docker.io/v1/", "index.docker.io",
                           "docker.io", "https://registry-1.docker.io/v2/", "http://docker.io/"}) {
    CAPTURE(name);
    CHECK(registryKey(name) == "docker.io");
  }
  CHECK(registryKey("https://reg.example:5000/team/") == "reg.example:5000/team");
  CHECK(registryKey("docker.io/team") == "docker.io/team");
}

TEST_CASE("the longest matching part of the image's name decides") {
  const RegistryAuths auths =
      authsOf({"https://index.docker.io/v1/", "reg.example", "https://reg.example/team",
               "reg.example/team/app", "docker.io/mine", "other.example/team"});
  CHECK(chosen(auths, "nginx") == "https://index.docker.io/v1/");
  CHECK(chosen(auths, "mine/app:1") == "docker.io/mine");
  CHECK(chosen(auths, "reg.example/x") == "reg.example");
  CHECK(chosen(auths, "reg.example/team/x:1") == "https://reg.example/team");
  CHECK(chosen(auths, "reg.example/team/app@sha256:abc") == "reg.example/team/app");
  CHECK(chosen(auths, "reg.example/teamwork/x") == "reg.example");
}

TEST_CASE("credentials are for nobody else: not another port, host or part of a registry") {
  const RegistryAuths auths = authsOf({"reg.example", "other.example/team"});
  CHECK(chosen(auths, "reg.example:5000/x") == "none");
  CHECK(chosen(auths, "reg.example.evil/x") == "none");
  CHECK(chosen(auths, "other.example/x") == "none");
  CHECK(chosen(auths, "other.example/teams/x") == "none");
  CHECK(chosen(auths, "nginx") == "none");
  CHECK(chosen({}, "reg.example/x") == "none");
}
