#include "common/aws/file_credentials.hpp"

#include <sys/stat.h>

namespace berth::aws {
namespace {

/// Empty when there is no file. Writers replace the file, so its inode changes even within a clock tick.
std::string versionOf(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::string out;
  for (int64_t part :
       {static_cast<int64_t>(status.st_ino), static_cast<int64_t>(status.st_size),
        static_cast<int64_t>(status.st_mtim.tv_sec), static_cast<int64_t>(status.st_mtim.tv_nsec)}) {
    out += std::to_string(part) + " ";
  }
  return out;
}

}  // namespace

FileCredentials::FileCredentials(std::filesystem::path path, std::string profile, Log& log)
    : path_(std::move(path)),
      profile_(std::move(profile)),
      log_(log),
      last_(makeError(Code::Unavailable, "the credentials were not read yet")) {}

Async<Result<Credentials>> FileCredentials::credentials(std::stop_token) { co_return current(); }

Result<Credentials> FileCredentials::current() {
  std::string version = versionOf(path_);
  if (last_ && version == seen_) return last_;
  auto read = readCredentialsFile(path_, profile_);
  if (read) {
    seen_ = version;
    told_.clear();
    last_ = std::move(read);
    return last_;
  }
  if (!last_) return read;
  if (told_ != read.error().message) {
    told_ = read.error().message;
    log_.warn("can't read the credentials again: those from before stay in use", {{"reason", told_}});
  }
  return last_;
}

}  // namespace berth::aws
