// Expected failures are values: a function that can fail returns Result<T>. Exceptions stay inside the
// seams to libraries and for bugs.
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace berth {

/// The closed set of failure kinds. Behaviour depends on the code (and on `retryable`), never on the text.
enum class Code {
  InvalidArgument,     ///< the input is wrong by itself
  NotFound,            ///< what the input names does not exist
  AlreadyExists,       ///< it is there already, with other content
  FailedPrecondition,  ///< right input, wrong state
  Unauthenticated,     ///< who is calling could not be established
  PermissionDenied,    ///< known caller, no right
  ResourceExhausted,   ///< quota, disk, memory, rate
  DeadlineExceeded,    ///< a time limit passed
  Unavailable,         ///< the other side can't be reached or said "later"
  Cancelled,           ///< asked to stop
  DataLoss,            ///< stored data is damaged
  Unimplemented,       ///< known, not offered
  Internal,            ///< a bug or an answer that breaks a protocol
};

/// Stable lower-case name of a code, e.g. "not_found"; for logs and metrics.
std::string_view codeName(Code code);

/// A failure: `message` is for people and names the input, the rule and the way out.
struct [[nodiscard]] Error {
  Code code = Code::Internal;
  std::string message;
  bool retryable = false;

  /// The same failure with "prefix: " before its message.
  Error in(std::string_view prefix) const;
};

/// An Error of `code`; retryable exactly for Unavailable, DeadlineExceeded and ResourceExhausted.
Error makeError(Code code, std::string message);

/// A value of T or an Error. Reading the side that is not there is a bug (assert).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const { return assert(!ok()), *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit by design

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { return assert(!ok_), error_; }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

}  // namespace berth
