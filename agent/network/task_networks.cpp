// Networks of tasks, which their containers share.
#include <utility>

#include "agent/network/networks.hpp"

namespace berth::agent::network {

bool Networks::isTask(const std::string& id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.record.task;
}

/// The one that it had, if that is still free.
Status Networks::chooseAddress(Record& record) {
  std::set<uint32_t> taken;
  for (const auto& [id, entry] : entries_) {
    if (const auto one = parseIpv4(entry.record.address)) taken.insert(*one);
  }
  const auto chosen = addresses_.choose(taken, parseIpv4(record.address).value_or(0));
  if (!chosen) {
    return makeError(Code::ResourceExhausted,
                     "network.task_subnet " + options_.taskSubnet +
                         " has no free address left: " + std::to_string(taken.size()) + " tasks have them");
  }
  record.address = formatIpv4(*chosen);
  return {};
}

Async<Result<std::string>> Networks::linkTask(std::string id, std::string address) {
  TaskLink link;
  link.address = parseIpv4(address).value_or(0);
  link.gateway = addresses_.gateway();
  link.bits = addresses_.bits();
  link.closesMetadata = !options_.tasksMetadata;
  const std::string path = namespacePath(id);
  std::function<Status()> work = [id, path, link, pool = addresses_] {
    if (Status made = makeTaskBridge(pool); !made) return made;
    return makeTaskLink(id, path, link);
  };
  if (Status made = co_await inThread(std::move(work)); !made) co_return made.error();
  co_return resultOf(link, path);
}

Async<Result<Attachment>> Networks::attachTask(std::string id) {
  claimed_.insert(id);
  Record wanted;
  wanted.task = true;
  co_return co_await attachAs(std::move(id), std::move(wanted));
}

}  // namespace berth::agent::network
