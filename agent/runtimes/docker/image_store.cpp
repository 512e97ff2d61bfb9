#include "agent/runtimes/docker/image_store.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

namespace berth::agent {
namespace {

bool isStopped(std::string_view state) { return state == "created" || state == "exited" || state == "dead"; }

}  // namespace

int64_t logBytes(const std::string& root, const std::string& containerId) {
  int64_t bytes = 0;
  std::error_code ignored;
  std::filesystem::directory_iterator entries(std::filesystem::path(root) / "containers" / containerId,
                                              ignored);
  for (; entries != std::filesystem::directory_iterator(); entries.increment(ignored)) {
    // ID-json.log, and what rotating made of it: ID-json.log.1, ID-json.log.2.gz
    if (entries->path().filename().string().find(".log") == std::string::npos) continue;
    std::error_code unread;
    const uintmax_t size = entries->file_size(unread);
    if (!unread) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

Result<DiskState> diskAt(const std::string& path) {
  struct statvfs info = {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return makeError(Code::NotFound,
                     "can't see the disk of the Docker Engine at \"" + path + "\": " + std::strerror(errno) +
                         "; run the agent on the engine's host, with that folder in its view");
  }
  const auto block = static_cast<int64_t>(info.f_frsize);
  DiskState out;
  out.path = path;
  out.usedBytes = static_cast<int64_t>(info.f_blocks - info.f_bfree) * block;
  out.totalBytes = out.usedBytes + static_cast<int64_t>(info.f_bavail) * block;
  out.totalInodes = static_cast<int64_t>(info.f_files);
  out.usedInodes = static_cast<int64_t>(info.f_files - info.f_ffree);
  return out;
}

Async<Result<std::string>> ImageStore::root() {
  if (root_.empty()) {
    Result<docker::SystemInfo> info = co_await api_.info();
    if (!info) co_return info.error();
    root_ = std::move(info->rootDir);
  }
  if (root_.empty()) co_return makeError(Code::NotFound, "the Docker Engine does not say where its data is");
  co_return root_;
}

Async<Result<std::vector<StoredImage>>> ImageStore::images() {
  const Result<std::vector<docker::ImageSummary>> listed = co_await api_.listImages();
  if (!listed) co_return listed.error();
  std::vector<StoredImage> out;
  for (const docker::ImageSummary& from : *listed) {
    StoredImage image{from.id, from.repoTags, from.size, from.created};
    image.references.insert(image.references.end(), from.repoDigests.begin(), from.repoDigests.end());
    out.push_back(std::move(image));
  }
  co_return out;
}

Async<Result<std::vector<ContainerUse>>> ImageStore::uses(bool sizes) {
  const Result<std::vector<docker::ContainerSummary>> listed = co_await api_.listContainers(false);
  if (!listed) co_return listed.error();
  std::map<std::string, int64_t> bytes;
  if (sizes) {
    const auto sized = co_await api_.listContainers(true);
    if (!sized) co_return sized.error();
    for (const docker::ContainerSummary& from : *sized) bytes[from.id] = from.sizeRw;
    const Result<std::string> folder = co_await root();
    for (auto& [id, size] : bytes) {
      if (folder) size += logBytes(*folder, id);
    }
  }
  std::vector<ContainerUse> out;
  for (const docker::ContainerSummary& from : *listed) {
    ContainerUse use;
    use.id = from.id;
    use.imageId = from.imageId;
    use.name = from.name;
    use.labels = from.labels;
    use.stopped = isStopped(from.state);
    use.createdAt = from.created;
    if (const auto found = bytes.find(from.id); use.stopped && found != bytes.end())
      use.bytes = found->second;
    out.push_back(std::move(use));
  }
  co_return out;
}

Async<Result<DiskState>> ImageStore::disk() {
  const Result<std::string> folder = co_await root();
  if (!folder) co_return folder.error();
  co_return diskAt(*folder);
}

}  // namespace berth::agent
