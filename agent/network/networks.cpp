#include "agent/network/networks.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "agent/network/net_namespace.hpp"
#include "agent/network/plugin_process.hpp"

namespace berth::agent::network {
namespace {

constexpr const char* kInterface = "eth0";
constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// A port costs the plugin portmap three runs of iptables.
constexpr Duration kPerPort = std::chrono::milliseconds(200);

Result<Chain> readChain(const std::string& setting, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return makeError(Code::InvalidArgument,
                     setting + " " + path + " can't be read: name a CNI network configuration list");
  }
  return parseChain(text.str(), setting + " " + path);
}

/// Where the service manager keeps the rights for it from the agent, the page about settings says how to give
/// them.
Error withWayOut(Error error) {
  if (error.code == Code::PermissionDenied)
    error.message += ": networks of containers take rights that its unit has by berth-agent-containerd.conf";
  return error;
}

Error closed() { return makeError(Code::Cancelled, "the agent is stopping"); }

Result<Attachment> attachmentOf(const Record& record) {
  auto addresses = addressesOf(record.result);
  if (!addresses) return addresses.error();
  Attachment out;
  out.addresses = std::move(*addresses);
  out.ports = record.ports;
  return out;
}

}  // namespace

/// One coroutine at a time works at a container's network.
class Networks::Turn {
 public:
  Turn(Networks& networks, std::string id) : networks_(networks), id_(std::move(id)) {}
  ~Turn() {
    networks_.busy_.erase(id_);
    networks_.freed_.set();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Networks& networks_;
  std::string id_;
};

Networks::Hold::~Hold() {
  const auto found = networks_->holds_.find(id_);
  if (--found->second == 0) networks_->holds_.erase(found);
}

Networks::Networks(NetworkOptions options, Chain chain, std::optional<Chain> tasks, AddressPool pool,
                   Log& log)
    : options_(std::move(options)),
      chain_(std::move(chain)),
      tasks_(std::move(tasks)),
      addresses_(pool),
      log_(log),
      folder_(options_.folder),
      held_(options_.ports),
      pool_(std::make_unique<BlockingPool>(1)) {}

Result<std::unique_ptr<Networks>> Networks::make(NetworkOptions options, Log& log) {
  const RecordFolder folder(options.folder);
  auto chain = options.conflist.empty()
                   ? parseChain(bridgeChain(options.subnet, folder.addresses()), "the agent's own network")
                   : readChain("network.conflist", options.conflist);
  if (!chain) return chain.error();
  std::optional<Chain> tasks;
  if (!options.taskConflist.empty()) {
    auto read = readChain("network.task_conflist", options.taskConflist);
    if (!read) return read.error();
    tasks = std::move(*read);
  }
  const auto pool = AddressPool::parse(options.taskSubnet);
  if (!pool) {
    return makeError(Code::InvalidArgument,
                     "network.task_subnet " + options.taskSubnet + " is no network like 10.191.0.0/20");
  }
  if (Status ready = folder.prepare(); !ready) return ready.error();
  std::unique_ptr<Networks> out(
      new Networks(std::move(options), std::move(*chain), std::move(tasks), *pool, log));
  out->load();
  return out;
}

void Networks::load() {
  for (auto& [id, record] : folder_.load()) {
    Entry entry;
    entry.stamp = ++lastStamp_;
    if (record.chain.empty() && record.address.empty()) {
      log_.warn("the record of a network is damaged: it is undone when its container is gone",
                {{"container", id}});
      record.chain = chain_.text;
    }
    for (const PortMapping& lost : held_.takeAgain(id, record.ports)) {
      log_.warn("a host port of a container is somebody else's, too, since the agent was away",
                {{"container", id}, {"port", lost.hostPort}, {"protocol", lost.protocol}});
    }
    // A host that has restarted has the record still.
    auto attachment = attachmentOf(record);
    if (attachment && isNamespace(namespacePath(id))) entry.attachment = std::move(*attachment);
    entry.record = std::move(record);
    entries_.emplace(id, std::move(entry));
  }
}

Async<std::unique_ptr<Networks::Turn>> Networks::turnOf(std::string id) {
  while (busy_.contains(id)) {
    freed_.reset();
    co_await freed_.wait();
  }
  busy_.insert(id);
  co_return std::make_unique<Turn>(*this, std::move(id));
}

Async<Status> Networks::inThread(std::function<Status()> work) {
  if (!pool_) co_return closed();
  co_return co_await pool_->run(std::move(work));
}

const Attachment* Networks::find(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() || !found->second.attachment ? nullptr : &*found->second.attachment;
}

Async<Result<std::string>> Networks::call(std::string id, const Chain& chain, const Plugin& plugin,
                                          std::string command, std::string input, size_t ports) {
  ProgramCall program;
  program.command = {options_.plugins + "/" + plugin.type};
  const std::string path = namespacePath(id);
  // Without a namespace a plugin deletes what it has outside of it.
  program.environment = {kPath,
                         "CNI_COMMAND=" + command,
                         "CNI_CONTAINERID=" + id,
                         "CNI_NETNS=" + (isNamespace(path) ? path : std::string()),
                         "CNI_IFNAME=" + std::string(kInterface),
                         "CNI_PATH=" + options_.plugins};
  program.input = std::move(input);
  program.limit = options_.limit + kPerPort * static_cast<int64_t>(ports);
  const auto end = co_await runProgram(std::move(program));
  if (!end) co_return end.error().in("CNI plugin " + plugin.type + " (" + command + ")");
  if (end->code != 0) co_return pluginFailure(plugin.type, command, end->code, end->output, end->errors);
  co_return end->output;
}

Async<std::unique_ptr<Networks::Turn>> Networks::aloneAtFirst(std::string type) {
  if (proven_.contains(type)) co_return nullptr;
  auto turn = co_await turnOf("plugin " + type);
  if (proven_.contains(type)) co_return nullptr;
  co_return turn;
}

Async<Result<std::string>> Networks::add(std::string id, const Chain& chain, std::vector<PortMapping> ports) {
  std::string result;
  for (const Plugin& plugin : chain.plugins) {
    if (!isNeeded(plugin, ports)) continue;
    std::string input = pluginInput(chain, plugin, ports, result);
    const auto alone = co_await aloneAtFirst(plugin.type);
    auto answer = co_await call(id, chain, plugin, "ADD", std::move(input), ports.size());
    if (!answer) {
      proven_.erase(plugin.type);
      co_return answer;
    }
    proven_.insert(plugin.type);
    result = std::move(*answer);
  }
  co_return result;
}

/// All of them are asked, in the reverse order, also behind one that fails.
Async<Status> Networks::remove(std::string id, Record record) {
  if (!record.address.empty()) {
    std::function<Status()> work = [id, path = namespacePath(id)] { return removeTaskLink(id, path); };
    co_return co_await inThread(std::move(work));
  }
  const auto chain = parseChain(record.chain, "the record of a network");
  if (!chain) co_return chain.error();
  Status first;
  for (auto plugin = chain->plugins.rbegin(); plugin != chain->plugins.rend(); ++plugin) {
    if (!isNeeded(*plugin, record.ports)) continue;
    std::string input = pluginInput(*chain, *plugin, record.ports, record.result);
    const auto done = co_await call(id, *chain, *plugin, "DEL", std::move(input), record.ports.size());
    if (!done && first) first = done.error();
  }
  co_return first;
}

Async<bool> Networks::isRight(std::string id, Record record) {
  if (!record.address.empty()) co_return isTaskLinked(id, namespacePath(id));
  if (!isNamespace(namespacePath(id))) co_return false;
  const auto chain = parseChain(record.chain, "the record of a network");
  if (!chain) co_return false;
  for (const Plugin& plugin : chain->plugins) {
    if (!chain->checks || !isNeeded(plugin, record.ports)) continue;
    std::string input = pluginInput(*chain, plugin, record.ports, record.result);
    const auto right = co_await call(id, *chain, plugin, "CHECK", std::move(input), record.ports.size());
    if (!right) co_return false;
  }
  co_return true;
}

/// Asked before anything is done, so that there is nothing to undo.
Status Networks::installed(const Chain& chain) const {
  for (const Plugin& plugin : chain.plugins) {
    const std::string program = options_.plugins + "/" + plugin.type;
    if (::access(program.c_str(), X_OK) == 0) continue;
    return makeError(Code::FailedPrecondition,
                     "the CNI plugin " + plugin.type + " of network " + chain.name + " is not at " + program +
                         ": install the package containernetworking-plugins, or set network.plugins");
  }
  return {};
}

std::vector<OwnNetwork> Networks::ownNetworks() const {
  std::vector<OwnNetwork> out;
  if (options_.conflist.empty()) out.push_back({kBridge, options_.subnet});
  if (!tasks_) out.push_back({kTaskBridge, options_.taskSubnet, !options_.tasksMetadata});
  return out;
}

Async<Status> Networks::forward() {
  std::vector<OwnNetwork> networks = ownNetworks();
  if (networks.empty()) co_return Status();
  const auto turn = co_await turnOf("");
  if (forwards_) co_return Status();
  std::vector<std::string> environment = {kPath};
  Status allowed = co_await allowForwarding(std::move(networks), std::move(environment));
  forwards_ = allowed.ok();
  co_return allowed;
}

Async<Result<Attachment>> Networks::attach(std::string id, std::vector<PortMapping> ports) {
  Record wanted;
  wanted.ports = std::move(ports);
  co_return co_await attachAs(std::move(id), std::move(wanted));
}

Async<Result<Attachment>> Networks::attachAs(std::string id, Record wanted) {
  const auto turn = co_await turnOf(id);
  if (const auto found = entries_.find(id); found != entries_.end()) {
    if (found->second.attachment && co_await isRight(id, found->second.record)) {
      found->second.stamp = ++lastStamp_;
      co_return *found->second.attachment;
    }
    wanted.address = found->second.record.address;
    if (Status gone = co_await undo(id); !gone) co_return gone.error();
  }
  auto made = co_await makeAnew(id, std::move(wanted));
  if (made) co_return made;
  if (Status gone = co_await undo(id); !gone)
    log_.warn("a network stays for now", {{"container", id}, {"error", gone.error().message}});
  co_return made;
}

Async<Result<Attachment>> Networks::makeAnew(std::string id, Record record) {
  const bool own = record.task && !tasks_;
  const bool mapsPorts = std::ranges::any_of(chain_.plugins, &Plugin::mapsPorts);
  if (!record.ports.empty() && !mapsPorts) {
    co_return makeError(
        Code::FailedPrecondition,
        "network " + chain_.name +
            " can't publish ports: no plugin of network.conflist declares the capability portMappings");
  }
  if (!own) {
    if (Status there = installed(chainOf(record)); !there) co_return there.error();
    record.chain = chainOf(record).text;
    record.address.clear();
  }
  auto bound = held_.take(id, std::move(record.ports));
  if (!bound) co_return bound.error();
  record.ports = std::move(*bound);
  if (Status chosen = own ? chooseAddress(record) : Status(); !chosen) co_return chosen.error();
  entries_[id] = Entry{record, std::nullopt, ++lastStamp_};
  if (Status written = folder_.write(id, record); !written) co_return written.error();
  if (Status forwards = co_await forward(); !forwards) co_return forwards.error();
  auto result = own ? co_await linkTask(id, record.address) : co_await join(id, record);
  if (!result) co_return withWayOut(result.error());
  record.result = std::move(*result);
  auto attachment = attachmentOf(record);
  if (!attachment) co_return attachment;
  if (Status written = folder_.write(id, record); !written) co_return written.error();
  entries_[id].record = std::move(record);
  entries_[id].attachment = *attachment;
  co_return attachment;
}

/// By the plugins.
Async<Result<std::string>> Networks::join(std::string id, Record record) {
  std::function<Status()> work = [path = namespacePath(id)] { return makeNamespace(path); };
  if (Status made = co_await inThread(std::move(work)); !made) co_return made.error();
  auto result = co_await add(id, chainOf(record), record.ports);
  if (!result || !record.task || options_.tasksMetadata) co_return result;
  work = [path = namespacePath(id)] { return closeMetadata(path); };
  if (Status closed = co_await inThread(std::move(work)); !closed) co_return closed.error();
  co_return result;
}

/// The caller has the turn.
Async<Status> Networks::undo(std::string id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) co_return Status();
  found->second.attachment.reset();
  Status undone = co_await remove(id, found->second.record);
  // It goes in any case: with it goes all that plugins have made inside.
  std::function<Status()> work = [path = namespacePath(id)] { return removeNamespace(path); };
  if (Status removed = co_await inThread(std::move(work)); !removed && undone) undone = removed;
  if (!undone) co_return undone;
  held_.release(id);
  folder_.erase(id);
  entries_.erase(id);
  co_return Status();
}

