#include "agent/runtimes/containerd/blob_fetch.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent::containerd {
namespace {

constexpr int kTries = 5;
constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(10);
constexpr int64_t kFirstPiece = 256 << 10;
constexpr int64_t kLargestPiece = 4 << 20;

class BlobFetch {
 public:
  BlobFetch(std::shared_ptr<Repository> from, std::string digest, std::shared_ptr<layers::Parcel> parcel,
            std::function<void(size_t)> onBytes, std::stop_token stop)
      : from_(std::move(from)),
        digest_(std::move(digest)),
        parcel_(std::move(parcel)),
        onBytes_(std::move(onBytes)),
        stop_(std::move(stop)) {}

  /// One try; goes as far as it comes.
  Async<Status> attempt() {
    Status status;
    if (parcel_->arrived() == 0 || !ranges_)
      status = co_await whole();
    else
      status = co_await rest();
    if (status && parcel_->arrived() < parcel_->size()) status = shorter();
    co_return status;
  }
  /// What no further try can help.
  const Status& fault() const { return fault_; }

 private:
  bool take(std::string_view bytes) {
    fault_ = parcel_->append(bytes);
    if (!fault_) {
      if (fault_.error().code == Code::DataLoss) fault_ = fault_.error().in(digest_);
      return false;
    }
    onBytes_(bytes.size());
    return true;
  }

  /// What is there already is passed over.
  Async<Status> whole() {
    int64_t skip = parcel_->arrived();
    const auto onBytes = [this, &skip](std::string_view bytes) {
      const auto passed = std::min(static_cast<int64_t>(bytes.size()), skip);
      skip -= passed;
      bytes.remove_prefix(static_cast<size_t>(passed));
      return bytes.empty() || take(bytes);
    };
    co_return co_await from_->blob(digest_, onBytes, stop_);
  }

  Async<Status> rest() {
    int64_t size = kFirstPiece;
    while (parcel_->arrived() < parcel_->size()) {
      const int64_t at = parcel_->arrived();
      const auto piece = co_await from_->piece(digest_, at, std::min(size, parcel_->size() - at), stop_);
      if (!piece) co_return piece.error();
      if (!piece->ranged) {
        ranges_ = false;
        co_return co_await whole();
      }
      if (piece->bytes.empty()) co_return Status();
      if (!take(piece->bytes)) co_return fault_;
      size = std::min(size * 2, kLargestPiece);
    }
    co_return Status();
  }

  Status shorter() const {
    return makeError(Code::Unavailable, "unexpected EOF: " + std::to_string(parcel_->arrived()) + " of " +
                                            std::to_string(parcel_->size()) + " bytes of " + digest_);
  }

  std::shared_ptr<Repository> from_;
  std::string digest_;
  std::shared_ptr<layers::Parcel> parcel_;
  std::function<void(size_t)> onBytes_;
  std::stop_token stop_;
  bool ranges_ = true;
  Status fault_;
};

/// Whether the registry, or the way to it, may do better another time.
bool mayPass(const Error& error) {
  return error.code == Code::Unavailable || error.code == Code::DeadlineExceeded;
}

}  // namespace

Async<Status> fetchBlob(std::shared_ptr<Repository> from, std::string digest,
                        std::shared_ptr<layers::Parcel> parcel, Random& random,
                        std::function<void(size_t)> onBytes, std::stop_token stop) {
  BlobFetch fetch(std::move(from), std::move(digest), parcel, std::move(onBytes), stop);
  Duration pause = kFirstPause;
  for (int tries = 1;; ++tries) {
    const int64_t before = parcel->arrived();
    Status done = co_await fetch.attempt();
    if (!fetch.fault()) co_return fetch.fault();
    if (done || !mayPass(done.error())) co_return done;
    if (parcel->arrived() > before) {
      tries = 0;
      pause = kFirstPause;
    }
    if (tries == kTries) co_return done;
    const auto wait = std::chrono::duration_cast<Duration>(pause * (0.5 + random.uniform() / 2));
    if (!co_await sleepFor(wait, stop)) co_return makeError(Code::Cancelled, "the download was stopped");
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace berth::agent::containerd
