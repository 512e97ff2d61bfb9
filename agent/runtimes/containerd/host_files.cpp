#include "agent/runtimes/containerd/host_files.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "agent/layers/parcel.hpp"
#include "agent/runtimes/containerd/volume_mounts.hpp"
#include "common/files/own_fd.hpp"
#include "common/text/number.hpp"
#include "proto/json/fields.hpp"

#include <nlohmann/json.hpp>

namespace berth::agent::containerd {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestFile = 1 << 20;
constexpr size_t kLongestName = 255;

bool isSameFile(const std::string& one, const std::string& other) {
  struct stat first = {}, second = {};
  return ::stat(one.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

/// Nothing that a folder of an image says leads out of it.
int openWithin(const std::string& folder, const std::string& path, uint64_t flags) {
  const OwnFd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) return -1;
  open_how how = {};
  how.flags = flags | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how));
}

std::string readAll(int fd, size_t limit) {
  std::string out;
  std::array<char, 8192> piece{};
  while (out.size() < limit) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count <= 0) break;
    out.append(piece.data(), static_cast<size_t>(count));
  }
  return out;
}

std::string readHostFile(const std::string& path) {
  const OwnFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.get() < 0 ? std::string() : readAll(file.get(), kLongestFile);
}

Status writeFile(const std::string& path, std::string_view text) {
  const OwnFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return layers::diskError("can't write " + path, errno);
  // Any user of a container reads it, whatever the agent's umask.
  if (::fchmod(file.get(), 0644) != 0) return layers::diskError("can't open up " + path, errno);
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0) return layers::diskError("can't write " + path, errno);
    text.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Status makeFolder(const std::string& path) {
  std::error_code fault;
  fs::create_directories(path, fault);
  if (fault) return makeError(Code::Internal, "can't make the folder " + path + ": " + fault.message());
  return {};
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (true) {
    const size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// The first line whose field `index` is `value`, in its fields.
std::optional<std::vector<std::string>> entryWith(std::string_view file, size_t index,
                                                  const std::string& value, size_t fields) {
  for (const std::string& line : split(file, '\n')) {
    std::vector<std::string> found = split(line, ':');
    if (found.size() >= fields && found[index] == value) return found;
  }
  return std::nullopt;
}

Result<uint32_t> groupId(const std::string& name, std::string_view group) {
  if (const auto entry = entryWith(group, 0, name, 3)) {
    if (const auto id = parseNumber<uint32_t>((*entry)[2])) return *id;
  }
  if (const auto id = parseNumber<uint32_t>(name)) return *id;
  return makeError(Code::InvalidArgument, "the image knows no group \"" + name + "\"");
}

std::string hostsFile(const ContainerWish& wish, const std::string& hostname) {
  std::string out;
  if (wish.networkMode == "host") out = readHostFile("/etc/hosts");
  if (out.empty()) {
    // Where it has an address, its name is that of it, which comes with each start.
    const bool addressed = wish.networkMode == "bridge" || !wish.taskNetwork.empty();
    out = "127.0.0.1\tlocalhost" + (addressed ? std::string() : " " + hostname) +
          "\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  }
  if (!out.ends_with('\n')) out += '\n';
  for (const std::string& entry : wish.extraHosts) {
    const size_t colon = entry.find(':');
    if (colon != std::string::npos) out += entry.substr(colon + 1) + "\t" + entry.substr(0, colon) + "\n";
  }
  return out;
}

std::string resolverFile(const ContainerWish& wish) {
  std::string hosts = readHostFile("/etc/resolv.conf");
  if (wish.networkMode != "host")
    hosts = resolverWithoutLoopback(hosts, readHostFile("/run/systemd/resolve/resolv.conf"));
  if (wish.dns.empty() && wish.dnsSearch.empty() && wish.dnsOptions.empty()) return hosts;
  std::string out;
  const auto keep = [&](const std::string& keyword) {
    for (const std::string& line : split(hosts, '\n')) {
      if (line.starts_with(keyword)) out += line + "\n";
    }
  };
  const auto join = [&out](const std::string& keyword, const std::vector<std::string>& words) {
    out += keyword;
    for (const std::string& word : words) out += " " + word;
    out += "\n";
  };
  if (wish.dnsSearch.empty())
    keep("search");
  else
    join("search", wish.dnsSearch);
  if (wish.dns.empty()) keep("nameserver");
  for (const std::string& server : wish.dns) out += "nameserver " + server + "\n";
  if (wish.dnsOptions.empty())
    keep("options");
  else
    join("options", wish.dnsOptions);
  return out;
}

}  // namespace

RootView::RootView(const std::vector<SnapshotMount>& mounts) {
  for (const SnapshotMount& mount : mounts) {
    if (mount.type == "bind") folders_.push_back(mount.source);
    std::string lower;
    for (const std::string& option : mount.options) {
      if (option.starts_with("upperdir=")) folders_.push_back(option.substr(9));
      if (option.starts_with("lowerdir=")) lower = option.substr(9);
    }
    if (lower.empty()) continue;
    for (std::string& folder : split(lower, ':')) folders_.push_back(std::move(folder));
  }
}

std::optional<std::string> RootView::read(const std::string& path) const {
  for (const std::string& folder : folders_) {
    const OwnFd file(openWithin(folder, path, O_RDONLY));
    if (file.get() < 0) continue;
    struct stat found = {};
    if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    return readAll(file.get(), kLongestFile);
  }
  return std::nullopt;
}

bool RootView::hasEntries(const std::string& path) const {
  for (const std::string& folder : folders_) {
    const OwnFd found(openWithin(folder, path, O_RDONLY | O_DIRECTORY));
    if (found.get() < 0) continue;
    std::error_code fault;
    if (!fs::is_empty("/proc/self/fd/" + std::to_string(found.get()), fault) && !fault) return true;
  }
  return false;
}

Result<UserIds> userIds(const std::string& user, const std::vector<std::string>& moreGroups,
                        std::string_view passwd, std::string_view group) {
  const size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  UserIds out;
  auto entry = entryWith(passwd, 0, name.empty() ? "root" : name, 4);
  const auto number = parseNumber<uint32_t>(name);
  if (!entry && number) entry = entryWith(passwd, 2, name, 4);
  if (entry) {
    out.uid = parseNumber<uint32_t>((*entry)[2]).value_or(0);
    out.gid = parseNumber<uint32_t>((*entry)[3]).value_or(0);
  } else if (number) {
    out.uid = *number;
  } else if (!name.empty()) {
    return makeError(Code::InvalidArgument, "the image knows no user \"" + name + "\"");
  }
  if (colon != std::string::npos) {
    const auto id = groupId(user.substr(colon + 1), group);
    if (!id) return id.error();
    out.gid = *id;
  } else if (entry) {
    // A group given by name stands for itself alone.
    for (const std::string& line : split(group, '\n')) {
      const std::vector<std::string> fields = split(line, ':');
      if (fields.size() < 4) continue;
      const std::vector<std::string> members = split(fields[3], ',');
      const auto id = parseNumber<uint32_t>(fields[2]);
      if (id && std::ranges::find(members, (*entry)[0]) != members.end()) out.groups.push_back(*id);
    }
  }
  for (const std::string& more : moreGroups) {
    const auto id = groupId(more, group);
    if (!id) return id.error();
    out.groups.push_back(*id);
  }
  return out;
}

Result<std::vector<Bind>> HostFiles::prepare(const std::string& id, const ContainerWish& wish,
                                             const std::string& hostname) const {
  if (Status made = makeFolder(at(id)); !made) return made.error();
  const std::string base = hostsFile(wish, hostname);
  if (Status written = writeFile(at(id) + "/hosts.base", base); !written) return written.error();
  const std::array<std::pair<const char*, std::string>, 3> files = {
      {{"hostname", hostname + "\n"}, {"hosts", base}, {"resolv.conf", resolverFile(wish)}}};
  std::vector<Bind> out;
  for (const auto& [name, text] : files) {
    const std::string path = at(id) + "/" + name;
    if (Status written = writeFile(path, text); !written) return written.error();
    out.push_back(Bind{path, std::string("/etc/") + name, false});
  }
  return out;
}

Status HostFiles::addHosts(const std::string& id, const std::string& lines) const {
  // In place: the container has the file, not its name, mounted.
  return writeFile(at(id) + "/hosts", readHostFile(at(id) + "/hosts.base") + lines);
}

Status HostFiles::markStarted(const std::string& id) const { return writeFile(at(id) + "/started", ""); }

void HostFiles::unmarkStarted(const std::string& id) const { ::unlink((at(id) + "/started").c_str()); }

std::optional<WallTime> HostFiles::startedAt(const std::string& id) const {
  struct stat found = {};
  if (::stat((at(id) + "/started").c_str(), &found) != 0) return std::nullopt;
  return fromEpochMillis(found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1000000);
}

Status HostFiles::makeSharedMemory(const std::string& id, int64_t bytes) const {
  const std::string path = sharedMemory(id);
  if (Status made = makeFolder(path); !made) return made;
  struct statfs found = {};
  if (::statfs(path.c_str(), &found) == 0 && found.f_type == TMPFS_MAGIC) return {};
  const std::string options = "mode=1777,size=" + std::to_string(bytes);
  if (::mount("shm", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) == 0)
    return {};
  return makeError(Code::Internal, "can't make shared memory at " + path + ": " + std::strerror(errno));
}

Status HostFiles::keepNamespaces(const std::string& id, int64_t pid) const {
  for (const char* kind : {"pid", "ipc"}) {
    const std::string path = namespacePath(id, kind);
    const std::string source = "/proc/" + std::to_string(pid) + "/ns/" + kind;
    // Another container may be about to join it.
    if (isSameFile(path, source)) continue;
    if (Status cleared = unmountVolume(path); !cleared) return cleared;
    const OwnFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file || ::mount(source.c_str(), path.c_str(), "none", MS_BIND, nullptr) != 0)
      return makeError(Code::Internal, "can't keep a namespace at " + path + ": " + std::strerror(errno));
  }
  return {};
}

void HostFiles::remove(const std::string& id) const {
  for (const std::string& path : {sharedMemory(id), namespacePath(id, "pid"), namespacePath(id, "ipc")})
    (void)unmountVolume(path);
  std::error_code ignored;
  fs::remove_all(at(id), ignored);
}

Status HostFiles::makeVolume(const std::string& name, const std::string& description) const {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (name.empty() || name.size() > kLongestName || name.front() == '.' || name.front() == '-' ||
      name.find_first_not_of(kLetters) != std::string::npos) {
    return makeError(Code::InvalidArgument,
                     "\"" + name + "\" is not a volume's name: letters, digits, _ . and -");
  }
  if (Status made = makeFolder(volumePath(name)); !made) return made;
  if (::chmod(volumePath(name).c_str(), 0755) != 0)
    return layers::diskError("can't open up volume " + name, errno);
  const std::string file = volumeFolder(name) + "/volume.json";
  return fs::exists(file) ? Status() : writeFile(file, description);
}

std::optional<std::string> HostFiles::volume(const std::string& name) const {
  const std::string file = volumeFolder(name) + "/volume.json";
  return fs::exists(file) ? std::optional(readHostFile(file)) : std::nullopt;
}

Status HostFiles::readyVolume(const std::string& name) const {
  const auto description = volume(name);
  if (!description) return {};
  const auto object = berth::json::parseObject(*description, "the description of volume " + name);
  if (!object) return object.error();
  berth::json::Fields fields(*object, "volume");
  const auto wanted = volumeMount(fields.stringMap("options"));
  if (!wanted) return wanted.error().in("volume " + name);
  return *wanted ? mountVolume(**wanted, volumePath(name)) : Status();
}

Status HostFiles::removeVolume(const std::string& name) const {
  // What another machine or disk holds is not the agent's to delete.
  if (Status unmounted = unmountVolume(volumePath(name)); !unmounted) return unmounted;
  std::error_code fault;
  fs::remove_all(volumeFolder(name), fault);
  if (fault) return makeError(Code::Internal, "can't remove volume " + name + ": " + fault.message());
  return {};
}

std::string resolverWithoutLoopback(std::string_view host, std::string_view direct) {
  const auto filtered = [](std::string_view text, bool& hasServer) {
    std::string out;
    for (const std::string& line : split(text, '\n')) {
      const bool server = line.starts_with("nameserver");
      const size_t address = line.find_first_not_of(" \t", server ? 10 : 0);
      const std::string_view whom =
          address == std::string::npos ? std::string_view() : std::string_view(line).substr(address);
      if (server && (whom.starts_with("127.") || whom.starts_with("::1"))) continue;
      hasServer = hasServer || server;
      out += line + "\n";
    }
    if (out.ends_with("\n\n")) out.pop_back();
    return out;
  };
  bool served = false;
  std::string out = filtered(host, served);
  if (served) return out;
  std::string other = filtered(direct, served);
  return served ? other : out;
}

Resolver hostResolver() {
  Resolver out;
  const std::string text = resolverWithoutLoopback(readHostFile("/etc/resolv.conf"),
                                                   readHostFile("/run/systemd/resolve/resolv.conf"));
  for (const std::string& line : split(text, '\n')) {
    std::istringstream words(line);
    std::string keyword;
    std::string word;
    words >> keyword;
    if (keyword == "search") out.searchDomains.clear();
    while (words >> word) {
      if (keyword == "nameserver") out.servers.push_back(word);
      if (keyword == "search") out.searchDomains.push_back(word);
    }
  }
  return out;
}

}  // namespace berth::agent::containerd
