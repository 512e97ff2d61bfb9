#include "agent/runtimes/containerd/outputs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "agent/layers/parcel.hpp"

namespace berth::agent::containerd {
namespace {

namespace fs = std::filesystem;

std::array<OwnFd, 2> openPipes(const keeper::Folder& folder, const std::string& id) {
  std::array<OwnFd, 2> out;
  for (const bool isStderr : {false, true}) {
    out[isStderr].reset(::open(folder.fifo(id, isStderr).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (out[isStderr]) keeper::makeRoom(out[isStderr].get());
  }
  return out;
}

}  // namespace

std::optional<keeper::Wanted> Outputs::wanted(const std::string& id) const {
  return keeper::decodeWanted(keeper::readSmallFile(folder_.wanted(id)));
}

Status Outputs::want(const std::string& id, const keeper::Wanted& wanted) const {
  if (keeper::replaceFile(folder_.wanted(id), keeper::encodeWanted(wanted))) return {};
  return layers::diskError("can't write " + folder_.wanted(id), errno);
}

Status Outputs::begin(const std::string& id, const std::string& run, LogLimits limits) {
  std::error_code fault;
  for (const std::string& folder : {folder_.allWanted(), folder_.of(id)}) {
    fs::create_directories(folder, fault);
    if (fault) return makeError(Code::Internal, "can't make the folder " + folder + ": " + fault.message());
  }
  const auto before = wanted(id);
  const bool open = before && !before->ended && !complete(id);
  for (const bool isStderr : {false, true}) {
    const std::string path = folder_.fifo(id, isStderr);
    if (!open) ::unlink(path.c_str());
    if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST)
      return layers::diskError("can't make the pipe " + path, errno);
  }
  held_[id] = Held{openPipes(folder_, id)};
  return want(id, keeper::Wanted{open ? before->run : run, limits.maxBytes, limits.maxFiles, false});
}

Status Outputs::openInput(const std::string& id) const {
  const std::string path = standardInput(id);
  std::error_code fault;
  fs::create_directories(folder_.of(id), fault);
  if (fault)
    return makeError(Code::Internal, "can't make the folder " + folder_.of(id) + ": " + fault.message());
  ::unlink(path.c_str());
  return ::mkfifo(path.c_str(), 0600) == 0 ? Status()
                                           : layers::diskError("can't make the pipe " + path, errno);
}

void Outputs::hold(const std::string& id) {
  if (!held_.contains(id) && wanted(id)) held_[id] = Held{openPipes(folder_, id)};
}

void Outputs::end(const std::string& id) {
  const auto found = held_.find(id);
  if (found != held_.end() && found->second.ended) return;
  auto before = wanted(id);
  if (before && !before->ended && !complete(id)) {
    before->ended = true;
    if (!want(id, *before)) return;
  }
  held_[id].ended = true;
}

bool Outputs::ending(const std::string& id) const {
  const auto now = wanted(id);
  return now && now->ended && !complete(id);
}

bool Outputs::complete(const std::string& id) const {
  const auto now = wanted(id);
  return !now || keeper::readSmallFile(folder_.done(id)) == now->run;
}

void Outputs::remove(const std::string& id) {
  held_.erase(id);
  ::unlink(folder_.wanted(id).c_str());
  std::error_code ignored;
  fs::remove_all(folder_.of(id), ignored);
}

void Outputs::release() {
  for (auto& [id, held] : held_) {
    if (!held.ended || (!held.pipes[0] && !held.pipes[1]) || !complete(id)) continue;
    for (OwnFd& pipe : held.pipes) pipe.reset();
  }
}

std::vector<std::string> Outputs::files(const std::string& id) const {
  std::vector<std::string> out;
  const std::string newest = folder_.log(id);
  for (int64_t number = keeper::rotations(newest); number > 0; --number) {
    out.push_back(keeper::rotated(newest, number));
  }
  if (::access(newest.c_str(), F_OK) == 0) out.push_back(newest);
  return out;
}

int64_t Outputs::bytes(const std::string& id) const {
  int64_t out = 0;
  for (const std::string& path : files(id)) {
    std::error_code fault;
    const uintmax_t size = fs::file_size(path, fault);
    if (!fault) out += static_cast<int64_t>(size);
  }
  return out;
}

keeper::Drops Outputs::drops(const std::string& id) const {
  return keeper::decodeDrops(keeper::readSmallFile(folder_.drops(id)));
}

}  // namespace berth::agent::containerd
