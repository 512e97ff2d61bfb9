#include "agent/layers/unpack.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "agent/layers/decompressor.hpp"
#include "agent/layers/stream_digest.hpp"
#include "agent/layers/tar_reader.hpp"
#include "agent/layers/tree_writer.hpp"
#include "common/files/own_fd.hpp"

namespace berth::agent::layers {
namespace {

constexpr size_t kRead = 256 << 10;

/// A folder at exactly this place: links are not followed.
int openFolder(int root, const std::string& path) {
  open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

/// Attributes but for those that say how the overlay is put together.
Status copyAttributes(int from, int to) {
  std::string names(static_cast<size_t>(std::max<ssize_t>(0, ::flistxattr(from, nullptr, 0))), '\0');
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  std::string_view rest(names.data(), static_cast<size_t>(std::max<ssize_t>(0, size)));
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.starts_with("trusted.")) continue;
    std::string value(static_cast<size_t>(std::max<ssize_t>(0, ::fgetxattr(from, name.c_str(), nullptr, 0))),
                      '\0');
    if (::fgetxattr(from, name.c_str(), value.data(), value.size()) < 0) continue;
    if (::fsetxattr(to, name.c_str(), value.data(), value.size(), 0) != 0 && errno != ENOTSUP)
      return diskError("can't copy the attribute " + name, errno);
  }
  return {};
}

Status copyFolder(int from, int to) {
  struct stat found = {};
  if (::fstat(from, &found) != 0) return diskError("can't look at a folder of a lower layer", errno);
  const std::array<timespec, 2> times = {found.st_atim, found.st_mtim};
  if (::fchown(to, found.st_uid, found.st_gid) != 0 || ::fchmod(to, found.st_mode & 07777) != 0)
    return diskError("can't make a folder like that of a lower layer", errno);
  if (Status copied = copyAttributes(from, to); !copied) return copied;
  return ::futimens(to, times.data()) == 0 ? Status() : diskError("can't give its time to a folder", errno);
}

/// As the uppermost layer below has it; a layer that has something else in its place ends the search.
Status describeLike(int root, const std::string& path, const std::vector<std::string>& lower) {
  const OwnFd to(openFolder(root, path));
  if (to.get() < 0) return {};  // it came about by a link of the layer, whose target is described by itself
  for (const std::string& layer : lower) {
    const OwnFd below(::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (below.get() < 0) return diskError("can't look into the lower layer " + layer, errno);
    const OwnFd from(openFolder(below.get(), path));
    if (from.get() >= 0) return copyFolder(from.get(), to.get());
    if (errno != ENOENT) return {};
  }
  return {};
}

}  // namespace

Result<Unpacked> unpack(const Parcel& parcel, const std::string& folder, std::atomic<int64_t>* read) {
  StreamDigest digest;
  TreeWriter writer(folder);
  TarReader reader(writer);
  Decompressor decompressor([&](std::string_view bytes) {
    digest.add(bytes);
    return reader.take(bytes);
  });
  std::vector<char> space(kRead);
  for (int64_t at = 0;;) {
    const auto count = parcel.read(at, space);
    if (!count) return count.error();
    if (*count == 0) break;
    if (Status taken = decompressor.take(std::string_view(space.data(), *count)); !taken)
      return taken.error();
    at += static_cast<int64_t>(*count);
    if (read != nullptr) *read = at;
  }
  for (const auto& finish : {decompressor.finish(), reader.finish(), writer.finish()}) {
    if (!finish) return finish.error();
  }
  return Unpacked{digest.text(), writer.implied()};
}

Status place(const Unpacked& layer, const std::string& from, const std::string& upper,
             const std::vector<std::string>& lower) {
  const OwnFd root(::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const OwnFd made(::open(upper.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (root.get() < 0 || made.get() < 0) return diskError("can't look at the folder of a layer", errno);
  for (const std::string& path : layer.implied) {
    if (Status like = describeLike(root.get(), path, lower); !like) return like;
  }
  struct stat found = {};
  if (::fstat(made.get(), &found) != 0) return diskError("can't look at the folder " + upper, errno);
  const bool described = ::fchown(root.get(), found.st_uid, found.st_gid) == 0 &&
                         ::fchmod(root.get(), found.st_mode & 07777) == 0;
  if (!described || ::rename(from.c_str(), upper.c_str()) != 0)
    return diskError("can't put a layer in its place " + upper, errno);
  return {};
}

}  // namespace berth::agent::layers
