#include "tests/unit/common/http/support.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <cstdio>

namespace berth::http::test {

namespace asio = boost::asio;
using boost::system::error_code;

void Loop::beside(std::function<Async<void>()> body) {
  asio::co_spawn(io, std::move(body), [this](std::exception_ptr escaped) {
    if (escaped && !escaped_) escaped_ = escaped;
    if (escaped) io.stop();
  });
}

void Loop::runUntilDone(std::function<Async<void>()> body) {
  bool done = false;
  beside([&done, this, body = std::move(body)]() -> Async<void> {
    co_await body();
    done = true;
    io.stop();
  });
  io.restart();
  io.run_for(30s);
  if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
  if (!done) FAIL("the test took longer than 30 s");
}

TlsFiles makeCertificate(const TempDir& dir, const std::string& name) {
  TlsFiles files{dir.path(name + ".crt"), dir.path(name + ".key")};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* common = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  REQUIRE(X509_sign(certificate, key, EVP_sha256()) != 0);

  FILE* out = std::fopen(files.certFile.c_str(), "w");
  REQUIRE(out != nullptr);
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(files.keyFile.c_str(), "w");
  REQUIRE(out != nullptr);
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

Async<RawSocket> RawSocket::connect(uint16_t port) {
  Tcp::socket socket(co_await asio::this_coro::executor);
  const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  socket.set_option(Tcp::no_delay(true));
  co_return RawSocket(std::move(socket));
}

Async<void> RawSocket::write(std::string bytes) {
  error_code ignored;
  co_await asio::async_write(socket_, asio::buffer(bytes),
                             asio::redirect_error(asio::use_awaitable, ignored));
}

Async<std::string> RawSocket::readUntil(std::string text) {
  while (!atEnd_ && left_.find(text) == std::string::npos) {
    std::string chunk(4096, '\0');
    error_code error;
    const size_t got = co_await socket_.async_read_some(asio::buffer(chunk),
                                                        asio::redirect_error(asio::use_awaitable, error));
    left_.append(chunk, 0, got);
    if (error) atEnd_ = true;
  }
  const size_t found = left_.find(text);
  const size_t end = found == std::string::npos ? left_.size() : found + text.size();
  std::string out = left_.substr(0, end);
  left_.erase(0, end);
  co_return out;
}

Async<std::string> RawSocket::readAll() {
  std::string out = std::exchange(left_, {});
  error_code error;
  co_await asio::async_read(socket_, asio::dynamic_buffer(out),
                            asio::redirect_error(asio::use_awaitable, error));
  atEnd_ = true;
  co_return out;
}

Async<std::string> RawSocket::readExactly(size_t bytes) {
  std::string out = left_.substr(0, bytes);
  left_.erase(0, out.size());
  const size_t had = out.size();
  out.resize(bytes);
  error_code error;
  const size_t got = co_await asio::async_read(socket_, asio::buffer(out.data() + had, bytes - had),
                                               asio::redirect_error(asio::use_awaitable, error));
  out.resize(had + got);
  if (error) atEnd_ = true;
  co_return out;
}

void RawSocket::reset() {
  socket_.set_option(asio::socket_base::linger(true, 0));
  socket_.close();
}

RawServer::RawServer(Loop& loop, Over over) {
  if (over == Over::Tcp) {
    tcp_.emplace(loop.io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  } else {
    folder_.emplace();
    unix_.emplace(loop.io, asio::local::stream_protocol::endpoint(folder_->path("raw.sock")));
  }
}

std::string RawServer::url(const std::string& target) const {
  return "http://127.0.0.1:" + std::to_string(port()) + target;
}

Call RawServer::call(const std::string& target) const {
  if (tcp_) return get(url(target));
  Call call = get("http://localhost" + target);
  call.unixSocket = folder_->path("raw.sock");
  return call;
}

Async<RawSocket> RawServer::accept() {
  if (unix_) co_return RawSocket(co_await unix_->async_accept(asio::use_awaitable));
  co_return RawSocket(co_await tcp_->async_accept(asio::use_awaitable));
}

Async<Response> TestHandler::handle(ServerRequest request) {
  ++requests;
  if (!onRequest) co_return reply(request.method + " " + request.target + " " + request.body);
  co_return co_await onRequest(std::move(request));
}

Async<UpgradeDecision> TestHandler::upgrade(ServerRequest request) {
  if (!onUpgrade) co_return co_await Handler::upgrade(std::move(request));
  co_return co_await onUpgrade(std::move(request));
}

ServerOptions onFreePort() {
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  return options;
}

Async<std::shared_ptr<WebSocket>> connectTo(Loop& loop, const Server& server) {
  WsClientOptions client;
  client.url = urlOf(server, "/ws");
  auto socket = co_await connectWebSocket(loop.io, client);
  REQUIRE(socket.ok());
  co_return *socket;
}

std::string urlOf(const Server& server, const std::string& target) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + target;
}

Response reply(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Call get(std::string url) {
  Call call;
  call.request.url = std::move(url);
  return call;
}

Call post(std::string url, std::string body) {
  Call call = get(std::move(url));
  call.request.method = "POST";
  call.request.body = std::move(body);
  return call;
}

}  // namespace berth::http::test
