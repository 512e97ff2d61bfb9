#include "agent/runtimes/docker/errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace berth::agent {
namespace {

struct Clue {
  std::string_view text;
  Code code;
};

// The first one found decides. "repository does not exist or may require 'docker login': denied" is about
// permission, so those come before what is not found.
constexpr std::array kClues{
    Clue{"connection refused", Code::Unavailable},
    Clue{"connection reset", Code::Unavailable},
    Clue{"no such host", Code::Unavailable},
    Clue{"no route to host", Code::Unavailable},
    Clue{"network is unreachable", Code::Unavailable},
    Clue{"server misbehaving", Code::Unavailable},
    Clue{"i/o timeout", Code::Unavailable},
    Clue{"tls handshake timeout", Code::Unavailable},
    Clue{"client.timeout exceeded", Code::Unavailable},
    Clue{"context deadline exceeded", Code::Unavailable},
    Clue{"unexpected eof", Code::Unavailable},
    Clue{"toomanyrequests", Code::ResourceExhausted},
    Clue{"no space left on device", Code::ResourceExhausted},
    Clue{"denied", Code::PermissionDenied},
    Clue{"unauthorized", Code::PermissionDenied},
    Clue{"authentication required", Code::PermissionDenied},
    Clue{"no basic auth credentials", Code::PermissionDenied},
    Clue{"not found", Code::NotFound},
    Clue{"manifest unknown", Code::NotFound},
    Clue{"name unknown", Code::NotFound},
};

}  // namespace

Error engineError(int status, std::string message) {
  switch (status) {
    case 400:
      return makeError(Code::InvalidArgument, std::move(message));
    case 401:
    case 403:
      return makeError(Code::PermissionDenied, std::move(message));
    case 404:
      return makeError(Code::NotFound, std::move(message));
    case 409:
      return makeError(Code::FailedPrecondition, std::move(message));
    case 501:
      return makeError(Code::Unimplemented, std::move(message));
    case 503:
      return makeError(Code::Unavailable, std::move(message));
    default:
      return makeError(Code::Internal, std::move(message));
  }
}

Error registryError(int status, std::string message) {
  std::string lower = message;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Clue& clue : kClues) {
    if (lower.find(clue.text) != std::string::npos) return makeError(clue.code, std::move(message));
  }
  return engineError(status, std::move(message));
}

}  // namespace berth::agent
