// What the tests of sources share: services on loopback that do what a test says, and a loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/secrets/sources/aws_api.hpp"
#include "common/async/callback.hpp"
#include "common/aws/errors.hpp"
#include "common/aws/sigv4_verifier.hpp"
#include "common/http/server.hpp"
#include "common/log/capture.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::agent::test {

using namespace std::chrono_literals;

inline const WallTime kWall = *parseAmzDate("20240629T083320Z");
inline const Role kRole{"cred-1", "arn:aws:iam::1:role/exec", "AKIDROLE", "role-secret", "role-token"};
inline const aws::Credentials kAgentKey{"AKIDAGENT", "agent-secret", "", {}};

/// Stands still unless it is moved.
class ManualClock final : public Clock {
 public:
  Now now() const override { return at; }
  Now at{MonoTime{}, kWall};
};

/// Answers from a queue, or by a function; keeps what came in.
class Service final : public http::Handler {
 public:
  Async<http::Response> handle(http::ServerRequest request) override {
    requests.push_back(request);
    if (!answers.empty()) {
      http::Response next = std::move(answers.front());
      answers.pop_front();
      co_return next;
    }
    if (!respond) co_return aws::toResponse({"UnexpectedCall", request.target, 400}, "id");
    co_return co_await respond(std::move(request));
  }

  std::deque<http::Response> answers;  ///< these first
  std::function<Async<http::Response>(http::ServerRequest)> respond;
  std::vector<http::ServerRequest> requests;
};

/// A loop with one service on it, and what sources need.
class Stage {
 public:
  Stage() {
    http::ServerOptions on;
    on.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(io, on, service, log);
    REQUIRE(server->start().ok());
  }

  FetchMeans means() { return FetchMeans{io.get_executor(), client, clock, random, log}; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  AwsOptions options() const {
    AwsOptions out;
    out.region = "us-east-1";
    out.userAgent = "berth-test/1";
    out.ssmEndpoint = out.secretsManagerEndpoint = out.s3Endpoint = out.ecrEndpoint = url();
    out.retry.firstBound = out.retry.mostBound = 1ms;
    return out;
  }
  std::shared_ptr<AwsApi> api() { return std::make_shared<AwsApi>(means(), options()); }

  /// Runs one coroutine to its end; fails the test after 20 s.
  void run(std::function<Async<void>()> body) { berth::test::runLoop(io, log, body); }

  /// What start(callback) answers.
  template <class T>
  Result<T> ask(std::function<void(Callback<T>)> start) {
    std::optional<Result<T>> out;
    run([&]() -> Async<void> { out.emplace(co_await loopAwait<T>(start)); });
    return *std::move(out);
  }

  Result<std::vector<std::string>> secrets(SecretSource& source, std::vector<SecretRequest> requests,
                                           std::optional<Role> role = kRole) {
    return ask<std::vector<std::string>>(
        [&](auto done) { source.fetch(std::move(requests), std::move(role), std::move(done)); });
  }

  boost::asio::io_context io{1};
  CaptureLog log;
  ManualClock clock;
  SeededRandom random{1};
  http::Client client{io, http::ClientOptions{}};
  Service service;
  std::unique_ptr<http::Server> server;
};

inline http::Response jsonAnswer(std::string body) { return aws::successResponse(std::move(body), "id"); }

inline http::Response statusAnswer(int status, std::string body = {}) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

/// Whether a request is signed for the service in us-east-1 by the key; the verifier's words when it isn't.
inline std::string signedBy(const http::ServerRequest& request, const aws::Credentials& key,
                            const std::string& service, const std::string& region = "us-east-1") {
  const aws::Verifier verifier({service, region},
                               [&](std::string_view id) -> std::optional<aws::Credentials> {
                                 if (id != key.accessKeyId) return std::nullopt;
                                 return key;
                               });
  const auto result = verifier.verify({request.method, request.target, request.headers, request.body}, kWall);
  if (const auto* error = std::get_if<aws::ApiError>(&result)) return error->type + ": " + error->message;
  return std::get<aws::Caller>(result).accessKeyId;
}

inline const aws::Credentials kRoleKey{kRole.accessKeyId, kRole.secretAccessKey, kRole.sessionToken, {}};

inline SecretRequest ssm(std::string valueFrom) { return {"NAME", std::move(valueFrom), "ssm", ""}; }
inline SecretRequest asmSecret(std::string valueFrom) { return {"NAME", std::move(valueFrom), "asm", ""}; }

}  // namespace berth::agent::test
