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

}  // namespace

PullQueue::Wish PullQueue::join(std::string key, Now now) {
  const Wish wish = ++last_;
  // What was stopped is on its way out: whoever comes now needs a download of their own.
  auto found = std::ranges::find_if(downloads_,
                                    [&](const Entry& entry) { return !entry.stopped && entry.key == key; });
  if (found == downloads_.end()) {
    Entry& entry = downloads_.emplace_back();
    entry.id = ++last_;
    entry.key = std::move(key);
    entry.since = now;
    found = std::prev(downloads_.end());
  }
  found->wishes.push_back(wish);
  wishes_[wish] = found->id;
  startNext(now);
  return wish;
}

void PullQueue::leave(Wish wish, Now now) {
  const auto known = wishes_.find(wish);
  if (known == wishes_.end()) return;
  const auto entry = find(known->second);
  wishes_.erase(known);
  std::erase(entry->wishes, wish);
  if (!entry->wishes.empty()) return;
  if (entry->running) {
    entry->stopped = true;
    steps_.emplace_back(Stop{entry->id});
  } else {
    downloads_.erase(entry);
  }
  startNext(now);
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
  if (entry == downloads_.end() || entry->stopped) return;
  if (advance(*entry, event)) entry->progress = now;
}

void PullQueue::finished(Download download, Status result, Now now) {
  const auto entry = find(download);
  if (entry == downloads_.end()) return;
  answerAll(*entry, result);
  downloads_.erase(entry);
  startNext(now);
}

void PullQueue::check(Now now) {
  for (auto entry = downloads_.begin(); entry != downloads_.end();) {
    const auto next = std::next(entry);
    if (!entry->stopped && deadline(*entry) <= now.mono) {
      answerAll(*entry, lateness(*entry, now.mono));
      if (entry->running) {
        entry->stopped = true;
        steps_.emplace_back(Stop{entry->id});
      } else {
        downloads_.erase(entry);
      }
    }
    entry = next;
  }
  startNext(now);
}

MonoTime PullQueue::deadline(const Entry& entry) const {
  if (!entry.running) return entry.since.mono + limits_.total;
  const MonoTime quiet =
      entry.progress ? entry.progress->mono + limits_.inactivity : entry.began + limits_.begin;
  return std::min(quiet, entry.began + limits_.total);
}

Error PullQueue::lateness(const Entry& entry, MonoTime now) const {
  std::string waited;
  if (!entry.running) {
    waited = formatDuration(limits_.total) + " for other pulls";
  } else if (entry.began + limits_.total <= now) {
    waited = formatDuration(limits_.total);
  } else if (entry.progress) {
    waited = formatDuration(limits_.inactivity) + " without progress";
  } else {
    waited = formatDuration(limits_.begin) + " for the first progress";
  }
  return makeError(Code::DeadlineExceeded,
                   "Could not transition to pulled; timed out after waiting " + waited);
}

std::optional<MonoTime> PullQueue::nextDeadline() const {
  std::optional<MonoTime> next;
  for (const Entry& entry : downloads_) {
    if (entry.stopped) continue;
    const MonoTime due = deadline(entry);
    if (!next || due < *next) next = due;
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
    if (entry.running) continue;
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

std::optional<PullStatus> PullQueue::status(Wish wish, Now now) const {
  const auto known = wishes_.find(wish);
  if (known == wishes_.end()) return std::nullopt;
  size_t before = 0;
  const Entry* entry = nullptr;
  for (const Entry& each : downloads_) {
    if (each.id == known->second) {
      entry = &each;
      break;
    }
    ++before;
  }
  PullStatus out;
  out.wanted = entry->wishes.size();
  out.since = entry->since.wall;
  out.deadline = wallAt(deadline(*entry), now);
  if (!entry->running) {
    out.phase = PullPhase::Queued;
    out.waitingFor = plural(before, "pull") + " before it";
    return out;
  }
  bool arrived = !entry->layers.empty();
  for (const Layer& layer : entry->layers) {
    out.bytesDone += layer.downloaded;
    out.bytesTotal += layer.total;
    arrived = arrived && layer.step >= LayerEvent::Step::Downloaded;
    out.layers.push_back(
        LayerStatus{layer.id, layer.downloaded, layer.total, layer.step == LayerEvent::Step::Done});
  }
  out.phase = arrived ? PullPhase::Extracting : PullPhase::Downloading;
  if (entry->progress) out.lastProgress = entry->progress->wall;
  return out;
}

}  // namespace berth::agent
