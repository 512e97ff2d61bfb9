#include "agent/kernel/group_finder.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>

#include "agent/kernel/kernel_file.hpp"
#include "agent/kernel/kernel_text.hpp"

namespace berth::agent {
namespace {

constexpr int kDeepestFolder = 8;  ///< of the groups in a hierarchy that hold containers

/// The groups below a folder that bear a container's id.
std::vector<std::string> below(const std::string& folder, const std::string& id, int depth) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open) return out;
  while (const dirent* entry = ::readdir(open.get())) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    const std::string path = folder + "/" + entry->d_name;
    if (std::string_view(entry->d_name).find(id) != std::string_view::npos) {
      out.push_back(path);
    } else if (depth < kDeepestFolder) {
      std::ranges::move(below(path, id, depth + 1), std::back_inserter(out));
    }
  }
  return out;
}

bool present(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// systemd nests "a-b.slice" in "a.slice".
std::string slicePath(const std::string& slice) {
  std::string out;
  for (size_t dash = slice.find('-'); dash != std::string::npos; dash = slice.find('-', dash + 1)) {
    out += slice.substr(0, dash) + ".slice/";
  }
  return out + slice;
}

std::vector<std::string> usualPlaces(const ProcessTarget& target) {
  const std::string& id = target.containerId;
  const std::string scope = "docker-" + id + ".scope";
  std::vector<std::string> out{"docker/" + id, "berth/" + id, "system.slice/" + scope};
  const std::string& parent = target.cgroupParent;
  if (parent.ends_with(".slice")) {
    out.push_back(slicePath(parent) + "/" + scope);
  } else if (!parent.empty()) {
    out.push_back(parent.substr(parent.starts_with('/') ? 1 : 0) + "/" + id);
  }
  return out;
}

}  // namespace

std::string groupOf(const std::string& path, const std::string& id) {
  const size_t found = id.empty() ? std::string::npos : path.find(id);
  return found == std::string::npos ? std::string() : path.substr(0, path.find('/', found));
}

GroupFinder::GroupFinder(KernelRoots roots) : roots_(std::move(roots)) {
  unified_only_ = present(roots_.cgroup + "/cgroup.controllers");
  hierarchy_ = roots_.cgroup;
  if (unified_only_) return;
  for (const char* name : {"pids", "devices", "memory", "freezer"}) {
    if (!present(roots_.cgroup + "/" + name)) continue;
    controller_ = name;
    hierarchy_ += "/" + controller_;
    return;
  }
}

std::string GroupFinder::mountOf(const std::vector<std::string>& controllers) const {
  if (controllers.empty()) return unified_only_ ? roots_.cgroup : roots_.cgroup + "/unified";
  // Co-mounted controllers share a folder "cpu,cpuacct"; links with the single names are optional.
  std::string joined;
  for (const std::string& name : controllers) joined += (joined.empty() ? "" : ",") + name;
  const std::string mount = roots_.cgroup + "/" + joined;
  return present(mount) ? mount : roots_.cgroup + "/" + controllers.front();
}

std::vector<std::string> GroupFinder::foldersOf(const ProcessTarget& target) const {
  std::vector<std::string> out;
  const auto add = [&](const std::string& folder) {
    if (present(folder) && std::ranges::find(out, folder) == out.end()) out.push_back(folder);
  };
  if (target.containerId.empty()) return out;
  if (target.pid > 0) addByProcess(target, add);
  if (!out.empty()) return out;
  for (const std::string& place : usualPlaces(target)) add(hierarchy_ + "/" + place);
  // The engine may put groups anywhere (dockerd --cgroup-parent), and its process may be gone or never have
  // been seen: then the whole hierarchy is gone through.
  if (out.empty()) {
    for (const std::string& folder : below(hierarchy_, target.containerId, 0)) add(folder);
  }
  return out;
}

void GroupFinder::addByProcess(const ProcessTarget& target,
                               const std::function<void(const std::string&)>& add) const {
  const auto text = readKernelFile(roots_.proc + "/" + std::to_string(target.pid) + "/cgroup");
  if (!text) return;
  const auto lines = parseProcCgroup(*text);
  if (!lines) return;
  for (const CgroupLine& line : *lines) {
    // Others have their groups in hierarchies that nobody looks at.
    if (!unified_only_ && std::ranges::count(line.controllers, controller_) == 0) continue;
    const std::string group = groupOf(line.path, target.containerId);
    const std::string mount = mountOf(line.controllers);
    if (!group.empty() && mount == hierarchy_) add(mount + group);
  }
}

std::vector<std::string> GroupFinder::controllers() const {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(roots_.cgroup.c_str()), ::closedir);
  if (!folder) return out;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    // Links with the single names of co-mounted controllers would come twice.
    const bool link = entry->d_type == DT_LNK;
    if (name.starts_with('.') || link || name == "unified" || name == "systemd") continue;
    if (present(roots_.cgroup + "/" + name + "/cgroup.procs")) out.push_back(name);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace berth::agent
