#include "agent/images/pull_queue.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

using namespace std::chrono_literals;
using Layer = LayerEvent::Step;

/// The queue with a clock that the test moves, and what it has asked for so far.
class QueueFixture {
 public:
  explicit QueueFixture(size_t atOnce = 3) : queue(limits(atOnce)) {}

  PullQueue::Wish join(const std::string& key) { return join({key, "", now.mono}); }
  PullQueue::Wish join(const PullQueue::Want& want) {
    const auto wish = queue.join(want, now);
    take();
    return wish;
  }
  void leave(PullQueue::Wish wish) { queue.leave(wish, now), take(); }
  void finish(const std::string& key, Status result = {}) {
    const auto download = running.at(key);
    running.erase(key);
    queue.finished(download, std::move(result), now);
    take();
  }
  void tell(const std::string& key, const std::string& layer, Layer step, int64_t current = 0,
            int64_t total = 0) {
    queue.progress(running.at(key), LayerEvent{layer, step, current, total}, now);
  }
  void pass(Duration time) {
    now.mono += time;
    now.wall += std::chrono::duration_cast<std::chrono::milliseconds>(time);
    queue.check(now);
    take();
  }
  PullStatus status(PullQueue::Wish wish) const { return queue.status(wish, now).value(); }

  Now now{MonoTime(1h), WallTime(1000h)};
  PullQueue queue;
  std::vector<std::string> started;
  std::map<std::string, PullQueue::Download> running;
  std::vector<PullQueue::Download> stopped;
  std::map<PullQueue::Wish, Status> answers;

 private:
  static PullLimits limits(size_t atOnce) {
    PullLimits out;
    out.atOnce = atOnce;
    return out;
  }
  void take() {
    for (const auto& step : queue.takeSteps()) {
      if (const auto* start = std::get_if<PullQueue::Start>(&step)) {
        started.push_back(start->key);
        running[start->key] = start->download;
      } else if (const auto* stop = std::get_if<PullQueue::Stop>(&step)) {
        stopped.push_back(stop->download);
      } else if (const auto* answer = std::get_if<PullQueue::Answer>(&step)) {
        CHECK(answers.emplace(answer->wish, answer->result).second);
      }
    }
  }
};

using Keys = std::vector<std::string>;

TEST_CASE("Wishes with one key share one download and all get its answer") {
  QueueFixture f;
  const auto one = f.join("web");
  const auto two = f.join("web");
  CHECK(f.started == Keys{"web"});
  CHECK(f.status(one).wanted == 2);
  const auto late = f.join("web");
  CHECK(f.started == Keys{"web"});
  f.finish("web", makeError(Code::NotFound, "no such image"));
  for (const auto wish : {one, two, late}) CHECK(f.answers.at(wish).error().message == "no such image");
  CHECK(f.queue.size() == 0);
  f.join("web");
  CHECK(f.started == Keys{"web", "web"});
}

TEST_CASE("So many downloads run at once, and the others follow in their order") {
  QueueFixture f(2);
  f.join("a"), f.join("b");
  const auto third = f.join("c");
  const auto fourth = f.join("d");
  CHECK(f.started == Keys{"a", "b"});
  CHECK(f.status(third).phase == PullPhase::Queued);
  CHECK(f.status(third).waitingFor == "2 pulls before it");
  CHECK(f.status(fourth).waitingFor == "3 pulls before it");
  CHECK(f.status(fourth).since == f.now.wall);
  f.finish("b");
  CHECK(f.started == Keys{"a", "b", "c"});
  CHECK(f.status(third).phase == PullPhase::Downloading);
  CHECK(f.status(third).waitingFor.empty());
  CHECK(f.status(fourth).waitingFor == "2 pulls before it");
}

TEST_CASE("A limit of no download at all counts as one") {
  QueueFixture f(0);
  f.join("a"), f.join("b");
  CHECK(f.started == Keys{"a"});
}

TEST_CASE("Who gives up gets no answer and takes nothing from the others") {
  QueueFixture f;
  const auto one = f.join("web");
  const auto two = f.join("web");
  f.leave(one);
  CHECK(f.stopped.empty());
  f.finish("web");
  CHECK(f.answers.size() == 1);
  CHECK(f.answers.contains(two));
  f.leave(one), f.leave(two), f.leave(999);
  CHECK(f.stopped.empty());
}

