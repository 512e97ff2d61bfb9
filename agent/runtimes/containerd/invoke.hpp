// Private to this folder: calls with messages in place of their bytes.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agent/runtimes/containerd/containerd_api.hpp"
#include "proto/containerd/types.pb.h"
#include "proto/containerd/wellknown.pb.h"

namespace berth::agent::containerd {

template <class Response>
Result<Response> decode(const std::string& bytes, const std::string& method) {
  Response response;
  if (!response.ParseFromString(bytes)) {
    return makeError(Code::Internal, "containerd's answer to " + method + " is not of its form");
  }
  return response;
}

template <class Response>
Async<Result<Response>> invokeBytes(GrpcChannel& channel, std::string method, std::string bytes,
                                    Duration limit, http::Headers more) {
  const Result<std::string> answer = co_await channel.call(method, std::move(bytes), limit, std::move(more));
  if (!answer) co_return answer.error();
  co_return decode<Response>(*answer, method);
}

/// One call. No coroutine itself: the request need not outlive it.
template <class Response, class Request>
Async<Result<Response>> invoke(GrpcChannel& channel, std::string method, const Request& request,
                               Duration limit, http::Headers more = {}) {
  return invokeBytes<Response>(channel, "containerd.services." + method, request.SerializeAsString(), limit,
                               std::move(more));
}

/// Of a call that answers nothing.
inline Async<Status> plain(Async<Result<wire::Empty>> call) {
  const Result<wire::Empty> answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  co_return Status();
}

/// NotFound is success.
inline Async<Status> unlessGone(Async<Result<wire::Empty>> call) {
  Status status = co_await plain(std::move(call));
  if (!status && status.error().code == Code::NotFound) co_return Status();
  co_return status;
}

inline http::Headers underLease(const std::string& lease) {
  http::Headers out;
  if (!lease.empty()) out.add("containerd-lease", lease);
  return out;
}

inline WallTime wallTime(const wire::Timestamp& from) {
  const auto since = std::chrono::seconds(from.seconds()) + std::chrono::nanoseconds(from.nanos());
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since));
}

template <class Messages>
std::vector<SnapshotMount> mountsOf(const Messages& from) {
  std::vector<SnapshotMount> out;
  for (const auto& mount : from) {
    out.push_back(
        SnapshotMount{mount.type(), mount.source(), {mount.options().begin(), mount.options().end()}});
  }
  return out;
}

template <class Messages>
void putMounts(Messages& to, const std::vector<SnapshotMount>& mounts) {
  for (const SnapshotMount& mount : mounts) {
    auto& added = *to.Add();
    added.set_type(mount.type);
    added.set_source(mount.source);
    for (const std::string& option : mount.options) added.add_options(option);
  }
}

inline void put(::containerd::types::Descriptor& to, const Descriptor& from) {
  to.set_media_type(from.mediaType);
  to.set_digest(from.digest);
  to.set_size(from.size);
}

}  // namespace berth::agent::containerd
