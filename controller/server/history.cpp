#include "controller/server/history.hpp"

#include <charconv>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "common/async/callback.hpp"

namespace berth::controller {
namespace {

/// What stands before the '/' of a key of the order; 0, so very old, for another form.
WallTime stoppedAt(const std::string& key) {
  int64_t millis = 0;
  std::from_chars(key.data(), key.data() + std::min(key.find('/'), key.size()), millis, 16);
  return fromEpochMillis(millis);
}

}  // namespace

History::History(boost::asio::io_context& io, SqliteStore& store, HistoryOptions options, const Clock& clock,
                 Log& log)
    : io_(io), store_(store), options_(std::move(options)), clock_(clock), log_(log) {}

History::~History() { *alive_ = false; }

void History::start() {
  spawn(io_.get_executor(), log_, "history", [this, alive = alive_] { return prune(alive); });
}

void History::add(const Output& output) {
  if (!size_) return;
  for (const Mutation& mutation : output.mutations) *size_ += mutation.kind == Kind::StoppedTask;
}

Async<Result<std::optional<nlohmann::json>>> History::find(std::string id) {
  const Range range{options_.taskKind, id, 1};
  auto rows =
      co_await loopAwait<std::vector<Record>>([&](auto done) { store_.read(range, std::move(done)); });
  if (!rows) co_return rows.error();
  std::optional<nlohmann::json> found;
  if (!rows->empty() && rows->front().key == id)
    found = nlohmann::json::parse(rows->front().value, nullptr, false);
  if (found && found->is_discarded())
    co_return makeError(Code::DataLoss, "the record of the stopped task " + id + " is damaged");
  co_return found;
}

Async<Result<size_t>> History::pruneOnce() {
  const Range range{options_.orderKind, "", options_.batch};
  auto rows =
      co_await loopAwait<std::vector<Record>>([&](auto done) { store_.read(range, std::move(done)); });
  if (!rows) co_return rows.error();
  const WallTime oldest =
      clock_.now().wall - std::chrono::duration_cast<std::chrono::milliseconds>(options_.keep);
  Changes changes;
  for (const Record& record : *rows) {
    const auto gone = static_cast<int64_t>(changes.size() / 2);
    if (stoppedAt(record.key) > oldest && *size_ - gone <= options_.maxTasks) break;
    changes.push_back({options_.orderKind, record.key, std::nullopt});
    changes.push_back({options_.taskKind, record.key.substr(record.key.find('/') + 1), std::nullopt});
  }
  const size_t gone = changes.size() / 2;
  if (gone == 0) co_return size_t{0};
  const Status stored =
      co_await loopAwait<void>([&](auto done) { store_.commit(std::move(changes), std::move(done)); });
  if (!stored) co_return stored.error();
  *size_ -= static_cast<int64_t>(gone);
  co_return gone;
}

Async<void> History::prune(std::shared_ptr<bool> alive) {
  while (*alive) {
    if (!size_) {
      const auto count =
          co_await loopAwait<int64_t>([&](auto done) { store_.count(options_.orderKind, std::move(done)); });
      if (!*alive) co_return;
      if (count) size_ = *count;
    }
    size_t gone = 0;
    if (size_) {
      const Result<size_t> pruned = co_await pruneOnce();
      if (!*alive) co_return;
      if (pruned) gone = *pruned;
      if (!pruned) log_.warn("can't take old stopped tasks away", {{"reason", pruned.error().message}});
    }
    if (gone < options_.batch) co_await sleepFor(options_.pause);
  }
}

}  // namespace berth::controller
