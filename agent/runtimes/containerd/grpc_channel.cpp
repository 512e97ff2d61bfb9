#include "agent/runtimes/containerd/grpc_channel.hpp"

#include <memory>
#include <utility>

#include "agent/runtimes/containerd/grpc_frames.hpp"

namespace berth::agent {
namespace {

// containerd's own limit of what it takes and sends.
constexpr size_t kLongestMessage = size_t{16} << 20;

}  // namespace

http::Call GrpcChannel::prepare(const std::string& method, http::Headers more) const {
  http::Call call;
  call.unixSocket = socket_;
  call.http2 = true;
  call.lastField = "grpc-status";
  call.request.method = "POST";
  call.request.url = "http://localhost/" + method;
  call.request.headers = metadata_;
  for (const auto& [name, value] : more) call.request.headers.add(name, value);
  call.request.headers.add("Content-Type", "application/grpc");
  call.request.headers.add("TE", "trailers");
  return call;
}

Async<Status> GrpcChannel::exchange(http::Call call, std::function<void(std::string_view)> onMessage,
                                    std::stop_token stop) {
  struct Incoming {
    grpc::FrameReader reader{kLongestMessage};
    Status status;
  };
  const auto incoming = std::make_shared<Incoming>();
  call.onBody = [incoming, onMessage = std::move(onMessage)](std::string_view bytes) {
    incoming->status = incoming->reader.take(bytes, onMessage);
    return incoming->status.ok();
  };
  std::stop_source either;
  const std::stop_callback onChannel(stop_, [&either] { either.request_stop(); });
  const std::stop_callback onCaller(stop, [&either] { either.request_stop(); });
  const Result<http::Response> response = co_await client_.fetch(std::move(call), either.get_token());
  if (!incoming->status) co_return incoming->status;
  if (!response) co_return response.error();
  const Status status = grpc::statusOf(*response);
  if (status && !incoming->reader.atEnd()) {
    co_return makeError(Code::Internal, "the answer ended within a message");
  }
  co_return status;
}

Async<Result<std::string>> GrpcChannel::call(std::string method, std::string message, Duration limit,
                                             http::Headers more, std::stop_token stop) {
  http::Call call = prepare(method, std::move(more));
  call.request.body = grpc::frame(message);
  call.timeout = limit;
  if (limit > Duration::zero()) call.request.headers.add("grpc-timeout", grpc::timeoutText(limit));
  const auto answer = std::make_shared<std::optional<std::string>>();
  const Status status = co_await exchange(
      std::move(call), [answer](std::string_view bytes) { *answer = bytes; }, std::move(stop));
  if (!status) co_return status.error();
  if (!*answer) co_return makeError(Code::Internal, method + " answered without a message");
  co_return std::move(**answer);
}

Async<Status> GrpcChannel::listen(std::string method, std::string message, Duration limit,
                                  std::function<void(std::string_view)> onMessage) {
  http::Call call = prepare(method, {});
  call.request.body = grpc::frame(message);
  call.timeout = limit;
  co_return co_await exchange(std::move(call), std::move(onMessage));
}

Async<Status> GrpcChannel::upload(std::string method, std::function<std::optional<std::string>()> source,
                                  Duration inactivity, http::Headers more,
                                  std::function<void(std::string_view)> onMessage) {
  http::Call call = prepare(method, std::move(more));
  call.inactivity = inactivity;
  call.bodySource = [source = std::move(source)]() -> std::optional<std::string> {
    std::optional<std::string> message = source();
    if (!message || message->empty()) return message;
    return grpc::frame(*message);
  };
  co_return co_await exchange(std::move(call), std::move(onMessage));
}

}  // namespace berth::agent
