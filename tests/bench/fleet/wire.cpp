#include "tests/bench/fleet/wire.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace berth::fleet {
namespace {

constexpr uint32_t kAddressesBegin = 0x7f010000;  // 127.1.0.0
constexpr uint32_t kPerAddress = 4096;
constexpr size_t kReadSize = 65536;

[[noreturn]] void fatal(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) fatal("can't make an epoll");
}
Poller::~Poller() { ::close(fd_); }

void Poller::watch(int fd, uint32_t events, Watched& watched) {
  epoll_event event{events, {&watched}};
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) fatal("can't watch a socket");
}

void Poller::change(int fd, uint32_t events, Watched& watched) {
  epoll_event event{events, {&watched}};
  epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
}

void Poller::step(int milliseconds) {
  std::array<epoll_event, 512> events;
  const int count = epoll_wait(fd_, events.data(), events.size(), milliseconds);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->onEvents(event.events);
  }
}

void Channel::open(uint32_t source) {
  close();
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) fatal("can't make a socket");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(kAddressesBegin + 1 + source / kPerAddress);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) fatal("can't bind");
  poller_.watch(fd_, EPOLLIN, *this);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) != 0 &&
      errno != EINPROGRESS) {
    // Told by the next event, as for any other failure.
    wantsWrite_ = true;
    poller_.change(fd_, EPOLLIN | EPOLLOUT, *this);
  }
}

void Channel::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  wantsWrite_ = false;
  in_.clear();
  out_.clear();
  taken_ = 0;
}

void Channel::fail() {
  close();
  onEnd();
}

void Channel::write(std::string_view bytes) {
  out_.append(bytes);
  if (!wantsWrite_ && !inInput_) flush();
}

void Channel::flush() {
  if (fd_ < 0 || out_.empty()) return;
  const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent > 0) out_.erase(0, static_cast<size_t>(sent));
  const bool wants = !out_.empty();
  if (wants == wantsWrite_) return;
  wantsWrite_ = wants;
  poller_.change(fd_, wants ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
}

void Channel::consume(size_t bytes) {
  taken_ += bytes;
  if (taken_ < in_.size()) return;
  in_.clear();
  taken_ = 0;
  if (in_.capacity() > kReadSize) in_.shrink_to_fit();
}

void Channel::onEvents(uint32_t events) {
  if (fd_ < 0) return;
  if ((events & EPOLLERR) != 0) return fail();
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP)) == 0) return;
  static std::array<char, kReadSize> chunk;
  const ssize_t size = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN)) return fail();
  if (size < 0) return;
  in_.erase(0, taken_);
  taken_ = 0;
  in_.append(chunk.data(), static_cast<size_t>(size));
  inInput_ = true;
  onInput();
  inInput_ = false;
  if (!wantsWrite_) flush();
}

void HttpChannel::request(std::function<std::string()> make, Done done) {
  queue_.push_back({std::move(make), std::move(done)});
  if (!busy_) next();
}

void HttpChannel::next() {
  if (queue_.empty()) return;
  busy_ = true;
  if (!isOpen()) open(source_);
  write(queue_.front().make());
}

void HttpChannel::onInput() {
  const std::string_view in = input();
  const size_t head = in.find("\r\n\r\n");
  const size_t field = in.find("Content-Length: ");
  if (head == std::string_view::npos || field == std::string_view::npos || !busy_) return;
  size_t length = 0;
  std::from_chars(in.data() + field + 16, in.data() + head, length);
  if (in.size() < head + 4 + length) return;
  int status = 0;
  std::from_chars(in.data() + 9, in.data() + 12, status);
  const Call call = std::move(queue_.front());
  queue_.pop_front();
  busy_ = false;
  call.done(status, in.substr(head + 4, length));
  consume(head + 4 + length);
  if (!busy_) next();
}

void HttpChannel::onEnd() {
  if (!busy_) return;
  busy_ = false;
  const Call call = std::move(queue_.front());
  queue_.pop_front();
  call.done(0, {});
  if (!busy_) next();
}

void WebSocketChannel::connect(const std::string& upgrade) {
  upgraded_ = false;
  open(source_);
  write(upgrade);
}

void WebSocketChannel::send(std::string_view text) {
  // The mask is all zeros, which the protocol allows: the bytes stay as they are.
  std::string frame;
  frame.reserve(text.size() + 14);
  frame += static_cast<char>(0x81);
  if (text.size() < 126) {
    frame += static_cast<char>(0x80 | text.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(text.size() >> 8);
    frame += static_cast<char>(text.size() & 0xff);
  }
  frame.append(4, '\0');
  frame.append(text);
  write(frame);
}

bool WebSocketChannel::takeUpgrade() {
  const std::string_view in = input();
  const size_t head = in.find("\r\n\r\n");
  if (head == std::string_view::npos) return false;
  if (in.substr(9, 3) != "101") {
    close();
    onEnd();
    return false;
  }
  takesReports_ = in.substr(0, head).find("Berth-Extensions: reports") != std::string_view::npos;
  consume(head + 4);
  upgraded_ = true;
  events_.open();
  return true;
}

bool WebSocketChannel::takeFrame() {
  const std::string_view in = input();
  if (in.size() < 2) return false;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(in[at]); };
  size_t length = byte(1) & 0x7f;
  size_t head = 2;
  if (length >= 126) {
    const size_t more = length == 126 ? 2 : 8;
    if (in.size() < head + more) return false;
    length = 0;
    for (size_t i = 0; i < more; ++i) length = length << 8 | byte(head + i);
    head += more;
  }
  if (in.size() < head + length) return false;
  const unsigned kind = byte(0) & 0x0f;
  if (kind == 8) {
    close();
    onEnd();
    return false;
  }
  if (kind == 1) events_.message(in.substr(head, length));
  consume(head + length);
  return true;
}

void WebSocketChannel::onInput() {
  if (!upgraded_ && !takeUpgrade()) return;
  while (isOpen() && takeFrame()) {
  }
}

void WebSocketChannel::onEnd() {
  upgraded_ = false;
  events_.end();
}

}  // namespace berth::fleet
