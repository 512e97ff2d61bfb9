#include "cli/compose/container.hpp"

#include <algorithm>
#include <functional>

#include "cli/compose/ports_volumes.hpp"
#include "cli/compose/words.hpp"
#include "common/config/suggest.hpp"
#include "common/text/number.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

/// Members that people write often, and what to do instead.
const std::map<std::string, std::string>& insteadOf() {
  static const std::map<std::string, std::string> kInstead{
      {"build", "build the image, push it to a registry, and name it by `image`"},
      {"networks", "services that depend on each other reach each other by name as they are; leave it out"},
      {"env_file", "write the variables below `environment`"},
      {"secrets", "a task definition has `secrets`: write one and run `berth up` with it"},
      {"configs", "use a bind or put the file into the image"},
      {"profiles", "write a file for each case"},
      {"container_name", "the agent names containers; leave it out"},
      {"links", "write `depends_on`: it links"},
      {"expose", "containers of a task reach each other's ports; leave it out"},
      {"scale", "write `deploy: {replicas: N}`"},
      {"network_mode", "a task definition has `networkMode`: write one and run `berth up` with it"},
      {"logging", "a task definition has `logConfiguration`: write one and run `berth up` with it"},
      {"mem_limit", "write `deploy: {resources: {limits: {memory: ...}}}`"},
      {"cpus", "write `deploy: {resources: {limits: {cpus: ...}}}`"}};
  return kInstead;
}

class ContainerReader {
 public:
  ContainerReader(std::string name, const ComposeSurroundings& around, Refusals& refusals)
      : path_("services." + name), around_(around), refusals_(refusals) {
    out_.definition = {{"name", name}, {"essential", true}};
  }

  ComposeContainer read(const json& spec) {
    if (!spec.is_object()) {
      refusals_.add(path_, "must be a mapping with at least `image`");
      return out_;
    }
    for (const auto& [member, value] : spec.items()) {
      if (member.starts_with("x-")) continue;
      const auto reader = readers().find(member);
      if (reader == readers().end()) {
        unknown(path_, member);
      } else if (!value.is_null()) {
        reader->second(*this, path_ + "." + member, value);
      }
    }
    if (!out_.definition.contains("image") && !spec.contains("build")) refusals_.add(path_, "has no `image`");
    return out_;
  }

 private:
  using Reader = std::function<void(ContainerReader&, const std::string&, const json&)>;

  static const std::map<std::string, Reader>& readers();

  void unknown(const std::string& path, const std::string& member) {
    const auto instead = insteadOf().find(member);
    std::string text = "is not offered";
    if (instead != insteadOf().end()) {
      text += ": " + instead->second;
    } else {
      std::vector<std::string> known;
      for (const auto& [name, _] : readers()) known.push_back(name);
      if (const auto near = config::nearest(member, known)) text += ": did you mean `" + *near + "`?";
    }
    refusals_.add(path + "." + member, text);
  }

  /// Takes a member that is one text.
  static Reader text(const char* target) {
    return [target](ContainerReader& self, const std::string& path, const json& value) {
      if (value.is_string()) {
        self.out_.definition[target] = value;
      } else {
        self.refusals_.add(path, "must be text");
      }
    };
  }

  /// Takes a member that is true or false.
  static Reader flag(const char* target) {
    return [target](ContainerReader& self, const std::string& path, const json& value) {
      if (value == "true" || value == "false") {
        self.out_.definition[target] = value == "true";
      } else {
        self.refusals_.add(path, "must be true or false");
      }
    };
  }

  /// Takes a command line: a text that is split as a shell does, or a list of words.
  static Reader words(const char* target) {
    return [target](ContainerReader& self, const std::string& path, const json& value) {
      const auto split = value.is_string() ? shellWords(value.get<std::string>()) : std::nullopt;
      if (split) {
        self.out_.definition[target] = *split;
      } else if (value.is_string()) {
        self.refusals_.add(path, "has a quote without its end");
      } else if (auto list = self.texts(path, value)) {
        self.out_.definition[target] = *list;
      }
    };
  }

  std::optional<std::vector<std::string>> texts(const std::string& path, const json& value) {
    std::vector<std::string> out;
    const bool fits =
        value.is_array() && std::ranges::all_of(value, [](const json& one) { return one.is_string(); });
    if (!fits) {
      refusals_.add(path, "must be a list of texts");
      return std::nullopt;
    }
    for (const json& one : value) out.push_back(one.get<std::string>());
    return out;
  }

  /// Pairs out of a mapping or a list of "NAME=VALUE" (`separator` between).
  std::optional<std::vector<std::pair<std::string, std::string>>> pairs(const std::string& path,
                                                                        const json& value, char separator) {
    std::vector<std::pair<std::string, std::string>> out;
    if (value.is_object()) {
      for (const auto& [name, one] : value.items()) {
        if (one.is_string()) {
          out.emplace_back(name, one.get<std::string>());
        } else {
          refusals_.add(path + "." + name, "has no value: write one, as ${" + name + "}");
        }
      }
      return out;
    }
    auto list = texts(path, value);
    if (!list) return std::nullopt;
    for (const std::string& one : *list) {
      const size_t at = one.find(separator);
      if (at == std::string::npos || at == 0) {
        refusals_.add(path, "'" + one + "' is not NAME" + separator + "VALUE");
      } else {
        out.emplace_back(one.substr(0, at), one.substr(at + 1));
      }
    }
    return out;
  }

