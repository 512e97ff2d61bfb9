#include "common/store/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace berth::sqlite {
namespace {

/// Marks a file as Berth's (PRAGMA application_id): "Bert".
constexpr int kApplicationId = 0x42657274;

/// What brings a file from schema version i to i + 1; append only.
constexpr std::array<const char*, 1> kMigrations = {
    // A rowid table: rows are large JSON texts, and an update then touches one page.
    "CREATE TABLE entities(kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, revision INTEGER NOT "
    "NULL,"
    " PRIMARY KEY(kind, key))"};
constexpr int64_t kSchemaVersion = kMigrations.size();

Code codeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return Code::ResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::DataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::FailedPrecondition;
    case SQLITE_IOERR:
      return result == SQLITE_IOERR_CORRUPTFS ? Code::DataLoss : Code::Unavailable;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Code::Unavailable;
    default:
      return Code::Internal;
  }
}

std::string systemText(int error) { return std::generic_category().message(error); }

Error cannot(std::string_view what, const std::string& path, int error) {
  const Code code = error == ENOSPC || error == EDQUOT ? Code::ResourceExhausted : Code::Unavailable;
  return makeError(code, path + ": can't " + std::string(what) + ": " + systemText(error));
}

Status syncFolder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  const int error = errno;
  if (file >= 0) close(file);
  if (!synced) return cannot("sync the folder", folder, error);
  return {};
}

/// SQLite would make the file with the umask's mode; the -wal file copies the mode of this one.
Status makePrivateFile(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make the folder", folder, errno);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    close(file);
    return syncFolder(folder);
  }
  if (errno != EEXIST) return cannot("make the file", path, errno);
  // By path: closing any descriptor of the file would drop the locks of another store of this process.
  if (chmod(path.c_str(), 0600) != 0) return cannot("make the file private", path, errno);
  return {};
}

/// With SQLITE_STATIC the text must outlive the step; with SQLITE_TRANSIENT it is copied.
Status bindText(sqlite3_stmt* statement, int index, std::string_view text, sqlite3_destructor_type life) {
  // Null data would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (sqlite3_bind_text64(statement, index, data, text.size(), life, SQLITE_UTF8) == SQLITE_OK) return {};
  return makeError(Code::ResourceExhausted,
                   "a text of " + std::to_string(text.size()) + " bytes is too long");
}

Status bindAll(sqlite3_stmt* statement, std::initializer_list<std::string_view> texts) {
  int index = 0;
  for (std::string_view text : texts) {
    if (Status bound = bindText(statement, ++index, text, SQLITE_STATIC); !bound) return bound;
  }
  return {};
}

std::string columnText(sqlite3_stmt* statement, int column) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
  return data == nullptr ? std::string() : std::string(data, size);
}

}  // namespace

void CloseConnection::operator()(sqlite3* connection) const { sqlite3_close(connection); }
void FinishStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(std::string path, Connection connection)
    : path_(std::move(path)), connection_(std::move(connection)) {}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Duration lockWait) {
  if (auto made = makePrivateFile(path); !made) return made.error();
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<Database> database(new Database(path, Connection(raw)));
  if (result != SQLITE_OK) return database->failure("open the database");
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(lockWait);
  sqlite3_busy_timeout(raw, static_cast<int>(wait.count()));
  for (auto step : {&Database::takeLock, &Database::checkDamage, &Database::checkOwner, &Database::useLog,
                    &Database::migrate, &Database::prepareWrites}) {
    if (auto done = (database.get()->*step)(); !done) return done.error();
  }
  return database;
}

Status Database::takeLock() {
  // Before the first access: the write-ahead log then needs no shared memory, and the lock is kept.
  if (auto exclusive = run("PRAGMA locking_mode=EXCLUSIVE"); !exclusive) return exclusive;
  return run("BEGIN EXCLUSIVE; COMMIT");
}

Status Database::checkDamage() {
  auto check = prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  if (sqlite3_step(check->get()) != SQLITE_ROW) return failure("check the database");
  const std::string verdict = columnText(check->get(), 0);
  if (verdict != "ok") return makeError(Code::DataLoss, path_ + ": the database is damaged: " + verdict);
  return {};
}

Status Database::checkOwner() {
  const auto owner = number("PRAGMA application_id");
  if (!owner) return owner.error();
  const auto tables = number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*owner == kApplicationId || (*owner == 0 && *tables == 0)) return {};
  return makeError(Code::FailedPrecondition, path_ +
                                                 ": this is another program's database; move it away or name "
                                                 "another file");
}

