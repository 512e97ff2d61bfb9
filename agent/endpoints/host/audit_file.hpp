// The audit log's file.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent::endpoints {

/// A file of lines, mode 0600, that is renamed to PATH.1 (which replaces an older one) when it has grown too
/// big. Safe to call from any thread. A line that can't be written is dropped and counted: requests go on.
class AuditFile {
 public:
  /// FailedPrecondition, naming the path and the reason, when it can't be opened for appending.
  static Result<std::unique_ptr<AuditFile>> open(std::string path, uint64_t mostBytes = 10 << 20);
  ~AuditFile();
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  /// Appends the line and its end.
  void write(std::string_view line);
  uint64_t dropped() const;

 private:
  AuditFile(std::string path, uint64_t mostBytes) : path_(std::move(path)), mostBytes_(mostBytes) {}
  Status reopen();
  void rotate();

  const std::string path_;
  const uint64_t mostBytes_;
  mutable std::mutex lock_;
  int fd_ = -1;
  uint64_t size_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace berth::agent::endpoints
