#include "tests/bench/fleet/requests.hpp"

#include "common/aws/sigv4.hpp"

namespace berth::fleet {
namespace {

const aws::Scope kScope{"us-east-1", "ecs"};

void append(std::string& out, const http::Headers& headers) {
  for (const auto& [name, value] : headers) out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Requests::Requests(std::string host, aws::Credentials credentials, const Clock& clock)
    : host_(std::move(host)), credentials_(std::move(credentials)), clock_(clock) {
  url_ = *http::parseUrl("http://" + host_ + "/");
}

std::string Requests::call(std::string_view operation, std::string_view body) const {
  http::Headers headers;
  headers.add("Content-Type", "application/x-amz-json-1.1");
  headers.add("X-Amz-Target", "AmazonEC2ContainerServiceV20141113." + std::string(operation));
  const http::Headers added =
      aws::sign({"POST", url_, headers, body}, credentials_, kScope, clock_.now().wall);
  std::string out = "POST / HTTP/1.1\r\nHost: " + host_ + "\r\n";
  append(out, headers);
  append(out, added);
  out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return out;
}

std::string Requests::upgrade(std::string_view pathAndQuery, std::string_view more) const {
  const http::Url url = *http::parseUrl("http://" + host_ + std::string(pathAndQuery));
  const http::Headers added = aws::sign({"GET", url, {}, {}}, credentials_, kScope, clock_.now().wall);
  std::string out = "GET " + std::string(pathAndQuery) + " HTTP/1.1\r\nHost: " + host_ +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  append(out, added);
  return out.append(more) + "\r\n";
}

}  // namespace berth::fleet