TEST_CASE("A download that nobody wants any more is stopped, and its place is free once it has ended") {
  QueueFixture f(1);
  const auto one = f.join("a");
  const auto two = f.join("b");
  const auto first = f.running.at("a");
  f.leave(one);
  CHECK(f.stopped == std::vector{first});
  CHECK(f.started == Keys{"a"});
  f.leave(two);
  CHECK(f.stopped.size() == 1);
  const auto again = f.join("a");
  CHECK(f.started == Keys{"a"});
  f.queue.finished(first, makeError(Code::Cancelled, "stopped"), f.now);
  f.join("c");
  CHECK(f.started == Keys{"a", "a"});
  CHECK_FALSE(f.answers.contains(again));
}

TEST_CASE("The bytes of the layers add up, and all layers here means unpacking") {
  QueueFixture f;
  const auto wish = f.join("web");
  CHECK(f.status(wish).phase == PullPhase::Downloading);
  CHECK_FALSE(f.status(wish).lastProgress);
  f.tell("web", "one", Layer::Listed);
  f.tell("web", "two", Layer::Downloading, 30, 100);
  f.tell("web", "one", Layer::Downloading, 5, 10);
  PullStatus status = f.status(wish);
  CHECK(status.bytesDone == 35);
  CHECK(status.bytesTotal == 110);
  CHECK(status.layers == std::vector{LayerStatus{"one", 5, 10, false}, LayerStatus{"two", 30, 100, false}});
  CHECK(status.lastProgress == f.now.wall);
  f.tell("web", "one", Layer::Downloaded);
  f.tell("web", "two", Layer::Extracting, 1, 100);
  CHECK(f.status(wish).phase == PullPhase::Extracting);
  CHECK(f.status(wish).bytesDone == 110);
  f.tell("web", "one", Layer::Done);
  CHECK(f.status(wish).layers[0].done);
}

TEST_CASE("A download without progress ends, and its deadline shows when") {
  QueueFixture f;
  const auto wish = f.join("web");
  f.tell("web", "one", Layer::Downloading, 1, 100);
  CHECK(f.status(wish).deadline == f.now.wall + 60s);
  f.pass(59s);
  CHECK(f.answers.empty());
  f.tell("web", "one", Layer::Downloading, 2, 100);
  f.pass(59s);
  CHECK(f.answers.empty());
  f.pass(1s);
  CHECK(f.answers.at(wish).error().code == Code::DeadlineExceeded);
  CHECK(f.answers.at(wish).error().retryable);
  CHECK(f.answers.at(wish).error().message ==
        "Could not transition to pulled; timed out after waiting 1m without progress");
  CHECK(f.stopped.size() == 1);
}

TEST_CASE("Saying the same again, starting over and unpacking that stands still are no progress") {
  QueueFixture f;
  const auto wish = f.join("web");
  f.tell("web", "one", Layer::Downloading, 90, 100);
  const WallTime before = f.now.wall;
  f.pass(30s);
  f.tell("web", "one", Layer::Downloading, 90, 100);
  f.tell("web", "one", Layer::Downloading, 1, 100);
  f.tell("web", "one", Layer::Waiting);
  CHECK(f.status(wish).lastProgress == before);
  f.tell("web", "one", Layer::Extracting, 10, 100);
  const WallTime unpacking = f.now.wall;
  CHECK(f.status(wish).lastProgress == unpacking);
  f.pass(30s);
  f.tell("web", "one", Layer::Extracting, 10, 100);
  CHECK(f.status(wish).lastProgress == unpacking);
  f.tell("web", "one", Layer::Extracting, 11, 100);
  CHECK(f.status(wish).lastProgress == f.now.wall);
}

TEST_CASE("The first progress may take longer, and the whole has a limit of its own") {
  QueueFixture f;
  const auto mute = f.join("mute");
  f.pass(4min + 59s);
  CHECK(f.answers.empty());
  f.pass(1s);
  CHECK(f.answers.at(mute).error().message ==
        "Could not transition to pulled; timed out after waiting 5m for the first progress");
  const auto slow = f.join("slow");
  for (int64_t i = 0; i < 2 * 60 * 2; ++i) {
    CHECK_FALSE(f.answers.contains(slow));
    f.tell("slow", "one", Layer::Downloading, i + 1, 1000);
    f.pass(30s);
  }
  CHECK(f.answers.at(slow).error().message == "Could not transition to pulled; timed out after waiting 2h");
  CHECK_FALSE(f.answers.at(slow).error().retryable);
}

