// What containers have of the host and of each other: volumes, and the namespaces of a task, which one of its
// containers holds and the others are put into.
#include <utility>

#include "agent/runtimes/containerd/containers.hpp"

namespace berth::agent::containerd {
namespace {

Error notRunning(const std::string& holder) {
  return makeError(Code::FailedPrecondition,
                   "container " + holder + ", whose namespaces this one is to share, does not run");
}

}  // namespace

/// Before each start. What the holder is, is known only once it runs.
Async<Status> Containers::joinHolder(std::string holder) {
  const auto before = co_await parts_.api.task(holder);
  if (!before) co_return before.error();
  if (!*before || (*before)->status != TaskStatus::Running) co_return notRunning(holder);
  if (Status kept = parts_.files.keepNamespaces(holder, (*before)->pid); !kept) co_return kept;
  // If it still runs, the number has been its own all the time.
  const auto after = co_await parts_.api.task(holder);
  if (!after) co_return after.error();
  const bool same = *after && (*after)->status == TaskStatus::Running && (*after)->pid == (*before)->pid;
  co_return same ? Status() : Status(notRunning(holder));
}

/// What the specification says of the namespaces of another container, and of the memory that is shared.
void Containers::putSpaces(const ContainerWish& wish, SpecSite& site, KeptStart& kept) const {
  kept.terminal = wish.terminal;
  kept.openInput = wish.openInput;
  if (wish.lendsIpc) {
    kept.lentMemory = wish.shmBytes;
    site.sharedMemory = parts_.files.sharedMemory(site.id);
  }
  const std::string& holder = wish.pidOf.empty() ? wish.ipcOf : wish.pidOf;
  if (holder.empty()) return;
  kept.holder = idOf(holder);
  if (!wish.pidOf.empty()) site.pidNamespace = parts_.files.namespacePath(kept.holder, "pid");
  if (!wish.ipcOf.empty()) {
    site.ipcNamespace = parts_.files.namespacePath(kept.holder, "ipc");
    site.sharedMemory = parts_.files.sharedMemory(kept.holder);
  }
}

Async<Status> Containers::prepareHost(std::string id, ContainerRecord record) {
  for (const KeptMount& mount : record.mounts) {
    if (mount.volume.empty()) continue;
    if (Status ready = parts_.files.readyVolume(mount.volume); !ready) co_return ready;
  }
  if (record.start.lentMemory > 0) {
    Status made = parts_.files.makeSharedMemory(id, record.start.lentMemory);
    if (!made) co_return made;
  }
  if (record.start.holder.empty()) co_return Status();
  co_return co_await joinHolder(record.start.holder);
}

}  // namespace berth::agent::containerd
