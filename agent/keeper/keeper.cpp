#include "agent/keeper/keeper.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace berth::agent::keeper {
namespace {

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr size_t kWriteAtOnce = 32768;
constexpr size_t kPage = 4096;
constexpr int kRetryMillis = 1000;
constexpr int kEvents = 64;

bool isId(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.find('.') == std::string_view::npos;
}

template <size_t N>
void copyName(std::array<char, N>& to, const std::string& from) {
  to.fill(0);
  std::memcpy(to.data(), from.data(), std::min(from.size(), N - 1));
}

std::vector<std::string> namesIn(const std::string& folder) {
  std::vector<std::string> out;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return out;
  while (const dirent* entry = ::readdir(open)) {
    if (isId(entry->d_name)) out.emplace_back(entry->d_name);
  }
  ::closedir(open);
  return out;
}

int available(int pipe) {
  int count = 0;
  return ::ioctl(pipe, FIONREAD, &count) == 0 ? count : 0;
}

size_t sizeOf(const std::string& path) {
  struct stat found = {};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<size_t>(found.st_size) : 0;
}

/// The first byte in `pipe`, which stays there; -1: there is none.
int firstByte(int pipe, const std::array<OwnFd, 2>& spare) {
  if (::tee(pipe, spare[1].get(), 1, SPLICE_F_NONBLOCK) != 1) return -1;
  char out = 0;
  return ::read(spare[0].get(), &out, 1) == 1 ? static_cast<unsigned char>(out) : -1;
}

}  // namespace

void say(std::string_view what, std::string_view about) {
  std::string line = "berth-log-keeper: " + std::string(what) + ": " + std::string(about);
  if (errno != 0) line += std::string(": ") + std::strerror(errno);
  line += '\n';
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

Keeper::Keeper(Folder folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

bool Keeper::begin() {
  for (const std::string& path : {folder_.allWanted(), folder_.allContainers()}) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) continue;
    say("can't make the folder", path);
    return false;
  }
  errno = 0;
  journal_ = std::make_unique<Journal>(folder_.journal(), readSmallFile(kBootId));
  if (!journal_->durable())
    say("no room for the journal, so a crash of the keeper may cost lines", folder_.journal());
  std::array<int, 2> ends{-1, -1};
  poll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  changes_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const bool spare = ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0;
  peeked_[0].reset(ends[0]);
  peeked_[1].reset(ends[1]);
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = changes_.get();
  if (!spare || ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, changes_.get(), &event) != 0 ||
      ::inotify_add_watch(changes_.get(), folder_.allWanted().c_str(),
                          IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF) < 0) {
    say("can't watch", folder_.allWanted());
    return false;
  }
  redo();
  scan();
  return true;
}

void Keeper::run() {
  while (!gone_) step(-1);
}

void Keeper::step(int timeoutMillis) {
  if (again_ && clock_.now().mono >= retryAt_) {
    again_ = false;
    scan();
  }
  std::array<epoll_event, kEvents> events;
  if (again_ && (timeoutMillis < 0 || timeoutMillis > kRetryMillis)) timeoutMillis = kRetryMillis;
  const int count = ::epoll_wait(poll_.get(), events.data(), kEvents, timeoutMillis);
  // What is wanted changes after the rest: a descriptor never stands for another pipe within these events.
  bool changed = false;
  for (int i = 0; i < count; ++i) {
    changed = changed || events[i].data.fd == changes_.get();
    const auto found = pipes_.find(events[i].data.fd);
    if (found == pipes_.end()) continue;
    const auto [container, isStderr] = found->second;
    if (take(*container, isStderr) || (events[i].events & (EPOLLHUP | EPOLLERR)) == 0) continue;
    endStream(*container, isStderr);
    if (container->over()) finish(std::string(container->id));
  }
  if (changed) readChanges();
}

void Keeper::scan() {
  std::vector<std::string> names = namesIn(folder_.allWanted());
  for (const auto& [id, container] : containers_) names.push_back(id);
  for (const std::string& id : names) apply(id);
}

