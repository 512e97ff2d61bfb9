#include "common/service/data_dir.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace berth {
namespace {

Error unusable(const std::string& path, std::string_view what, int error) {
  Code code = Code::Unavailable;
  if (error == EACCES || error == EPERM) code = Code::PermissionDenied;
  if (error == ENOTDIR || error == EEXIST) code = Code::FailedPrecondition;
  if (error == ENOSPC || error == EDQUOT) code = Code::ResourceExhausted;
  return makeError(code, path + ": the data folder must be writable, but this process can't " +
                             std::string(what) + ": " + std::generic_category().message(error) +
                             "; correct that or set data_dir to another folder");
}

Status makeFolders(const std::string& path) {
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string above = path.substr(0, end);
    if (mkdir(above.c_str(), 0755) != 0 && errno != EEXIST) return unusable(path, "make " + above, errno);
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(path, "make it", errno);
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) return unusable(path, "look at it", errno);
  return S_ISDIR(found.st_mode) ? Status() : Status(unusable(path, "use it as a folder", ENOTDIR));
}

/// Modes and mount flags don't tell all: only a file that was written proves that one can be.
Status probe(const std::string& path) {
  std::string name = path + "/.probe-XXXXXX";
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return unusable(path, "make a file in it", errno);
  const bool written = write(file, "x", 1) == 1 && fsync(file) == 0;
  const int error = errno;
  close(file);
  unlink(name.c_str());
  return written ? Status() : Status(unusable(path, "write a file in it", error));
}

}  // namespace

Status prepareDataDir(const std::string& path) {
  const size_t last = path.find_last_not_of('/');
  if (!path.starts_with('/') || last == std::string::npos) {
    return makeError(
        Code::InvalidArgument,
        "\"" + path + "\": the data folder must be an absolute path below /, like /var/lib/berth/agent");
  }
  const std::string folder = path.substr(0, last + 1);
  if (auto made = makeFolders(folder); !made) return made;
  return probe(folder);
}

}  // namespace berth
