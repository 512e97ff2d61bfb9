#include "agent/images/pull_queue.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

WallTime wallAt(MonoTime when, Now now) {
  return now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(when - now.mono);
}

std::string plural(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// The code alone would make each retryable.
Error timedOut(const std::string& waited, bool retryable) {
  Error error =
      makeError(Code::DeadlineExceeded, "Could not transition to pulled; timed out after waiting " + waited);
  error.retryable = retryable;
  return error;
}

}  // namespace

PullQueue::Wish PullQueue::join(Want want, Now now) {
  const Wish wish = ++last_;
  // What was stopped is on its way out: whoever comes now needs a download of their own.
  auto found = std::ranges::find_if(
      downloads_, [&](const Entry& entry) { return !entry.stopped && entry.key == want.key; });
  if (found == downloads_.end()) {
    Entry& entry = downloads_.emplace_back();
    entry.id = ++last_;
    entry.key = std::move(want.key);
    entry.digest = std::move(want.digest);
    entry.since = now;
    found = std::prev(downloads_.end());
  }
  found->wishes.push_back(wish);
  wishes_[wish] = Asked{found->id, want.since};
  // Its time may be over already.
  check(now);
  return wish;
}

void PullQueue::leave(Wish wish, Now now) {
  const auto known = wishes_.find(wish);
  if (known == wishes_.end()) return;
  const auto entry = find(known->second.download);
  wishes_.erase(known);
  std::erase(entry->wishes, wish);
  if (entry->wishes.empty()) abandon(entry);
  startNext(now);
}

void PullQueue::abandon(std::list<Entry>::iterator entry) {
  if (entry->running) {
    entry->stopped = true;
    steps_.emplace_back(Stop{entry->id});
  } else {
    downloads_.erase(entry);
  }
}

/// Whether the event is progress. What a layer has reached once does not count again, so that one which
/// starts over and over ends at its deadline.
bool PullQueue::advance(Entry& entry, const LayerEvent& event) {
  auto layer = std::ranges::find_if(entry.layers, [&](const Layer& each) { return each.id == event.layer; });
  const bool isNew = layer == entry.layers.end();
  if (isNew) {
    layer = entry.layers.insert(layer, Layer{});
    layer->id = event.layer;
  }
  bool advanced = isNew || event.step > layer->step;
  layer->step = std::max(layer->step, event.step);
  if (event.step == LayerEvent::Step::Downloading) {
    layer->total = std::max(layer->total, event.total);
    advanced = advanced || event.current > layer->downloaded;
    layer->downloaded = std::max(layer->downloaded, event.current);
  } else if (event.step == LayerEvent::Step::Extracting) {
    layer->total = std::max(layer->total, event.total);
    advanced = advanced || event.current > layer->extracted;
    layer->extracted = std::max(layer->extracted, event.current);
  }
  if (layer->step >= LayerEvent::Step::Downloaded) layer->downloaded = layer->total;
  return advanced;
}

void PullQueue::progress(Download download, const LayerEvent& event, Now now) {
  const auto entry = find(download);
  if (entry == downloads_.end() || entry->stopped || !advance(*entry, event)) return;
  entry->progress = now;
  activity_ = now.mono;
}

void PullQueue::finished(Download download, Status result, Now now) {
  const auto entry = find(download);
  if (entry == downloads_.end()) return;
  if (!waitsForOthers(*entry)) activity_ = now.mono;
  answerAll(*entry, result);
  downloads_.erase(entry);
  startNext(now);
}

void PullQueue::check(Now now) {
  endOverdueWishes(now);
  // Those that hold up others come first: their end lets the others go on.
  endQuietDownloads(false, now);
  endQuietDownloads(true, now);
  startNext(now);
}

void PullQueue::endOverdueWishes(Now now) {
  for (auto each = wishes_.begin(); each != wishes_.end();) {
    const auto next = std::next(each);
    const auto [wish, asked] = *each;
    if (asked.since + limits_.total <= now.mono) {
      const auto entry = find(asked.download);
      const std::string waited = formatDuration(limits_.total) + (entry->running ? "" : " for other pulls");
      steps_.emplace_back(Answer{wish, timedOut(waited, false)});
      wishes_.erase(each);
      std::erase(entry->wishes, wish);
      if (entry->wishes.empty()) abandon(entry);
    }
    each = next;
  }
}

void PullQueue::endQuietDownloads(bool waiting, Now now) {
  for (auto entry = downloads_.begin(); entry != downloads_.end();) {
    const auto next = std::next(entry);
    const std::optional<MonoTime> due = quietDeadline(*entry);
    if (due && *due <= now.mono && waitsForOthers(*entry) == waiting) {
      answerAll(*entry, quietness(*entry));
      abandon(entry);
      if (!waiting) activity_ = now.mono;
    }
    entry = next;
  }
}

