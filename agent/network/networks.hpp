// The networks of containers, and of tasks: a namespace each, joined by CNI plugins or by the agent itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/network/chain.hpp"
#include "agent/network/forwarding.hpp"
#include "agent/network/held_ports.hpp"
#include "agent/network/records.hpp"
#include "agent/network/task_link.hpp"
#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "common/async/blocking_pool.hpp"
#include "common/log/log.hpp"
#include "common/result/result.hpp"

namespace berth::agent::network {

struct NetworkOptions {
  std::string folder;                    ///< records, namespaces and addresses are kept below
  std::string plugins = "/usr/lib/cni";  ///< the folder of the plugins' programs
  std::string subnet = "10.190.0.0/20";  ///< of the agent's own bridge
  std::string conflist;  ///< a file with a list of plugins, in place of the bridge; empty: none
  std::string taskSubnet = "10.191.0.0/20";  ///< of tasks with an address of their own
  std::string taskConflist;    ///< a list of plugins in place of the agent's own network of tasks
  bool tasksMetadata = false;  ///< such tasks reach 169.254.169.254
  PortRules ports;
  Duration limit = std::chrono::seconds(30);  ///< for one plugin; more where there are many ports
};

/// A container's network as it is.
struct Attachment {
  Addresses addresses;
  std::vector<PortMapping> ports;  ///< as bound; host ports are never 0
};

/// The intent is recorded before a namespace, a port or a plugin is touched, and the record goes when all of
/// it is undone: whatever a crash leaves is found again by sweep(). One loop; must outlive its coroutines.
class Networks {
 public:
  /// InvalidArgument when the conflist can't be read or is none. Nothing of the host is touched but the
  /// folder.
  static Result<std::unique_ptr<Networks>> make(NetworkOptions options, Log& log);

  /// Before the loop goes: namespaces are made by a thread of its own.
  void close() { pool_.reset(); }

  /// Keeps sweep() from a container's network while it is about to be used.
  class Hold {
   public:
    Hold(Networks& networks, std::string id) : networks_(&networks), id_(std::move(id)) {
      ++networks_->holds_[id_];
    }
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Networks* networks_;
    std::string id_;
  };

  /// Where a container's namespace is, or will be.
  std::string namespacePath(const std::string& id) const { return folder_.namespacePath(id); }

  /// Makes the network of a container that does not run: its namespace, addresses and published ports. One
  /// that is there is the answer if the plugins still find it right, and made anew otherwise. Nothing is left
  /// behind by a failure, or sweep() finds it. Errors: those of HeldPorts and of the plugins;
  /// FailedPrecondition, with the way out, where a plugin is not installed.
  Async<Result<Attachment>> attach(std::string id, std::vector<PortMapping> ports);
  /// The same for a task, whose containers share it, by the task's id: an address on the agent's own network
  /// of tasks, or by the plugins of the list for them. It is the task's until release(), and its address
  /// stays the same where it has to be made anew. sweep() leaves it alone once this was called.
  Async<Result<Attachment>> attachTask(std::string id);
  /// nullptr: it has none, or one that is not complete.
  const Attachment* find(const std::string& id) const;
  /// Undoes it; one that is gone, or never was, is success. What could not be undone is tried again by
  /// sweep().
  Async<Status> release(std::string id);
  /// A number that tells one network of a container from those that attach() makes, or finds right, later. 0:
  /// there is none, or it is held.
  uint64_t stamp(const std::string& id) const;
  /// release(), if the network is still the one that had this stamp when its container was looked at.
  Async<Status> release(std::string id, uint64_t stamp);

  /// Stamps by id of what may be swept: taken before the runtime is asked which containers live.
  using Candidates = std::map<std::string, uint64_t>;
  Candidates candidates() const;
  /// Whether it is, or was, a task's.
  bool isTask(const std::string& id) const;
  /// Whether something could not be undone, so that it is worth another sweep.
  bool hasLeftovers() const;
  /// Undoes the networks of those candidates that are not among `living`, and removes what no record tells
  /// of.
  Async<void> sweep(Candidates candidates, std::set<std::string> living);

 private:
  struct Entry {
    Record record;
    std::optional<Attachment> attachment;
    uint64_t stamp = 0;
  };
  class Turn;

  /// `tasks`: the list of plugins for tasks; nullopt: the agent's own network.
  Networks(NetworkOptions options, Chain chain, std::optional<Chain> tasks, AddressPool pool, Log& log);
  void load();
  Async<std::unique_ptr<Turn>> turnOf(std::string id);
  Async<Result<Attachment>> attachAs(std::string id, Record wanted);
  Async<Result<Attachment>> makeAnew(std::string id, Record record);
  Async<Result<std::string>> join(std::string id, Record record);
  Async<Status> undo(std::string id);
  const Chain& chainOf(const Record& record) const { return record.task && tasks_ ? *tasks_ : chain_; }
  Status chooseAddress(Record& record);
  Async<Result<std::string>> linkTask(std::string id, std::string address);
  /// Whoever holds the turn runs the plugin alone; null: it need not be. What all containers share, such as
  /// chains of the packet filter, a plugin makes when it misses it, and of two that do so at once one fails
  /// (portmap on nftables). So the first one is run alone, and so is the next after a failure.
  Async<std::unique_ptr<Turn>> aloneAtFirst(std::string type);
  Async<Result<std::string>> add(std::string id, const Chain& chain, std::vector<PortMapping> ports);
  Async<Status> remove(std::string id, Record record);
  Async<bool> isRight(std::string id, Record record);
  Async<Result<std::string>> call(std::string id, const Chain& chain, const Plugin& plugin,
                                  std::string command, std::string input, size_t ports);
  Async<Status> inThread(std::function<Status()> work);
  Async<Status> forward();
  Status installed(const Chain& chain) const;
  std::vector<OwnNetwork> ownNetworks() const;

  NetworkOptions options_;
  Chain chain_;
  std::optional<Chain> tasks_;
  AddressPool addresses_;
  std::set<std::string> claimed_;  ///< tasks that attachTask() was asked for, until release()
  Log& log_;
  RecordFolder folder_;
  HeldPorts held_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, int> holds_;
  std::set<std::string> busy_;  ///< ids that a coroutine is at
  Event freed_;
  uint64_t lastStamp_ = 0;
  std::set<std::string> proven_;  ///< types of plugins whose last ADD has succeeded
  bool forwards_ = false;         ///< the packet filter has been told
  std::unique_ptr<BlockingPool> pool_;
};

}  // namespace berth::agent::network
