#include "agent/config/watcher.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <system_error>
#include <utility>

namespace berth::agent {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE;
constexpr int kMostQuiets = 10;
constexpr const char* kMountedData = "..data";

Error noWatch(const std::string& what, int error) {
  return makeError(Code::Unavailable, "can't watch " + what + ": " + std::generic_category().message(error) +
                                          "; a reload by signal still works");
}

}  // namespace

class ConfigWatcher::State : public std::enable_shared_from_this<ConfigWatcher::State> {
 public:
  State(Executor executor, Duration quiet, std::function<void()> changed)
      : descriptor_(executor), timer_(executor), quiet_(quiet), changed_(std::move(changed)) {}

  Status watch(const std::vector<std::string>& files) {
    const int file = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (file < 0) return noWatch("configuration files", errno);
    descriptor_.assign(file);
    for (const std::string& path : files) {
      const size_t slash = path.rfind('/');
      const std::string folder = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
      const int watch = inotify_add_watch(file, folder.c_str(), kEvents | IN_ONLYDIR);
      const bool absent = errno == ENOENT || errno == ENOTDIR;
      if (watch < 0 && absent) continue;
      if (watch < 0) return noWatch(folder, errno);
      names_[watch].insert({path.substr(slash + 1), kMountedData});
    }
    return {};
  }

  void wait() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](boost::system::error_code fault) {
                             if (fault || self->closed_) return;
                             if (self->readEvents()) self->touch();
                             self->wait();
                           });
  }

  void close() {
    closed_ = true;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    timer_.cancel();
  }

 private:
  /// Whether one of them is about a watched file, or some were lost.
  bool readEvents() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool ours = false;
    while (true) {
      const ssize_t got = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
      if (got <= 0) return ours;
      for (size_t at = 0; at < static_cast<size_t>(got);) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        const char* name = buffer.data() + at + sizeof event;
        const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
        const auto names = names_.find(event.wd);
        if (lost || (event.len > 0 && names != names_.end() && names->second.contains(name))) ours = true;
        at += sizeof event + event.len;
      }
    }
  }

  void touch() {
    more_ = true;
    if (waiting_) return;
    waiting_ = true;
    quiets_ = 0;
    settle();
  }

  void settle() {
    more_ = false;
    timer_.expires_after(quiet_);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code fault) {
      if (fault || self->closed_) return;
      if (self->more_ && ++self->quiets_ < kMostQuiets) return self->settle();
      self->waiting_ = false;
      self->changed_();
    });
  }

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  const Duration quiet_;
  const std::function<void()> changed_;
  std::map<int, std::set<std::string>> names_;  ///< by watch
  bool closed_ = false;
  bool waiting_ = false;  ///< a burst has begun and was not told yet
  bool more_ = false;     ///< since the timer was set
  int quiets_ = 0;
};

ConfigWatcher::ConfigWatcher(std::shared_ptr<State> state) : state_(std::move(state)) {}

ConfigWatcher::~ConfigWatcher() { state_->close(); }

Result<std::unique_ptr<ConfigWatcher>> ConfigWatcher::make(Executor executor, Options options,
                                                           std::function<void()> changed) {
  auto state = std::make_shared<State>(std::move(executor), options.quiet, std::move(changed));
  if (Status watching = state->watch(options.files); !watching) return watching.error();
  state->wait();
  return std::unique_ptr<ConfigWatcher>(new ConfigWatcher(std::move(state)));
}

}  // namespace berth::agent
