#include "agent/resources/systemd_slices.hpp"

#include <systemd/sd-bus.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/kernel/task_groups.hpp"

namespace berth::agent {
namespace {

constexpr const char* kManager = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kInterface = "org.freedesktop.systemd1.Manager";
/// Where systemd itself listens, for root: hosts without a message bus have it as well.
constexpr const char* kPrivate = "unix:path=/run/systemd/private";
constexpr uint64_t kTimeoutMicros = 5'000'000;
constexpr uint64_t kMicros = 1'000'000;

struct Free {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Bus = std::unique_ptr<sd_bus, Free>;
using Message = std::unique_ptr<sd_bus_message, Free>;

struct Failure {
  sd_bus_error error{};
  Failure() = default;
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  ~Failure() { sd_bus_error_free(&error); }
  bool is(const char* name) const { return sd_bus_error_has_name(&error, name) != 0; }
};

Error systemdError(const std::string& what, int code, const Failure& failure) {
  const char* words = failure.error.message ? failure.error.message : std::strerror(-code);
  return makeError(Code::Unavailable, "systemd can't " + what + ": " + words);
}

Result<Bus> connect() {
  sd_bus* bus = nullptr;
  if (sd_bus_open_system(&bus) >= 0) return Bus(bus);
  int code = sd_bus_new(&bus);
  Bus direct(bus);
  if (code >= 0) code = sd_bus_set_address(bus, kPrivate);
  if (code >= 0) code = sd_bus_start(bus);
  if (code < 0) return systemdError("be reached", code, Failure());
  return direct;
}

int appendNumber(sd_bus_message* message, const char* name, uint64_t value) {
  return sd_bus_message_append(message, "(sv)", name, "t", value);
}

int appendLimits(sd_bus_message* message, const GroupLimits& limits, uint64_t period) {
  int code = sd_bus_message_open_container(message, 'a', "(sv)");
  if (code >= 0 && limits.cpus > 0) {
    const auto micros = static_cast<uint64_t>(std::llround(limits.cpus * static_cast<double>(kMicros)));
    code = appendNumber(message, "CPUQuotaPerSecUSec", micros);
    if (code >= 0) code = appendNumber(message, "CPUQuotaPeriodUSec", period);
  } else if (code >= 0 && limits.shares > 0) {
    code = appendNumber(message, "CPUWeight", static_cast<uint64_t>(cpuWeightOf(limits.shares)));
  }
  if (code >= 0 && limits.memoryBytes > 0)
    code = appendNumber(message, "MemoryMax", static_cast<uint64_t>(limits.memoryBytes));
  if (code >= 0 && limits.pids > 0)
    code = appendNumber(message, "TasksMax", static_cast<uint64_t>(limits.pids));
  return code < 0 ? code : sd_bus_message_close_container(message);
}

Result<Message> call(sd_bus* bus, const char* method) {
  sd_bus_message* message = nullptr;
  const int code = sd_bus_message_new_method_call(bus, &message, kManager, kPath, kInterface, method);
  if (code < 0) return systemdError("be asked", code, Failure());
  return Message(message);
}

/// Sends what was built with `built` as its outcome so far.
int send(sd_bus* bus, const Message& message, int built, Failure& failure) {
  return built < 0 ? built : sd_bus_call(bus, message.get(), kTimeoutMicros, &failure.error, nullptr);
}

Status start(sd_bus* bus, const std::string& slice, const GroupLimits& limits, uint64_t period) {
  Result<Message> message = call(bus, "StartTransientUnit");
  if (!message) return message.error();
  int code = sd_bus_message_append(message->get(), "ss", slice.c_str(), "fail");
  if (code >= 0) code = appendLimits(message->get(), limits, period);
  if (code >= 0) code = sd_bus_message_append(message->get(), "a(sa(sv))", 0);
  Failure failure;
  code = send(bus, *message, code, failure);
  if (code >= 0) return {};
  if (!failure.is("org.freedesktop.systemd1.UnitExists")) return systemdError("make " + slice, code, failure);
  Result<Message> change = call(bus, "SetUnitProperties");
  if (!change) return change.error();
  code = sd_bus_message_append(change->get(), "sb", slice.c_str(), 1);
  if (code >= 0) code = appendLimits(change->get(), limits, period);
  Failure refused;
  code = send(bus, *change, code, refused);
  return code >= 0 ? Status() : Status(systemdError("limit " + slice, code, refused));
}

Status stop(sd_bus* bus, const std::string& slice) {
  Result<Message> message = call(bus, "StopUnit");
  if (!message) return message.error();
  const int built = sd_bus_message_append(message->get(), "ss", slice.c_str(), "fail");
  Failure failure;
  const int code = send(bus, *message, built, failure);
  if (code >= 0 || failure.is("org.freedesktop.systemd1.NoSuchUnit")) return {};
  return systemdError("remove " + slice, code, failure);
}

std::string sliceOf(const std::string& taskId) { return "ecstasks-" + taskId + ".slice"; }

/// Stopping a slice ends what is in it.
bool hasGroups(const std::string& folder) {
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(folder, fault)) {
    if (entry.is_directory(fault)) return true;
  }
  return false;
}

}  // namespace

SystemdSlices::SystemdSlices(KernelRoots roots, Duration period)
    : roots_(std::move(roots)),
      periodMicros_(
          static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(period).count())) {}

Result<std::string> SystemdSlices::make(const std::string& taskId, const GroupLimits& limits) const {
  const std::string slice = sliceOf(taskId);
  Result<Bus> bus = connect();
  if (!bus) return bus.error();
  if (Status started = start(bus->get(), slice, limits, periodMicros_); !started) return started.error();
  return slice;
}

Status SystemdSlices::remove(const std::string& taskId) const {
  const std::string slice = sliceOf(taskId);
  for (const char* hierarchy : {"", "/unified", "/systemd", "/memory"}) {
    if (hasGroups(roots_.cgroup + hierarchy + "/ecstasks.slice/" + slice))
      return makeError(Code::FailedPrecondition, "slice " + slice + " is still in use");
  }
  Result<Bus> bus = connect();
  if (!bus) return bus.error();
  return stop(bus->get(), slice);
}

}  // namespace berth::agent
