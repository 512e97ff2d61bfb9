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

const std::string& addressOf(const network::Attachment& attachment) {
  const network::Addresses& all = attachment.addresses;
  return all.ipv4.empty() ? all.ipv6 : all.ipv4;
}

}  // namespace

/// Lines of /etc/hosts: its own address, and those of the containers that it links to.
Result<std::string> Containers::hostLines(const std::string& id, const KeptNetwork& network) const {
  const network::Attachment* own = parts_.networks.find(id);
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
  const network::Attachment* found = parts_.networks.find(out.id);
  if (out.state != RunState::Running || !found) return;
  out.ports = found->ports;
  NetworkAddress& address = out.networks.front();
  address.ipv4 = found->addresses.ipv4;
  address.ipv6 = found->addresses.ipv6;
  address.mac = found->addresses.mac;
}

Async<void> Containers::sweepNetworks() {
  const network::Networks::Candidates candidates = parts_.networks.candidates();
  std::set<std::string> living;
  for (const auto& [id, stamp] : candidates) {
    // One by one: a list leaves out those whose shim does not answer.
    const auto task = co_await parts_.api.task(id);
    if (!task || (*task && (*task)->status != TaskStatus::Stopped)) living.insert(id);
  }
  co_await parts_.networks.sweep(candidates, std::move(living));
}

}  // namespace berth::agent::containerd
