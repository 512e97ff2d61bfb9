#include "controller/events/event_log.hpp"

namespace berth::controller {

void EventLog::know(const State& state) {
  for (const auto& [key, service] : state.services()) services_.know(service);
}

void EventLog::push(Change change) {
  change.position = end();
  changes_.push_back(std::move(change));
  if (changes_.size() <= capacity_) return;
  changes_.pop_front();
  ++begin_;
}

void EventLog::add(const Mutations& mutations, const std::vector<std::string>& lost, const State& state,
                   WallTime now) {
  for (const Mutation& mutation : mutations) {
    if (const auto* task = std::get_if<std::shared_ptr<const Task>>(&mutation.value)) {
      push({0, now, *task});
    } else if (const auto* instance = std::get_if<std::shared_ptr<const Instance>>(&mutation.value)) {
      const Instance* known = state.instance(mutation.key);
      push({0, now, *instance, known && known->connected});
    } else if (const auto* service = mutation.as<Service>()) {
      for (ServiceNote& note : services_.notesOf(*service))
        push({0, now, std::make_shared<const ServiceNote>(std::move(note))});
    } else if (mutation.kind == Kind::Service) {
      services_.forget(mutation.key);
    } else if (const auto* run = std::get_if<std::shared_ptr<const JobRun>>(&mutation.value)) {
      // Without a job it is a task that is tried again: its tasks say all there is to say.
      if (!(*run)->job.empty()) push({0, now, *run});
    }
  }
  for (const std::string& id : lost) {
    if (auto instance = state.sharedInstance(id)) push({0, now, std::move(instance)});
  }
}

}  // namespace berth::controller
