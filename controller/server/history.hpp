// Tasks that stopped longer ago than DescribeTasks shows: looked up one by one, and taken away in the order
// in which they stopped.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/async/async.hpp"
#include "common/log/log.hpp"
#include "common/store/sqlite_store.hpp"
#include "common/time/clock.hpp"
#include "controller/core/effects.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::controller {

struct HistoryOptions {
  Duration keep = std::chrono::hours(24 * 7);  ///< 0: nothing is kept, and what was there is taken away
  int64_t maxTasks = 1'000'000;                ///< beyond, the oldest go
  Duration pause = std::chrono::minutes(1);    ///< between two looks for what is too old
  size_t batch = 500;                          ///< rows that go at once
  std::string taskKind;                        ///< of the rows of tasks, by id
  std::string orderKind;                       ///< of the rows of their order: "HEX/ID", HEX milliseconds
};

class History {
 public:
  History(boost::asio::io_context& io, SqliteStore& store, HistoryOptions options, const Clock& clock,
          Log& log);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Begins to take away what is too old or too much.
  void start();
  /// Counts what became durable.
  void add(const Output& output);

  /// The record of a task; nullopt when there is none. Errors as those of the store.
  Async<Result<std::optional<nlohmann::json>>> find(std::string id);
  /// Tasks that are kept, once that is known.
  std::optional<int64_t> size() const { return size_; }

 private:
  Async<void> prune(std::shared_ptr<bool> alive);
  /// How many were taken away: as many as `batch` when there may be more.
  Async<Result<size_t>> pruneOnce();

  boost::asio::io_context& io_;
  SqliteStore& store_;
  HistoryOptions options_;
  const Clock& clock_;
  Log& log_;
  std::optional<int64_t> size_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth::controller
