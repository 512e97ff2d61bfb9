// Durable records: rows of (kind, key, value), changed by atomic batches.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result/result.hpp"

namespace berth {

/// One row. `value` is JSON text, opaque to the store.
struct Record {
  std::string kind;
  std::string key;
  std::string value;
  bool operator==(const Record&) const = default;
};

/// Puts a row (replacing the one with the same kind and key), or erases it when `value` is absent.
/// Erasing what is not there is no error.
struct Change {
  std::string kind;
  std::string key;
  std::optional<std::string> value;
};
using Changes = std::vector<Change>;

/// The rows of a kind from a key on, in the order of keys.
struct Range {
  std::string kind;
  std::string from;  ///< a key, inclusive; "" for the first
  size_t limit = 0;
};

/// A durable set of records.
class Store {
 public:
  virtual ~Store() = default;

  /// All rows, ordered by kind, then key. Blocking; meant for the start of a program.
  /// DataLoss when the stored data can't be read.
  virtual Result<std::vector<Record>> load() = 0;

  /// Makes all of `changes` durable, or none. `done` is called exactly once, later, on the thread that the
  /// store was made for, and in the order of the calls. Batches that wait together may share one fsync.
  /// Errors: ResourceExhausted (disk full), Unavailable (file can't be written), DataLoss.
  virtual void commit(Changes changes, std::function<void(Status)> done) = 0;
  /// The same for changes that are worked out when they are needed, maybe on another thread: `changes` may
  /// only read what never changes.
  virtual void commit(std::function<Changes()> changes, std::function<void(Status)> done) {
    commit(changes(), std::move(done));
  }
};

}  // namespace berth