Async<Status> Networks::release(std::string id) {
  claimed_.erase(id);
  const auto turn = co_await turnOf(id);
  co_return co_await undo(id);
}

uint64_t Networks::stamp(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() || holds_.contains(id) ? 0 : found->second.stamp;
}

Async<Status> Networks::release(std::string id, uint64_t stamp) {
  const auto turn = co_await turnOf(id);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.stamp != stamp || holds_.contains(id) || claimed_.contains(id))
    co_return Status();
  co_return co_await undo(id);
}

Networks::Candidates Networks::candidates() const {
  Candidates out;
  for (const auto& [id, entry] : entries_) {
    if (!holds_.contains(id) && !busy_.contains(id) && !claimed_.contains(id)) out.emplace(id, entry.stamp);
  }
  return out;
}

bool Networks::hasLeftovers() const {
  return std::ranges::any_of(entries_, [&](const auto& one) {
    const bool lost = !one.second.attachment || (one.second.record.task && !claimed_.contains(one.first));
    return lost && !holds_.contains(one.first) && !busy_.contains(one.first);
  });
}

Async<void> Networks::sweep(Candidates candidates, std::set<std::string> living) {
  for (const auto& [id, stamp] : candidates) {
    if (living.contains(id)) continue;
    const Status undone = co_await release(id, stamp);
    if (undone) {
      log_.info("took back the network of a container that is gone", {{"container", id}});
    } else {
      log_.warn("can't take back the network of a container that is gone",
                {{"container", id}, {"error", undone.error().message}});
    }
  }
  for (const std::string& id : folder_.namespaces()) {
    const auto turn = co_await turnOf(id);
    if (entries_.contains(id)) continue;
    std::function<Status()> work = [path = namespacePath(id)] { return removeNamespace(path); };
    if (Status removed = co_await inThread(std::move(work)); !removed)
      log_.warn("a network namespace stays", {{"container", id}, {"error", removed.error().message}});
  }
  for (const std::string& id :
       options_.conflist.empty() ? folder_.addressOwners() : std::vector<std::string>()) {
    const auto turn = co_await turnOf(id);
    if (entries_.contains(id)) continue;
    Record record;
    record.chain = chain_.text;
    if (Status removed = co_await remove(id, std::move(record)); !removed)
      log_.warn("an address stays taken", {{"container", id}, {"error", removed.error().message}});
  }
  // Whoever emptied the packet filter meanwhile took the running containers' way out.
  forwards_ = false;
  if (entries_.empty()) co_return;
  if (Status forwards = co_await forward(); !forwards)
    log_.warn("containers may have no way out", {{"error", forwards.error().message}});
}

}  // namespace berth::agent::network
