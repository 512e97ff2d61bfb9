#include "common/http/lane.hpp"

#include <utility>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace berth::http {
namespace {

constexpr size_t kMostGathered = 64;
/// Of what comes from outside and waits.
constexpr size_t kMostWaiting = 10'000;
constexpr size_t kMostBytes = size_t{64} << 20;

}  // namespace

void Lane::send(std::function<void()> what, size_t bytes) {
  gathered_.push_back({std::move(what), bytes});
  if (gathered_.size() >= kMostGathered) return flush();
  if (gathered_.size() == 1) boost::asio::post(from_, [self = shared_from_this()] { self->flush(); });
}

void Lane::flush() {
  if (gathered_.empty()) return;
  size_t bytes = 0;
  for (const Item& item : gathered_) bytes += item.bytes;
  bool first = false;
  {
    std::unique_lock lock(mutex_);
    const auto room = [&] { return shut_ || (waiting_.size() < kMostWaiting && bytes_ < kMostBytes); };
    if (bytes > 0) room_.wait(lock, room);
    first = waiting_.empty();
    std::move(gathered_.begin(), gathered_.end(), std::back_inserter(waiting_));
    bytes_ += bytes;
  }
  gathered_.clear();
  if (first) wake();
}

void Lane::sendNow(std::function<void()> what) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = waiting_.empty();
    waiting_.push_back({std::move(what), 0});
  }
  if (first) wake();
}

void Lane::wake() {
  boost::asio::post(to_, [self = shared_from_this()] { self->run(); });
}

void Lane::run() {
  std::vector<Item> turn;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(turn_, waiting_.size()));
    std::move(waiting_.begin(), end, std::back_inserter(turn));
    waiting_.erase(waiting_.begin(), end);
    for (const Item& item : turn) bytes_ -= item.bytes;
    more = !waiting_.empty();
  }
  room_.notify_all();
  if (more) wake();
  for (Item& item : turn) item.what();
}

void Lane::shut() {
  const std::lock_guard lock(mutex_);
  shut_ = true;
  room_.notify_all();
}

}  // namespace berth::http
