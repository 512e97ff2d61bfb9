// The agent's local endpoints: servers, what they show, and what keeps that true.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "agent/config/config.hpp"
#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/host/audit_file.hpp"
#include "agent/endpoints/host/peer_lookup.hpp"
#include "agent/endpoints/rest/rest_server.hpp"
#include "agent/endpoints/start_metrics.hpp"
#include "agent/endpoints/task_server.hpp"
#include "agent/endpoints/task_view.hpp"
#include "agent/endpoints/trouble.hpp"
#include "agent/engine/engine.hpp"
#include "agent/ports/usage.hpp"
#include "common/async/async.hpp"

namespace berth::agent {

/// Everything but the servers' own threads runs on one loop.
class LocalEndpoints {
 public:
  struct Means {
    boost::asio::io_context& io;
    const Clock& clock;
    Log& log;
    endpoints::ProtectionClient& protection;
    endpoints::TagsClient* tags = nullptr;  ///< null: documents have no tags
    StartTraces* traces = nullptr;          ///< null: how starts went is not shown
  };

  /// FailedPrecondition when the audit log can't be written. Everything passed must outlive the object.
  static Result<std::unique_ptr<LocalEndpoints>> make(Means means, const Config& config);
  /// Answers what waits, and stops the servers.
  ~LocalEndpoints();

  /// Listens, and tries again for as long as something else has a port; until `stop`.
  Async<void> serve(std::stop_token stop);

  /// From here on these are the instance and its tasks; whatever was shown before is gone.
  void show(const Engine& engine);
  /// Takes in what one call of the engine changed.
  void update(const Output& output, const Engine& engine, const std::vector<PullStatus>& pulls);
  /// Shows the progress of pulls; to be called now and then.
  void refresh(const Engine& engine, const std::vector<PullStatus>& pulls);
  /// Where the instance is, as the controller has it; empty: not known. For documents from the next change
  /// on.
  /// Whether that is news.
  bool setZone(const std::string& zone) { return std::exchange(facts_.availabilityZone, zone) != zone; }
  /// One more reading of a container.
  void putUsage(const std::string& runtimeId, const SharedUsage& usage, const HostUsage& host);
  /// What keeps the agent from doing its work; empty: nothing. Shown by /health.
  void setTrouble(std::string trouble) { trouble_.set(std::move(trouble)); }
  void reconfigure(const Config& config);

  endpoints::Directory& directory() { return directory_; }

 private:
  LocalEndpoints(Means means, const Config& config);
  void put(const Task& task, const Engine& engine, const std::vector<PullStatus>& pulls);
  void putCredentials(const Task& task);
  std::vector<endpoints::PeerOwner> ownersOf(const std::string& address) const;
  bool listen(endpoints::RestServer& server, const ListenAddress& address, const char* setting,
              endpoints::RestServer::Handler handler, bool first);

  Means means_;
  ListenAddress taskAddress_;
  ListenAddress introspectionAddress_;
  endpoints::Directory directory_;
  endpoints::PeerLookup peers_;
  std::unique_ptr<endpoints::AuditFile> audit_;
  endpoints::Trouble trouble_;
  endpoints::StartMetrics starts_;
  std::set<std::string> shown_;
  endpoints::InstanceFacts facts_;
  endpoints::RestServer taskHttp_;
  endpoints::RestServer introspectionHttp_;
  std::unique_ptr<endpoints::TaskServer> tasks_;
};

}  // namespace berth::agent
