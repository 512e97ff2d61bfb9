// What tests do with stores.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/store/sqlite_store.hpp"
#include "tests/support/temp_dir.hpp"

/// Options for a store that calls `done` on its own thread and doesn't wait for locks.
inline berth::SqliteOptions optionsFor(const std::string& path) {
  berth::SqliteOptions options;
  options.path = path;
  options.executor = [](const std::function<void()>& work) { work(); };
  options.lockWait = berth::Duration::zero();
  return options;
}

inline std::unique_ptr<berth::SqliteStore> openStore(const std::string& path) {
  auto store = berth::SqliteStore::open(optionsFor(path));
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

/// Commits and waits for the answer.
inline berth::Status commit(berth::Store& store, berth::Changes changes) {
  std::promise<berth::Status> answer;
  store.commit(std::move(changes), [&](berth::Status status) { answer.set_value(std::move(status)); });
  return answer.get_future().get();
}

inline berth::Change put(std::string key, std::string value) {
  return {"task", std::move(key), std::move(value)};
}

/// The keys that are stored, in order.
inline std::vector<std::string> keysOf(berth::Store& store) {
  const auto records = store.load();
  if (!records) FAIL(records.error().message);
  std::vector<std::string> keys;
  for (const berth::Record& record : *records) keys.push_back(record.key);
  return keys;
}
