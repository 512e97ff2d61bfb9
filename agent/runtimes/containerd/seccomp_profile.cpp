#include "agent/runtimes/containerd/seccomp_profile.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

/// Calls that concern the process itself, its files, its sockets and its memory.
constexpr std::string_view kAllowed =
    "_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod "
    "chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range "
    "creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
    "epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 "
    "fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 "
    "fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 "
    "fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait "
    "futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 "
    "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername "
    "getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 "
    "getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr "
    "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents "
    "io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set ipc kill "
    "landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link "
    "linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise "
    "map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock "
    "mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive "
    "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd "
    "msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause "
    "pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 "
    "prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 "
    "pselect6_time64 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv "
    "recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr rename renameat renameat2 "
    "restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
    "sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send "
    "sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid "
    "setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority "
    "setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid "
    "setsockopt setuid setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 "
    "sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statx symlink "
    "symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create "
    "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 "
    "ugetrlimit umask uname unlink unlinkat utime utimensat utimensat_time64 utimes vfork vmsplice wait4 "
    "waitid waitpid write writev";

/// Calls that a capability has to allow.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kByCapability = {{
    {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    {"CAP_SYS_ADMIN",
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr "
     "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog "
     "umount umount2 unshare"},
    {"CAP_SYS_BOOT", "reboot"},
    {"CAP_SYS_CHROOT", "chroot"},
    {"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    {"CAP_SYS_PACCT", "acct"},
    {"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"},
    {"CAP_SYS_RAWIO", "ioperm iopl"},
    {"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    {"CAP_SYS_TTY_CONFIG", "vhangup"},
    {"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {"CAP_SYSLOG", "syslog"},
    {"CAP_BPF", "bpf"},
    {"CAP_PERFMON", "perf_event_open"},
}};

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET: no new namespaces without
// CAP_SYS_ADMIN.
constexpr uint64_t kNewNamespaces = 0x7E020000;
constexpr int kNotPermitted = 1;
constexpr int kNoSuchCall = 38;
// Of personality(2): PER_LINUX, PER_LINUX32, both with UNAME26, and a question.
constexpr std::array<uint64_t, 5> kPersonalities = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
constexpr int kVsockFamily = 40;

json words(std::string_view text) {
  json out = json::array();
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.push_back(std::string(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

json allow(json names) { return {{"names", std::move(names)}, {"action", "SCMP_ACT_ALLOW"}}; }

json argument(unsigned index, uint64_t value, const char* op) {
  return {{"index", index}, {"value", value}, {"op", op}};
}

json architectures(const std::string& machine) {
  // Not SCMP_ARCH_X32, which hardly a kernel has switched on: each one more costs every start 5 ms of CPU.
  if (machine == "x86_64") return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
  if (machine == "aarch64") return {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
  return json::array();
}

}  // namespace

json seccompProfile(const std::set<std::string>& capabilities, const std::string& machine) {
  json calls = json::array();
  calls.push_back(allow(words(kAllowed)));
  for (const auto& [capability, names] : kByCapability) {
    if (capabilities.contains(std::string(capability))) calls.push_back(allow(words(names)));
  }
  if (!capabilities.contains("CAP_SYS_ADMIN")) {
    json clone = allow(json::array({"clone"}));
    json flags = argument(0, kNewNamespaces, "SCMP_CMP_MASKED_EQ");
    flags["valueTwo"] = 0;
    clone["args"] = json::array({std::move(flags)});
    calls.push_back(std::move(clone));
    calls.push_back(
        {{"names", json::array({"clone3"})}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", kNoSuchCall}});
  }
  for (const uint64_t value : kPersonalities) {
    json one = allow(json::array({"personality"}));
    one["args"] = json::array({argument(0, value, "SCMP_CMP_EQ")});
    calls.push_back(std::move(one));
  }
  // Every family but that of the hypervisor's sockets, which no network namespace bounds.
  json socket = allow(json::array({"socket"}));
  socket["args"] = json::array({argument(0, kVsockFamily, "SCMP_CMP_NE")});
  calls.push_back(std::move(socket));
  if (machine == "x86_64") calls.push_back(allow(json::array({"arch_prctl", "modify_ldt"})));
  if (machine == "aarch64") {
    calls.push_back(allow(json::array({"arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush",
                                       "set_tls", "sync_file_range2"})));
  }
  json out = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", kNotPermitted}};
  out["syscalls"] = std::move(calls);
  if (json list = architectures(machine); !list.empty()) out["architectures"] = std::move(list);
  return out;
}

}  // namespace berth::agent::containerd
