#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/definition.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"
#include "cli/commands/watch.hpp"
#include "cli/compose/compose.hpp"
#include "cli/compose/yaml_json.hpp"
#include "cli/find/find.hpp"
#include "common/config/load.hpp"
#include "common/text/letter_case.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct UpOptions {
  std::string file;
  std::string project;
  bool dryRun = false;
  bool wait = false;
};

/// What a file asks for: definitions to register, and services that run them.
struct Wanted {
  std::vector<ComposePart> parts;  ///< without a request: only the definition
  std::vector<std::string> notes;
};

/// Members of CreateService that UpdateService does not take.
constexpr std::array kOnlyAtFirst = {
    "serviceName", "launchType", "schedulingStrategy", "deploymentController", "clientToken", "role",
    "tags",        "cluster"};

std::string projectOf(const UpOptions& options) {
  if (!options.project.empty()) return options.project;
  std::error_code ignored;
  std::string name =
      lowered(std::filesystem::absolute(options.file, ignored).parent_path().filename().string());
  std::erase_if(name, [](unsigned char c) { return !std::isalnum(c) && c != '-' && c != '_'; });
  return name.empty() ? "default" : name;
}

Result<Wanted> composeFile(const UpOptions& options, const std::string& text) {
  std::error_code ignored;
  const std::string folder = std::filesystem::absolute(options.file, ignored).parent_path().string();
  auto composed =
      translateCompose({text, options.file, projectOf(options), folder, config::processEnvironment()});
  if (!composed) return composed.error();
  return Wanted{std::move(composed->parts), std::move(composed->notes)};
}

Result<Wanted> serviceFile(const UpOptions& options, json file) {
  ComposePart part;
  part.service = textAt(file, "serviceName");
  if (part.service.empty() || !file.contains("taskDefinition"))
    return makeError(Code::InvalidArgument,
                     options.file + ": a service needs `serviceName` and `taskDefinition`");
  if (file["taskDefinition"].is_object()) {
    part.definition = std::move(file["taskDefinition"]);
    file.erase("taskDefinition");
  }
  part.request = std::move(file);
  return Wanted{{std::move(part)}, {}};
}

Result<Wanted> readWanted(const UpOptions& options) {
  auto text = readTextFile(options.file);
  if (!text) return text.error();
  auto file = jsonOfYaml(*text, options.file);
  if (!file) return file.error();
  if (file->is_object() && file->contains("services")) return composeFile(options, *text);
  if (file->is_object() && file->contains("serviceName")) return serviceFile(options, std::move(*file));
  if (file->is_object() && file->contains("containerDefinitions")) {
    ComposePart part;
    part.definition = std::move(*file);
    return Wanted{{std::move(part)}, {}};
  }
  return makeError(Code::InvalidArgument,
                   options.file +
                       ": neither a Compose file (`services`), a service (`serviceName`) nor a task "
                       "definition (`containerDefinitions`)");
}

/// The service of that name, null without one.
Result<json> existing(const Session& session, const std::string& name) {
  auto answer = session.inCluster("DescribeServices", {{"services", {name}}});
  if (!answer) return answer.error();
  for (const json& service : listAt(*answer, "services")) {
    if (textAt(service, "status") == "ACTIVE") return service;
  }
  return json();
}

/// Creates or updates the service; its answer.
Result<json> bringUp(const Session& session, const std::string& name, json request) {
  auto before = existing(session, name);
  if (!before) return before.error();
  const bool isNew = before->is_null();
  if (!isNew) {
    const std::string kind = textAt(request, "schedulingStrategy");
    if (!kind.empty() && kind != textAt(*before, "schedulingStrategy"))
      return makeError(Code::FailedPrecondition,
                       "service '" + name + "' is a " + textAt(*before, "schedulingStrategy") +
                           ", and is to become a " + kind + ": that takes `berth down` first");
    for (const char* member : kOnlyAtFirst) request.erase(member);
    request["service"] = name;
  }
  auto answer = session.inCluster(isNew ? "CreateService" : "UpdateService", request);
  if (!answer) return answer.error();
  const json service = answer->value("service", json::object());
  session.out << "service " << name << (isNew ? " created" : " updated") << ": "
              << idOf(textAt(service, "taskDefinition")) << ", desired " << numberAt(service, "desiredCount")
              << std::endl;
  return service;
}

Result<int> up(Session& session, const UpOptions& options) {
  auto wanted = readWanted(options);
  if (!wanted) return wanted.error();
  for (const std::string& note : wanted->notes) session.err << "note: " << note << "\n";
  if (options.dryRun) {
    json all = json::array();
    for (const ComposePart& part : wanted->parts)
      all.push_back({{"taskDefinition", part.definition}, {"service", part.request}});
    session.print(all);
    return exits::kDone;
  }
  std::vector<Watched> watched;
  for (ComposePart& part : wanted->parts) {
    if (!part.definition.is_null()) {
      auto registered = registerDefinition(session, part.definition);
      if (!registered) return registered.error();
      session.out << "task definition " << *registered << std::endl;
      part.request["taskDefinition"] = *registered;
    }
    if (part.service.empty()) {
      session.err << "`berth run " << textAt(part.definition, "family") << "` starts a task of it\n";
      continue;
    }
    auto service = bringUp(session, part.service, part.request);
    if (!service) return service.error();
    watched.push_back({part.service, primaryOf(*service)});
  }
  int code = exits::kDone;
  for (const Watched& one : watched) {
    if (!options.wait) break;
    auto ended = watchDeployment(session, one);
    if (!ended) return ended.error();
    code = std::max(code, *ended);
  }
  return code;
}

Result<int> down(Session& session, const UpOptions& options) {
  auto wanted = readWanted(options);
  if (!wanted) return wanted.error();
  for (const ComposePart& part : wanted->parts) {
    if (part.service.empty())
      return makeError(Code::InvalidArgument,
                       options.file + ": it has no service to delete; `berth stop` ends tasks");
    auto before = existing(session, part.service);
    if (!before) return before.error();
    if (before->is_null()) {
      session.out << "service " << part.service << " is not there" << std::endl;
      continue;
    }
    auto answer = session.inCluster("DeleteService", {{"service", part.service}, {"force", true}});
    if (!answer) return answer.error();
    session.out << "service " << part.service << " deleted" << std::endl;
  }
  return exits::kDone;
}

void addFile(CLI::App* sub, const std::shared_ptr<UpOptions>& options) {
  sub->add_option("file", options->file, "A Compose file, a service or a task definition, in YAML or JSON")
      ->required()
      ->type_name("FILE");
  sub->add_option("--project", options->project,
                  "What names of a Compose file's services begin with; else its `name`, "
                  "or the folder's")
      ->type_name("NAME");
}

}  // namespace

void addUp(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* sub = app.add_subcommand("up", "Create or update what a file describes");
  addFile(sub, options);
  sub->add_flag("--dry-run", options->dryRun, "Print the requests that would be made, and make none");
  sub->add_flag("--wait", options->wait, "Until the deployments are completed");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return up(session, *options); }; });
}

void addDown(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* sub = app.add_subcommand("down", "Delete the services that a file describes, with their tasks");
  addFile(sub, options);
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return down(session, *options); }; });
}

}  // namespace berth::cli
