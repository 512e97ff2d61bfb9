// One SQLite connection to a file of entities; the SQL is here and nowhere else. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/store/store.hpp"
#include "common/time/clock.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace berth::sqlite {

struct CloseConnection {
  void operator()(sqlite3* connection) const;
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const;
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

class Database {
 public:
  /// Opens or creates the file, takes its lock, checks it for damage and brings its schema up to date.
  /// Errors as SqliteStore::open.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Duration lockWait);

  /// All rows but those of some kinds.
  Result<std::vector<Record>> load(const std::vector<std::string>& without);
  Result<std::vector<Record>> read(const Range& range);
  Result<int64_t> count(const std::string& kind);

  Status begin();
  /// Within a transaction.
  Status apply(const Changes& changes);
  Status commit();
  /// Undoes what was applied since begin(); harmless outside of a transaction.
  void rollback();

 private:
  Database(std::string path, Connection connection);

  Status takeLock();
  Status checkDamage();
  Status checkOwner();
  /// Changes the file for the first time, so it comes after the checks.
  Status useLog();
  Status migrate();
  Status prepareWrites();

  Status run(const std::string& sql);
  /// Runs a prepared statement that answers no rows.
  Status step(sqlite3_stmt* statement);
  Result<Statement> prepare(const std::string& sql);
  /// Prepared, and with its first parameters.
  Result<Statement> prepare(const std::string& sql, const std::vector<std::string>& texts);
  /// All that is left of a statement that answers kind, key and value.
  Result<std::vector<Record>> rows(sqlite3_stmt* statement);
  /// The integer that a PRAGMA answers.
  Result<int64_t> number(const std::string& sql);
  /// The connection's last failure while `doing`.
  Error failure(std::string_view doing) const;

  const std::string path_;
  Connection connection_;
  Statement put_, erase_, begin_, commit_;  // after the connection, which must outlive them
};

}  // namespace berth::sqlite
