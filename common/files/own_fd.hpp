// A file descriptor with an owner.
#pragma once

namespace berth {

/// Closed with it. Movable; what was moved from has none.
class OwnFd {
 public:
  OwnFd() = default;
  /// Negative, as open(2) answers when it fails: none.
  explicit OwnFd(int fd) : fd_(fd) {}
  OwnFd(OwnFd&& other) noexcept : fd_(other.release()) {}
  OwnFd& operator=(OwnFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~OwnFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// It is the caller's from then on.
  int release() {
    const int out = fd_;
    fd_ = -1;
    return out;
  }
  /// Closes what it has, and has `fd` then.
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace berth
