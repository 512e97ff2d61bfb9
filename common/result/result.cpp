#include "common/result/result.hpp"

namespace berth {

std::string_view codeName(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return "invalid_argument";
    case Code::NotFound:
      return "not_found";
    case Code::AlreadyExists:
      return "already_exists";
    case Code::FailedPrecondition:
      return "failed_precondition";
    case Code::Unauthenticated:
      return "unauthenticated";
    case Code::PermissionDenied:
      return "permission_denied";
    case Code::ResourceExhausted:
      return "resource_exhausted";
    case Code::DeadlineExceeded:
      return "deadline_exceeded";
    case Code::Unavailable:
      return "unavailable";
    case Code::Cancelled:
      return "cancelled";
    case Code::DataLoss:
      return "data_loss";
    case Code::Unimplemented:
      return "unimplemented";
    case Code::Internal:
      return "internal";
  }
  return "unknown";
}

Error Error::in(std::string_view prefix) const {
  Error out = *this;
  out.message = std::string(prefix) + ": " + message;
  return out;
}

Error makeError(Code code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.retryable =
      code == Code::Unavailable || code == Code::DeadlineExceeded || code == Code::ResourceExhausted;
  return error;
}

}  // namespace berth
