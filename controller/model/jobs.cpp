#include "controller/model/jobs.hpp"

#include <array>

namespace berth::controller {

std::string_view name(Overlap overlap) {
  constexpr std::array<std::string_view, 3> kNames = {"allow", "skip", "replace"};
  return kNames.at(static_cast<size_t>(overlap));
}

std::string_view name(Missed missed) { return missed == Missed::Once ? "once" : "skip"; }

std::string_view name(JobRunState state) {
  constexpr std::array<std::string_view, 9> kNames = {
      "WAITING", "DUE", "RUNNING", "STOPPING", "SUCCEEDED", "FAILED", "STOPPED", "REPLACED", "SKIPPED"};
  return kNames.at(static_cast<size_t>(state));
}

std::string_view name(JobTrigger trigger) {
  constexpr std::array<std::string_view, 4> kNames = {"schedule", "missed", "hand", "retry"};
  return kNames.at(static_cast<size_t>(trigger));
}

std::string runIdAt(WallTime moment) {
  std::string out;
  for (const char c : toRfc3339(moment)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

std::string startedByJob(const std::string& job) { return "berth-job/" + job; }

}  // namespace berth::controller
