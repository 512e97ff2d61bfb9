// Time zones as the schedules see them. Where their rules come from is an adapter's affair.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/time/clock.hpp"

namespace berth::controller {

/// A stretch of time in which local time is UTC + offset.
struct ZonePeriod {
  WallTime begin = WallTime::min();
  WallTime end = WallTime::max();  ///< the first moment of the next one
  std::chrono::seconds offset{0};
};

class Zone {
 public:
  virtual ~Zone() = default;
  virtual ZonePeriod periodAt(WallTime moment) const = 0;
};

class Zones {
 public:
  virtual ~Zones() = default;
  /// The zone of that name in the IANA data ("Europe/Berlin"); null when there is none.
  virtual std::shared_ptr<const Zone> find(const std::string& name) const = 0;
};

/// Knows UTC alone.
class OnlyUtc final : public Zones {
 public:
  std::shared_ptr<const Zone> find(const std::string& name) const override;
};

}  // namespace berth::controller
