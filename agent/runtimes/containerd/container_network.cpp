// How containers join networks, and what they are told of each other.
#include <algorithm>
#include <set>
#include <utility>

#include "agent/runtimes/containerd/containers.hpp"

namespace berth::agent::containerd {
namespace {

struct Link {
  std::string container;  ///< by its name
  std::string alias;
};

Link linkOf(const std::string& text) {
  const size_t colon = text.find(':');
  return Link{text.substr(0, colon), text.substr(colon + 1)};
}

/// "ip-10-191-0-5.berth.internal"
std::string hostnameOf(const network::Addresses& addresses) {
  std::string out = "ip-" + (addresses.ipv4.empty() ? addresses.ipv6 : addresses.ipv4);
  std::ranges::replace_if(out, [](char c) { return c == '.' || c == ':'; }, '-');
  return out + ".berth.internal";
}

const std::string& addressOf(const network::Attachment& attachment) {
  const network::Addresses& all = attachment.addresses;
  return all.ipv4.empty() ? all.ipv6 : all.ipv4;
}

}  // namespace

/// Lines of /etc/hosts: its own address, and those of the containers that it links to.
Result<std::string> Containers::hostLines(const std::string& id, const KeptNetwork& network) const {
  const bool shared = !network.task.empty();
  const network::Attachment* own = parts_.networks.find(shared ? network.task : id);
  if (!own) return makeError(Code::FailedPrecondition, "the container has no network");
  std::string out = addressOf(*own) + "\t" + network.hostname + "\n";
  for (const std::string& text : network.links) {
    const Link link = linkOf(text);
    const network::Attachment* other = parts_.networks.find(idOf(link.container));
    if (!other) {
      return makeError(Code::FailedPrecondition,
                       "Cannot link to a non running container: " + link.container + " AS " + link.alias);
    }
    out += addressOf(*other) + "\t" + link.alias + " " + link.container + "\n";
  }
  return out;
}

/// Also those that link to it: its address is another than before.
Status Containers::tellHosts(const std::string& id, const KeptNetwork& network) {
  const auto lines = hostLines(id, network);
  if (!lines) return lines.error();
  if (Status written = parts_.files.addHosts(id, *lines); !written) return written;
  const auto namesIt = [&](const std::string& link) { return idOf(linkOf(link).container) == id; };
  for (const auto& [other, its] : linked_) {
    if (other == id || std::ranges::none_of(its.links, namesIt)) continue;
    const auto others = hostLines(other, its);
    const Status told = others ? parts_.files.addHosts(other, *others) : Status(others.error());
    if (!told) {
      parts_.log.warn("a container has an old address of one that it links to",
                      {{"container", other}, {"error", told.error().message}});
    }
  }
  return {};
}

/// `created`: its task is there already, in the namespace that it had then.
Async<Status> Containers::join(std::string id, ContainerRecord record, bool created) {
  if (record.network.mode == kTaskNetworkMode) {
    if (parts_.networks.find(record.network.task)) co_return tellHosts(id, record.network);
    co_return makeError(Code::FailedPrecondition, "the task's network is gone");
  }
  if (record.network.mode != "bridge") co_return Status();
  if (created && parts_.networks.find(id)) co_return Status();
  if (created) {
    if (Status deleted = co_await parts_.api.deleteTask(id); !deleted) co_return deleted;
  }
  const auto joined = co_await parts_.networks.attach(id, record.network.ports);
  if (!joined && joined.error().code == Code::Internal) {
    co_return makeError(Code::FailedPrecondition, joined.error().message);
  }
  if (!joined) co_return joined.error();
  co_return tellHosts(id, record.network);
}

void Containers::putNetwork(RuntimeContainer& out, const KeptNetwork& network) {
  if (out.state != RunState::Running || network.links.empty()) {
    linked_.erase(out.id);
  } else {
    linked_[out.id] = network;
  }
  const network::Attachment* found = parts_.networks.find(network.task.empty() ? out.id : network.task);
  if (out.state != RunState::Running || !found) return;
  out.ports = found->ports;
  NetworkAddress& address = out.networks.front();
  address.ipv4 = found->addresses.ipv4;
  address.ipv6 = found->addresses.ipv6;
  address.mac = found->addresses.mac;
}

/// In place of its own: what all containers of its task share.
Status Containers::putTaskNetwork(SpecSite& site, ContainerWish& wish) const {
  if (wish.taskNetwork.empty()) return {};
  const network::Attachment* found = parts_.networks.find(wish.taskNetwork);
  if (!found) return makeError(Code::FailedPrecondition, "the task has no network");
  site.networkNamespace = parts_.networks.namespacePath(wish.taskNetwork);
  if (wish.hostname.empty()) site.hostname = hostnameOf(found->addresses);
  if (wish.dns.empty()) wish.dns = found->addresses.nameServers;
  if (wish.dnsSearch.empty()) wish.dnsSearch = found->addresses.searchDomains;
  return {};
}

Async<Result<TaskNetwork>> Containers::ensureNetwork(std::string taskId) {
  const auto made = co_await parts_.networks.attachTask(taskId);
  if (!made) co_return made.error();
  const network::Addresses& from = made->addresses;
  const Resolver host = hostResolver();
  TaskNetwork out;
  out.ipv4 = from.ipv4;
  out.ipv6 = from.ipv6;
  out.mac = from.mac;
  out.subnet = from.subnet;
  out.gateway = from.gateway;
  out.hostname = hostnameOf(from);
  out.nameServers = from.nameServers.empty() ? host.servers : from.nameServers;
  out.searchDomains = from.searchDomains.empty() ? host.searchDomains : from.searchDomains;
  co_return out;
}

Async<Result<std::monostate>> Containers::removeNetwork(std::string taskId) {
  if (Status removed = co_await parts_.networks.release(std::move(taskId)); !removed)
    co_return removed.error();
  co_return std::monostate{};
}

/// Ids of tasks that have containers, whatever state these are in; nullopt: nobody knows.
Async<std::optional<std::set<std::string>>> Containers::usedTaskNetworks() {
  const auto all = co_await parts_.api.containers();
  if (!all) co_return std::nullopt;
  std::set<std::string> out;
  for (const StoredContainer& stored : *all) {
    if (const auto record = decodeRecord(stored.record); record) out.insert(record->network.task);
  }
  co_return out;
}

Async<void> Containers::sweepNetworks() {
  const network::Networks::Candidates candidates = parts_.networks.candidates();
  std::set<std::string> living;
  std::vector<std::string> ofTasks;
  for (const auto& [id, stamp] : candidates) {
    if (parts_.networks.isTask(id)) {
      ofTasks.push_back(id);
      continue;
    }
    // One by one: a list leaves out those whose shim does not answer.
    const auto task = co_await parts_.api.task(id);
    if (!task || (*task && (*task)->status != TaskStatus::Stopped)) living.insert(id);
  }
  if (!ofTasks.empty()) {
    const auto used = co_await usedTaskNetworks();
    for (const std::string& id : ofTasks) {
      if (!used || used->contains(id)) living.insert(id);
    }
  }
  co_await parts_.networks.sweep(candidates, std::move(living));
}

}  // namespace berth::agent::containerd
