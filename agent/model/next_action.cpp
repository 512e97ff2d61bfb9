#include "agent/model/next_action.hpp"

namespace berth::agent {
namespace {

Action nextForStop(const Container& container) {
  switch (container.known) {
    case ContainerStatus::None:
    case ContainerStatus::Pulled:
      return Action::Finish;
    // Start was asked for and its outcome is known to be "not started": it never will be.
    case ContainerStatus::Created:
      return Action::Finish;
    case ContainerStatus::Running:
      return Action::Stop;
    case ContainerStatus::Stopped:
      return Action::Done;
  }
  return Action::Done;
}

Action nextForRun(const Container& container) {
  switch (container.known) {
    case ContainerStatus::None:
      return Action::Pull;
    case ContainerStatus::Pulled:
      return Action::Create;
    case ContainerStatus::Created:
      return Action::Start;
    case ContainerStatus::Running:
      return Action::Wait;
    case ContainerStatus::Stopped:
      return Action::Done;
  }
  return Action::Done;
}

}  // namespace

Action nextAction(const Task& task, const Container& container, MonoTime now) {
  if (container.known == ContainerStatus::Stopped) return Action::Done;
  bool stop = mustStop(task);
  if (container.inFlight != Step::None) {
    // A pull leaves nothing behind that would have to be ended, so a stop does not wait for it.
    bool abandon = stop && container.inFlight == Step::Pull;
    return abandon ? Action::Finish : Action::Wait;
  }
  bool waiting = container.retryAt && now < *container.retryAt;
  if (container.uncertain) return waiting ? Action::Wait : Action::Inspect;
  // A back-off between attempts to start holds up no stop, but one between attempts to stop does.
  if (waiting && (!stop || container.known == ContainerStatus::Running)) return Action::Wait;
  return stop ? nextForStop(container) : nextForRun(container);
}

}  // namespace berth::agent
