#include "agent/endpoints/host/audit_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace berth::agent::endpoints {

Result<std::unique_ptr<AuditFile>> AuditFile::open(std::string path, uint64_t mostBytes) {
  std::unique_ptr<AuditFile> file(new AuditFile(std::move(path), mostBytes));
  if (const Status status = file->reopen(); !status) return status.error();
  return file;
}

AuditFile::~AuditFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status AuditFile::reopen() {
  // Nobody else's file: a link in its place is refused, and the mode is set also when it was there before.
  const int fd = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat found{};
  if (fd < 0 || ::fchmod(fd, 0600) != 0 || ::fstat(fd, &found) != 0) {
    const std::string reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return makeError(Code::FailedPrecondition,
                     "can't open the audit log '" + path_ + "': " + reason +
                         "; make its folder writable for the agent, or name another file");
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  size_ = static_cast<uint64_t>(found.st_size);
  return {};
}

void AuditFile::rotate() {
  // Should either fail, the old descriptor goes on growing: better a big file than no record.
  if (std::rename(path_.c_str(), (path_ + ".1").c_str()) == 0) static_cast<void>(reopen().ok());
}

void AuditFile::write(std::string_view line) {
  std::string text(line);
  text.push_back('\n');
  const std::lock_guard guard(lock_);
  if (size_ > 0 && size_ + text.size() > mostBytes_) rotate();
  // One call a line, so that lines never mix.
  if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    ++dropped_;
    return;
  }
  size_ += text.size();
}

uint64_t AuditFile::dropped() const {
  const std::lock_guard guard(lock_);
  return dropped_;
}

}  // namespace berth::agent::endpoints
