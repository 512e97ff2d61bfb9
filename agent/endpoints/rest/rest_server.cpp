#include "agent/endpoints/rest/rest_server.hpp"

#include <cpprest/http_listener.h>
#include <pplx/threadpool.h>

#include <chrono>
#include <utility>

#include "agent/endpoints/rest/delays.hpp"

namespace berth::agent::endpoints {
namespace {

namespace web_http = web::http;
using Listener = web::http::experimental::listener::http_listener;

constexpr Duration kLookWhenBusy = std::chrono::milliseconds(100);
constexpr Duration kLookWhenIdle = std::chrono::seconds(1);

/// cpprestsdk ends the program over a failed task whose failure nobody looked at.
void observe(const pplx::task<void>& task) {
  task.then([](const pplx::task<void>& done) {
    try {
      done.get();
    } catch (const std::exception&) {  // the peer is gone: nobody is left to tell
    }
  });
}

/// A connection whose peer can't be told by its address serves one request: what waits for an answer is then
/// told from what was answered; see peerPorts().
void send(const web_http::http_request& request, Response response) {
  web_http::http_response out(static_cast<web_http::status_code>(response.status));
  if (request.method() == web_http::methods::HEAD) response.body.clear();
  out.set_body(std::move(response.body), response.contentType);
  for (const auto& [name, value] : response.headers) out.headers().add(name, value);
  if (!response.keepOpen) out.headers().add("Connection", "close");
  observe(request.reply(out));
}

std::string header(const web_http::http_request& request, const char* name) {
  const auto found = request.headers().find(name);
  return found == request.headers().end() ? std::string() : found->second;
}

/// A path that begins with "//" was read as the name of a host.
std::string pathOf(const web::uri& uri) {
  const bool doubled = uri.scheme().empty() && !uri.host().empty();
  return doubled ? "//" + uri.host() + uri.path() : uri.path();
}

/// The rest of a body that is too long is not kept: the library reads it all before it sends an answer.
void refuseBody(const web_http::http_request& request, int status, const std::string& reason) {
  auto sink = request._get_impl()->outstream().streambuf();
  observe(sink.close(std::ios_base::out, std::make_exception_ptr(std::runtime_error(reason))));
  send(request, {.status = status, .contentType = "text/plain", .body = reason + "\n"});
}

}  // namespace

struct RestServer::State : std::enable_shared_from_this<RestServer::State> {
  State(Log& to, const Clock& time) : log(to), clock(time), delays(time) {}

  void serve(const web_http::http_request& request);
  void handle(const web_http::http_request& request, std::string body);
  void look();

  Log& log;
  const Clock& clock;
  RestOptions options;
  Handler handler;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connections> connections;
  Delays delays;
};

void RestServer::State::serve(const web_http::http_request& request) {
  if (!header(request, "Transfer-Encoding").empty()) {
    return refuseBody(request, 411, "a body needs a Content-Length here; chunked bodies are not taken");
  }
  uint64_t length = 0;
  if (!request.headers().match(web_http::header_names::content_length, length)) length = 0;
  if (length > options.mostBody) {
    return refuseBody(request, 413, "the body has more than " + std::to_string(options.mostBody) + " bytes");
  }
  if (length == 0) return handle(request, {});
  request.extract_vector().then(
      [self = shared_from_this(), request](const pplx::task<std::vector<unsigned char>>& read) {
        try {
          const std::vector<unsigned char> bytes = read.get();
          self->handle(request, std::string(bytes.begin(), bytes.end()));
        } catch (const std::exception&) {
          send(request, {.status = 400, .contentType = "text/plain", .body = "the body is incomplete\n"});
        }
      });
}

void RestServer::State::handle(const web_http::http_request& request, std::string body) {
  Request in{.method = request.method(),
             .path = pathOf(request.request_uri()),
             .query = request.request_uri().query(),
             .body = std::move(body),
             .remoteAddress = plainAddress(request.remote_address()),
             .userAgent = header(request, "User-Agent")};
  handler(std::move(in), [request](Response response) { send(request, std::move(response)); });
}

void RestServer::State::look() {
  const ConnectionsSeen seen = connections->look(clock.now().mono);
  if (seen.cut > 0) {
    log.debug("cut connections to the local endpoints", {{"cut", seen.cut}, {"open", seen.open}});
  }
  std::function<void()> again = [this] { look(); };
  delays.later(seen.open > 0 ? kLookWhenBusy : kLookWhenIdle, again);
}

Status RestServer::useThreads(size_t threads) {
  try {
    crossplat::threadpool::initialize_with_threads(threads);
    return {};
  } catch (const std::exception& failure) {
    return makeError(Code::FailedPrecondition,
                     std::string("can't set the threads of the HTTP library: ") + failure.what());
  }
}

RestServer::RestServer(Log& log, const Clock& clock) : state_(std::make_shared<State>(log, clock)) {}

RestServer::~RestServer() { stop(); }

Status RestServer::start(RestOptions options, Handler handler) {
  const std::string where = options.address + ":" + std::to_string(options.port);
  if (state_->listener) return makeError(Code::FailedPrecondition, "the server listens already");
  if (options.port == 0) {
    return makeError(Code::InvalidArgument, "can't listen on " + where + ": give a port from 1 to 65535");
  }
  state_->options = options;
  state_->handler = std::move(handler);
  try {
    auto listener = std::make_unique<Listener>(web::uri("http://" + where + "/"));
    State* state = state_.get();
    listener->support([state](const web_http::http_request& request) { state->serve(request); });
    listener->open().wait();
    state_->listener = std::move(listener);
  } catch (const std::exception& failure) {
    return makeError(Code::FailedPrecondition,
                     "can't listen on " + where + ": " + failure.what() +
                         "; stop the program that has this port ('ss -ltnp' names it), or choose another");
  }
  state_->connections = std::make_unique<Connections>(options.address, options.port, options.connections);
  state_->delays.start();
  later(Duration(0), [state = state_.get()] { state->look(); });
  return {};
}

void RestServer::stop() {
  if (!state_->listener) return;
  state_->delays.stop();
  try {
    state_->listener->close().wait();
  } catch (const std::exception& failure) {
    state_->log.warn("the local endpoints did not close in order", {{"reason", failure.what()}});
  }
  state_->listener.reset();
}

void RestServer::later(Duration delay, std::function<void()> work) {
  if (!state_->delays.later(delay, work)) work();
}

std::vector<uint16_t> RestServer::portsOf(const std::string& address) const {
  return peerPorts(state_->options.port, address);
}

}  // namespace berth::agent::endpoints
