#include "common/store/sqlite_store.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/store/database.hpp"

namespace berth {

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteOptions options) {
  auto database = sqlite::Database::open(options.path, options.lockWait);
  if (!database) return database.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*database), std::move(options.executor)));
}

SqliteStore::SqliteStore(std::unique_ptr<sqlite::Database> database, Post executor)
    : executor_(std::move(executor)),
      database_(std::move(database)),
      writer_([this] { writeUntilStopped(); }) {}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(queueMutex_);
    stopping_ = true;
  }
  queueChanged_.notify_one();
  writer_.join();
}

Result<std::vector<Record>> SqliteStore::load() { return loadWithout({}); }

Result<std::vector<Record>> SqliteStore::loadWithout(const std::vector<std::string>& kinds) {
  const std::lock_guard lock(databaseMutex_);
  return database_->load(kinds);
}

void SqliteStore::read(Range range, std::function<void(Result<std::vector<Record>>)> done) {
  enqueue([range = std::move(range), done = std::move(done)](sqlite::Database& database) {
    return [done, rows = database.read(range)] { done(rows); };
  });
}

void SqliteStore::count(std::string kind, std::function<void(Result<int64_t>)> done) {
  enqueue([kind = std::move(kind), done = std::move(done)](sqlite::Database& database) {
    return [done, count = database.count(kind)] { done(count); };
  });
}

void SqliteStore::enqueue(Read read) {
  {
    const std::lock_guard lock(queueMutex_);
    reads_.push_back(std::move(read));
  }
  queueChanged_.notify_one();
}

void SqliteStore::commit(Changes changes, std::function<void(Status)> done) {
  queue({nullptr, std::move(changes), std::move(done)});
}

void SqliteStore::commit(std::function<Changes()> changes, std::function<void(Status)> done) {
  queue({std::move(changes), {}, std::move(done)});
}

void SqliteStore::queue(Batch batch) {
  {
    const std::lock_guard lock(queueMutex_);
    queue_.push_back(std::move(batch));
  }
  queueChanged_.notify_one();
}

void SqliteStore::writeUntilStopped() {
  while (true) {
    Batches batches;
    std::vector<Read> reads;
    {
      std::unique_lock lock(queueMutex_);
      queueChanged_.wait(lock, [this] { return stopping_ || !queue_.empty() || !reads_.empty(); });
      if (queue_.empty() && reads_.empty()) return;
      batches.swap(queue_);
      reads.swap(reads_);
    }
    if (!batches.empty()) {
      for (Batch& batch : batches) {
        if (batch.make) batch.changes = std::exchange(batch.make, nullptr)();
      }
      std::vector<Status> results = write(batches);
      executor_([batches = std::move(batches), results = std::move(results)] {
        for (size_t i = 0; i < batches.size(); ++i) batches[i].done(results[i]);
      });
    }
    perform(reads);
  }
}

void SqliteStore::perform(const std::vector<Read>& reads) {
  for (const Read& read : reads) {
    const std::lock_guard lock(databaseMutex_);
    executor_(read(*database_));
  }
}

std::vector<Status> SqliteStore::write(const Batches& batches) {
  const std::lock_guard lock(databaseMutex_);
  const Status together = transact(batches, 0, batches.size());
  std::vector<Status> results(batches.size(), together);
  if (together.ok() || batches.size() == 1) return results;
  // One of them may be at fault for all: alone, each gets its own answer.
  for (size_t i = 0; i < batches.size(); ++i) results[i] = transact(batches, i, 1);
  return results;
}

Status SqliteStore::transact(const Batches& batches, size_t first, size_t count) {
  Status status = database_->begin();
  for (size_t i = first; status.ok() && i < first + count; ++i) status = database_->apply(batches[i].changes);
  if (status.ok()) status = database_->commit();
  if (!status.ok()) {
    database_->rollback();
    return status;
  }
  ++transactions_;
  return status;
}

Result<std::string> moveAside(const std::string& path, WallTime now) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure)) {
    return makeError(Code::NotFound, path + ": there is no such file to move aside");
  }
  const std::string base = path + ".damaged-" + toAmzDate(now);
  std::string target = base;
  for (int n = 2; std::filesystem::exists(target, failure); ++n) target = base + "-" + std::to_string(n);
  // The database itself goes last: were this cut short, it is found damaged again, and never without its log.
  for (const char* suffix : {"-wal", "-shm", ""}) {
    if (rename((path + suffix).c_str(), (target + suffix).c_str()) == 0) continue;
    if (errno == ENOENT && *suffix != '\0') continue;
    return makeError(Code::Unavailable,
                     path + suffix + ": can't move it aside: " + std::generic_category().message(errno));
  }
  return target;
}

}  // namespace berth