void Keeper::readChanges() {
  alignas(inotify_event) std::array<char, 4096> bytes;
  bool lost = false;
  ssize_t count = 0;
  while ((count = ::read(changes_.get(), bytes.data(), bytes.size())) > 0) {
    for (ssize_t at = 0; at < count;) {
      inotify_event event;
      std::memcpy(&event, bytes.data() + at, sizeof event);
      const char* name = bytes.data() + at + sizeof event;
      lost = lost || (event.mask & IN_Q_OVERFLOW) != 0;
      gone_ = gone_ || (event.mask & IN_DELETE_SELF) != 0;
      if (event.len > 0 && isId(name)) apply(name);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  if (lost) scan();
}

void Keeper::apply(const std::string& id) {
  const std::optional<Wanted> wanted = decodeWanted(readSmallFile(folder_.wanted(id)));
  const auto known = containers_.find(id);
  if (known != containers_.end() && (!wanted || wanted->run != known->second->wanted.run)) {
    // Of one that is to be forgotten nothing is left to write to.
    if (wanted) takeAll(*known->second);
    for (const Stream& stream : known->second->streams) pipes_.erase(stream.pipe.get());
    containers_.erase(known);
  }
  if (!wanted || readSmallFile(folder_.done(id)) == wanted->run) return;
  if (!containers_.contains(id)) return attach(id, *wanted);
  Container& container = *containers_[id];
  container.wanted = *wanted;
  container.log.use(folder_.log(id), wanted->maxBytes, wanted->maxFiles);
  if (wanted->ended) takeAll(container);
  if (container.over()) finish(id);
}

void Keeper::attach(const std::string& id, Wanted wanted) {
  auto made = std::make_unique<Container>();
  made->id = id;
  made->wanted = std::move(wanted);
  made->log.use(folder_.log(id), made->wanted.maxBytes, made->wanted.maxFiles);
  const std::string drops = readSmallFile(folder_.drops(id));
  made->drops = decodeDrops(drops);
  // Now, as there may be no room for it when it is needed.
  if (drops.empty()) keepDrops(*made);
  if (!openStream(*made, false) || !openStream(*made, true)) {
    for (const Stream& stream : made->streams) pipes_.erase(stream.pipe.get());
    tryAgain();
    return;
  }
  Container& container = *(containers_[id] = std::move(made));
  if (container.wanted.ended) takeAll(container);
  if (container.over()) finish(id);
}

/// Without the pipe there is nothing to come; false when it is there and can't be opened.
bool Keeper::openStream(Container& container, bool isStderr) {
  Stream& stream = container.streams[isStderr];
  const std::string path = folder_.fifo(container.id, isStderr);
  stream.held = sizeOf(folder_.rest(container.id, container.wanted.run, isStderr));
  stream.pipe.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!stream.pipe && errno == ENOENT) {
    endStream(container, isStderr);
    return true;
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = stream.pipe.get();
  if (!stream.pipe || ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, stream.pipe.get(), &event) != 0) {
    say("can't read", path);
    return false;
  }
  makeRoom(stream.pipe.get());
  pipes_[stream.pipe.get()] = {&container, isStderr};
  return true;
}

/// All that is in the pipes, and then their end.
void Keeper::takeAll(Container& container) {
  for (const bool isStderr : {false, true}) {
    while (take(container, isStderr)) {
    }
    endStream(container, isStderr);
  }
}

bool Keeper::take(Container& container, bool isStderr) {
  Stream& stream = container.streams[isStderr];
  const int waiting = stream.pipe ? available(stream.pipe.get()) : 0;
  const int first = waiting > 0 ? firstByte(stream.pipe.get(), peeked_) : -1;
  if (first < 0) return false;
  describe(container, isStderr);
  Batch& batch = journal_->batch();
  const size_t count = std::min(static_cast<size_t>(waiting), kBatch);
  char* const to = batch.bytes.data() + batch.held;
  // The kernel must not need a page while it takes bytes out: it would stop in the middle for a signal.
  for (size_t at = 0; at < count; at += kPage) *const_cast<volatile char*>(to + at) = 0;
  *const_cast<volatile char*>(to + count - 1) = 0;
  batch.unread = static_cast<char>(~first);
  to[0] = batch.unread;
  batch.count = batch.held + static_cast<uint32_t>(count);
  journal_->enter(Batch::Reading);
  const ssize_t got = ::read(stream.pipe.get(), to, count);
  // Only the keeper takes bytes out, so there are as many as there were.
  batch.count = batch.held + static_cast<uint32_t>(std::max<ssize_t>(got, 0));
  if (got <= 0) {
    journal_->enter(Batch::Idle);
    return false;
  }
  journal_->enter(Batch::Writing);
  write(container);
  return true;
}

void Keeper::describe(Container& container, bool isStderr) {
  Batch& batch = journal_->batch();
  copyName(batch.id, container.id);
  copyName(batch.run, container.wanted.run);
  batch.isStderr = isStderr;
  batch.last = false;
  batch.time = toEpochMillis(clock_.now().wall);
  batch.maxBytes = container.wanted.maxBytes;
  batch.maxFiles = container.wanted.maxFiles;
  batch.drops = container.drops;
  const int64_t size = container.log.size();
  journal_->progress(progressOf(size < 0 ? kNoLog : static_cast<uint64_t>(size), 0));
  batch.held = 0;
  Stream& stream = container.streams[isStderr];
  if (stream.held == 0) return;
  const OwnFd file(
      ::open(folder_.rest(container.id, container.wanted.run, isStderr).c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t count = file ? ::read(file.get(), batch.bytes.data(), kLongestPiece) : 0;
  batch.held = static_cast<uint32_t>(std::max<ssize_t>(count, 0));
}

void Keeper::endStream(Container& container, bool isStderr) {
  Stream& stream = container.streams[isStderr];
  if (stream.held > 0) {
    describe(container, isStderr);
    Batch& batch = journal_->batch();
    batch.last = true;
    batch.count = batch.held;
    journal_->enter(Batch::Writing);
    write(container);
  }
  pipes_.erase(stream.pipe.get());
  stream.pipe.reset();
}

void Keeper::finish(const std::string& id) {
  const auto found = containers_.find(id);
  const std::string run = found->second->wanted.run;
  containers_.erase(found);
  if (replaceFile(folder_.done(id), run) || errno == ENOENT) return;
  say("can't write", folder_.done(id));
  tryAgain();
}

void Keeper::tryAgain() {
  again_ = true;
  retryAt_ = clock_.now().mono + std::chrono::milliseconds(kRetryMillis);
}

void Keeper::redo() {
  Batch& batch = journal_->batch();
  if (batch.phase == Batch::Idle) return;
  // The byte that stands there is not the one that was to come.
  if (batch.phase == Batch::Reading && batch.bytes[batch.held] == batch.unread)
    return journal_->enter(Batch::Idle);
  journal_->enter(Batch::Writing);
  Container container;
  container.id = batch.id.data();
  container.wanted.run = batch.run.data();
  container.log.use(folder_.log(container.id), batch.maxBytes, batch.maxFiles);
  container.drops = batch.drops;
  const int64_t size = container.log.size();
  const auto before = static_cast<int64_t>(logSizeOf(batch.progress));
  if (size > before) container.log.cut(before);
  write(container);
}

void Keeper::write(Container& container) {
  Batch& batch = journal_->batch();
  const Drops before = container.drops;
  const size_t taken = writeLines(container);
  keepRest(container, std::string_view(batch.bytes.data(), batch.count).substr(taken));
  if (before.bytes != container.drops.bytes) keepDrops(container);
  journal_->enter(Batch::Idle);
}

void Keeper::keepDrops(const Container& container) {
  const OwnFd file(::open(folder_.drops(container.id).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string text = encodeDrops(container.drops);
  if (file) (void)!::write(file.get(), text.data(), text.size());
}

size_t Keeper::writeLines(Container& container) {
  Batch& batch = journal_->batch();
  const std::string_view bytes(batch.bytes.data(), batch.count);
  const std::string time = toRfc3339(fromEpochMillis(batch.time));
  LogFile& log = container.log;
  size_t taken = takenOf(batch.progress);
  while (true) {
    const size_t from = taken;
    size_t lines = 0;
    out_.clear();
    while (out_.size() < kWriteAtOnce) {
      const auto piece = firstPiece(bytes.substr(taken), batch.last);
      if (!piece) break;
      const size_t before = out_.size();
      appendLine(out_, *piece, batch.isStderr, time);
      // It goes to the next file, once what is before it is written.
      if (before > 0 && log.exceeds(out_.size())) {
        out_.resize(before);
        break;
      }
      if (log.full(out_.size())) {
        log.rotate();
        journal_->progress(progressOf(static_cast<uint64_t>(std::max<int64_t>(log.size(), 0)), taken));
      }
      taken += piece->taken;
      ++lines;
    }
    if (lines == 0) return taken;
    if (!log.append(out_)) drop(container, lines, taken - from);
    const int64_t size = log.size();
    journal_->progress(progressOf(size < 0 ? kNoLog : static_cast<uint64_t>(size), taken));
  }
}

void Keeper::keepRest(Container& container, std::string_view rest) {
  Batch& batch = journal_->batch();
  Stream& stream = container.streams[batch.isStderr];
  const std::string path = folder_.rest(container.id, container.wanted.run, batch.isStderr);
  stream.held = rest.size();
  if (rest.empty()) {
    if (batch.held > 0) ::unlink(path.c_str());
    return;
  }
  const OwnFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const bool kept = file &&
                    ::pwrite(file.get(), rest.data(), rest.size(), 0) == static_cast<ssize_t>(rest.size()) &&
                    ::ftruncate(file.get(), static_cast<off_t>(rest.size())) == 0;
  if (kept) return;
  ::unlink(path.c_str());
  stream.held = 0;
  drop(container, 0, rest.size());
}

void Keeper::drop(Container& container, size_t lines, size_t bytes) {
  if (container.drops.bytes == 0) say("can't write, so lines are dropped", container.id);
  container.drops.lines += lines;
  container.drops.bytes += bytes;
  journal_->batch().drops = container.drops;
}

}  // namespace berth::agent::keeper
