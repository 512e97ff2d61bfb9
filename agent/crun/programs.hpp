// Where crun is looked for.
#pragma once

#include <unistd.h>

#include <string>
#include <vector>

namespace berth::agent::crun {

inline const std::vector<std::string> kFolders = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                  "/usr/bin"};

/// Its path; empty when it is in none of the folders.
inline std::string find(const std::vector<std::string>& folders = kFolders) {
  for (const std::string& folder : folders) {
    std::string path = folder + "/crun";
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace berth::agent::crun
