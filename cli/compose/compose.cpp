#include "cli/compose/compose.hpp"

#include <algorithm>
#include <set>

#include "cli/compose/container.hpp"
#include "cli/compose/yaml_json.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr int64_t kStandingMemory = 128;  ///< MiB that a container reserves where the file says nothing

bool isComposeName(const std::string& text) {
  return !text.empty() && text.size() <= 200 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

class ComposeReader {
 public:
  explicit ComposeReader(const ComposeSource& source) : source_(source) { out_.project = source.project; }

  Result<Composed> read() {
    auto parsed = jsonOfYaml(source_.text, source_.name, Scalars::Text);
    if (!parsed) return parsed.error();
    file_ = std::move(*parsed);
    if (!file_.is_object() || !file_.contains("services") || !file_["services"].is_object() ||
        file_["services"].empty())
      return makeError(Code::InvalidArgument, source_.name + ": no Compose file: it has no `services`");
    fillIn(file_, "");
    readTop();
    readServices();
    checkDependencies();
    if (refusals_.lines().empty()) makeParts();
    if (refusals_.lines().empty()) return std::move(out_);
    std::string message = source_.name + ": can't be taken as it is; nothing was changed";
    for (const std::string& line : refusals_.lines()) message += "\n  " + line;
    return makeError(Code::InvalidArgument, std::move(message));
  }

 private:
  /// Variables, in every value.
  void fillIn(json& value, const std::string& path) {
    if (value.is_string()) {
      auto filled = interpolated(value.get<std::string>(), source_.variables);
      if (filled) {
        value = *filled;
      } else {
        refusals_.add(path, filled.error().message);
      }
    } else if (value.is_object()) {
      for (auto& [member, one] : value.items()) fillIn(one, path.empty() ? member : path + "." + member);
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) fillIn(value[i], path + "[" + std::to_string(i) + "]");
    }
  }

  void readTop() {
    for (const auto& [member, value] : file_.items()) {
      if (member == "services" || member == "version" || member.starts_with("x-")) continue;
      if (member == "name" && value.is_string()) {
        out_.project = value.get<std::string>();
      } else if (member == "volumes" && value.is_object()) {
        volumes_ = value;
      } else if (member == "networks") {
        refusals_.add(
            member,
            "is not offered: services that depend on each other reach each other by name as they are");
      } else if (member != "volumes" || !value.is_null()) {
        refusals_.add(member, "is not offered: only name, services and volumes are");
      }
    }
    if (!isComposeName(out_.project))
      refusals_.add("name",
                    "'" + out_.project + "' must be letters, digits, '-' and '_'; --project names another");
  }

  void readServices() {
    const ComposeSurroundings around{out_.project, source_.folder, volumes_};
    for (const auto& [name, spec] : file_["services"].items()) {
      if (!isComposeName(name))
        refusals_.add("services." + name, "a name must be letters, digits, '-' and '_'");
      containers_.emplace(name, readComposeService(name, spec, around, refusals_));
    }
  }

  void checkDependencies() {
    for (auto& [name, container] : containers_) {
      for (const auto& [other, condition] : container.dependsOn) {
        const std::string path = "services." + name + ".depends_on." + other;
        const auto found = containers_.find(other);
        if (found == containers_.end() || other == name) {
          refusals_.add(path, "is no other service of this file");
          continue;
        }
        json& needed = found->second.definition;
        if (condition == "HEALTHY" && !needed.contains("healthCheck"))
          refusals_.add(path, "waits for its health, and it has no `healthcheck`");
        if (condition == "SUCCESS" && found->second.restarts)
          refusals_.add(path, "waits for its end, and its `restart` never lets it end");
        if (condition == "SUCCESS") needed["essential"] = false;
        depended_.insert(other);
        join(name, other);
      }
    }
  }

  /// Services that depend on each other have one root.
  std::string rootOf(const std::string& name) const {
    const auto parent = parents_.find(name);
    return parent == parents_.end() ? name : rootOf(parent->second);
  }

  void join(const std::string& a, const std::string& b) {
    const std::string rootA = rootOf(a);
    const std::string rootB = rootOf(b);
    if (rootA != rootB) parents_[std::max(rootA, rootB)] = std::min(rootA, rootB);
  }

  void makeParts() {
    std::map<std::string, std::vector<std::string>> groups;
    for (const auto& [name, _] : containers_) groups[rootOf(name)].push_back(name);
    for (const auto& [_, names] : groups) makePart(names);
    std::ranges::sort(out_.parts, {}, &ComposePart::service);
  }

  /// A group is called as its first service that no other depends on.
  std::string headOf(const std::vector<std::string>& names) const {
    const auto head =
        std::ranges::find_if(names, [&](const std::string& name) { return !depended_.contains(name); });
    return head == names.end() ? names.front() : *head;
  }

  void makePart(const std::vector<std::string>& names) {
    const std::string head = headOf(names);
    ComposePart part;
    part.service = out_.project + "-" + head;
    part.definition = {
        {"family", part.service}, {"networkMode", "bridge"}, {"containerDefinitions", json::array()}};
    json volumes = json::array();
    for (const std::string& name : names) {
      ComposeContainer& container = containers_.at(name);
      finish(name, container);
      part.definition["containerDefinitions"].push_back(container.definition);
      for (const json& volume : container.volumes) {
        if (std::ranges::find(volumes, volume) == volumes.end()) volumes.push_back(volume);
      }
    }
    if (!volumes.empty()) part.definition["volumes"] = volumes;
    part.request = requestFor(names);
    part.request["serviceName"] = part.service;
    if (names.size() > 1) out_.notes.push_back(noteOf(part.service, names));
    out_.parts.push_back(std::move(part));
  }

  static std::string noteOf(const std::string& service, const std::vector<std::string>& names) {
    std::string text = service + ": one task with ";
    for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : ", ") + names[i];
    return text + ", as they depend on each other";
  }

  void finish(const std::string& name, ComposeContainer& container) {
    json& definition = container.definition;
    for (const auto& [other, condition] : container.dependsOn) {
      definition["dependsOn"].push_back({{"containerName", other}, {"condition", condition}});
      // What has ended can't be reached any more.
      if (condition != "SUCCESS") definition["links"].push_back(other);
    }
    if (container.reserves) return;
    definition["memoryReservation"] = kStandingMemory;
    out_.notes.push_back("services." + name + ": reserves " + std::to_string(kStandingMemory) +
                         " MiB, as `deploy.resources` says nothing");
  }

  json requestFor(const std::vector<std::string>& names) {
    std::optional<int64_t> replicas;
    bool global = false;
    for (const std::string& name : names) {
      const ComposeContainer& container = containers_.at(name);
      global = global || container.global;
      if (!container.replicas) continue;
      if (replicas && *replicas != *container.replicas)
        refusals_.add("services." + name + ".deploy.replicas",
                      "must be as many as of the services it depends on: they are one task");
      replicas = container.replicas;
    }
    if (global && replicas)
      refusals_.add("services." + names.front() + ".deploy", "is either global or has replicas");
    if (global) return {{"schedulingStrategy", "DAEMON"}};
    return {{"desiredCount", replicas.value_or(1)}};
  }

  const ComposeSource& source_;
  Refusals refusals_;
  json file_;
  json volumes_ = json::object();
  std::map<std::string, ComposeContainer> containers_;
  std::set<std::string> depended_;
  std::map<std::string, std::string> parents_;
  Composed out_;
};

}  // namespace

Result<Composed> translateCompose(const ComposeSource& source) { return ComposeReader(source).read(); }

}  // namespace berth::cli
