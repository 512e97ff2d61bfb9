#include "controller/config/webhooks_folder.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/config/load.hpp"
#include "common/config/rules.hpp"
#include "common/http/message.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {
namespace {

namespace fs = std::filesystem;

bool isHttpUrl(std::string_view text) {
  const auto url = http::parseUrl(text);
  return url && (url->scheme == "http" || url->scheme == "https");
}

config::Schema webhookSchema() {
  using namespace config;  // NOLINT: a table of declarations
  return Schema(
      {string("url", "where events are posted to")
           .matching(isHttpUrl, "must be an http or https URL")
           .required(),
       path("secret_file", "what they are signed with"),
       list("detail_types", "which events are sent").matching(isDetailType, "must be detail types of ECS"),
       string("cluster", "of which cluster").matching(ecs::isName, "must be a cluster's name")});
}

Result<std::string> secretIn(const fs::path& path) {
  std::error_code fault;
  const auto mode = fs::status(path, fault).permissions();
  const std::string where = path.string() + ": ";
  if (fault) return makeError(Code::InvalidArgument, where + "can't read it: " + fault.message());
  if ((mode & fs::perms::others_all) != fs::perms::none)
    return makeError(Code::InvalidArgument, where + "others can use it: chmod o-rwx it");
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::string secret = text.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (!file || secret.empty()) return makeError(Code::InvalidArgument, where + "has no secret in it");
  return secret;
}

Result<Webhook> webhookIn(const fs::path& file) {
  config::Sources sources;
  sources.yamlFile = file.string();
  sources.envPrefix = "BERTH_WEBHOOK_";  // no environment goes with it: webhooks have files alone
  auto settings = config::load(webhookSchema(), sources);
  if (!settings) return settings.error();
  Webhook out;
  out.name = file.stem().string();
  out.url = settings->string("url");
  if (settings->has("cluster")) out.filter.cluster = settings->string("cluster");
  const auto& types = settings->list("detail_types");
  out.filter.detailTypes = {types.begin(), types.end()};
  if (!settings->has("secret_file")) return out;
  auto secret = secretIn(settings->string("secret_file"));
  if (!secret) return secret.error();
  out.secret = std::move(*secret);
  return out;
}

}  // namespace

Result<std::vector<Webhook>> readWebhooks(const fs::path& folder) {
  std::vector<fs::path> files;
  std::vector<std::string> problems;
  std::error_code fault;
  for (fs::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.') || name.ends_with('~')) continue;
    if (at->path().extension() == ".yaml") {
      files.push_back(at->path());
    } else {
      problems.push_back(at->path().string() + ": has no place here: a webhook is a file NAME.yaml");
    }
  }
  if (fault) problems.push_back(folder.string() + ": can't read the folder: " + fault.message());
  std::ranges::sort(files);
  std::vector<Webhook> out;
  for (const fs::path& file : files) {
    auto webhook = webhookIn(file);
    if (webhook) {
      out.push_back(std::move(*webhook));
    } else {
      problems.push_back(webhook.error().message);
    }
  }
  if (Status status = config::noProblems(problems); !status) return status.error();
  return out;
}

}  // namespace berth::controller
