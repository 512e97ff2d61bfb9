#include "agent/runtimes/containerd/blobs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "agent/runtimes/containerd/blob_fetch.hpp"

namespace berth::agent::containerd {
namespace {

constexpr size_t kUploaded = 512 << 10;
/// A download that others began may fail for reasons of theirs.
constexpr int kJoins = 3;

std::string blobPath(const std::string& store, const std::string& digest) {
  return store + "/blobs/sha256/" + digest.substr(digest.find(':') + 1);
}

}  // namespace

struct Blobs::Arrival {
  Descriptor blob;
  std::shared_ptr<layers::Parcel> parcel;
  std::vector<WishPtr> wishes;
  std::stop_source stop;
  Event turn;
  bool running = false;  ///< it has its place among the downloads
  bool over = false;     ///< it has given it back
};

Blobs::Blobs(Parts parts, BlobLimits limits, Launch launch)
    : parts_(std::move(parts)), limits_(limits), launch_(std::move(launch)) {}

Blobs::~Blobs() { close(); }

void Blobs::close() {
  closed_ = true;
  for (const ArrivalPtr& arrival : arrivals_) {
    arrival->stop.request_stop();
    if (arrival->parcel) arrival->parcel->breakOff(makeError(Code::Cancelled, "the runtime is being closed"));
  }
  pool_.reset();
}

/// Where containerd keeps blobs, if this process may write there.
Async<std::string> Blobs::storeFolder() {
  if (store_) co_return *store_;
  const auto root = co_await parts_.api.contentRoot();
  if (!root && root.error().code != Code::NotFound) co_return std::string();
  store_ = root ? *root : std::string();
  if (!root || layers::Parcel::make(*root, 0)) co_return *store_;
  parts_.log.info("containerd's store can't be written to by itself: blobs are sent to it",
                  {{"folder", *root}});
  store_ = std::string();
  co_return *store_;
}

/// NotFound when the store does not have it.
Async<Status> Blobs::fromStore(WishPtr wish) {
  const auto here = co_await parts_.api.hasContent(wish->blob.digest);
  if (!here) co_return here.error();
  if (!*here) co_return makeError(Code::NotFound, "containerd's store does not have " + wish->blob.digest);
  const Status leased = co_await parts_.api.adoptContent(wish->blob, {}, wish->lease);
  if (!leased) co_return leased;
  const std::string store = co_await storeFolder();
  auto parcel = layers::Parcel::open(blobPath(store, wish->blob.digest), wish->blob.size);
  if (parcel) wish->parcel = std::move(*parcel);
  co_return Status();
}

Async<void> Blobs::bring(WishPtr wish, std::stop_token stop) {
  const std::stop_callback onStop(stop, [&wish] { wish->wake_.set(); });
  Status result = makeError(Code::NotFound, "");
  for (int joins = 0; joins < kJoins && !result && !stop.stop_requested(); ++joins) {
    result = co_await fromStore(wish);
    if (result || result.error().code != Code::NotFound) break;
    const bool own = std::ranges::none_of(
        arrivals_, [&](const ArrivalPtr& each) { return brings(*each, wish->blob.digest); });
    result = co_await download(wish, stop);
    if (own) break;
  }
  if (!result && stop.stop_requested())
    result = makeError(Code::Cancelled, "the pull is not wanted any more");
  wish->result = std::move(result);
  wish->changed.set();
}

/// Takes part in a download, or begins one.
Async<Status> Blobs::download(WishPtr wish, std::stop_token stop) {
  const auto found = std::ranges::find_if(
      arrivals_, [&](const ArrivalPtr& each) { return brings(*each, wish->blob.digest); });
  const bool own = found == arrivals_.end();
  const ArrivalPtr arrival = own ? std::make_shared<Arrival>() : *found;
  arrival->wishes.push_back(wish);
  wish->arrived_.reset();
  wish->parcel = arrival->parcel;
  if (own) {
    arrival->blob = wish->blob;
    arrivals_.push_back(arrival);
    launch_("download", [this, arrival, wish] { return run(arrival, wish); });
    startNext();
  } else {
    wish->changed.set();
  }
  while (!wish->arrived_ && !stop.stop_requested()) {
    wish->wake_.reset();
    co_await wish->wake_.wait();
  }
  std::erase(arrival->wishes, wish);
  if (arrival->wishes.empty()) {
    arrival->stop.request_stop();
    arrival->turn.set();
  }
  if (!wish->arrived_) co_return makeError(Code::Cancelled, "the pull is not wanted any more");
  Status result = *wish->arrived_;
  if (result && !own) result = co_await parts_.api.adoptContent(wish->blob, {}, wish->lease);
  co_return result;
}

/// One that was stopped is on its way out.
bool Blobs::brings(const Arrival& arrival, const std::string& digest) {
  return arrival.blob.digest == digest && !arrival.stop.stop_requested();
}

void Blobs::startNext() {
  size_t running = 0;
  int64_t bytes = 0;
  for (const ArrivalPtr& each : arrivals_) {
    if (!each->running || each->over) continue;
    ++running;
    bytes += each->blob.size;
  }
  for (const ArrivalPtr& each : arrivals_) {
    if (each->running) continue;
    const bool fits =
        running < std::max<size_t>(1, limits_.atOnce) && bytes + each->blob.size <= limits_.bytes;
    if (!fits && running > 0) return;
    each->running = true;
    each->turn.set();
    ++running;
    bytes += each->blob.size;
  }
}

void Blobs::settle(const ArrivalPtr& arrival, Status result) {
  arrivals_.remove(arrival);
  for (const WishPtr& wish : arrival->wishes) {
    wish->arrived_ = result;
    wish->wake_.set();
  }
  startNext();
}

Async<void> Blobs::run(ArrivalPtr arrival, WishPtr first) {
  co_await arrival->turn.wait();
  Status result = makeError(Code::Cancelled, "the pull is not wanted any more");
  if (!arrival->stop.stop_requested()) result = co_await fetch(arrival, first->from);
  // The first may have given up, and with it its lease.
  if (result) result = co_await keep(arrival, arrival->wishes.empty() ? first : arrival->wishes.front());
  settle(arrival, std::move(result));
}

/// All of its bytes, and they are what the digest says.
Async<Status> Blobs::fetch(ArrivalPtr arrival, std::shared_ptr<Repository> from) {
  const std::string store = co_await storeFolder();
  auto parcel = layers::Parcel::make(store.empty() ? parts_.folder : store, arrival->blob.size);
  if (!parcel) co_return parcel.error();
  arrival->parcel = *parcel;
  for (const WishPtr& wish : arrival->wishes) {
    wish->parcel = *parcel;
    wish->changed.set();
  }
  struct Hash {
    std::optional<Result<std::string>> digest;
    Event done;
  };
  const auto hash = std::make_shared<Hash>();
  launch_("digest of a blob", [this, hash, kept = *parcel]() -> Async<void> {
    hash->digest = co_await block([kept] { return layers::digestOf(*kept); });
    hash->done.set();
  });
  const auto onBytes = [arrival](size_t count) {
    for (const WishPtr& wish : arrival->wishes) {
      if (wish->onBytes) wish->onBytes(count);
    }
  };
  Status fetched = co_await fetchBlob(from, arrival->blob.digest, *parcel, parts_.random, onBytes,
                                      arrival->stop.get_token());
  if (!fetched) (*parcel)->breakOff(fetched.error());
  arrival->over = true;
  startNext();
  co_await hash->done.wait();
  if (!fetched) co_return fetched;
  if (!*hash->digest) co_return hash->digest->error();
  if (**hash->digest == arrival->blob.digest) co_return Status();
  co_return makeError(Code::DataLoss, "verification failed for digest " + arrival->blob.digest);
}

/// Into the store: as it lies there already, if it does; else by sending it.
Async<Status> Blobs::keep(ArrivalPtr arrival, WishPtr wish) {
  const std::string store = co_await storeFolder();
  const std::shared_ptr<layers::Parcel> parcel = arrival->parcel;
  if (!store.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(store + "/blobs/sha256", ignored);
    Status kept = parcel->keepAs(blobPath(store, arrival->blob.digest));
    if (kept) kept = co_await parts_.api.adoptContent(arrival->blob, wish->labels, wish->lease);
    if (kept) co_return kept;
    parts_.log.debug("a blob is sent to containerd", {{"error", kept.error().message}});
  }
  co_return co_await parts_.api.writeContent(
      arrival->blob, [parcel](int64_t at) { return parcel->peek(at, kUploaded); }, wish->labels, wish->lease);
}

}  // namespace berth::agent::containerd
