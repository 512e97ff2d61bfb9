#include "agent/secrets/sources/http_secrets.hpp"

#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/secrets/sources/support.hpp"

namespace berth::agent::test {
namespace {

class SecretServer {
 public:
  SecretServer() { token("the-token\n"); }

  void token(const std::string& text, mode_t mode = 0600) {
    REQUIRE(::chmod(dir.write("token", text).c_str(), mode) == 0);
  }
  HttpSecretsOptions options() const {
    HttpSecretsOptions out;
    out.url = stage.url() + "/v1/secrets/";
    out.tokenFile = dir.path("token");
    out.retry.firstBound = out.retry.mostBound = 1ms;
    return out;
  }
  Result<std::string> get(const std::string& valueFrom) {
    auto source = HttpSecrets::make(stage.means(), options());
    REQUIRE(source.ok());
    const auto values = stage.secrets(**source, {ssm(valueFrom)}, std::nullopt);
    if (!values) return values.error();
    return values->at(0);
  }
  Result<std::string> answered(http::Response answer, const std::string& valueFrom = "a") {
    stage.service.requests.clear();
    stage.service.answers = {std::move(answer)};
    return get(valueFrom);
  }
  static http::Response typed(const std::string& type, std::string body) {
    http::Response out;
    out.headers.add("Content-Type", type);
    out.body = std::move(body);
    return out;
  }

  TempDir dir;
  Stage stage;
};

}  // namespace

TEST_CASE("a secret is got from the server by its name, with the token of the file") {
  SecretServer server;
  CHECK(*server.answered(SecretServer::typed("text/plain; charset=utf-8", "open sesame\n"),
                         "http:db/pass word") == "open sesame");
  REQUIRE(server.stage.service.requests.size() == 1);
  const http::ServerRequest& request = server.stage.service.requests[0];
  CHECK(request.method == "GET");
  CHECK(request.target == "/v1/secrets/db/pass%20word");
  CHECK(request.headers.get("Authorization") == "Bearer the-token");
  server.token("rotated");
  CHECK(server.answered(SecretServer::typed("text/plain", "x"), "/db").ok());
  CHECK(server.stage.service.requests[0].headers.get("Authorization") == "Bearer rotated");
  CHECK(server.stage.service.requests[0].target == "/v1/secrets/db");
}

TEST_CASE("JSON is a text, an object with a value, or searched for the key that is asked for") {
  SecretServer server;
  const auto json = [](std::string body) { return SecretServer::typed("application/json", std::move(body)); };
  CHECK(*server.answered(json(R"("open sesame")")) == "open sesame");
  CHECK(*server.answered(json(R"("a\n")")) == "a\n");
  CHECK(*server.answered(json(R"({"value":"x","other":1})")) == "x");
  CHECK(*server.answered(json(R"({"pw":"y"})"), "a#pw") == "y");
  CHECK(server.stage.service.requests[0].target == "/v1/secrets/a");
  CHECK(*server.answered(json(R"({"data":{"data":{"pw":"z"}}})"), "http:kv/a#/data/data/pw") == "z");
  CHECK(*server.answered(SecretServer::typed("text/plain", R"({"value":"x"})")) == R"({"value":"x"})");
  for (const char* bad : {"sesame", "[\"sesame\"]", "42", "{\"other\":\"sesame\"}", "", "{\"value\":null}"}) {
    CAPTURE(bad);
    const auto value = server.answered(json(bad));
    REQUIRE_FALSE(value.ok());
    CHECK_THAT(value.error().message,
               Catch::StartsWith("Trying to retrieve secret with value a resulted in error") &&
                   !Catch::Contains("sesame"));
  }
}

TEST_CASE("the server's refusals are errors of their kind, and only what may pass is tried again") {
  SecretServer server;
  const auto code = [&](int status) {
    const auto value = server.answered(statusAnswer(status, "sesame"));
    REQUIRE_FALSE(value.ok());
    CHECK_THAT(value.error().message, !Catch::Contains("sesame") && !Catch::Contains("the-token"));
    CHECK(server.stage.service.requests.size() == 1);
    return value.error().code;
  };
  CHECK(code(401) == Code::Unauthenticated);
  CHECK(code(403) == Code::PermissionDenied);
  CHECK(code(404) == Code::NotFound);
  CHECK(code(302) == Code::FailedPrecondition);
  CHECK(code(204) == Code::FailedPrecondition);
  server.stage.service.requests.clear();
  server.stage.service.answers = {statusAnswer(503), statusAnswer(429),
                                  SecretServer::typed("text/plain", "x")};
  CHECK(server.get("a").ok());
  CHECK(server.stage.service.requests.size() == 3);
  server.stage.service.answers = {statusAnswer(500), statusAnswer(500), statusAnswer(500), statusAnswer(500)};
  const auto down = server.get("a");
  REQUIRE_FALSE(down.ok());
  CHECK(down.error().retryable);
}

TEST_CASE("names can't leave the path of the server") {
  SecretServer server;
  for (const char* name :
       {"../admin", "http://evil.example/x", "http:", "a/../b", "//evil.example", "a//b"}) {
    CAPTURE(name);
    const auto value = server.get(name);
    REQUIRE_FALSE(value.ok());
    CHECK(value.error().code == Code::InvalidArgument);
  }
  CHECK(server.stage.service.requests.empty());
  CHECK(server.answered(SecretServer::typed("text/plain", "x"), "a?b=c&%2e%2e").ok());
  CHECK(server.stage.service.requests[0].target == "/v1/secrets/a%3Fb%3Dc%26%252e%252e");
}

TEST_CASE("a token that is missing, no word, or open to all keeps the request from being sent") {
  SecretServer server;
  server.token("the-token", 0644);
  CHECK(server.get("a").error().code == Code::PermissionDenied);
  server.token("two words");
  const auto words = server.get("a");
  CHECK(words.error().code == Code::InvalidArgument);
  CHECK_THAT(words.error().message, !Catch::Contains("two words"));
  server.token("bad\r\nHeader: x");
  CHECK_FALSE(server.get("a").ok());
  server.token("");
  CHECK_FALSE(server.get("a").ok());
  std::filesystem::remove(server.dir.path("token"));
  CHECK(server.get("a").error().code == Code::NotFound);
  CHECK(server.stage.service.requests.empty());
}

TEST_CASE("a secret that is too large, binary or empty is refused") {
  SecretServer server;
  const auto large = server.answered(SecretServer::typed("text/plain", std::string(300 << 10, 'x')));
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().code == Code::ResourceExhausted);
  CHECK_FALSE(large.error().retryable);
  CHECK_FALSE(server.answered(SecretServer::typed("text/plain", "\xff\xfe")).ok());
  CHECK_FALSE(server.answered(SecretServer::typed("text/plain", "\n")).ok());
}