TEST_CASE("The wait in the queue is bounded too") {
  QueueFixture f(1);
  f.join("a");
  const auto queued = f.join("b");
  for (int64_t i = 0; i < 239; ++i) f.tell("a", "one", Layer::Downloading, i + 1, 1000), f.pass(30s);
  f.leave(f.join("c"));
  CHECK(f.answers.empty());
  // The running one's place is only free once it has ended: what waits for it ends as well.
  f.pass(30s);
  CHECK(f.answers.at(queued).error().message ==
        "Could not transition to pulled; timed out after waiting 2h for other pulls");
  CHECK_FALSE(f.answers.at(queued).error().retryable);
  CHECK(f.started == Keys{"a"});
}

TEST_CASE("Waiting and downloading have one limit together") {
  QueueFixture f(1);
  f.join("a");
  const auto later = f.join("b");
  const WallTime due = f.now.wall + 2h;
  for (int64_t i = 0; i < 180; ++i) f.tell("a", "one", Layer::Downloading, i + 1, 1000), f.pass(30s);
  f.finish("a");
  f.tell("b", "one", Layer::Downloading, 1, 1000);
  for (int64_t i = 0; i < 59; ++i) f.tell("b", "one", Layer::Downloading, i + 2, 1000), f.pass(30s);
  CHECK_FALSE(f.answers.contains(later));
  CHECK(f.status(later).deadline == due);
  f.pass(30s);
  CHECK(f.answers.at(later).error().message == "Could not transition to pulled; timed out after waiting 2h");
  CHECK_FALSE(f.answers.at(later).error().retryable);
  CHECK(f.stopped.size() == 1);
}

TEST_CASE("Who asked first an hour ago has an hour left, and one whose time is over starts nothing") {
  QueueFixture f;
  const auto again = f.join({"a", "", f.now.mono - 1h});
  CHECK(f.queue.nextDeadline() == f.now.mono + 5min);
  const auto late = f.join({"b", "", f.now.mono - 2h});
  CHECK(f.started == Keys{"a"});
  CHECK_FALSE(f.answers.at(late).error().retryable);
  for (int64_t i = 0; i < 120; ++i) {
    CHECK_FALSE(f.answers.contains(again));
    f.tell("a", "one", Layer::Downloading, i + 1, 1000);
    f.pass(30s);
  }
  CHECK_FALSE(f.answers.at(again).error().retryable);
}

TEST_CASE("Of two that share a download each has a limit of its own") {
  QueueFixture f;
  const auto early = f.join({"a", "", f.now.mono - 2h + 1s});
  const auto late = f.join("a");
  f.pass(1s);
  CHECK(f.answers.at(early).error().code == Code::DeadlineExceeded);
  CHECK(f.stopped.empty());
  f.finish("a");
  CHECK(f.answers.at(late));
}

TEST_CASE("While all that is left of a download waits, the progress of others is its own") {
  QueueFixture f;
  const auto small = f.join("small");
  f.join("large");
  f.tell("small", "base", Layer::Done);
  f.tell("small", "top", Layer::Listed);
  f.tell("small", "top", Layer::Waiting);
  CHECK(f.status(small).waitingFor == "layers of other pulls");
  for (int64_t i = 0; i < 10; ++i) {
    f.tell("large", "one", Layer::Downloading, i + 1, 1000);
    CHECK(f.status(small).deadline == f.now.wall + 60s);
    f.pass(50s);
  }
  CHECK(f.answers.empty());
  f.finish("large");
  f.tell("small", "top", Layer::Downloading, 1, 100);
  CHECK(f.status(small).waitingFor.empty());
  f.finish("small");
  CHECK(f.answers.at(small));
}

