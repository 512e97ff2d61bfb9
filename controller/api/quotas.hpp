// How much there may be of what. The defaults are those of Amazon ECS (Service quotas).
#pragma once

#include <cstdint>

namespace berth::controller {

struct Quotas {
  int64_t clusters = 10'000;  ///< that are ACTIVE
  int64_t instancesPerCluster = 5'000;
  int64_t revisionsPerFamily = 1'000'000;  ///< that it has ever had
  int64_t attributesPerInstance = 10;      ///< custom ones
  int64_t providersPerCluster = 20;
  int64_t waitingPerCluster = 500;  ///< tasks that wait for a place
};

inline constexpr Quotas kDefaultQuotas;

}  // namespace berth::controller
