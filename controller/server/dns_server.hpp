// Questions of DNS by UDP and TCP (RFC 1035, 7766): what is answered is somebody else's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/log/log.hpp"
#include "common/metrics/registry.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::controller {

struct DnsServerOptions {
  std::string listen;                            ///< "127.0.0.1:5353", "[::1]:0" (0: any free port)
  size_t maxConnections = 64;                    ///< by TCP; further ones are closed at once
  Duration patience = std::chrono::seconds(10);  ///< for a whole question, and for an answer to be taken
  /// The part of its time that the loop gives to answers in the long run: the controller has other things to
  /// do. Beyond, the kernel's buffer fills, and what it drops is asked again.
  double share = 0.25;
  Duration burst = std::chrono::milliseconds(200);  ///< of time for answers at once
};

struct DnsServerDeps {
  boost::asio::io_context& io;
  /// The whole answer to a message; empty: none is given.
  std::function<std::string(std::string_view message, bool byTcp)> answer;
  const Clock& clock;
  Registry& metrics;
  Log& log;
};

class DnsServer {
 public:
  DnsServer(DnsServerOptions options, DnsServerDeps deps);
  /// Closes everything at once.
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  /// Binds both and begins to answer. InvalidArgument (the address can't be used), FailedPrecondition (can't
  /// bind: in use, no permission), naming the address.
  Status start();
  /// The bound port; 0 before start().
  uint16_t port() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::controller
