// Runs of many seeds, on two threads.
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/scenario.hpp"

namespace berth::simulation {

inline uint64_t fromEnvironment(const char* name, uint64_t fallback) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : fallback;
}

/// Runs the seeds from `first` to `last`; answers their violations, no more than some. `replay` names the
/// variable by which one seed is run again.
inline std::vector<std::string> failuresOf(uint64_t first, uint64_t last, const ScenarioOptions& options,
                                           const std::string& replay,
                                           const std::function<void(const ScenarioResult&)>& heard) {
  std::atomic<uint64_t> next{first};
  std::mutex lock;
  std::vector<std::string> failures;
  auto work = [&] {
    for (uint64_t seed = next++; seed <= last; seed = next++) {
      try {
        const ScenarioResult result = Scenario(seed, options).run();
        std::scoped_lock held(lock);
        heard(result);
      } catch (const Violation& violation) {
        std::scoped_lock held(lock);
        failures.push_back("seed " + std::to_string(seed) + ": " + violation.what() + "  (replay: " + replay +
                           "=" + std::to_string(seed) + " simulation)");
      }
      std::scoped_lock held(lock);
      if (failures.size() > 5) return;
    }
  };
  std::thread other(work);
  work();
  other.join();
  return failures;
}

}  // namespace berth::simulation
