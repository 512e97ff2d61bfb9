#include "agent/runtimes/containerd/grpc_frames.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace berth::agent::grpc {
namespace {

Status feed(FrameReader& reader, std::string_view bytes, size_t piece, std::vector<std::string>& out) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const Status taken =
        reader.take(bytes.substr(0, piece), [&](std::string_view message) { out.emplace_back(message); });
    if (!taken) return taken;
  }
  return {};
}

TEST_CASE("Messages come out whole, however their bytes arrive") {
  const std::vector<std::string> messages = {"", "a", std::string(300, 'x'), std::string("\0\1", 2)};
  std::string wire;
  for (const std::string& message : messages) wire += frame(message);
  for (const size_t piece : {size_t{1}, size_t{4}, size_t{7}, wire.size()}) {
    FrameReader reader(1000);
    std::vector<std::string> out;
    CHECK(feed(reader, wire, piece, out));
    CHECK(out == messages);
    CHECK(reader.atEnd());
  }
}

TEST_CASE("A message that is cut off, too long or compressed is told") {
  std::vector<std::string> out;
  FrameReader cut(1000);
  CHECK(feed(cut, frame("hello").substr(0, 7), 100, out));
  CHECK_FALSE(cut.atEnd());
  FrameReader longer(4);
  CHECK(feed(longer, frame("hello"), 100, out).error().code == Code::ResourceExhausted);
  FrameReader compressed(1000);
  CHECK(feed(compressed, std::string("\1\0\0\0\1x", 6), 100, out).error().code == Code::Internal);
  CHECK(out.empty());
}

TEST_CASE("The status of a call is in its fields") {
  http::Response response;
  response.headers = {{"grpc-status", "0"}};
  CHECK(statusOf(response));
  response.headers = {{"grpc-status", "5"}, {"grpc-message", "container%20%22x%22: not found"}};
  CHECK(statusOf(response).error().code == Code::NotFound);
  CHECK(statusOf(response).error().message == "container \"x\": not found");
  response.headers = {{"grpc-status", "2"}};
  CHECK(statusOf(response).error().code == Code::Internal);
  response.headers = {{"grpc-status", "99"}};
  CHECK(statusOf(response).error().code == Code::Internal);
  response.headers = {};
  CHECK(statusOf(response).error().code == Code::Unavailable);
  response.status = 502;
  CHECK(statusOf(response).error().message == "HTTP status 502");
}

TEST_CASE("Time limits are told in milliseconds, never none") {
  CHECK(timeoutText(std::chrono::seconds(10)) == "10000m");
  CHECK(timeoutText(std::chrono::nanoseconds(1)) == "1m");
  CHECK(timeoutText(std::chrono::hours(1000)) == "99999999m");
}

}  // namespace
}  // namespace berth::agent::grpc