  std::optional<int64_t> number(const std::string& path, const json& value) {
    const auto out = value.is_string() ? parseNumber<int64_t>(value.get<std::string>()) : std::nullopt;
    if (!out || *out < 0) refusals_.add(path, "must be a whole number");
    return out && *out >= 0 ? out : std::nullopt;
  }

  std::optional<int64_t> seconds(const std::string& path, const json& value) {
    const auto out = value.is_string() ? secondsOf(value.get<std::string>()) : std::nullopt;
    if (!out) refusals_.add(path, "must be whole seconds, as 10s or 1m30s");
    return out;
  }

  void environment(const std::string& path, const json& value) {
    auto all = pairs(path, value, '=');
    if (!all) return;
    for (const auto& [name, one] : *all)
      out_.definition["environment"].push_back({{"name", name}, {"value", one}});
  }

  void labels(const std::string& path, const json& value) {
    auto all = pairs(path, value, '=');
    if (!all) return;
    for (const auto& [name, one] : *all) out_.definition["dockerLabels"][name] = one;
  }

  void extraHosts(const std::string& path, const json& value) {
    const bool equals = value.is_array() && !value.empty() && value[0].is_string() &&
                        value[0].get<std::string>().find('=') != std::string::npos;
    auto all = pairs(path, value, equals ? '=' : ':');
    if (!all) return;
    for (const auto& [name, address] : *all)
      out_.definition["extraHosts"].push_back({{"hostname", name}, {"ipAddress", address}});
  }

  void dependsOn(const std::string& path, const json& value) {
    static const std::map<std::string, std::string> kConditions{
        {"service_started", "START"},
        {"service_healthy", "HEALTHY"},
        {"service_completed_successfully", "SUCCESS"}};
    if (!value.is_object()) {
      if (auto list = texts(path, value)) {
        for (const std::string& one : *list) out_.dependsOn[one] = "START";
      }
      return;
    }
    for (const auto& [name, spec] : value.items()) {
      const std::string condition = spec.is_object() ? spec.value("condition", "service_started") : "";
      const auto known = kConditions.find(condition);
      if (known == kConditions.end()) {
        refusals_.add(path + "." + name,
                      "needs `condition`: service_started, service_healthy or "
                      "service_completed_successfully");
        continue;
      }
      out_.dependsOn[name] = known->second;
      for (const auto& [member, one] : spec.items()) {
        if (member != "condition" && !(member == "required" && one == "true"))
          refusals_.add(path + "." + name + "." + member, "is not offered");
      }
    }
  }

  void healthcheck(const std::string& path, const json& value);
  void deploy(const std::string& path, const json& value);
  void resources(const std::string& path, const json& value);

  void restart(const std::string& path, const json& value) {
    if (value == "no") return;
    json policy{{"enabled", true}};
    if (value == "on-failure") {
      policy["ignoredExitCodes"] = {0};
    } else if (value != "always" && value != "unless-stopped") {
      refusals_.add(path,
                    "must be no, always, unless-stopped or on-failure; a number of attempts is not offered");
      return;
    }
    out_.definition["restartPolicy"] = policy;
    out_.restarts = true;
  }

  void ulimits(const std::string& path, const json& value) {
    if (!value.is_object()) return refusals_.add(path, "must be a mapping");
    for (const auto& [name, spec] : value.items()) {
      const std::string own = path + "." + name;
      const bool both = spec.is_object() && spec.contains("soft") && spec.contains("hard");
      if (spec.is_object() && !both) {
        refusals_.add(own, "needs `soft` and `hard`");
        continue;
      }
      const auto soft = number(own, both ? spec["soft"] : spec);
      const auto hard = number(own, both ? spec["hard"] : spec);
      if (soft && hard)
        out_.definition["ulimits"].push_back({{"name", name}, {"softLimit", *soft}, {"hardLimit", *hard}});
    }
  }

  void capabilities(const char* kind, const std::string& path, const json& value) {
    if (auto list = texts(path, value)) out_.definition["linuxParameters"]["capabilities"][kind] = *list;
  }

  std::string path_;
  const ComposeSurroundings& around_;
  Refusals& refusals_;
  ComposeContainer out_;
};

