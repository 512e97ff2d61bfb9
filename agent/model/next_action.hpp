// The decision: what to do next for one container, as a function of values.
#pragma once

#include "agent/model/task.hpp"

namespace berth::agent {

/// What to do next. Wait: something is under way or has a time to wait for. Done: nothing will ever follow.
/// Finish: the container ends without having run (again). GiveUp: what it depends on can't come true any
/// more. Reap: ask the kernel whether a process of it is left, and end those that are if it is time to.
enum class Action { Wait, Pull, Create, Start, Stop, Inspect, Finish, GiveUp, Reap, Done };

/// An action and, for Wait, when to ask again if nothing else happens.
struct Decision {
  Action action = Action::Wait;
  std::optional<MonoTime> at{};
};

/// The longest that the runtime may take to answer; for a stop beyond the container's own time. What each
/// really is belongs to the runtime's adapter: these are for people, who want to know until when to wait.
struct StepLimits {
  Duration create = std::chrono::minutes(4);
  Duration start = std::chrono::minutes(3);
  Duration stop = std::chrono::minutes(2);
  Duration inspect = std::chrono::seconds(30);
};

struct Rules {
  bool pullUpfront = true;  ///< images are pulled while a container waits for others
  StepLimits limits{};
};

/// The next action for `container` of `task`. Exactly one step is under way at a time; a step whose outcome
/// is unknown is followed by Inspect before anything else; a container is created and started only while the
/// task has to run, and started again only by its restart policy.
Decision nextAction(const Task& task, const Container& container, MonoTime now, const Rules& rules = {});

/// For whom or what a container waits, in words; empty when it rests: it runs as asked, or is STOPPED.
/// `until`: when that wait ends at the latest, if that is known.
struct Wait {
  std::string what;
  std::optional<MonoTime> until{};
};
Wait waitOf(const Task& task, const Container& container, MonoTime now);

}  // namespace berth::agent
