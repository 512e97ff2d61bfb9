#include "common/http/listener.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>

#include "common/http/message.hpp"
#include "common/text/number.hpp"

namespace berth::http {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using GenericEndpoint = asio::generic::stream_protocol::endpoint;

Error badAddress(const std::string& address) {
  return makeError(Code::InvalidArgument,
                   "listen address \"" + address +
                       "\" must be IPv4:port, [IPv6]:port or unix:/path, for example 127.0.0.1:7400");
}

Error cannotBind(const std::string& address, const std::string& reason) {
  return makeError(Code::FailedPrecondition, "can't listen on " + address + ": " + reason);
}

tcp::endpoint toTcp(const GenericEndpoint& generic) {
  tcp::endpoint endpoint;
  if (generic.size() > endpoint.capacity()) return endpoint;
  std::memcpy(endpoint.data(), generic.data(), generic.size());
  endpoint.resize(generic.size());
  return endpoint;
}

Result<tcp::endpoint> parseTcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return badAddress(address);
  std::string host = address.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error || ip.is_v6() != bracketed) return badAddress(address);
  const auto port = parseNumber<uint16_t>(address.substr(colon + 1));
  if (!port) return badAddress(address);
  return tcp::endpoint(ip, *port);
}

/// Removes a socket file that nobody serves; anything else there is left, and bind() will say so.
void removeStaleSocket(const LoopExecutor& executor, const std::string& path) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  asio::local::stream_protocol::socket probe(executor);
  error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  if (error == asio::error::connection_refused) unlink(path.c_str());
}

Result<Listener> bindTo(LoopExecutor executor, const std::string& address, const GenericEndpoint& endpoint) {
  Listener listener{Acceptor(executor), 0, {}};
  const bool isTcp = endpoint.protocol().family() != AF_UNIX;
  error_code error;
  listener.acceptor.open(endpoint.protocol(), error);
  if (!error && isTcp) listener.acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) listener.acceptor.bind(endpoint, error);
  if (!error) listener.acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannotBind(address, error.message());
  if (isTcp) listener.port = toTcp(listener.acceptor.local_endpoint()).port();
  return listener;
}

constexpr std::string_view kUnix = "unix:";
constexpr size_t kMaxPath = 107;  // sun_path, less its final zero

/// The path of a "unix:" address.
Result<std::string> parseUnix(const std::string& address) {
  std::string path = address.substr(kUnix.size());
  if (path.empty() || path.front() != '/') return badAddress(address);
  if (path.size() > kMaxPath) {
    return makeError(Code::InvalidArgument,
                     "listen address \"" + address + "\": a socket's path has 107 bytes at most");
  }
  return path;
}

}  // namespace

bool isListenAddress(std::string_view address) {
  const std::string text(address);
  return text.starts_with(kUnix) ? parseUnix(text).ok() : parseTcp(text).ok();
}

Result<Listener> listenOn(LoopExecutor executor, const std::string& address) {
  if (!address.starts_with(kUnix)) {
    const Result<tcp::endpoint> endpoint = parseTcp(address);
    if (!endpoint) return endpoint.error();
    return bindTo(executor, address, *endpoint);
  }
  Result<std::string> path = parseUnix(address);
  if (!path) return path.error();
  removeStaleSocket(executor, *path);
  Result<Listener> listener = bindTo(executor, address, asio::local::stream_protocol::endpoint(*path));
  if (listener) listener->socketPath = std::move(*path);
  return listener;
}

std::string describePeer(const GenericEndpoint& peer) {
  const int family = peer.protocol().family();
  if (family != AF_INET && family != AF_INET6) return "unix";
  const tcp::endpoint endpoint = toTcp(peer);
  const std::string ip = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(endpoint.port());
}

}  // namespace berth::http
