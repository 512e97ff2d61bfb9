#include "common/aws/instance_credentials.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "common/async/event.hpp"
#include "common/http/server.hpp"
#include "common/log/capture.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::aws {
namespace {

using namespace std::chrono_literals;

const WallTime kBegin = *parseAmzDate("20240629T083320Z");
const std::string kRoles = "/latest/meta-data/iam/security-credentials/";

class MovableClock final : public Clock {
 public:
  Now now() const override { return at; }
  void pass(std::chrono::seconds time) {
    at.mono += time;
    at.wall += time;
  }
  Now at{MonoTime{}, kBegin};
};

/// A metadata service that takes only the token it gave last; `oddities` are answered before all else.
class Metadata final : public http::Handler {
 public:
  Async<http::Response> handle(http::ServerRequest request) override {
    requests.push_back(request);
    if (before) co_await before();
    http::Response out;
    if (!oddities.empty()) {
      out = oddities.front();
      oddities.pop_front();
    } else if (request.method == "PUT" && request.path == "/latest/api/token") {
      token = "token-" + std::to_string(++tokens);
      out.body = token;
    } else if (request.headers.get("X-aws-ec2-metadata-token") != token) {
      out.status = 401;
    } else if (request.path == kRoles) {
      out.body = role;
    } else if (request.path == kRoles + "web+role") {
      out.body = R"({"Code":"Success","AccessKeyId":"ASIA)" + std::to_string(++issued) +
                 R"(","SecretAccessKey":"sesame","Token":"session","Expiration":")" + toRfc3339(expires) +
                 R"("})";
    } else {
      out.status = 404;
    }
    co_return out;
  }

  size_t count(const std::string& method) const {
    size_t out = 0;
    for (const http::ServerRequest& request : requests) out += request.method == method ? 1 : 0;
    return out;
  }

  std::string role = "web+role\n";
  WallTime expires = kBegin + 6h;
  std::string token;
  int tokens = 0;
  int issued = 0;
  std::deque<http::Response> oddities;
  std::function<Async<void>()> before;
  std::vector<http::ServerRequest> requests;
};

http::Response odd(int status, std::string body = {}) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

class InstanceFixture {
 public:
  InstanceFixture() {
    http::ServerOptions on;
    on.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(io, on, metadata, log);
    REQUIRE(server->start().ok());
    options.endpoint = http::Url{"http", "127.0.0.1", server->port(), "/", ""};
    options.retryDelay = 1ms;
    options.callTimeout = 2s;
  }

  void run(std::function<Async<void>()> body) { test::runLoop(io, log, body); }
  InstanceCredentials& provider() {
    if (!provider_)
      provider_ = std::make_unique<InstanceCredentials>(
          InstanceCredentials::Means{client, clock, random, log}, options);
    return *provider_;
  }
  Result<Credentials> get() {
    Result<Credentials> out = makeError(Code::Internal, "not asked");
    run([&]() -> Async<void> { out = co_await provider().credentials({}); });
    return out;
  }
  Error failure() {
    const Result<Credentials> out = get();
    REQUIRE_FALSE(out.ok());
    CHECK_THAT(out.error().message, !Catch::Contains("sesame"));
    return out.error();
  }

  boost::asio::io_context io{1};
  CaptureLog log;
  MovableClock clock;
  SeededRandom random{1};
  http::Client client{io, http::ClientOptions{}};
  Metadata metadata;
  InstanceOptions options;
  std::unique_ptr<http::Server> server;

 private:
  std::unique_ptr<InstanceCredentials> provider_;
};

}  // namespace

