// The latest changes of the state, in their order. What is kept of a change is a pointer to the new value: an
// event is made of it only when someone asks for that.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "controller/events/service_watch.hpp"
#include "controller/model/state.hpp"

namespace berth::controller {

struct Change {
  int64_t position = 0;
  WallTime at{};
  std::variant<std::shared_ptr<const Task>, std::shared_ptr<const Instance>,
               std::shared_ptr<const ServiceNote>, std::shared_ptr<const JobRun>>
      what;
  bool connected = false;  ///< of an instance: whether its agent was
};

class EventLog {
 public:
  /// Keeps at most `capacity` changes; the first gets the position `first`. Positions grow by one.
  EventLog(size_t capacity, int64_t first) : capacity_(capacity), begin_(first) {}

  /// Takes the services of a state as known: what comes later is told.
  void know(const State& state);
  /// Adds what became durable. `lost` has the instances whose agents' sessions have ended meanwhile.
  void add(const Mutations& mutations, const std::vector<std::string>& lost, const State& state,
           WallTime now);

  /// The position of the oldest change that is there, and of the next one to come.
  int64_t begin() const { return begin_; }
  int64_t end() const { return begin_ + static_cast<int64_t>(changes_.size()); }
  /// `position` is one from begin() to before end().
  const Change& at(int64_t position) const { return changes_[static_cast<size_t>(position - begin_)]; }

 private:
  void push(Change change);

  size_t capacity_;
  int64_t begin_;
  std::deque<Change> changes_;
  ServiceWatch services_;
};

}  // namespace berth::controller
