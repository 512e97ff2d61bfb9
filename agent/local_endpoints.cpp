#include "agent/local_endpoints.hpp"

#include <utility>

#include "agent/endpoints/answer.hpp"
#include "agent/endpoints/metrics.hpp"
#include "agent/endpoints/task_view.hpp"
#include "agent/options.hpp"

namespace berth::agent {
namespace {

using endpoints::Request;
using endpoints::Response;
using endpoints::RoleCredentials;

constexpr auto kListenAgain = std::chrono::seconds(5);
constexpr size_t kServerThreads = 2;
constexpr const char* kLicense =
    "Berth is distributed under the terms of the file LICENSE that comes with it.\n";

}  // namespace

LocalEndpoints::LocalEndpoints(Means means, const Config& config)
    : means_(means),
      taskAddress_(config.endpoints.tasks),
      introspectionAddress_(config.endpoints.introspection),
      taskHttp_(means.log, means.clock),
      introspectionHttp_(means.log, means.clock) {}

Result<std::unique_ptr<LocalEndpoints>> LocalEndpoints::make(Means means, const Config& config) {
  if (Status threads = endpoints::RestServer::useThreads(kServerThreads); !threads) return threads.error();
  std::unique_ptr<LocalEndpoints> out(new LocalEndpoints(means, config));
  if (!config.endpoints.auditLog.empty()) {
    auto audit = endpoints::AuditFile::open(config.endpoints.auditLog);
    if (!audit) return audit.error();
    out->audit_ = std::move(*audit);
  }
  LocalEndpoints* self = out.get();
  if (means.traces) means.traces->listen([self](const StartMark& mark) { self->starts_.observe(mark); });
  endpoints::TaskServerOptions options;
  options.rate = rateOptions(config);
  out->tasks_ = std::make_unique<endpoints::TaskServer>(
      endpoints::TaskServerDeps{
          .directory = out->directory_,
          .clock = means.clock,
          .later = [self](Duration delay,
                          std::function<void()> work) { self->taskHttp_.later(delay, std::move(work)); },
          .peers = [self](const std::string& address) { return self->ownersOf(address); },
          .protection = &means.protection,
          .tags = means.tags,
          .audit =
              [self](const std::string& line) {
                if (self->audit_) self->audit_->write(line);
              }},
      options);
  return out;
}

LocalEndpoints::~LocalEndpoints() {
  if (means_.traces) means_.traces->listen({});
  tasks_->stop();
  taskHttp_.stop();
  introspectionHttp_.stop();
}

std::vector<endpoints::PeerOwner> LocalEndpoints::ownersOf(const std::string& address) const {
  return peers_.owners(address, taskHttp_.portsOf(address));
}

bool LocalEndpoints::listen(endpoints::RestServer& server, const ListenAddress& address, const char* setting,
                            endpoints::RestServer::Handler handler, bool first) {
  endpoints::RestOptions options;
  options.address = address.host;
  options.port = address.port;
  Status listening = server.start(std::move(options), std::move(handler));
  if (listening) return true;
  if (first) {
    means_.log.error("can't serve a local endpoint: trying again and again",
                     {{"setting", setting}, {"reason", listening.error().message}});
  }
  return false;
}

Async<void> LocalEndpoints::serve(std::stop_token stop) {
  const auto metadata = [this](Request request, std::function<void(Response)> reply) {
    tasks_->handle(std::move(request), std::move(reply));
  };
  const auto introspect = [this](const Request& request, const std::function<void(Response)>& reply) {
    const endpoints::IntrospectionSources sources{
        [this] { return endpoints::metricsText(directory_) + starts_.text(); },
        [this] { return trouble_.status(); }, kLicense};
    reply(answerIntrospection(request, directory_, sources));
  };
  bool tasks = false;
  bool people = false;
  for (bool first = true;; first = false) {
    if (!tasks) tasks = listen(taskHttp_, taskAddress_, "endpoints.task_address", metadata, first);
    if (!people) {
      people = listen(introspectionHttp_, introspectionAddress_, "endpoints.introspection_address",
                      introspect, first);
    }
    if (tasks && people) break;
    if (!co_await sleepFor(kListenAgain, stop)) co_return;
  }
  means_.log.info("serving the local endpoints",
                  {{"tasks", taskAddress_.port}, {"introspection", introspectionAddress_.port}});
}

void LocalEndpoints::show(const Engine& engine) {
  for (const std::string& arn : std::exchange(shown_, {})) directory_.erase(arn);
  directory_.setInstance({engine.identity().cluster, engine.identity().instanceArn, BERTH_VERSION});
  for (const auto& [arn, task] : engine.tasks()) put(task, engine, {});
}

void LocalEndpoints::update(const Output& output, const Engine& engine,
                            const std::vector<PullStatus>& pulls) {
  for (const std::string& arn : output.touched) {
    if (auto it = engine.tasks().find(arn); it != engine.tasks().end()) put(it->second, engine, pulls);
  }
  for (const std::string& arn : output.erase) {
    directory_.erase(arn);
    shown_.erase(arn);
  }
}

void LocalEndpoints::refresh(const Engine& engine, const std::vector<PullStatus>& pulls) {
  if (pulls.empty()) return;
  for (const auto& [arn, task] : engine.tasks()) {
    if (endpoints::isPulling(task)) put(task, engine, pulls);
  }
}

void LocalEndpoints::put(const Task& task, const Engine& engine, const std::vector<PullStatus>& pulls) {
  const auto waiting = engine.waiting(task.arn, means_.clock.now());
  auto view = endpoints::viewOf(task, engine.identity(), facts_, waiting, pulls);
  if (means_.traces) view.start = means_.traces->find(task.arn);
  directory_.put(std::make_shared<const endpoints::TaskView>(std::move(view)));
  shown_.insert(task.arn);
  putCredentials(task);
}

void LocalEndpoints::putCredentials(const Task& task) {
  const auto one = [&](const std::string& id, const std::optional<acs::Credentials>& held,
                       RoleCredentials::Role role) {
    if (id.empty()) return;
    if (held) {
      directory_.putCredentials(id, endpoints::credentialsOf(*held, task.arn, role));
    } else {
      directory_.announceCredentials(id, task.arn, role);
    }
  };
  one(task.roleId, task.spec.roleCredentials, RoleCredentials::Role::Task);
  one(task.executionRoleId, task.spec.executionCredentials, RoleCredentials::Role::Execution);
}

void LocalEndpoints::putUsage(const std::string& runtimeId, const SharedUsage& usage, const HostUsage& host) {
  directory_.putStats(runtimeId, {means_.clock.now().wall, usage, host});
}

void LocalEndpoints::reconfigure(const Config& config) { tasks_->limitRate(rateOptions(config)); }

}  // namespace berth::agent
