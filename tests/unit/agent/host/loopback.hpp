// A service on loopback that answers what the test says, and a loop that runs until it has been asked enough.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/ids/random.hpp"
#include "common/log/capture.hpp"
#include "tests/support/loop/run_loop.hpp"

namespace berth::agent {

class Loopback final : public http::Handler {
 public:
  using Answer = std::function<http::Response(const http::ServerRequest&)>;

  explicit Loopback(Answer answer) : answer_(std::move(answer)), server_(io, options(), *this, log) {
    REQUIRE(server_.start().ok());
  }

  Async<http::Response> handle(http::ServerRequest request) override {
    requests.push_back(request);
    co_return answer_(request);
  }

  http::Url url() const { return {"http", "127.0.0.1", server_.port(), "/", ""}; }
  uint16_t port() const { return server_.port(); }

  /// Runs the loop until `body` has ended.
  void run(std::function<Async<void>()> body) { test::runLoop(io, log, body); }

  boost::asio::io_context io{1};
  CaptureLog log;
  SystemClock clock;
  SystemRandom random;
  http::Client client{io, {}};
  std::vector<http::ServerRequest> requests;

 private:
  static http::ServerOptions options() {
    http::ServerOptions out;
    out.listen = "127.0.0.1:0";
    return out;
  }

  Answer answer_;
  http::Server server_;
};

inline http::Response said(int status, std::string body = {}) {
  http::Response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

/// An instance metadata service that takes only the token it gave last.
struct FakeMetadata {
  http::Response operator()(const http::ServerRequest& request) {
    if (status != 200) return said(status);
    if (request.method == "PUT" && request.path == "/latest/api/token") {
      token = "token-" + std::to_string(++tokens);
      return said(200, token);
    }
    if (request.headers.get("X-aws-ec2-metadata-token") != token) return said(401);
    const bool asked = request.path == "/latest/meta-data/spot/instance-action" && !action.empty();
    return asked ? said(200, action) : said(404);
  }

  int status = 200;
  int tokens = 0;
  std::string token;
  std::string action;
};

}  // namespace berth::agent