TEST_CASE("the role's credentials are had by token, name and role, and kept") {
  InstanceFixture test;
  const Result<Credentials> first = test.get();
  REQUIRE(first.ok());
  CHECK(first->accessKeyId == "ASIA1");
  CHECK(first->secretAccessKey == "sesame");
  CHECK(first->sessionToken == "session");
  CHECK(first->expiration == kBegin + 6h);
  REQUIRE(test.metadata.requests.size() == 3);
  CHECK(test.metadata.requests[0].method == "PUT");
  CHECK(test.metadata.requests[0].headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600");
  CHECK(test.metadata.requests[1].path == kRoles);
  test.clock.pass(5h);
  CHECK(test.get()->accessKeyId == "ASIA1");
  CHECK(test.metadata.requests.size() == 3);
}

TEST_CASE("credentials are renewed five minutes before they expire, with a token that is still good") {
  InstanceFixture test;
  test.options.tokenLife = 8h;
  REQUIRE(test.get().ok());
  test.clock.pass(6h - 5min);
  test.metadata.expires = kBegin + 12h;
  CHECK(test.get()->accessKeyId == "ASIA2");
  CHECK(test.metadata.count("PUT") == 1);
  test.clock.pass(6h);
  test.metadata.expires = kBegin + 24h;
  CHECK(test.get()->accessKeyId == "ASIA3");
  CHECK(test.metadata.count("PUT") == 2);
}

TEST_CASE("a token that the service has forgotten is replaced") {
  InstanceFixture test;
  REQUIRE(test.get().ok());
  test.metadata.token = "of a service that was restarted";
  test.clock.pass(5h + 56min);
  test.metadata.expires = kBegin + 12h;
  CHECK(test.get()->accessKeyId == "ASIA2");
  CHECK(test.metadata.count("PUT") == 2);
}

TEST_CASE("credentials that can't be renewed serve until they expire, without asking at every call") {
  InstanceFixture test;
  REQUIRE(test.get().ok());
  test.clock.pass(5h + 56min);
  test.metadata.oddities = {odd(403)};
  const size_t before = test.metadata.requests.size();
  for (int i = 0; i < 5; ++i) CHECK(test.get()->accessKeyId == "ASIA1");
  CHECK(test.metadata.requests.size() == before + 1);
  REQUIRE(test.log.lines().size() == 1);
  CHECK_THAT(test.log.text(), Catch::Contains("those from before stay in use") && !Catch::Contains("sesame"));
  test.clock.pass(31s);
  test.metadata.expires = kBegin + 12h;
  CHECK(test.get()->accessKeyId == "ASIA2");
}

TEST_CASE("credentials that have expired are never given out") {
  InstanceFixture test;
  REQUIRE(test.get().ok());
  test.clock.pass(6h);
  CHECK(test.failure().code == Code::Unavailable);
  test.clock.pass(31s);
  test.metadata.expires = kBegin + 12h;
  CHECK(test.get().ok());
}

TEST_CASE("what the service refuses is an error of its kind, kept for a pause") {
  struct Case {
    int status;
    Code code;
  };
  for (const auto& [status, code] : {Case{403, Code::FailedPrecondition}, Case{404, Code::NotFound}}) {
    InstanceFixture test;
    test.metadata.oddities = {odd(status)};
    CHECK(test.failure().code == code);
    CHECK(test.failure().code == code);
    CHECK(test.metadata.requests.size() == 1);
    test.clock.pass(31s);
    CHECK(test.get().ok());
  }
  InstanceFixture noRole;
  noRole.metadata.role = "\n";
  CHECK(noRole.failure().code == Code::NotFound);
}

TEST_CASE("a busy service is asked again, a few times") {
  InstanceFixture test;
  test.metadata.oddities = {odd(503), odd(500)};
  CHECK(test.get().ok());
  CHECK(test.metadata.requests.size() == 5);
  InstanceFixture down;
  for (int i = 0; i < 3; ++i) down.metadata.oddities.push_back(odd(503));
  CHECK(down.failure().code == Code::Unavailable);
  CHECK(down.metadata.requests.size() == 3);
}

TEST_CASE("senseless answers are errors without a word of what they hold") {
  const std::string good = R"("AccessKeyId":"A","SecretAccessKey":"sesame","Token":"t",)";
  for (const std::string& body :
       {std::string("sesame"), std::string("[]"), std::string("{}"), "{" + good + R"("Expiration":"soon"})",
        "{" + good + R"("Code":"Failed","Expiration":"2030-01-01T00:00:00Z"})",
        std::string(R"({"AccessKeyId":"A","SecretAccessKey":"","Expiration":"2030-01-01T00:00:00Z"})"),
        std::string(
            R"({"AccessKeyId":"A B","SecretAccessKey":"sesame","Expiration":"2030-01-01T00:00:00Z"})"),
        "{" + good + R"("Expiration":"2020-01-01T00:00:00Z"})", good}) {
    CAPTURE(body);
    InstanceFixture test;
    test.metadata.oddities = {odd(200, "token"), odd(200, "role"), odd(200, body)};
    CHECK_FALSE(test.failure().message.empty());
  }
  for (const char* token : {"", "two words", "\n"}) {
    InstanceFixture test;
    test.metadata.oddities = {odd(200, token)};
    CHECK(test.failure().code == Code::Internal);
  }
}

TEST_CASE("where nobody answers, the wait is bounded") {
  InstanceFixture test;
  Event never;
  test.metadata.before = [&]() -> Async<void> {
    test.clock.pass(6s);
    co_await never.wait();
  };
  test.options.callTimeout = 30ms;
  CHECK(test.failure().code == Code::DeadlineExceeded);
  CHECK(test.metadata.requests.size() == 2);
  InstanceFixture nobody;
  nobody.options.endpoint.port = 1;
  CHECK(nobody.failure().code == Code::Unavailable);
}

TEST_CASE("callers at the same time share one refresh, and one that stops does not stop the others") {
  InstanceFixture test;
  Event release;
  test.metadata.before = [&]() -> Async<void> { co_await release.wait(); };
  std::stop_source stop;
  int good = 0;
  int cancelled = 0;
  Event all;
  Event one;
  test.run([&]() -> Async<void> {
    for (int i = 0; i < 4; ++i) {
      spawn(test.io.get_executor(), test.log, "caller", [&, i]() -> Async<void> {
        const auto got = co_await test.provider().credentials(i == 0 ? stop.get_token() : std::stop_token{});
        if (got) {
          CHECK(got->accessKeyId == "ASIA1");
          if (++good == 3) all.set();
        } else {
          CHECK(got.error().code == Code::Cancelled);
          ++cancelled;
          one.set();
        }
      });
    }
    co_await sleepFor(1ms);
    stop.request_stop();
    co_await one.wait();
    CHECK(good == 0);
    release.set();
    co_await all.wait();
  });
  CHECK(cancelled == 1);
  CHECK(test.metadata.requests.size() == 3);
}

TEST_CASE("a provider may go while a refresh is under way") {
  InstanceFixture test;
  Event asked;
  Event never;
  test.metadata.before = [&]() -> Async<void> {
    asked.set();
    co_await never.wait();
  };
  auto provider = std::make_unique<InstanceCredentials>(
      InstanceCredentials::Means{test.client, test.clock, test.random, test.log}, test.options);
  bool ended = false;
  Event end;
  test.run([&]() -> Async<void> {
    spawn(test.io.get_executor(), test.log, "caller", [&]() -> Async<void> {
      const auto got = co_await provider->credentials({});
      ended = !got.ok();
      end.set();
    });
    co_await asked.wait();
    provider.reset();
    co_await end.wait();
  });
  CHECK(ended);
}

}  // namespace berth::aws
