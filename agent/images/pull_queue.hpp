// Which downloads run, which wait, who shares one, and when one has taken too long. A core: values in, steps
// to do out; it neither reads a clock nor talks to anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct PullLimits {
  size_t atOnce = 3;  ///< downloads; 0 counts as 1
  /// From its start to the first sign of progress.
  Duration begin = std::chrono::minutes(5);
  /// Between two signs of progress.
  Duration inactivity = std::chrono::minutes(1);
  /// For the download itself, and before that for the wait in the queue.
  Duration total = std::chrono::hours(2);
};

/// What is told of one layer of a download.
struct LayerEvent {
  enum class Step { Waiting, Downloading, Downloaded, Extracting, Done };
  std::string layer;
  Step step = Step::Waiting;
  int64_t current = 0;  ///< bytes of Downloading or Extracting
  int64_t total = 0;    ///< 0: unknown
};

/// First in, first out, with `atOnce` downloads running. A wish is one caller's; wishes with one key share
/// one download, whether it waits or runs already. Each method may leave steps to do: take and do them after
/// it.
class PullQueue {
 public:
  using Wish = uint64_t;
  using Download = uint64_t;

  /// Begin the download; tell of it by progress(), and of its end by finished().
  struct Start {
    Download download = 0;
    std::string key;
  };
  /// Break it off; finished() is still to be called, and frees its place.
  struct Stop {
    Download download = 0;
  };
  /// The caller's answer; the wish is gone.
  struct Answer {
    Wish wish = 0;
    Status result;
  };
  using Step = std::variant<Start, Stop, Answer>;

  explicit PullQueue(PullLimits limits) : limits_(limits) {}

  /// From now on, also for what is under way; more downloads begin at the next call.
  void reconfigure(PullLimits limits) { limits_ = limits; }

  /// `key` says what is downloaded and by whose credentials.
  Wish join(std::string key, Now now);
  /// Its caller has given up: there will be no answer. A download that nobody wants any more is dropped from
  /// the queue, or stopped. Unknown and answered wishes are ignored.
  void leave(Wish wish, Now now);
  void progress(Download download, const LayerEvent& event, Now now);
  void finished(Download download, Status result, Now now);
  /// Ends what is past its deadline with DeadlineExceeded.
  void check(Now now);
  /// When check() has something to do next; nullopt: nothing is under way.
  std::optional<MonoTime> nextDeadline() const;

  std::vector<Step> takeSteps();
  /// How the download of a wish is getting on; `image` is left empty. nullopt for unknown wishes.
  std::optional<PullStatus> status(Wish wish, Now now) const;
  /// Downloads that run or wait.
  size_t size() const { return downloads_.size(); }

 private:
  struct Layer {
    std::string id;
    LayerEvent::Step step = LayerEvent::Step::Waiting;
    int64_t downloaded = 0;
    int64_t extracted = 0;
    int64_t total = 0;
  };
  struct Entry {
    Download id = 0;
    std::string key;
    std::vector<Wish> wishes;
    bool running = false;
    bool stopped = false;
    Now since{};                  ///< asked for
    MonoTime began{};             ///< running
    std::optional<Now> progress;  ///< the last sign of it
    std::vector<Layer> layers;    ///< in the order in which they were heard of
  };

  static bool advance(Entry& entry, const LayerEvent& event);
  MonoTime deadline(const Entry& entry) const;
  Error lateness(const Entry& entry, MonoTime now) const;
  void answerAll(Entry& entry, const Status& result);
  void startNext(Now now);
  std::list<Entry>::iterator find(Download download);

  PullLimits limits_;
  std::list<Entry> downloads_;  ///< in the order in which they were asked for
  std::map<Wish, Download> wishes_;
  std::vector<Step> steps_;
  uint64_t last_ = 0;
};

}  // namespace berth::agent
