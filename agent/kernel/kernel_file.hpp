// Files of procfs and cgroupfs.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/result/result.hpp"

namespace berth::agent {

/// Files of the kernel, of which there are many for each container, have descriptors from here on where the
/// process's limit allows that: who looks for sockets among the descriptors need not go through them.
inline constexpr int kSocketsBelow = 1024;

/// An open file whose content is made anew by the kernel for each read from its start.
class KernelFile {
 public:
  /// NotFound when there is no such file (or process), Internal for every other reason.
  static Result<KernelFile> open(const std::string& path);
  /// File `name` of this folder, which stays the same one even if its path comes to mean another.
  Result<KernelFile> openBelow(const std::string& name) const;
  ~KernelFile();
  KernelFile(KernelFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  KernelFile& operator=(KernelFile&& other) noexcept;

  /// The whole content as of now. NotFound when what it describes is gone (cgroup removed, process ended).
  Result<std::string> read() const;
  /// The same; the text lies in `buffer`, which only ever grows.
  Result<std::string_view> readInto(std::string& buffer) const;
  /// The same for a file whose content is made in one piece, as those of control groups and /proc/stat are:
  /// always one call of the kernel.
  Result<std::string_view> readPiece(std::string& buffer) const;
  /// As the kernel tells it: there are too many files to keep their names.
  std::string path() const;

 private:
  explicit KernelFile(int fd) : fd_(fd) {}

  int fd_;
};

/// Opens, reads and closes.
Result<std::string> readKernelFile(const std::string& path);

}  // namespace berth::agent
