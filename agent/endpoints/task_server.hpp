// The task server (port 51679) without its sockets: limits, routing, and the requests that have to wait.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/endpoints/audit.hpp"
#include "agent/endpoints/credentials.hpp"
#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"
#include "agent/endpoints/protection.hpp"
#include "agent/endpoints/rate_limit.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

/// Called exactly once, on any thread.
using Reply = std::function<void(Response)>;

/// Calls `work` once, on a server's thread, after `delay`, or earlier when the server stops.
using Later = std::function<void(Duration delay, std::function<void()> work)>;

struct TaskServerOptions {
  RateOptions rate;
  Duration credentialsWait = std::chrono::seconds(5);  ///< for ids whose credentials were announced only
  Duration credentialsRetry = std::chrono::milliseconds(50);
  Duration accessRetry = std::chrono::milliseconds(500);  ///< of PeerCheck, which is dear
  Duration protectionLimit = std::chrono::seconds(4);
  Duration brake = std::chrono::milliseconds(250);  ///< how long a flood waits for each refusal
  size_t mostWaiting = 256;                         ///< requests that wait for credentials
  size_t mostWaitingOfOne = 16;                     ///< of them of one address
};

struct TaskServerDeps {
  Directory& directory;
  const Clock& clock;
  Later later;
  PeerCheck peers;                                ///< may be empty: see credentialsAccess
  ProtectionClient* protection = nullptr;         ///< null: 500 ServerException
  std::function<void(const std::string&)> audit;  ///< takes one line, on a server's thread; may be empty
};

/// Safe to call from any thread. It must outlive every reply it owes: stop the server first, whose `later`
/// then calls what is pending.
class TaskServer {
 public:
  TaskServer(TaskServerDeps deps, TaskServerOptions options = {});

  /// Never blocks: `reply` is called before this returns, or later.
  void handle(Request request, Reply reply);

  void limitRate(RateOptions rate) { limit_.reconfigure(rate); }

  /// From now on waiting requests are answered as if their time had passed. Call before the server stops.
  void stop() { stopping_ = true; }

  /// Requests that wait for credentials.
  size_t waiting() const;

 private:
  struct Asking;

  void askCredentials(Request request, CredentialsRequest wanted, Reply reply);
  void stepCredentials(const std::shared_ptr<Asking>& asking);
  void endCredentials(const std::shared_ptr<Asking>& asking, Response response, bool audited);
  bool mayWait(const std::string& address);
  void waited(const std::string& address);
  void askProtection(const Request& request, const std::string& endpointId, Reply reply);
  Response overLimit(const std::string& address) const;

  const TaskServerDeps deps_;
  const TaskServerOptions options_;
  RateLimit limit_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex lock_;  ///< of the next two
  std::map<std::string, size_t> waitingOf_;
  size_t waiting_ = 0;
};

}  // namespace berth::agent::endpoints
