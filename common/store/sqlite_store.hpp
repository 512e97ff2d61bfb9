// Store in a SQLite file.
//
// On disk: <path>, and while a program has it open <path>-wal. Table entities(kind, key, value, revision),
// where revision counts the writes of its row. PRAGMA user_version is the schema's version.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/store/store.hpp"
#include "common/time/clock.hpp"

namespace berth {

/// Runs a function later on the thread that owns the caller's state, in the order of the calls; e.g. a post
/// to an io_context. Must be callable from any thread.
using Post = std::function<void(std::function<void()>)>;

struct SqliteOptions {
  std::string path;  ///< its folder is made (0700) when missing, the folder above must exist
  Post executor;     ///< where commit() calls its `done`
  /// How long open() waits for another program to let go of the file.
  Duration lockWait = std::chrono::seconds(2);
};

namespace sqlite {
class Database;
}

/// Rows in one SQLite file that this program alone has open: WAL, synchronous=FULL, mode 0600. One thread
/// writes; batches that wait for it share one transaction and so one fsync.
///
/// All may be called from any thread. A commit that reports an error is not in force and is
/// not known to be durable; later commits may succeed. The destructor first finishes every queued commit,
/// then closes.
class SqliteStore final : public Store {
 public:
  /// Opens or creates the file. The check for damage reads all of it. Errors:
  /// DataLoss (damaged, or no database at all: see moveAside), FailedPrecondition (in use by another program,
  /// written by a newer Berth, or some other program's database), Unavailable (can't be opened or written),
  /// ResourceExhausted (disk full).
  static Result<std::unique_ptr<SqliteStore>> open(SqliteOptions options);
  ~SqliteStore() override;

  Result<std::vector<Record>> load() override;
  /// As load(), without the rows of some kinds: such as may be many, and are looked up one by one.
  Result<std::vector<Record>> loadWithout(const std::vector<std::string>& kinds);
  void commit(Changes changes, std::function<void(Status)> done) override;
  /// `changes` is called on the writer's thread.
  void commit(std::function<Changes()> changes, std::function<void(Status)> done) override;

  /// Reads rows, or how many a kind has, on the writing thread, after the commits that wait already; `done`
  /// is called like that of commit(), in no order to those.
  void read(Range range, std::function<void(Result<std::vector<Record>>)> done);
  void count(std::string kind, std::function<void(Result<int64_t>)> done);

  /// Transactions, and so fsyncs, that reached the disk since open().
  uint64_t transactions() const { return transactions_.load(); }

 private:
  struct Batch {
    std::function<Changes()> make;  ///< of the changes, when they are not there yet
    Changes changes;
    std::function<void(Status)> done;
  };
  using Batches = std::vector<Batch>;
  /// Reads, and answers what is to be told.
  using Read = std::function<std::function<void()>(sqlite::Database&)>;

  SqliteStore(std::unique_ptr<sqlite::Database> database, Post executor);
  void queue(Batch batch);
  void writeUntilStopped();
  void enqueue(Read read);
  void perform(const std::vector<Read>& reads);
  std::vector<Status> write(const Batches& batches);
  Status transact(const Batches& batches, size_t first, size_t count);

  const Post executor_;
  std::mutex databaseMutex_;  // load() shares the connection with the writer
  const std::unique_ptr<sqlite::Database> database_;
  std::atomic<uint64_t> transactions_ = 0;

  std::mutex queueMutex_;
  std::condition_variable queueChanged_;
  Batches queue_;
  std::vector<Read> reads_;
  bool stopping_ = false;
  std::thread writer_;  // last: it uses all of the above
};

/// Renames a damaged file (with its -wal and -shm) to `<path>.damaged-20240629T083320Z`, or the same with -2,
/// -3, ... behind it when that is taken, and returns the new path. The store must not be open. NotFound when
/// there is no such file, Unavailable when it can't be renamed.
Result<std::string> moveAside(const std::string& path, WallTime now);

}  // namespace berth
