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
  /// For all that a caller's wish takes: waiting for others, the download, and earlier attempts.
  Duration total = std::chrono::hours(2);
};

/// What is told of one layer of a download.
struct LayerEvent {
  enum class Step {
    Listed,   ///< it is to come
    Waiting,  ///< for other layers, whichever images they are of: the runtime loads only so many at once
    Downloading,
    Downloaded,
    Extracting,
    Done
  };
  std::string layer;
  Step step = Step::Listed;
  int64_t current = 0;  ///< bytes of Downloading or Extracting
  int64_t total = 0;    ///< 0: unknown
};

/// First in, first out, with `atOnce` downloads running. A wish is one caller's; wishes with one key share
/// one download, whether it waits or runs already. Downloads of one digest with different keys come one after
/// the other, as the later ones then find all layers there. Each method may leave steps to do: take and do
/// them after it.
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

  struct Want {
    std::string key;     ///< what is downloaded and by whose credentials
    std::string digest;  ///< what comes, wherever from; empty: unknown
    MonoTime since{};    ///< when its caller asked first; the total limit counts from here
  };

  explicit PullQueue(PullLimits limits) : limits_(limits) {}

  /// From now on, also for what is under way; more downloads begin at the next call.
  void reconfigure(PullLimits limits) { limits_ = limits; }

  Wish join(Want want, Now now);
  /// Its caller has given up: there will be no answer. A download that nobody wants any more is dropped from
  /// the queue, or stopped. Unknown and answered wishes are ignored.
  void leave(Wish wish, Now now);
  void progress(Download download, const LayerEvent& event, Now now);
  void finished(Download download, Status result, Now now);
  /// Ends what is past its deadline with DeadlineExceeded: retryable where another attempt may fare better,
  /// not where the total is over.
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
    LayerEvent::Step step = LayerEvent::Step::Listed;
    int64_t downloaded = 0;
    int64_t extracted = 0;
    int64_t total = 0;
  };
  struct Entry {
    Download id = 0;
    std::string key;
    std::string digest;
    std::vector<Wish> wishes;
    bool running = false;
    bool stopped = false;
    Now since{};                  ///< asked for
    MonoTime began{};             ///< running
    std::optional<Now> progress;  ///< the last sign of it
    std::vector<Layer> layers;    ///< in the order in which they were heard of
  };
  struct Asked {
    Download download = 0;
    MonoTime since{};
  };

  static bool advance(Entry& entry, const LayerEvent& event);
  static bool waitsForOthers(const Entry& entry);
  bool heldBack(const Entry& entry) const;
  std::optional<MonoTime> quietDeadline(const Entry& entry) const;
  Error quietness(const Entry& entry) const;
  void endOverdueWishes(Now now);
  void endQuietDownloads(bool waiting, Now now);
  void abandon(std::list<Entry>::iterator entry);
  void answerAll(Entry& entry, const Status& result);
  void startNext(Now now);
  std::list<Entry>::iterator find(Download download);
  std::list<Entry>::const_iterator find(Download download) const;
  void tellState(const Entry& entry, PullStatus& out) const;

  PullLimits limits_;
  std::list<Entry> downloads_;  ///< in the order in which they were asked for
  std::map<Wish, Asked> wishes_;
  MonoTime activity_{};  ///< the last progress or end of any running download
  std::vector<Step> steps_;
  uint64_t last_ = 0;
};

}  // namespace berth::agent
