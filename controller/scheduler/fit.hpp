// Whether an instance can take a task, and if not, why.
#pragma once

#include <optional>
#include <string>

#include "controller/model/fleet.hpp"
#include "controller/scheduler/request.hpp"

namespace berth::controller {

/// In the order in which they are looked at: what is lasting before what may pass.
enum class Unfit { Inactive, Agent, Attribute, MemberOf, Distinct, Cpu, Memory, Ports, Gpus };

/// What a query may ask of an instance with this load.
Queried queriedOf(const Instance& instance, const Load& load);

/// The part of the test that only a change of the instance itself can change: required attributes and
/// expressions of attributes alone.
std::optional<Unfit> staticUnfit(const Fleet::Member& member, const PlacementRequest& request);
/// All the rest. `copies` of the request are on the member already, or will be.
std::optional<Unfit> dynamicUnfit(const Fleet::Member& member, const PlacementRequest& request,
                                  int64_t copies);
/// Both.
std::optional<Unfit> unfit(const Fleet::Member& member, const PlacementRequest& request, int64_t copies = 0);

/// In the API's words: "RESOURCE:CPU", "AGENT", ...
std::string reasonOf(Unfit unfit);
/// In words with numbers, with so many copies: "needs 512 MiB of memory, of 2048 it has 128 left".
std::string detailOf(const Fleet::Member& member, const PlacementRequest& request, Unfit unfit,
                     int64_t copies = 0);

}  // namespace berth::controller
