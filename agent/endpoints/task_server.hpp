// The task server (port 51679) without its sockets: limits, routing, and the requests that have to wait.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "agent/endpoints/audit.hpp"
#include "agent/endpoints/credentials.hpp"
#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"
#include "agent/endpoints/protection.hpp"
#include "agent/endpoints/rate_limit.hpp"
#include "agent/endpoints/recent_documents.hpp"
#include "agent/endpoints/tags.hpp"
#include "agent/endpoints/waiting_room.hpp"
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
  Duration tagsLimit = std::chrono::seconds(31);    ///< the client gives up before, and says why
  Duration brake = std::chrono::milliseconds(250);  ///< how long a flood waits for each refusal
  size_t mostWaiting = 256;                         ///< requests that wait for credentials
  size_t mostWaitingOfOne = 16;                     ///< of them of one address
  size_t mostTagged = 64;                           ///< requests that wait for tags
  size_t mostTaggedOfOne = 16;                      ///< of them of one address
};

struct TaskServerDeps {
  Directory& directory;
  const Clock& clock;
  Later later;
  PeerCheck peers;                                ///< may be empty: see credentialsAccess
  ProtectionClient* protection = nullptr;         ///< null: 500 ServerException
  TagsClient* tags = nullptr;                     ///< null: documents without tags
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
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Patience;
  struct Asking;
  struct AskingProtection;
  struct AskingTags;

  Patience patienceOf(const std::string& address) const;
  bool mayWait(Patience& patience);
  void waited(const Patience& patience);
  void answer(Request request, Reply reply);
  Response metadata(const Request& request);
  void askCredentials(Request request, CredentialsRequest wanted, Reply reply);
  void stepCredentials(const std::shared_ptr<Asking>& asking);
  void endCredentials(const std::shared_ptr<Asking>& asking, Response response, bool audited);
  void stepProtection(const std::shared_ptr<AskingProtection>& asking);
  void callProtection(ProtectionCall call, Reply reply);
  void askTags(TagsRequest wanted, const std::string& address, Reply reply);
  void endTags(AskingTags& asking);
  Response overLimit(const std::string& address) const;

  const TaskServerDeps deps_;
  const TaskServerOptions options_;
  RecentDocuments documents_;
  RateLimit limit_;
  std::atomic<bool> stopping_ = false;
  WaitingRoom waiting_;
  WaitingRoom tagged_;  ///< of its own: a controller that is slow must not cost anybody its credentials
};

}  // namespace berth::agent::endpoints
