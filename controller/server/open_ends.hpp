// Connections that outlive the request that opened them: websockets, and answers that go on. Who may open
// them is checked once; so they are ended when their caller is taken away.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/http/server.hpp"

namespace berth::controller {

class OpenEnds {
 public:
  using End = std::variant<std::weak_ptr<http::WebSocket>, std::weak_ptr<http::BodySource>>;

  /// Of the caller with this access key, until it is gone by itself.
  void add(std::string accessKeyId, End end);
  /// Closes those of keys that are not known (a websocket with 1008); answers how many.
  size_t endStrangers(const std::function<bool(std::string_view)>& known);

 private:
  struct Open {
    std::string accessKeyId;
    End end;
  };

  void forgetGone();

  std::vector<Open> open_;
  size_t sweepAt_ = 64;
};

/// The upgrade, whose websocket is added as soon as it is open.
http::UpgradeDecision kept(http::UpgradeDecision decision, std::string accessKeyId, OpenEnds& ends);

}  // namespace berth::controller
