// A blob on its way from a registry: a file without a name that grows, and is read meanwhile.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent::layers {

/// Written by one thread; read by any number, each from its own place. The file is gone with the last user,
/// unless keepAs() gave it a name. Full disks are ResourceExhausted, other faults of the disk Internal.
class Parcel {
 public:
  /// `folder` is on the file system where the blob is to be. `size`: its bytes, once it is whole.
  static Result<std::shared_ptr<Parcel>> make(const std::string& folder, int64_t size);
  /// One that is whole already: a file of `size` bytes. NotFound without it.
  static Result<std::shared_ptr<Parcel>> open(const std::string& path, int64_t size);
  ~Parcel();
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  int64_t size() const { return size_; }
  int64_t arrived() const;
  /// DataLoss when there are more than there should be. Readers are woken when it is worth it.
  Status append(std::string_view bytes);
  /// Nothing more will come; for each reader that is not through, the error ends it. One that is whole can't
  /// be broken off.
  void breakOff(Error error);

  /// Waits for bytes from `at` on, and reads some. 0: the end. Blocks; for threads of their own.
  Result<size_t> read(int64_t at, std::span<char> space) const;
  /// What is there from `at` on, at most `most` bytes; does not wait.
  Result<std::string> peek(int64_t at, size_t most) const;
  /// Gives the file the name `path`, on the same file system. One of that name is success.
  Status keepAs(const std::string& path) const;

 private:
  Parcel(int fd, int64_t size, int64_t arrived) : fd_(fd), size_(size), arrived_(arrived) {}

  int fd_;
  int64_t size_;
  mutable std::mutex mutex_;
  mutable std::condition_variable more_;
  int64_t arrived_;
  int64_t toldOf_ = 0;  ///< of what readers were woken for
  std::optional<Error> broken_;
};

/// The digest of all of it, "sha256:...". Blocks until it is whole or broken off.
Result<std::string> digestOf(const Parcel& parcel);

/// ResourceExhausted for a full disk, else Internal; by errno.
Error diskError(const std::string& what, int fault);

}  // namespace berth::agent::layers