TEST_CASE("settings under which a token or a name would be sent wrongly are refused") {
  SecretServer server;
  const auto make = [&](const std::string& url, const std::string& tokenFile) {
    HttpSecretsOptions options;
    options.url = url;
    options.tokenFile = tokenFile;
    return HttpSecrets::make(server.stage.means(), options);
  };
  CHECK(make("https://secrets.example/v1", "/token").ok());
  CHECK(make("http://secrets.example/v1", "").ok());
  CHECK(make("http://localhost:8200", "/token").ok());
  for (const char* bad : {"", "secrets.example", "ftp://secrets.example", "ws://secrets.example",
                          "https://secrets.example/?a=b", "https://u:p@secrets.example"}) {
    CAPTURE(bad);
    const auto source = make(bad, "");
    REQUIRE_FALSE(source.ok());
    CHECK(source.error().code == Code::InvalidArgument);
  }
  const auto clear = make("http://secrets.example", "/token");
  REQUIRE_FALSE(clear.ok());
  CHECK_THAT(clear.error().message, Catch::Contains("clear text") && Catch::Contains("use https"));
}

TEST_CASE("two containers' requests for one secret are one call") {
  SecretServer server;
  Event release;
  server.stage.service.respond = [&](http::ServerRequest) -> Async<http::Response> {
    co_await release.wait();
    co_return SecretServer::typed("text/plain", "x");
  };
  auto source = HttpSecrets::make(server.stage.means(), server.options());
  int answered = 0;
  Event all;
  server.stage.run([&]() -> Async<void> {
    for (int i = 0; i < 3; ++i) {
      (*source)->fetch({ssm("a"), ssm("a#")}, std::nullopt, [&](auto values) {
        CHECK(values.ok());
        if (++answered == 3) all.set();
      });
    }
    release.set();
    co_await all.wait();
  });
  CHECK(server.stage.service.requests.size() <= 2);
}

}  // namespace berth::agent::test
