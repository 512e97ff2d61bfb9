// Signed requests, as agents and callers of the API write them.
#pragma once

#include <string>
#include <string_view>

#include "common/aws/credentials.hpp"
#include "common/http/message.hpp"
#include "common/time/clock.hpp"

namespace berth::fleet {

class Requests {
 public:
  /// `host`: "127.0.0.1:7400".
  Requests(std::string host, aws::Credentials credentials, const Clock& clock);

  /// POST / with a body of JSON.
  std::string call(std::string_view operation, std::string_view body) const;
  /// The handshake of a websocket at a path with its query; `more`: header lines, each with its end.
  std::string upgrade(std::string_view pathAndQuery, std::string_view more = {}) const;

 private:
  std::string host_;
  aws::Credentials credentials_;
  const Clock& clock_;
  http::Url url_;
};

}  // namespace berth::fleet
