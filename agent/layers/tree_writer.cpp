#include "agent/layers/tree_writer.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "agent/layers/parcel.hpp"

namespace berth::agent::layers {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kWhiteoutMeta = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr const char* kOverlayOpaque = "trusted.overlay.opaque";
constexpr mode_t kImpliedMode = 0755;

/// Links are followed, but never out of the root, and no other file system is entered.
int openBelow(int root, const std::string& path, uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how));
}

/// "./usr//lib/" -> "usr/lib"; nullopt for a name with "..", or with a zero in it.
std::optional<std::string> plainPath(std::string_view name) {
  std::string out;
  if (name.find('\0') != std::string_view::npos) return std::nullopt;
  while (!name.empty()) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") return std::nullopt;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string parentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string baseOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What can't be a file's time becomes the beginning of time.
timespec timeSpec(const EntryTime& time) {
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max() / 1'000'000'000;
  if (time.seconds < 0 || time.seconds >= kLast) return {};
  return timespec{time.seconds, time.nanos};
}

EntryTime later(const EntryTime& a, const EntryTime& b) {
  return std::pair(a.seconds, a.nanos) < std::pair(b.seconds, b.nanos) ? b : a;
}

EntryTime accessOf(const Entry& entry) {
  return entry.accessed ? later(*entry.accessed, entry.modified) : entry.modified;
}

/// A file below an open folder, for calls that take no descriptor of a folder.
std::string procPath(int folder, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(folder) + (name.empty() ? "" : "/" + name);
}

bool isWhiteout(const struct stat& found) { return S_ISCHR(found.st_mode) && found.st_rdev == 0; }

}  // namespace

TreeWriter::TreeWriter(const std::string& root)
    : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

TreeWriter::~TreeWriter() {
  for (const int fd : {file_, folder_, root_}) {
    if (fd >= 0) ::close(fd);
  }
}

Error TreeWriter::failed(const std::string& what) const {
  return diskError("can't " + what + " \"" + entry_.name + "\" of the layer", errno);
}

/// Opens the folder that an entry is in, and makes it where the archive has no entry for it.
Status TreeWriter::enter(const std::string& folder) {
  if (isEntered_ && entered_ == folder) return {};
  if (folder_ >= 0) ::close(folder_);
  isEntered_ = false;
  folder_ = openBelow(root_, folder, O_PATH | O_DIRECTORY);
  if (folder_ < 0 && errno == ENOENT) {
    if (Status made = makeFolders(folder); !made) return made;
    folder_ = openBelow(root_, folder, O_PATH | O_DIRECTORY);
  }
  if (folder_ < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return makeError(Code::Unimplemented,
                     "\"" + entry_.name + "\" of the layer is below something that is no folder there");
  }
  if (folder_ < 0) return failed("enter the folder of");
  entered_ = folder;
  isEntered_ = true;
  return {};
}

Status TreeWriter::makeFolders(const std::string& folder) {
  for (size_t end = 0; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    const std::string path = folder.substr(0, end);
    const int there = openBelow(root_, path, O_PATH | O_DIRECTORY);
    if (there >= 0) {
      ::close(there);
      continue;
    }
    if (errno != ENOENT) return {};  // opening the whole of it will tell
    const int parent = openBelow(root_, parentOf(path), O_PATH | O_DIRECTORY);
    if (parent < 0) return failed("enter the folder of");
    const std::string name = baseOf(path);
    const bool made = ::mkdirat(parent, name.c_str(), kImpliedMode) == 0 &&
                      ::fchmodat(parent, name.c_str(), kImpliedMode, 0) == 0;
    const int fault = errno;
    ::close(parent);
    errno = fault;
    // A link that leads nowhere is in its place.
    if (!made && fault == EEXIST) return {};
    if (!made) return failed("make the folder of");
    implied_.insert(path);
  }
  return {};
}

