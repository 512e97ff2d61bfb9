// A unix socket in front of the engine's: it remembers what was asked, and can be cut.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

namespace berth::conformance {

class Relay {
 public:
  Relay(boost::asio::io_context& io, std::string target);
  /// Closes everything and removes the socket.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::string endpoint() const;
  /// Breaks all connections; new ones are taken.
  void cut();
  /// From now on what arrives goes nowhere, and nothing is answered.
  void mute();
  /// How often `text` was in what clients sent.
  int asked(const std::string& text) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::conformance
