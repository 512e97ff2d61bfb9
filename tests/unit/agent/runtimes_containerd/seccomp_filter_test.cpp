// Finished filters, run here as the kernel runs them and compared with what their profile says.
#include "agent/runtimes/containerd/seccomp_filter.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "agent/runtimes/containerd/seccomp_profile.hpp"
#include "common/aws/crypto.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

using Program = std::vector<sock_filter>;

Program programOf(const std::string& bytes) {
  REQUIRE(bytes.size() % sizeof(sock_filter) == 0);
  Program out(bytes.size() / sizeof(sock_filter));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

uint32_t wordAt(const seccomp_data& data, uint32_t at) {
  uint32_t out = 0;
  if (at + sizeof out > sizeof data) throw std::runtime_error("a word beyond the data");
  std::memcpy(&out, reinterpret_cast<const char*>(&data) + at, sizeof out);
  return out;
}

bool jumps(uint16_t code, uint32_t value, uint32_t with) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return value == with;
    case BPF_JGT:
      return value > with;
    case BPF_JGE:
      return value >= with;
    case BPF_JSET:
      return (value & with) != 0;
    default:
      throw std::runtime_error("an unknown jump");
  }
}

/// What the kernel would do (linux/filter.h), for the instructions that libseccomp writes.
uint32_t run(const Program& program, const seccomp_data& data) {
  uint32_t value = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& one = program[at];
    if (one.code == (BPF_LD | BPF_W | BPF_ABS)) {
      value = wordAt(data, one.k);
    } else if (one.code == (BPF_ALU | BPF_AND | BPF_K)) {
      value &= one.k;
    } else if (one.code == (BPF_RET | BPF_K)) {
      return one.k;
    } else if (one.code == (BPF_JMP | BPF_JA)) {
      at += one.k;
    } else if (BPF_CLASS(one.code) == BPF_JMP) {
      at += jumps(one.code, value, one.k) ? one.jt : one.jf;
    } else {
      throw std::runtime_error("an unknown instruction");
    }
  }
  throw std::runtime_error("a filter without an end");
}

struct Call {
  uint32_t architecture = AUDIT_ARCH_X86_64;
  int number = 0;
  uint64_t first = 0;
};

uint32_t run(const Program& program, const Call& call) {
  seccomp_data data{};
  data.nr = call.number;
  data.arch = call.architecture;
  data.args[0] = call.first;
  return run(program, data);
}

bool matches(const json& rule, uint64_t first) {
  for (const json& one : rule.value("args", json::array())) {
    if (one["index"] != 0) throw std::runtime_error("an argument that this test does not know");
    const uint64_t value = one["value"];
    const std::string op = one["op"];
    if (op == "SCMP_CMP_EQ" && first != value) return false;
    if (op == "SCMP_CMP_NE" && first == value) return false;
    if (op == "SCMP_CMP_MASKED_EQ" && (first & value) != one["valueTwo"].get<uint64_t>()) return false;
  }
  return true;
}

/// What the profile says of a call by its name.
uint32_t said(const json& profile, const std::string& name, uint64_t first) {
  for (const json& rule : profile["syscalls"]) {
    const json& names = rule["names"];
    if (std::find(names.begin(), names.end(), name) == names.end() || !matches(rule, first)) continue;
    return rule["action"] == "SCMP_ACT_ALLOW" ? SECCOMP_RET_ALLOW
                                              : SECCOMP_RET_ERRNO | rule["errnoRet"].get<uint32_t>();
  }
  return SECCOMP_RET_ERRNO | profile["defaultErrnoRet"].get<uint32_t>();
}

std::string nameOf(uint32_t architecture, int number) {
  char* name = seccomp_syscall_resolve_num_arch(architecture, number);
  const std::string out = name ? name : "";
  std::free(name);
  return out;
}

Program filterFor(const std::set<std::string>& capabilities) {
  const auto filter = compileFilter(seccompProfile(capabilities, "x86_64"));
  INFO((filter ? "" : filter.error().message));
  REQUIRE(filter);
  return programOf(*filter);
}

}  // namespace

TEST_CASE("A finished filter does what its profile says, for every call of both machines") {
  const auto capabilities = GENERATE(std::set<std::string>{}, std::set<std::string>{"CAP_SYS_ADMIN"},
                                     std::set<std::string>{"CAP_SYS_BOOT", "CAP_SYS_PTRACE", "CAP_BPF"});
  const json profile = seccompProfile(capabilities, "x86_64");
  const Program program = filterFor(capabilities);
  constexpr std::array<uint64_t, 9> kFirst = {
      0, 1, 8, 0x20000, 0xffffffff, AF_VSOCK, AF_INET, CLONE_NEWUSER, CLONE_VM | CLONE_NEWNS};
  int seen = 0;
  int wrong = 0;
  for (const uint32_t architecture : {uint32_t{AUDIT_ARCH_X86_64}, uint32_t{AUDIT_ARCH_I386}}) {
    for (int number = 0; number < 600; ++number) {
      const std::string name = nameOf(architecture, number);
      for (const uint64_t first : kFirst) {
        ++seen;
        if (run(program, Call{architecture, number, first}) == said(profile, name, first)) continue;
        ++wrong;
        UNSCOPED_INFO(name << " of " << std::hex << architecture << " with " << first);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(seen == 2 * 600 * 9);
}

TEST_CASE("A finished filter ends a process that makes calls of another machine") {
  const Program program = filterFor({});
  CHECK(run(program, Call{AUDIT_ARCH_AARCH64, 0, 0}) == SECCOMP_RET_KILL);
  CHECK(run(program, Call{AUDIT_ARCH_X86_64, 0x40000000, 0}) == SECCOMP_RET_KILL);
}

TEST_CASE("What a filter can't be made of is refused by name") {
  const json usual = seccompProfile({}, "x86_64");
  struct Row {
    const char* place;
    json value;
    const char* name;
  };
  const Row row =
      GENERATE(Row{"/defaultAction", "SCMP_ACT_NOTIFY", "SCMP_ACT_NOTIFY"},
               Row{"/syscalls/0/action", "SCMP_ACT_TRACE", "SCMP_ACT_TRACE"},
               Row{"/architectures/0", "SCMP_ARCH_PDP11", "SCMP_ARCH_PDP11"},
               Row{"/syscalls/0/args", json::array({{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_LT"}}}),
                   "SCMP_CMP_LT"});
  json changed = usual;
  changed[json::json_pointer(row.place)] = row.value;
  const auto filter = compileFilter(changed);
  REQUIRE_FALSE(filter);
  CHECK(filter.error().code == Code::Unimplemented);
  CHECK(filter.error().message.find(row.name) != std::string::npos);
}

TEST_CASE("Filters are made once for the same capabilities, and for crun alone") {
  SeccompFilters filters;
  const auto plain = filters.of({}, "x86_64");
  REQUIRE(plain);
  CHECK(filters.of({}, "x86_64") == plain);
  CHECK(filters.of({"CAP_SYS_ADMIN"}, "x86_64") != plain);
  for (int more = 0; more < 100; ++more)
    REQUIRE(filters.of({"CAP_" + std::to_string(more)}, "x86_64") == plain);
  CHECK(aws::base64Decode(*plain) == *compileFilter(seccompProfile({}, "x86_64")));
  CHECK(SeccompFilters::takenBy("/usr/bin/crun"));
  CHECK(SeccompFilters::takenBy("/usr/lib/berth/berth-crun"));
  CHECK_FALSE(SeccompFilters::takenBy("/usr/sbin/runc"));
}

}  // namespace berth::agent::containerd
