#include "agent/runtimes/containerd/seccomp_filter.hpp"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/runtimes/containerd/seccomp_profile.hpp"
#include "common/aws/crypto.hpp"
#include "common/files/memory_file.hpp"
#include "common/text/letter_case.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;
using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

constexpr std::string_view kArchitecture = "SCMP_ARCH_";
constexpr std::array<std::pair<std::string_view, scmp_compare>, 3> kComparisons = {
    {{"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};

Error unknown(const std::string& what) {
  return makeError(Code::Unimplemented, "no seccomp filter is made of " + what);
}

/// libseccomp answers with negated numbers of errno.
Status done(int answer, const std::string& what) {
  if (answer >= 0) return {};
  return makeError(Code::Internal, "seccomp: " + what + ": " + std::system_category().message(-answer));
}

Result<uint32_t> actionOf(const std::string& name, uint16_t number) {
  if (name == "SCMP_ACT_ALLOW") return uint32_t{SCMP_ACT_ALLOW};
  if (name == "SCMP_ACT_ERRNO") return uint32_t{SCMP_ACT_ERRNO(number)};
  return unknown("the action " + name);
}

Status addArchitectures(scmp_filter_ctx filter, const json& names) {
  for (const std::string name : names) {
    const std::string known =
        lowered(name.starts_with(kArchitecture) ? name.substr(kArchitecture.size()) : name);
    const uint32_t token = seccomp_arch_resolve_name(known.c_str());
    if (token == 0) return unknown("the architecture " + name);
    const int added = seccomp_arch_add(filter, token);
    // The machine's own is there from the beginning.
    if (added == -EEXIST) continue;
    if (Status status = done(added, name); !status) return status;
  }
  return {};
}

Result<std::vector<scmp_arg_cmp>> argumentsOf(const json& rule) {
  std::vector<scmp_arg_cmp> out;
  for (const json& one : rule.value("args", json::array())) {
    const std::string op = one.at("op");
    const auto known =
        std::ranges::find(kComparisons, std::string_view(op), &decltype(kComparisons)::value_type::first);
    if (known == kComparisons.end()) return unknown("the comparison " + op);
    out.push_back({one.at("index"), known->second, one.at("value"), one.value("valueTwo", uint64_t{0})});
  }
  return out;
}

Status addRule(scmp_filter_ctx filter, const json& rule) {
  const auto action = actionOf(rule.at("action"), rule.value("errnoRet", uint16_t{EPERM}));
  if (!action) return action.error();
  const auto arguments = argumentsOf(rule);
  if (!arguments) return arguments.error();
  for (const std::string name : rule.at("names")) {
    const int call = seccomp_syscall_resolve_name(name.c_str());
    if (call == __NR_SCMP_ERROR) continue;
    const int added = seccomp_rule_add_array(filter, *action, call, static_cast<unsigned>(arguments->size()),
                                             arguments->data());
    if (Status status = done(added, name); !status) return status;
  }
  return {};
}

/// libseccomp writes to descriptors alone.
Result<std::string> exported(scmp_filter_ctx filter) {
  const MemoryFile file;
  if (Status status = done(seccomp_export_bpf(filter, file.get()), "to export the filter"); !status)
    return status.error();
  std::string out = file.text();
  if (out.empty()) return makeError(Code::Internal, "seccomp: the filter can't be read back");
  return out;
}

}  // namespace

Result<std::string> compileFilter(const json& profile) {
  const auto byDefault =
      actionOf(profile.at("defaultAction"), profile.value("defaultErrnoRet", uint16_t{EPERM}));
  if (!byDefault) return byDefault.error();
  const Filter filter(seccomp_init(*byDefault), seccomp_release);
  if (!filter) return makeError(Code::Internal, "seccomp: no filter can be begun");
  if (Status added = addArchitectures(filter.get(), profile.value("architectures", json::array())); !added)
    return added.error();
  for (const json& rule : profile.at("syscalls")) {
    if (Status added = addRule(filter.get(), rule); !added) return added.error();
  }
  return exported(filter.get());
}

std::optional<std::string> SeccompFilters::of(const std::set<std::string>& capabilities,
                                              const std::string& machine) {
  std::pair key(machine, capabilities);
  const auto known = made_.find(key);
  if (known != made_.end()) return known->second;
  if (made_.size() >= kMost) made_.clear();
  const auto filter = compileFilter(seccompProfile(capabilities, machine));
  return made_[std::move(key)] = filter ? std::optional(aws::base64Encode(*filter)) : std::nullopt;
}

bool SeccompFilters::takenBy(const std::string& program) { return program.ends_with("crun"); }

}  // namespace berth::agent::containerd
