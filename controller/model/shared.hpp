// Values that many owners have in common, and times that may be absent, in as little memory as they need:
// there are millions of them.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "common/time/clock.hpp"

namespace berth::controller {

/// A value that copies of its owner share until one of them changes it.
template <class T>
class Shared {
 public:
  Shared() : value_(none()) {}
  explicit Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}
  explicit Shared(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  const std::shared_ptr<const T>& pointer() const { return value_; }

  /// Calls `change` with a copy of the value, and keeps that.
  template <class Change>
  void edit(Change change) {
    T copy = *value_;
    change(copy);
    value_ = std::make_shared<const T>(std::move(copy));
  }

  bool operator==(const Shared& other) const { return value_ == other.value_ || *value_ == *other.value_; }

 private:
  static const std::shared_ptr<const T>& none() {
    static const std::shared_ptr<const T> value = std::make_shared<const T>();
    return value;
  }

  std::shared_ptr<const T> value_;
};

/// A point in time, or none, in eight bytes.
class Moment {
 public:
  Moment() = default;
  Moment(WallTime time) : time_(time) {}  // NOLINT: as std::optional converts
  Moment(std::nullopt_t) {}               // NOLINT
  Moment(const std::optional<WallTime>& time) : time_(time.value_or(kNone)) {}  // NOLINT

  explicit operator bool() const { return time_ != kNone; }
  bool has_value() const { return time_ != kNone; }
  WallTime operator*() const { return time_; }
  WallTime value_or(WallTime other) const { return has_value() ? time_ : other; }
  operator std::optional<WallTime>() const {
    return has_value() ? std::optional(time_) : std::nullopt;
  }  // NOLINT

  bool operator==(const Moment&) const = default;

 private:
  static constexpr WallTime kNone = WallTime::min();
  WallTime time_ = kNone;
};

}  // namespace berth::controller
