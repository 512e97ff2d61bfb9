#include "common/http/curl_loop.hpp"

#include <chrono>
#include <new>

namespace berth::http {

namespace {

CURLM* makeMulti() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) throw std::bad_alloc();
  return multi;
}

}  // namespace

CurlLoop::CurlLoop(boost::asio::io_context& io, long maxConnections, long maxIdle)
    : io_(io), timer_(io), multi_(makeMulti()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::onSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::onTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, maxConnections);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, maxIdle);
}

CurlLoop::~CurlLoop() { shutdown(); }

bool CurlLoop::add(CURL* easy, Done done) {
  if (multi_ == nullptr) return false;
  transfers_.emplace(easy, std::move(done));
  if (curl_multi_add_handle(multi_, easy) == CURLM_OK) return true;
  transfers_.erase(easy);
  return false;
}

void CurlLoop::remove(CURL* easy) {
  if (transfers_.erase(easy) != 0) curl_multi_remove_handle(multi_, easy);
}

void CurlLoop::shutdown() {
  if (multi_ == nullptr) return;
  const auto transfers = std::exchange(transfers_, {});
  for (const auto& [easy, done] : transfers) curl_multi_remove_handle(multi_, easy);
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  timer_.cancel();
  while (!watched_.empty()) unwatch(watched_.begin()->first);
  for (const auto& [easy, done] : transfers) done(CURLE_ABORTED_BY_CALLBACK);
}

int CurlLoop::onSocket(CURL*, curl_socket_t socket, int wanted, void* self, void*) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (wanted == CURL_POLL_REMOVE) {
    loop->unwatch(socket);
  } else {
    loop->watch(socket, wanted);
  }
  return 0;
}

int CurlLoop::onTimer(CURLM*, long millis, void* self) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (millis < 0 || loop->multi_ == nullptr) {
    loop->timer_.cancel();
    return 0;
  }
  loop->timer_.expires_after(std::chrono::milliseconds(millis));
  loop->timer_.async_wait([weak = loop->weak_from_this()](boost::system::error_code error) {
    const auto alive = weak.lock();
    if (!error && alive) alive->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void CurlLoop::watch(curl_socket_t socket, int wanted) {
  std::shared_ptr<Watch>& watched = watched_[socket];
  if (!watched) {
    watched = std::make_shared<Watch>(io_);
    boost::system::error_code ignored;  // a descriptor that can't be polled ends by the call's time limit
    watched->descriptor.assign(socket, ignored);
  }
  watched->wanted = wanted;
  wait(watched, CURL_POLL_IN);
  wait(watched, CURL_POLL_OUT);
}

void CurlLoop::unwatch(curl_socket_t socket) {
  const auto found = watched_.find(socket);
  if (found == watched_.end()) return;
  found->second->released = true;
  found->second->descriptor.release();
  watched_.erase(found);
}

void CurlLoop::wait(const std::shared_ptr<Watch>& watched, int direction) {
  bool& waiting = direction == CURL_POLL_IN ? watched->waitingIn : watched->waitingOut;
  if (waiting || (watched->wanted & direction) == 0) return;
  waiting = true;
  const auto type = direction == CURL_POLL_IN ? boost::asio::posix::stream_descriptor::wait_read
                                              : boost::asio::posix::stream_descriptor::wait_write;
  watched->descriptor.async_wait(
      type, [weak = weak_from_this(), watched, direction, &waiting](boost::system::error_code error) {
        waiting = false;
        const auto alive = weak.lock();
        if (!alive || watched->released || (watched->wanted & direction) == 0) return;
        int events = direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
        if (error) events |= CURL_CSELECT_ERR;
        alive->act(watched->descriptor.native_handle(), events);
        if (!watched->released) alive->wait(watched, direction);
      });
}

void CurlLoop::act(curl_socket_t socket, int events) {
  if (multi_ == nullptr) return;
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode result = message->data.result;
    auto ended = transfers_.extract(easy);
    curl_multi_remove_handle(multi_, easy);
    if (ended) ended.mapped()(result);
  }
}

}  // namespace berth::http