void TreeWriter::forgetBelow(const std::string& path) {
  std::erase_if(implied_, [&](const std::string& each) {
    return each == path || (each.starts_with(path) && each[path.size()] == '/');
  });
}

Status TreeWriter::markOpaque(int folder, const std::string& name) {
  if (::lsetxattr(procPath(folder, name).c_str(), kOverlayOpaque, "y", 1, 0) == 0) return {};
  return failed("hide what is below");
}

Status TreeWriter::whiteout(const Entry& entry, const std::string& name) {
  if (name == kOpaque) {
    // By its path below /proc: a descriptor of a path alone takes no attributes.
    return markOpaque(folder_, ".");
  }
  if (name.starts_with(kWhiteoutMeta)) return {};
  const std::string hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    return makeError(Code::InvalidArgument, "the layer's entry \"" + entry.name + "\" hides nothing");
  struct stat found = {};
  if (::fstatat(folder_, hidden.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
    // It is about lower layers: what this one has stays.
    return S_ISDIR(found.st_mode) ? markOpaque(folder_, hidden) : Status();
  }
  if (::mknodat(folder_, hidden.c_str(), S_IFCHR, 0) != 0) return failed("keep the whiteout");
  if (::fchownat(folder_, hidden.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("keep the owner of the whiteout");
  return {};
}

/// Takes away what is in the place of an entry.
Status TreeWriter::clear(const std::string& name, bool folderStays) {
  struct stat found = {};
  afterWhiteout_ = false;
  if (::fstatat(folder_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Status() : failed("look at");
  if (S_ISDIR(found.st_mode) && folderStays) return {};
  afterWhiteout_ = isWhiteout(found);
  if (!S_ISDIR(found.st_mode))
    return ::unlinkat(folder_, name.c_str(), 0) == 0 ? Status() : failed("replace");
  std::error_code fault;
  std::filesystem::remove_all(procPath(folder_, name), fault);
  errno = fault.value();
  if (fault) return failed("replace");
  forgetBelow(path_);
  return {};
}

Status TreeWriter::makeFolder(const std::string& name) {
  if (::mkdirat(folder_, name.c_str(), 0700) != 0 && errno != EEXIST) return failed("make");
  implied_.erase(path_);
  return afterWhiteout_ ? markOpaque(folder_, name) : Status();
}

Status TreeWriter::makeLink(const Entry& entry, const std::string& name) {
  const auto target = plainPath(entry.link);
  if (!target || target->empty()) {
    return makeError(Code::InvalidArgument, "the layer's entry \"" + entry.name + "\" is a link to \"" +
                                                entry.link + "\", which leads out of the image");
  }
  const int folder = openBelow(root_, parentOf(*target), O_PATH | O_DIRECTORY);
  const bool linked = folder >= 0 && ::linkat(folder, baseOf(*target).c_str(), folder_, name.c_str(), 0) == 0;
  const int fault = errno;
  if (folder >= 0) ::close(folder);
  if (linked) return {};
  if (fault == ENOENT || fault == ENOTDIR) {
    return makeError(Code::Unimplemented, "the layer's entry \"" + entry.name +
                                              "\" is a hard link to a file that the layer does not have");
  }
  errno = fault;
  return failed("link");
}

Status TreeWriter::make(const Entry& entry, const std::string& name) {
  if (Status cleared = clear(name, entry.kind == EntryKind::Folder); !cleared) return cleared;
  int made = 0;
  switch (entry.kind) {
    case EntryKind::File:
      file_ = ::openat(folder_, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      made = file_ < 0 ? -1 : 0;
      break;
    case EntryKind::Folder:
      return makeFolder(name);
    case EntryKind::HardLink:
      return makeLink(entry, name);
    case EntryKind::Symlink:
      if (entry.link.empty() || entry.link.find('\0') != std::string::npos)
        return makeError(Code::InvalidArgument, "the layer's entry \"" + entry.name + "\" links to nothing");
      made = ::symlinkat(entry.link.c_str(), folder_, name.c_str());
      break;
    case EntryKind::Fifo:
      made = ::mkfifoat(folder_, name.c_str(), 0600);
      break;
    case EntryKind::CharDevice:
    case EntryKind::BlockDevice: {
      const mode_t type = entry.kind == EntryKind::CharDevice ? S_IFCHR : S_IFBLK;
      made = ::mknodat(folder_, name.c_str(), type | 0600, makedev(entry.major, entry.minor));
      break;
    }
  }
  return made == 0 ? Status() : failed("make");
}

Status TreeWriter::begin(Entry entry) {
  entry_ = std::move(entry);
  base_.clear();
  if (root_ < 0) return makeError(Code::Internal, "the folder for the layer is not there");
  const auto path = plainPath(entry_.name);
  if (!path) {
    return makeError(Code::InvalidArgument,
                     "the layer's entry \"" + entry_.name + "\" has a name that leads out of the image");
  }
  path_ = *path;
  if (path_.empty() && entry_.kind != EntryKind::Folder)
    return makeError(Code::InvalidArgument, "the layer has something else than a folder as its root");
  if (path_.empty()) {
    entry_.kind = EntryKind::HardLink;  // nothing is left to be described
    return {};
  }
  if (Status entered = enter(parentOf(path_)); !entered) return entered;
  const std::string name = baseOf(path_);
  if (name.starts_with(kWhiteout)) {
    Status hidden = whiteout(entry_, name);
    path_.clear();
    entry_.kind = EntryKind::HardLink;  // as above
    return hidden;
  }
  base_ = name;
  return make(entry_, name);
}

Status TreeWriter::content(std::string_view bytes) {
  // A whiteout's content, which it should not have.
  if (file_ < 0) return {};
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write");
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Status TreeWriter::end() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  // A hard link is described by the entry of its file.
  if (entry_.kind == EntryKind::HardLink) return {};
  return describe(entry_, base_);
}

/// Owner before mode, and both before attributes: a change of the owner takes set-id bits and capabilities.
Status TreeWriter::describe(const Entry& entry, const std::string& name) {
  if (::fchownat(folder_, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("give its owner to");
  if (entry.kind != EntryKind::Symlink && ::fchmodat(folder_, name.c_str(), entry.mode, 0) != 0)
    return failed("give its mode to");
  if (!entry.attributes.empty()) {
    if (Status put = putAttributes(entry, procPath(folder_, name)); !put) return put;
  }
  if (entry.kind == EntryKind::Folder) {
    times_.push_back(FolderTimes{path_, accessOf(entry), entry.modified});
    return {};
  }
  const std::array<timespec, 2> times = {timeSpec(accessOf(entry)), timeSpec(entry.modified)};
  if (::utimensat(folder_, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return failed("give its time to");
  return {};
}

Status TreeWriter::putAttributes(const Entry& entry, const std::string& path) {
  const bool plain = entry.kind == EntryKind::File || entry.kind == EntryKind::Folder;
  for (const auto& [key, value] : entry.attributes) {
    // They are the host's: an image may not say how its layers are put together.
    if (key.starts_with("trusted.")) continue;
    if (::lsetxattr(path.c_str(), key.c_str(), value.data(), value.size(), 0) == 0) continue;
    // The file system does not have them, or not for files of this kind.
    if (errno == ENOTSUP || (errno == EPERM && key.starts_with("user.") && !plain)) continue;
    return failed("give the attribute " + key + " to");
  }
  return {};
}

Status TreeWriter::finish() {
  for (const FolderTimes& folder : times_) {
    const int fd = openBelow(root_, folder.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // A later entry took its place.
    if (fd < 0) continue;
    const std::array<timespec, 2> times = {timeSpec(folder.accessed), timeSpec(folder.modified)};
    const bool given = ::futimens(fd, times.data()) == 0;
    ::close(fd);
    if (!given) return failed("give its time to a folder beside");
  }
  return {};
}

}  // namespace berth::agent::layers
