#include "agent/runtimes/docker/errors.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

TEST_CASE("The engine's statuses become codes, and its words stay") {
  struct Case {
    int status;
    Code code;
  };
  const auto each = GENERATE(values<Case>({{400, Code::InvalidArgument},
                                           {401, Code::PermissionDenied},
                                           {403, Code::PermissionDenied},
                                           {404, Code::NotFound},
                                           {409, Code::FailedPrecondition},
                                           {500, Code::Internal},
                                           {501, Code::Unimplemented},
                                           {503, Code::Unavailable}}));
  const Error error = engineError(each.status, "permission denied: not found");
  CHECK(error.code == each.code);
  CHECK(error.message == "permission denied: not found");
}

TEST_CASE("What a registry said is told from the engine's text") {
  struct Case {
    std::string text;
    Code code;
  };
  const auto each = GENERATE(values<Case>({
      {"pull access denied for x, repository does not exist or may require 'docker login': denied: requested "
       "access to the resource is denied",
       Code::PermissionDenied},
      {"Get \"https://r/v2/\": unauthorized: authentication required", Code::PermissionDenied},
      {"Head \"http://r/v2/x/manifests/1\": no basic auth credentials", Code::PermissionDenied},
      {"manifest for 127.0.0.1:5000/web:2 not found: manifest unknown: manifest unknown", Code::NotFound},
      {"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
       Code::Unavailable},
      {"Get \"https://r.invalid/v2/\": dial tcp: lookup r.invalid: no such host", Code::Unavailable},
      {"net/http: request canceled (Client.Timeout exceeded while awaiting headers)", Code::Unavailable},
      {"toomanyrequests: You have reached your pull rate limit", Code::ResourceExhausted},
      {"write /var/lib/docker/tmp/x: no space left on device", Code::ResourceExhausted},
      {"something else", Code::Internal},
  }));
  const Error error = registryError(500, each.text);
  CHECK(error.code == each.code);
  CHECK(error.message == each.text);
}

TEST_CASE("Without a clue in the text the status decides") {
  CHECK(registryError(404, "page missing").code == Code::NotFound);
  CHECK(registryError(400, "invalid reference format").code == Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::agent