TEST_CASE("One that has a layer under way, or listed without a wait, is not kept by the progress of others") {
  const auto step = GENERATE(Layer::Listed, Layer::Downloading, Layer::Extracting);
  QueueFixture f;
  const auto stalled = f.join("stalled");
  f.join("large");
  f.tell("stalled", "one", step, 1, 100);
  f.tell("stalled", "two", Layer::Waiting);
  for (int64_t i = 0; i < 2; ++i) f.tell("large", "one", Layer::Downloading, i + 1, 1000), f.pass(30s);
  CHECK(f.answers.at(stalled).error().retryable);
}

TEST_CASE("What waits for a download that stalls outlives it, and ends when nothing else happens") {
  QueueFixture f;
  const auto small = f.join("small");
  const auto other = f.join("other");
  const auto large = f.join("large");
  for (const char* key : {"small", "other"}) f.tell(key, "one", Layer::Waiting);
  f.tell("large", "one", Layer::Downloading, 1, 1000);
  f.pass(60s);
  CHECK(f.answers.at(large).error().retryable);
  CHECK(f.answers.size() == 1);
  f.finish("large", makeError(Code::Cancelled, "stopped"));
  f.pass(59s);
  CHECK(f.answers.size() == 1);
  f.pass(1s);
  // The end of one that only waited lets nothing go on.
  CHECK(f.answers.at(small).error().retryable);
  CHECK(f.answers.at(other).error().retryable);
}

TEST_CASE("The total holds for one that waits for others' layers") {
  QueueFixture f;
  const auto small = f.join("small");
  f.tell("small", "one", Layer::Waiting);
  f.pass(1s);
  f.join("large");
  for (int64_t i = 0; i < 2 * 60 * 2; ++i) {
    CHECK_FALSE(f.answers.contains(small));
    f.tell("large", "one", Layer::Downloading, i + 1, 1000);
    f.pass(30s);
  }
  CHECK_FALSE(f.answers.at(small).error().retryable);
}

TEST_CASE("Downloads of one digest with different keys come one after the other, and hold up nobody else") {
  QueueFixture f(2);
  f.join({"mine", "sha256:1", f.now.mono});
  const auto theirs = f.join({"theirs", "sha256:1", f.now.mono});
  f.join({"third", "sha256:1", f.now.mono});
  f.join({"else", "sha256:2", f.now.mono});
  CHECK(f.started == Keys{"mine", "else"});
  CHECK(f.status(theirs).phase == PullPhase::Queued);
  CHECK(f.status(theirs).waitingFor == "another pull of the same digest");
  f.join("unknown digest");
  f.finish("else");
  CHECK(f.started == Keys{"mine", "else", "unknown digest"});
  f.finish("mine", makeError(Code::PermissionDenied, "not yours"));
  CHECK_FALSE(f.answers.contains(theirs));
  CHECK(f.started == Keys{"mine", "else", "unknown digest", "theirs"});
  f.finish("theirs");
  CHECK(f.started.back() == "third");
}

TEST_CASE("Who waits for a download of the same digest goes on when it is not wanted any more") {
  QueueFixture f;
  const auto mine = f.join({"mine", "sha256:1", f.now.mono});
  f.join({"theirs", "sha256:1", f.now.mono});
  f.leave(mine);
  CHECK(f.started == Keys{"mine", "theirs"});
}

TEST_CASE("The next deadline is the nearest, and there is none without downloads") {
  QueueFixture f;
  CHECK_FALSE(f.queue.nextDeadline());
  f.join("a");
  CHECK(f.queue.nextDeadline() == f.now.mono + 5min);
  f.join("b");
  f.tell("b", "one", Layer::Downloading, 1, 2);
  CHECK(f.queue.nextDeadline() == f.now.mono + 1min);
  f.finish("a"), f.finish("b");
  CHECK_FALSE(f.queue.nextDeadline());
}

TEST_CASE("What is told of a download that is over changes nothing") {
  QueueFixture f;
  const auto wish = f.join("a");
  const auto download = f.running.at("a");
  f.finish("a");
  f.queue.progress(download, LayerEvent{"one", Layer::Downloading, 1, 2}, f.now);
  f.queue.finished(download, Status(), f.now);
  CHECK(f.queue.takeSteps().empty());
  CHECK_FALSE(f.queue.status(wish, f.now));
}

}  // namespace
}  // namespace berth::agent
