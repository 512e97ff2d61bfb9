// Real control groups for tests, below a group of this process's own; they go with the test.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace berth {

class RealGroups {
 public:
  /// The groups are named PARENT/NAME in each hierarchy, with a parent that no other process uses. On version
  /// 1 only in those of `controllers`, unless that is empty.
  explicit RealGroups(const std::vector<std::string>& controllers = {}) {
    static int made = 0;
    parent_ = "/berth-test-" + std::to_string(::getpid()) + "-" + std::to_string(made++);
    const std::filesystem::path root = "/sys/fs/cgroup";
    std::error_code error;
    if (std::filesystem::exists(root / "cgroup.controllers", error)) {
      add(root);
      return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
      const std::string name = entry.path().filename();
      const auto isIn = [&](const std::string& one) {
        return ("," + name + ",").find("," + one + ",") != std::string::npos;
      };
      const bool wanted = controllers.empty() || std::ranges::any_of(controllers, isIn);
      if (wanted && !entry.is_symlink()) add(entry.path());
    }
  }
  /// Processes in them have to have ended.
  ~RealGroups() {
    for (auto it = folders_.rbegin(); it != folders_.rend(); ++it) ::rmdir(it->c_str());
  }
  RealGroups(const RealGroups&) = delete;
  RealGroups& operator=(const RealGroups&) = delete;

  /// False where this process may not make groups: the test has nothing to show then.
  bool usable() const { return !hierarchies_.empty(); }
  const std::string& parent() const { return parent_; }

  /// Makes group `name` everywhere; "a/b" lies inside of "a", which has to be there.
  void make(const std::string& name) {
    for (const std::string& hierarchy : hierarchies_) makeFolder(hierarchy + parent_ + "/" + name);
  }
  /// Moves a process into it.
  void enter(const std::string& name, pid_t pid) const {
    for (const std::string& hierarchy : hierarchies_) {
      std::ofstream(hierarchy + parent_ + "/" + name + "/cgroup.procs") << pid;
    }
  }

 private:
  void add(const std::filesystem::path& hierarchy) {
    if (!makeFolder(hierarchy.string() + parent_)) return;
    hierarchies_.push_back(hierarchy);
  }
  bool makeFolder(const std::string& folder) {
    std::error_code error;
    if (!std::filesystem::create_directory(folder, error)) return false;
    folders_.push_back(folder);
    // Of version 1: no process can enter before these have values.
    const std::filesystem::path above = std::filesystem::path(folder).parent_path();
    for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
      std::ifstream from(above / name);
      std::string text;
      if (std::getline(from, text)) std::ofstream(std::filesystem::path(folder) / name) << text;
    }
    return true;
  }

  std::string parent_;
  std::vector<std::string> hierarchies_;
  std::vector<std::string> folders_;
};

}  // namespace berth
