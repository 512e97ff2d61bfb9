#include "agent/keeper/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace berth::agent::keeper {

void LogFile::use(std::string path, int64_t maxBytes, int64_t maxFiles) {
  if (path != path_) file_.reset();
  path_ = std::move(path);
  maxBytes_ = maxBytes;
  maxFiles_ = maxFiles;
}

bool LogFile::open() {
  if (file_) return true;
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640));
  struct stat found = {};
  size_ = file_ && ::fstat(file_.get(), &found) == 0 ? found.st_size : 0;
  return static_cast<bool>(file_);
}

int64_t LogFile::size() { return open() ? size_ : -1; }

bool LogFile::exceeds(size_t more) { return open() && size_ + static_cast<int64_t>(more) > maxBytes_; }

bool LogFile::full(size_t more) { return exceeds(more) && size_ > 0; }

bool LogFile::append(std::string_view text) {
  if (!open()) return false;
  const ssize_t count = ::write(file_.get(), text.data(), text.size());
  if (count == static_cast<ssize_t>(text.size())) {
    size_ += count;
    return true;
  }
  if (count > 0) cut(size_);
  return false;
}

void LogFile::cut(int64_t size) {
  if (open() && ::ftruncate(file_.get(), size) == 0) size_ = size;
}

void LogFile::rotate() {
  const auto older = [this](int64_t number) { return rotated(path_, number); };
  // Up to the first that is missing: behind that is what was moved before this was broken off.
  int64_t last = 1;
  while (last < maxFiles_ && ::access(older(last).c_str(), F_OK) == 0) ++last;
  if (last >= maxFiles_) --last;
  if (last == 0) ::unlink(path_.c_str());
  for (int64_t number = last; number > 0; --number) {
    ::rename(older(number - 1).c_str(), older(number).c_str());
  }
  file_.reset();
  size_ = 0;
  open();
}

}  // namespace berth::agent::keeper