Status Database::useLog() { return run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"); }

Status Database::migrate() {
  const auto version = number("PRAGMA user_version");
  if (!version) return version.error();
  if (*version > kSchemaVersion) {
    return makeError(Code::FailedPrecondition, path_ + ": written by a newer Berth (schema " +
                                                   std::to_string(*version) + ", this one knows " +
                                                   std::to_string(kSchemaVersion) +
                                                   "); run that version or a later one");
  }
  if (*version == kSchemaVersion) return {};
  std::string script = "BEGIN IMMEDIATE;PRAGMA application_id=" + std::to_string(kApplicationId) + ";";
  for (auto step = static_cast<size_t>(*version); step < kMigrations.size(); ++step) {
    script += std::string(kMigrations[step]) + ";";
  }
  script += "PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";COMMIT";
  auto migrated = run(script);
  if (!migrated) rollback();
  return migrated;
}

Status Database::prepareWrites() {
  auto put = prepare(
      "INSERT INTO entities(kind, key, value, revision) VALUES(?1, ?2, ?3, 1) "
      "ON CONFLICT(kind, key) DO UPDATE SET value = excluded.value, revision = revision + 1");
  if (!put) return put.error();
  auto erase = prepare("DELETE FROM entities WHERE kind = ?1 AND key = ?2");
  if (!erase) return erase.error();
  auto begin = prepare("BEGIN IMMEDIATE");
  if (!begin) return begin.error();
  auto commit = prepare("COMMIT");
  if (!commit) return commit.error();
  put_ = std::move(*put);
  erase_ = std::move(*erase);
  begin_ = std::move(*begin);
  commit_ = std::move(*commit);
  return {};
}

Result<std::vector<Record>> Database::load(const std::vector<std::string>& without) {
  std::string sql = "SELECT kind, key, value FROM entities";
  for (size_t i = 0; i < without.size(); ++i) sql += (i == 0 ? " WHERE kind NOT IN (?" : ", ?");
  if (!without.empty()) sql += ")";
  auto statement = prepare(sql + " ORDER BY kind, key", without);
  if (!statement) return statement.error();
  return rows(statement->get());
}

Result<std::vector<Record>> Database::read(const Range& range) {
  auto statement =
      prepare("SELECT kind, key, value FROM entities WHERE kind = ? AND key >= ? ORDER BY key LIMIT " +
                  std::to_string(range.limit),
              {range.kind, range.from});
  if (!statement) return statement.error();
  return rows(statement->get());
}

Result<int64_t> Database::count(const std::string& kind) {
  auto statement = prepare("SELECT count(*) FROM entities WHERE kind = ?", {kind});
  if (!statement) return statement.error();
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return failure("read the database");
  return static_cast<int64_t>(sqlite3_column_int64(statement->get(), 0));
}

Result<std::vector<Record>> Database::rows(sqlite3_stmt* statement) {
  std::vector<Record> records;
  int result = SQLITE_OK;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
    records.push_back({columnText(statement, 0), columnText(statement, 1), columnText(statement, 2)});
  }
  if (result != SQLITE_DONE) return failure("read the database");
  return records;
}

Status Database::begin() { return step(begin_.get()); }

Status Database::apply(const Changes& changes) {
  for (const Change& change : changes) {
    sqlite3_stmt* statement = change.value ? put_.get() : erase_.get();
    auto bound = change.value ? bindAll(statement, {change.kind, change.key, *change.value})
                              : bindAll(statement, {change.kind, change.key});
    if (!bound) return bound.error().in(path_);
    const bool written = sqlite3_step(statement) == SQLITE_DONE;
    Status status = written ? Status() : Status(failure("write to the database"));
    sqlite3_reset(statement);
    if (!status) return status;
  }
  return {};
}

Status Database::commit() { return step(commit_.get()); }

Status Database::step(sqlite3_stmt* statement) {
  const bool done = sqlite3_step(statement) == SQLITE_DONE;
  Status status = done ? Status() : Status(failure("use the database"));
  sqlite3_reset(statement);
  return status;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(connection_.get()) == 0) (void)run("ROLLBACK");
}

Status Database::run(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure("use the database");
  return {};
}

Result<Statement> Database::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(connection_.get(), sql.c_str(), -1, 0, &statement, nullptr);
  if (result != SQLITE_OK) return failure("use the database");
  return Statement(statement);
}

Result<Statement> Database::prepare(const std::string& sql, const std::vector<std::string>& texts) {
  auto statement = prepare(sql);
  if (!statement) return statement;
  int index = 0;
  for (const std::string& text : texts) {
    if (auto bound = bindText(statement->get(), ++index, text, SQLITE_TRANSIENT); !bound)
      return bound.error().in(path_);
  }
  return statement;
}

Result<int64_t> Database::number(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return failure("read the database");
  return static_cast<int64_t>(sqlite3_column_int64(statement->get(), 0));
}

Error Database::failure(std::string_view doing) const {
  const int result = sqlite3_extended_errcode(connection_.get());
  const int systemError = sqlite3_system_errno(connection_.get());
  const Code code = codeOf(result);
  if (code == Code::FailedPrecondition) {
    return makeError(code, path_ + ": in use by another program; stop that one first");
  }
  std::string text = path_ + ": can't " + std::string(doing) + ": " + sqlite3_errmsg(connection_.get());
  if (code != Code::DataLoss && systemError != 0) text += " (" + systemText(systemError) + ")";
  return makeError(code, std::move(text));
}

}  // namespace berth::sqlite
