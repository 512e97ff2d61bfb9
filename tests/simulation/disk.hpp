// A store under virtual time: rows survive a crash, batches take their time, may fail, and may have been
// written although the writer was killed before it heard of it.
#pragma once

#include <map>

#include "common/store/store.hpp"
#include "tests/simulation/crash.hpp"
#include "tests/simulation/world.hpp"

namespace berth::simulation {

class Disk {
 public:
  explicit Disk(World& world) : world_(world) {}

  void commit(Changes changes, const Alive& alive, std::function<void(bool ok)> done) {
    using std::chrono::milliseconds;
    if (world_.fault(failing_)) {
      ++failed_;
      world_.after(milliseconds(5), alive, [done = std::move(done)] { done(false); });
      return;
    }
    Duration delay = world_.between(std::chrono::microseconds(200), milliseconds(8));
    world_.after(delay, alive, [this, alive, changes = std::move(changes), done = std::move(done)] {
      const bool fatal = ++commits_ == crash_.commit;
      if (fatal && !crash_.durable) return die_();
      for (const Change& change : changes) {
        auto key = std::pair(change.kind, change.key);
        if (change.value) {
          rows_[key] = *change.value;
        } else {
          rows_.erase(key);
        }
      }
      if (fatal) return die_();
      // Written, but the answer comes a moment later: a crash in between is a crash after the write.
      world_.after(std::chrono::microseconds(50), alive, [done] { done(true); });
    });
  }

  /// At the commit that the crash names `die` is called, and the writer hears nothing of it.
  void crashAt(Crash crash, std::function<void()> die) {
    crash_ = crash;
    die_ = std::move(die);
  }
  uint64_t commits() const { return commits_; }
  /// The part of all commits that fail, while there are faults.
  void setFailing(double part) { failing_ = part; }
  uint64_t failed() const { return failed_; }

  /// Some rows of a kind, or all rows, are gone; answers their keys.
  std::vector<std::string> lose(bool all) {
    std::vector<std::string> lost;
    for (auto it = rows_.begin(); it != rows_.end();) {
      const bool task = it->first.first == "task";
      if (!all && (!task || world_.chance(0.5))) {
        ++it;
        continue;
      }
      if (task) lost.push_back(it->first.second);
      it = rows_.erase(it);
    }
    return lost;
  }

  std::vector<Record> load() const {
    std::vector<Record> out;
    for (const auto& [key, value] : rows_) out.push_back(Record{key.first, key.second, value});
    return out;
  }

 private:
  World& world_;
  uint64_t commits_ = 0;
  double failing_ = 0.01;
  uint64_t failed_ = 0;
  Crash crash_;
  std::function<void()> die_;
  std::map<std::pair<std::string, std::string>, std::string> rows_;
};

}  // namespace berth::simulation
