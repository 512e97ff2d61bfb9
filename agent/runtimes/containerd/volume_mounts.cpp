#include "agent/runtimes/containerd/volume_mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace berth::agent::containerd {
namespace {

struct MountWord {
  std::string_view word;
  unsigned long flag;
  bool set;
};

// mount(8): what is not for the file system itself.
constexpr std::array<MountWord, 17> kWords = {{{"defaults", 0, true},
                                               {"rw", MS_RDONLY, false},
                                               {"ro", MS_RDONLY, true},
                                               {"suid", MS_NOSUID, false},
                                               {"nosuid", MS_NOSUID, true},
                                               {"dev", MS_NODEV, false},
                                               {"nodev", MS_NODEV, true},
                                               {"exec", MS_NOEXEC, false},
                                               {"noexec", MS_NOEXEC, true},
                                               {"sync", MS_SYNCHRONOUS, true},
                                               {"async", MS_SYNCHRONOUS, false},
                                               {"atime", MS_NOATIME, false},
                                               {"noatime", MS_NOATIME, true},
                                               {"nodiratime", MS_NODIRATIME, true},
                                               {"relatime", MS_RELATIME, true},
                                               {"bind", MS_BIND, true},
                                               {"rbind", MS_BIND | MS_REC, true}}};

void putWord(VolumeMount& out, std::string_view word) {
  if (word.empty()) return;
  const auto known = std::ranges::find(kWords, word, &MountWord::word);
  if (known == kWords.end()) {
    out.data += (out.data.empty() ? "" : ",") + std::string(word);
  } else if (known->set) {
    out.flags |= known->flag;
  } else {
    out.flags &= ~known->flag;
  }
}

/// Whether a file system begins at the path.
bool isMounted(const std::string& path) {
  struct statx found = {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE, &found) != 0) return false;
  return (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

Result<std::optional<VolumeMount>> volumeMount(const std::map<std::string, std::string>& options) {
  std::optional<VolumeMount> out;
  for (const auto& [name, value] : options) {
    if (!out) out.emplace();
    if (name == "type") {
      out->type = value;
    } else if (name == "device") {
      out->device = value;
    } else if (name == "o") {
      for (size_t at = 0; at < value.size();) {
        const size_t end = std::min(value.find(',', at), value.size());
        putWord(*out, std::string_view(value).substr(at, end - at));
        at = end + 1;
      }
    } else {
      return makeError(Code::Unimplemented,
                       "option " + name +
                           " of a volume is not supported by the containerd runtime: type, "
                           "device and o are");
    }
  }
  if (out && (out->type.empty() || out->device.empty()))
    return makeError(Code::InvalidArgument, "a volume with options needs both of them, type and device");
  return out;
}

Status mountVolume(const VolumeMount& volume, const std::string& path) {
  if (isMounted(path)) return {};
  const char* data = volume.data.empty() ? nullptr : volume.data.c_str();
  if (::mount(volume.device.c_str(), path.c_str(), volume.type.c_str(), volume.flags, data) == 0) return {};
  return makeError(Code::FailedPrecondition, "can't mount " + volume.device + " of type " + volume.type +
                                                 " at " + path + ": " + std::strerror(errno));
}

Status unmountVolume(const std::string& path) {
  while (isMounted(path)) {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return makeError(Code::Internal, "can't unmount " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace berth::agent::containerd
