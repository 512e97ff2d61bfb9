// A commit of the agent's store, awaited.
#pragma once

#include <utility>

#include "common/async/callback.hpp"
#include "common/store/store.hpp"

namespace berth::agent {

/// Errors as those of Store::commit. `store` outlives the wait.
inline Async<Status> committed(Store& store, Changes changes) {
  auto stored = co_await loopAwait<std::monostate>([&](auto done) {
    store.commit(std::move(changes), [done](Status status) {
      done(status ? Result<std::monostate>(std::monostate{}) : Result<std::monostate>(status.error()));
    });
  });
  co_return stored ? Status() : Status(stored.error());
}

}  // namespace berth::agent