void ContainerReader::healthcheck(const std::string& path, const json& value) {
  if (!value.is_object()) return refusals_.add(path, "must be a mapping");
  static const std::map<std::string, std::string> kTimes{
      {"interval", "interval"}, {"timeout", "timeout"}, {"start_period", "startPeriod"}};
  json check = json::object();
  bool off = false;
  for (const auto& [member, one] : value.items()) {
    const std::string own = path + "." + member;
    if (member == "test" && one.is_string()) {
      check["command"] = {"CMD-SHELL", one};
    } else if (member == "test") {
      if (auto list = texts(own, one)) check["command"] = *list;
    } else if (const auto time = kTimes.find(member); time != kTimes.end()) {
      if (const auto length = seconds(own, one)) check[time->second] = *length;
    } else if (member == "retries") {
      if (const auto count = number(own, one)) check["retries"] = *count;
    } else if (member == "disable") {
      off = one == "true";
    } else {
      refusals_.add(own, "is not offered");
    }
  }
  if (off || (check.contains("command") && check["command"][0] == "NONE")) return;
  if (!check.contains("command")) return refusals_.add(path, "has no `test`");
  if (check["command"][0] != "CMD" && check["command"][0] != "CMD-SHELL")
    return refusals_.add(path + ".test", "must be text, or a list that begins with CMD, CMD-SHELL or NONE");
  out_.definition["healthCheck"] = check;
}

void ContainerReader::resources(const std::string& path, const json& value) {
  if (!value.is_object()) return refusals_.add(path, "must be a mapping");
  for (const auto& [kind, limits] : value.items()) {
    const std::string own = path + "." + kind;
    if ((kind != "limits" && kind != "reservations") || !limits.is_object()) {
      refusals_.add(own, "is not offered: only limits and reservations are, each with cpus and memory");
      continue;
    }
    for (const auto& [member, one] : limits.items()) {
      if (member == "memory") {
        const auto size = one.is_string() ? mebibytesOf(one.get<std::string>()) : std::nullopt;
        if (!size) refusals_.add(own + ".memory", "must be a size, as 512m or 2g");
        if (size) out_.definition[kind == "limits" ? "memory" : "memoryReservation"] = *size;
        out_.reserves = true;
      } else if (member == "cpus") {
        const auto share = one.is_string() ? parseNumber<double>(one.get<std::string>()) : std::nullopt;
        if (!share || *share <= 0 || *share > 4096) refusals_.add(own + ".cpus", "must be a number, as 0.5");
        // What is reserved counts; a limit alone is taken for it.
        const bool counts = kind == "reservations" || !out_.definition.contains("cpu");
        if (share && counts) out_.definition["cpu"] = static_cast<int64_t>(*share * 1024);
      } else {
        refusals_.add(own + "." + member, "is not offered");
      }
    }
  }
}

void ContainerReader::deploy(const std::string& path, const json& value) {
  if (!value.is_object()) return refusals_.add(path, "must be a mapping");
  for (const auto& [member, one] : value.items()) {
    const std::string own = path + "." + member;
    if (member == "replicas") {
      out_.replicas = number(own, one);
    } else if (member == "resources") {
      resources(own, one);
    } else if (member == "mode" && (one == "replicated" || one == "global")) {
      out_.global = one == "global";
    } else if (member == "restart_policy") {
      refusals_.add(own, "is not offered: write `restart` beside `image`");
    } else {
      refusals_.add(own, "is not offered: only mode (replicated, global), replicas and resources are");
    }
  }
}

const std::map<std::string, ContainerReader::Reader>& ContainerReader::readers() {
  using Self = ContainerReader;
  static const std::map<std::string, Reader> kReaders{
      {"image", text("image")},
      {"command", words("command")},
      {"entrypoint", words("entryPoint")},
      {"user", text("user")},
      {"working_dir", text("workingDirectory")},
      {"hostname", text("hostname")},
      {"read_only", flag("readonlyRootFilesystem")},
      {"privileged", flag("privileged")},
      {"environment", &Self::environment},
      {"labels", &Self::labels},
      {"extra_hosts", &Self::extraHosts},
      {"depends_on", &Self::dependsOn},
      {"healthcheck", &Self::healthcheck},
      {"deploy", &Self::deploy},
      {"restart", &Self::restart},
      {"ulimits", &Self::ulimits},
      {"cap_add",
       [](Self& self, const std::string& path, const json& value) { self.capabilities("add", path, value); }},
      {"cap_drop", [](Self& self, const std::string& path,
                      const json& value) { self.capabilities("drop", path, value); }},
      {"stop_grace_period",
       [](Self& self, const std::string& path, const json& value) {
         if (const auto length = self.seconds(path, value)) self.out_.definition["stopTimeout"] = *length;
       }},
      {"ports", [](Self& self, const std::string& path,
                   const json& value) { readPorts(path, value, self.out_, self.refusals_); }},
      {"volumes", [](Self& self, const std::string& path, const json& value) {
         readVolumes(path, value, self.around_, self.out_, self.refusals_);
       }}};
  return kReaders;
}

}  // namespace

ComposeContainer readComposeService(const std::string& name, const json& spec,
                                    const ComposeSurroundings& around, Refusals& refusals) {
  return ContainerReader(name, around, refusals).read(spec);
}

}  // namespace berth::cli
