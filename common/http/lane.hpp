// Private to common/http: what one thread wants done on another's loop.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace berth::http {

/// Calls functions on a loop's thread, in the order in which they came. To wake a thread costs more than most
/// of them, so what a thread sends is gathered until its own loop comes round, and goes together. The loops
/// must outlive what is sent.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  /// From the thread of `from` to that of `to`, where at most `turn` functions are called before other work
  /// of the loop has its turn.
  Lane(boost::asio::io_context& from, boost::asio::io_context& to, size_t turn)
      : from_(from), to_(to), turn_(turn) {}

  /// On `from`'s thread. `bytes`: what comes along from outside, in any number: once too much waits, the
  /// thread is blocked until there is room. `to`'s must never wait for it then.
  void send(std::function<void()> what, size_t bytes = 0);
  /// Lets go what is gathered. On `from`'s thread.
  void flush();
  /// On any thread; apart from the order of send().
  void sendNow(std::function<void()> what);
  /// Nobody is blocked from now on.
  void shut();

 private:
  struct Item {
    std::function<void()> what;
    size_t bytes = 0;
  };

  void wake();
  void run();

  boost::asio::io_context& from_;
  boost::asio::io_context& to_;
  size_t turn_;
  std::vector<Item> gathered_;  ///< of `from`'s thread alone
  std::mutex mutex_;            ///< of all that follows
  std::condition_variable room_;
  std::deque<Item> waiting_;
  size_t bytes_ = 0;  ///< of what waits
  bool shut_ = false;
};

}  // namespace berth::http
