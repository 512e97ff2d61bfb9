// One service of a Compose file as a container of a task definition.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace berth::cli {

/// What is wrong with a file, each with the path of the member.
class Refusals {
 public:
  void add(const std::string& path, const std::string& text) { lines_.push_back(path + ": " + text); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

struct ComposeContainer {
  nlohmann::json definition;                         ///< a member of containerDefinitions
  nlohmann::json volumes = nlohmann::json::array();  ///< what its mount points name
  std::map<std::string, std::string> dependsOn;      ///< by service: START, HEALTHY or SUCCESS
  std::optional<int64_t> replicas;
  bool global = false;    ///< one on each node
  bool restarts = false;  ///< has a restart policy
  bool reserves = false;  ///< says how much memory it needs
};

struct ComposeSurroundings {
  std::string project;
  std::string folder;
  const nlohmann::json& volumes;  ///< the file's top-level `volumes`
};

/// `spec` has its variables filled in, and scalars as text or null.
ComposeContainer readComposeService(const std::string& name, const nlohmann::json& spec,
                                    const ComposeSurroundings& around, Refusals& refusals);

}  // namespace berth::cli
