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
      {"toomanyrequests: slow down", Code::ResourceExhausted},
      {"error parsing HTTP 429 response body: invalid character 's'", Code::ResourceExhausted},
      {"received unexpected HTTP status: 429 Too Many Requests", Code::ResourceExhausted},
      {"received unexpected HTTP status: 503 Service Unavailable", Code::Unavailable},
      {"Get \"http://127.0.0.1:5000/v2/\": EOF", Code::Unavailable},
      {"filesystem layer verification failed for digest sha256:0a", Code::DataLoss},
      {"image config verification failed for digest sha256:0a", Code::DataLoss},
      {"manifest verification failed for digest sha256:0a", Code::DataLoss},
      {"Get \"https://r/v2/\": x509: certificate signed by unknown authority", Code::FailedPrecondition},
      {"Get \"https://r/v2/\": http: server gave HTTP response to HTTPS client", Code::FailedPrecondition},
      {"no matching manifest for linux/amd64 in the manifest list entries", Code::NotFound},
      {"invalid reference format", Code::InvalidArgument},
      {"something else", Code::Internal},
  }));
  const Error error = registryError(500, each.text);
  CHECK(error.code == each.code);
  CHECK(error.message == each.text);
}

TEST_CASE("Only what may be otherwise next time is worth another try") {
  const auto retryable = [](const std::string& text) {
    return registryFailure(500, text, "r/web:1").retryable;
  };
  CHECK(retryable("toomanyrequests: slow down"));
  CHECK(retryable("received unexpected HTTP status: 500 Internal Server Error"));
  CHECK(retryable("dial tcp 127.0.0.1:1: connect: connection refused"));
  CHECK(retryable("write /data/x: no space left on device"));
  CHECK_FALSE(retryable("manifest unknown: manifest unknown"));
  CHECK_FALSE(retryable("denied: requested access to the resource is denied"));
  CHECK_FALSE(retryable("invalid reference format"));
  CHECK_FALSE(retryable("filesystem layer verification failed for digest sha256:0a"));
}

TEST_CASE("People are told what to check, the image, and the engine's words") {
  CHECK(registryFailure(404, "manifest unknown: manifest unknown", "r:5000/web:1").message ==
        "The task can't pull the image. Check whether the image exists. r:5000/web:1: manifest unknown: "
        "manifest "
        "unknown");
  CHECK(registryFailure(500, "pull access denied for r/web:1", "r/web:1").message ==
        "The task can't pull the image. Check that the role has the permissions to pull images from the "
        "registry. "
        "pull access denied for r/web:1");
  CHECK(registryFailure(500, "dial tcp: i/o timeout", "r/web:1")
            .message.starts_with("The task can't pull the image. Check your network configuration. "));
  CHECK(registryFailure(500, "something else", "r/web:1").message == "r/web:1: something else");
}

TEST_CASE("A full disk is told from a registry that limits its pulls") {
  const Error full = registryFailure(500, "write /data/x: no space left on device", "r/web:1");
  CHECK(saysDiskFull(full));
  CHECK(full.message.find("disk of the host is full") != std::string::npos);
  const Error limited = registryFailure(500, "toomanyrequests: slow down", "r/web:1");
  CHECK_FALSE(saysDiskFull(limited));
  CHECK(limited.message.find("limits its pulls") != std::string::npos);
}

TEST_CASE("The name of an image is no clue") {
  const Error error = registryFailure(500, "manifest for r/denied:1 not found", "r/denied:1");
  CHECK(error.code == Code::NotFound);
  CHECK(registryFailure(500, "r/denied:2: not found", "r/denied:1").code == Code::NotFound);
}

TEST_CASE("Neither is its tag, nor a short form of its name") {
  const std::string hub = "docker.io/library/web:unauthorized";
  CHECK(registryFailure(500, "manifest for " + hub + " not found", hub).code == Code::NotFound);
  CHECK(registryFailure(500, "manifest for web:unauthorized not found", hub).code == Code::NotFound);
  CHECK(registryFailure(500, "failed to resolve team/denied:1: not found", "docker.io/team/denied:1").code ==
        Code::NotFound);
}

TEST_CASE("Words that only contain an image's name stay clues") {
  CHECK(registryFailure(500, "Get \"https://r/v2/auth/\": unauthorized: authentication required", "auth:1")
            .code == Code::PermissionDenied);
  CHECK(registryFailure(500, "pull access denied for denied, repository does not exist",
                        "docker.io/library/denied:1")
            .code == Code::PermissionDenied);
}

TEST_CASE("Signatures in URLs are not told") {
  CHECK(withoutQueries("Get \"https://layers.example/a/b?X-Amz-Signature=abc&y=1\": dial tcp: i/o timeout") ==
        "Get \"https://layers.example/a/b?REDACTED\": dial tcp: i/o timeout");
  CHECK(withoutQueries("https://a/?x=1 and http://b/c?d=e") == "https://a/?REDACTED and http://b/c?REDACTED");
  CHECK(withoutQueries("is this one? no: http://a/b") == "is this one? no: http://a/b");
  CHECK(registryFailure(500, "Get \"https://l/?sig=secret\": EOF", "r/web:1").message.find("secret") ==
        std::string::npos);
}

TEST_CASE("Without a clue in the text the status decides") {
  CHECK(registryError(404, "page missing").code == Code::NotFound);
  CHECK(registryError(400, "invalid reference format").code == Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::agent
