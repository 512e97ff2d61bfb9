// A host with its configuration files in a folder of its own.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <string_view>

#include "agent/config/config.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent {

class TestHost {
 public:
  TestHost() {
    sources.ecsConfig = folder_.path("ecs.config");
    sources.ecsConfigBelow = folder_.path("below.config");
    sources.controllersCredentials = folder_.path("admin-credentials");
    sources.ecsJson = folder_.path("ecs.config.json");
    sources.sharedCredentials = folder_.path("shared");
  }

  TestHost& yaml(std::string_view text) {
    sources.file = folder_.write("agent.yaml", text);
    return *this;
  }
  TestHost& ecsConfig(std::string_view text) {
    folder_.write("ecs.config", text);
    return *this;
  }
  TestHost& json(std::string_view text) {
    folder_.write("ecs.config.json", text);
    return *this;
  }
  TestHost& environment(const std::string& name, const std::string& text) {
    sources.environment[name] = text;
    return *this;
  }

  const TempDir& folder() const { return folder_; }

  /// Fails the test where there is none.
  Config config() const {
    auto config = loadConfig(sources);
    if (!config) FAIL(config.error().message);
    return *config;
  }

  /// With the folder's name as FOLDER; "accepted" where there is nothing wrong.
  std::string failure() const {
    const auto config = loadConfig(sources);
    if (config) return "accepted";
    CHECK(config.error().code == Code::InvalidArgument);
    return local(config.error().message);
  }

  std::vector<std::string> warnings() const {
    std::vector<std::string> texts;
    for (const std::string& warning : config().warnings) texts.push_back(local(warning));
    return texts;
  }

  std::string local(std::string message) const {
    for (size_t at = 0; (at = message.find(folder_.path())) != std::string::npos;)
      message.replace(at, folder_.path().size(), "FOLDER");
    return message;
  }

  ConfigSources sources;

 private:
  TempDir folder_;
};

inline const char* const kLeastYaml = "credentials: {file: /key}\n";

}  // namespace berth::agent