/// Nothing of it can come on before layers of others are here. One that is let in without a word, and then
/// stalls, looks the same until its first byte: it ends with the others' activity.
bool PullQueue::waitsForOthers(const Entry& entry) {
  const auto in = [&](LayerEvent::Step step) {
    return std::ranges::any_of(entry.layers, [step](const Layer& layer) { return layer.step == step; });
  };
  using enum LayerEvent::Step;
  return in(Waiting) && !in(Listed) && !in(Downloading) && !in(Extracting);
}

/// Whether one that was asked for before it brings the same content.
bool PullQueue::heldBack(const Entry& entry) const {
  if (entry.digest.empty()) return false;
  for (const Entry& each : downloads_) {
    if (each.id == entry.id) return false;
    if (!each.stopped && each.digest == entry.digest) return true;
  }
  return false;
}

/// When it ends for want of progress; nullopt: it doesn't run.
std::optional<MonoTime> PullQueue::quietDeadline(const Entry& entry) const {
  if (!entry.running || entry.stopped) return std::nullopt;
  if (!entry.progress) return entry.began + limits_.begin;
  const MonoTime last =
      waitsForOthers(entry) ? std::max(entry.progress->mono, activity_) : entry.progress->mono;
  return last + limits_.inactivity;
}

Error PullQueue::quietness(const Entry& entry) const {
  const std::string waited = entry.progress ? formatDuration(limits_.inactivity) + " without progress"
                                            : formatDuration(limits_.begin) + " for the first progress";
  return timedOut(waited, true);
}

std::optional<MonoTime> PullQueue::nextDeadline() const {
  std::optional<MonoTime> next;
  const auto consider = [&next](MonoTime due) { next = next ? std::min(*next, due) : due; };
  for (const auto& [wish, asked] : wishes_) consider(asked.since + limits_.total);
  for (const Entry& entry : downloads_) {
    if (const std::optional<MonoTime> due = quietDeadline(entry)) consider(*due);
  }
  return next;
}

void PullQueue::answerAll(Entry& entry, const Status& result) {
  for (const Wish wish : std::exchange(entry.wishes, {})) {
    wishes_.erase(wish);
    steps_.emplace_back(Answer{wish, result});
  }
}

void PullQueue::startNext(Now now) {
  auto running =
      static_cast<size_t>(std::ranges::count_if(downloads_, [](const Entry& each) { return each.running; }));
  for (Entry& entry : downloads_) {
    if (running >= std::max<size_t>(limits_.atOnce, 1)) return;
    if (entry.running || heldBack(entry)) continue;
    entry.running = true;
    entry.began = now.mono;
    ++running;
    steps_.emplace_back(Start{entry.id, entry.key});
  }
}

std::vector<PullQueue::Step> PullQueue::takeSteps() { return std::exchange(steps_, {}); }

std::list<PullQueue::Entry>::iterator PullQueue::find(Download download) {
  return std::ranges::find_if(downloads_, [download](const Entry& each) { return each.id == download; });
}

std::list<PullQueue::Entry>::const_iterator PullQueue::find(Download download) const {
  return std::ranges::find_if(downloads_, [download](const Entry& each) { return each.id == download; });
}

void PullQueue::tellState(const Entry& entry, PullStatus& out) const {
  bool arrived = !entry.layers.empty();
  for (const Layer& layer : entry.layers) {
    out.bytesDone += layer.downloaded;
    out.bytesTotal += layer.total;
    arrived = arrived && layer.step >= LayerEvent::Step::Downloaded;
    out.layers.push_back(
        LayerStatus{layer.id, layer.downloaded, layer.total, layer.step == LayerEvent::Step::Done});
  }
  out.phase = arrived ? PullPhase::Extracting : PullPhase::Downloading;
  if (waitsForOthers(entry)) out.waitingFor = "layers of other pulls";
  if (entry.progress) out.lastProgress = entry.progress->wall;
}

std::optional<PullStatus> PullQueue::status(Wish wish, Now now) const {
  const auto known = wishes_.find(wish);
  if (known == wishes_.end()) return std::nullopt;
  const auto entry = find(known->second.download);
  PullStatus out;
  out.wanted = entry->wishes.size();
  out.since = entry->since.wall;
  const MonoTime last = known->second.since + limits_.total;
  out.deadline = wallAt(std::min(last, quietDeadline(*entry).value_or(last)), now);
  if (entry->running) {
    tellState(*entry, out);
    return out;
  }
  const auto before = static_cast<size_t>(std::distance(downloads_.begin(), entry));
  out.phase = PullPhase::Queued;
  out.waitingFor =
      heldBack(*entry) ? "another pull of the same digest" : plural(before, "pull") + " before it";
  return out;
}

}  // namespace berth::agent
