#include "agent/runtimes/docker/image_puller.hpp"

#include <algorithm>
#include <utility>

#include "agent/images/image_names.hpp"
#include "agent/runtimes/docker/errors.hpp"

namespace berth::agent {
namespace {

/// An image can be removed by somebody else between two of our calls.
constexpr int kTries = 3;

PullOutcome outcomeOf(const docker::ImageInspect& image, const docker::ImageReference& reference,
                      bool downloaded) {
  PullOutcome outcome;
  outcome.downloaded = downloaded;
  outcome.digest = reference.digest;
  outcome.imageId = image.id;
  outcome.bytes = image.size;
  const std::vector<std::string> digests = digestsIn(image, reference);
  if (outcome.digest.empty() && !digests.empty()) outcome.digest = digests.back();
  return outcome;
}

bool alike(const PullSpec& a, const PullSpec& b) {
  const RegistryAuth one = a.auth.value_or(RegistryAuth{});
  const RegistryAuth other = b.auth.value_or(RegistryAuth{});
  const std::string failed = a.authFailure ? a.authFailure->message : "";
  const std::string otherFailed = b.authFailure ? b.authFailure->message : "";
  // Credentials count: nobody gets an image by those of another.
  return a.image == b.image && a.behavior == b.behavior && one.username == other.username &&
         one.password == other.password && failed == otherFailed;
}

Error unwanted() { return makeError(Code::Cancelled, "the pull is not wanted any more"); }

Error vanished(const std::string& image) {
  Error error = makeError(Code::FailedPrecondition, "image " + image + " was removed while it was pulled");
  error.retryable = true;
  return error;
}

/// Whether the time of one caller is over, and not only this attempt's.
bool isOverdue(const Status& result) {
  return !result && result.error().code == Code::DeadlineExceeded && !result.error().retryable;
}

/// Whether the registry itself said why, so that asking it once more by a pull tells nothing new.
bool answersForThePull(const Error& error) {
  return error.retryable || error.code == Code::NotFound || error.code == Code::PermissionDenied ||
         error.code == Code::Cancelled || error.code == Code::FailedPrecondition;
}

}  // namespace

std::vector<std::string> digestsIn(const docker::ImageInspect& image,
                                   const docker::ImageReference& reference) {
  std::vector<std::string> digests;
  for (const std::string& text : image.repoDigests) {
    const Result<docker::ImageReference> known = docker::parseImageReference(text);
    if (known && known->repository() == reference.repository()) digests.push_back(known->digest);
  }
  return digests;
}

ImagePuller::ImagePuller(Parts parts, PullLimits limits, Launch launch, std::stop_token stop)
    : parts_(std::move(parts)),
      limits_(limits),
      launch_(std::move(launch)),
      stop_(std::move(stop)),
      downloads_(parts_.api, parts_.clock, limits, launch_, stop_) {}

void ImagePuller::pull(PullSpec spec, Callback<PullOutcome> done) {
  Waiter waiter{spec.wantedBy, firstAsked(spec.wantedBy), std::move(done), nullptr};
  for (const FlightPtr& flight : flights_) {
    if (alike(flight->spec, spec)) return enter(flight, std::move(waiter));
  }
  auto flight = std::make_shared<Flight>();
  flight->settled = std::make_shared<Event>();
  enter(flight, std::move(waiter));
  flight->name = canonicalImage(spec.image);
  flight->since = parts_.clock.now().wall;
  flight->spec = std::move(spec);
  flights_.push_back(flight);
  launch_("docker pull", [this, flight] { return fly(flight); });
}

void ImagePuller::enter(const FlightPtr& flight, Waiter waiter) {
  if (flight->loaded) want(*flight, waiter);
  const auto later = std::ranges::upper_bound(flight->waiters, waiter.since, {}, &Waiter::since);
  flight->waiters.insert(later, std::move(waiter));
}

void ImagePuller::want(Flight& flight, Waiter& waiter) {
  waiter.wish = downloads_.join(*flight.loaded, flight.spec.auth, waiter.since, flight.settled);
}

MonoTime ImagePuller::firstAsked(const std::string& wantedBy) {
  const MonoTime now = parts_.clock.now().mono;
  if (wantedBy.empty()) return now;
  // Who has not come back for so long won't: attempts follow each other within seconds.
  std::erase_if(asked_, [&](const auto& each) { return each.second + 2 * limits_.total < now; });
  return asked_.try_emplace(wantedBy, now).first->second;
}

void ImagePuller::answer(const Waiter& waiter, const Result<PullOutcome>& outcome) {
  if (outcome || !outcome.error().retryable) asked_.erase(waiter.wantedBy);
  if (!stop_.stop_requested()) waiter.done(outcome);
}

void ImagePuller::forget(const FlightPtr& flight) { flights_.remove(flight); }

void ImagePuller::cancel(const std::string& wantedBy) {
  if (wantedBy.empty()) return;
  asked_.erase(wantedBy);
  std::vector<Callback<PullOutcome>> gone;
  for (const FlightPtr& flight : std::list<FlightPtr>(flights_)) {
    std::erase_if(flight->waiters, [&](Waiter& waiter) {
      if (waiter.wantedBy != wantedBy) return false;
      gone.push_back(std::move(waiter.done));
      if (waiter.wish) downloads_.leave(waiter.wish);
      return true;
    });
    if (flight->waiters.empty()) forget(flight);
  }
  if (gone.empty()) return;
  launch_("cancelled pull", [this, gone = std::move(gone)]() -> Async<void> {
    for (const Callback<PullOutcome>& done : gone) {
      if (!stop_.stop_requested()) done(unwanted());
    }
    co_return;
  });
}

Async<void> ImagePuller::fly(FlightPtr flight) {
  const Result<PullOutcome> outcome = co_await reach(flight);
  forget(flight);
  if (!outcome && saysDiskFull(outcome.error()) && parts_.onDiskFull && !stop_.stop_requested()) {
    parts_.onDiskFull();
  }
  for (const Waiter& waiter : std::exchange(flight->waiters, {})) answer(waiter, outcome);
}

bool ImagePuller::localWillDo(const Flight& flight, const docker::ImageReference& reference) const {
  if (!reference.digest.empty() || flight.spec.behavior == PullBehavior::PreferCached) return true;
  return flight.spec.behavior == PullBehavior::Once && parts_.memory.pulledBefore(flight.name);
}

void ImagePuller::remember(const Flight& flight, const PullOutcome& outcome) {
  const WallTime now = parts_.clock.now().wall;
  const auto known = parts_.memory.records().find(flight.name);
  if (known != parts_.memory.records().end() && known->second.imageId == outcome.imageId &&
      !outcome.downloaded) {
    parts_.memory.used(flight.name, now);
    return;
  }
  parts_.memory.pulled(ImageRecord{flight.name, outcome.digest, outcome.imageId, now, now, outcome.bytes});
}

Async<Result<PullOutcome>> ImagePuller::reach(FlightPtr flight) {
  const Result<docker::ImageReference> reference = docker::parseImageReference(flight->spec.image);
  if (!reference) co_return reference.error();
  Result<PullOutcome> outcome = vanished(flight->spec.image);
  for (int i = 0; i < kTries; ++i) {
    co_await untilNotRemoved(flight);
    const auto local = co_await parts_.api.inspectImage(flight->spec.image);
    if (!local) co_return local.error();
    if (*local && localWillDo(*flight, *reference)) {
      parts_.memory.used(flight->name, parts_.clock.now().wall);
      co_return outcomeOf(**local, *reference, false);
    }
    flight->fallback.reset();
    if (*local && flight->spec.behavior == PullBehavior::Default) {
      flight->fallback = outcomeOf(**local, *reference, false);
    }
    outcome = co_await refresh(flight, *reference, *local);
    if (outcome) {
      remember(*flight, *outcome);
      co_return outcome;
    }
    const Error& error = outcome.error();
    if (error.code == Code::Cancelled) co_return outcome;
    if (flight->fallback && !parts_.api.isRefusal(error)) co_return orFallback(*flight, error);
    if (error.code != Code::FailedPrecondition || !error.retryable) co_return outcome;
  }
  co_return outcome;
}

Result<PullOutcome> ImagePuller::orFallback(const Flight& flight, Error error) const {
  if (!flight.fallback) return error;
  parts_.log.warn("using the local image, as the registry gave none",
                  {{"image", flight.spec.image}, {"error", error.message}});
  return *flight.fallback;
}

Async<Result<PullOutcome>> ImagePuller::refresh(FlightPtr flight, docker::ImageReference reference,
                                                std::optional<docker::ImageInspect> local) {
  if (flight->spec.authFailure) co_return *flight->spec.authFailure;
  std::string digest = reference.digest;
  if (digest.empty()) {
    const Result<std::string> asked =
        co_await parts_.api.registryDigest(flight->spec.image, reference, flight->spec.auth);
    if (!asked && answersForThePull(asked.error())) co_return asked.error();
    if (asked) digest = *asked;
  }
  if (flight->waiters.empty()) co_return unwanted();
  if (local && !digest.empty() && std::ranges::count(digestsIn(*local, reference), digest) > 0) {
    PullOutcome same = outcomeOf(*local, reference, false);
    same.digest = digest;
    co_return same;
  }
  const Status pulled = co_await download(flight, reference, digest);
  if (!pulled) co_return pulled.error();
  const auto image = co_await parts_.api.inspectImage(flight->spec.image);
  if (!image) co_return image.error();
  if (!*image) co_return vanished(flight->spec.image);
  PullOutcome outcome = outcomeOf(**image, reference, true);
  if (!digest.empty()) outcome.digest = digest;
  co_return outcome;
}

Async<Status> ImagePuller::download(FlightPtr flight, docker::ImageReference reference, std::string digest) {
  docker::ImageReference exact = reference;
  exact.digest = digest;
  flight->digest = digest.empty() ? "" : exact.repository() + "@" + digest;
  flight->loaded = exact;
  for (Waiter& waiter : flight->waiters) want(*flight, waiter);
  Status arrived = co_await arrival(flight);
  flight->loaded.reset();
  for (Waiter& waiter : flight->waiters) {
    // One that came just now may have begun a download anew.
    downloads_.leave(std::exchange(waiter.wish, nullptr));
  }
  if (!arrived) co_return arrived;
  // From here on it goes to its end even if nobody waits any more: what came must get its name and be
  // remembered, or it would never be cleaned up.
  flight->downloaded = true;
  if (digest.empty() || !reference.digest.empty()) co_return Status();
  const Status tagged = co_await parts_.api.tagImage(flight->digest, reference);
  if (!tagged && tagged.error().code == Code::NotFound) co_return vanished(flight->spec.image);
  co_return tagged;
}

/// The end of the download that the waiters share.
Async<Status> ImagePuller::arrival(FlightPtr flight) {
  while (true) {
    answerOverdue(flight);
    if (flight->waiters.empty()) co_return unwanted();
    for (const Waiter& waiter : flight->waiters) {
      if (waiter.wish->result) co_return *waiter.wish->result;
    }
    const std::shared_ptr<Downloads::Wish> first = flight->waiters.front().wish;
    co_await flight->settled->wait();
    flight->settled->reset();
    // It is here, even if its caller gave up in the same moment.
    if (first->result && *first->result) co_return Status();
  }
}

void ImagePuller::answerOverdue(const FlightPtr& flight) {
  std::vector<Waiter> overdue;
  std::erase_if(flight->waiters, [&](Waiter& waiter) {
    if (!waiter.wish->result || !isOverdue(*waiter.wish->result)) return false;
    overdue.push_back(std::move(waiter));
    return true;
  });
  if (flight->waiters.empty()) forget(flight);
  for (const Waiter& waiter : overdue) {
    answer(waiter, orFallback(*flight, waiter.wish->result->error()));
  }
}

std::vector<PullStatus> ImagePuller::status() const {
  std::vector<PullStatus> out;
  for (const FlightPtr& flight : flights_) {
    PullStatus status;
    const std::shared_ptr<Downloads::Wish>& wish = flight->waiters.front().wish;
    if (wish) status = downloads_.status(*wish).value_or(PullStatus{});
    if (flight->downloaded) status.phase = PullPhase::Extracting;
    if (flight->behindRemoval) status.waitingFor = "the removal of the same image";
    status.image = flight->spec.image;
    status.wanted = flight->waiters.size();
    status.since = flight->since;
    out.push_back(std::move(status));
  }
  return out;
}

Async<void> ImagePuller::untilNotRemoved(FlightPtr flight) {
  for (bool waited = true; waited;) {
    waited = false;
    for (const std::shared_ptr<Removal>& removal : removals_) {
      if (!removal->names.contains(flight->name)) continue;
      flight->behindRemoval = true;
      const std::shared_ptr<Removal> kept = removal;
      co_await kept->done.wait();
      waited = true;
      break;
    }
  }
  flight->behindRemoval = false;
}

void ImagePuller::removeImage(StoredImage image, Callback<std::monostate> done) {
  auto removal = std::make_shared<Removal>();
  for (const std::string& reference : image.references) removal->names.insert(canonicalImage(reference));
  const bool wanted = std::ranges::any_of(flights_, [&](const FlightPtr& flight) {
    return removal->names.contains(flight->name) || removal->names.contains(flight->digest);
  });
  if (!wanted) removals_.push_back(removal);
  launch_("docker image removal",
          [this, removal, wanted, image = std::move(image), done = std::move(done)]() -> Async<void> {
            Result<std::monostate> result =
                makeError(Code::FailedPrecondition, "image " + image.id + " is wanted by a pull");
            if (!wanted) result = co_await removeAll(image);
            removals_.remove(removal);
            removal->done.set();
            if (!stop_.stop_requested()) done(std::move(result));
          });
}

Async<Result<std::monostate>> ImagePuller::removeAll(StoredImage image) {
  // The names by tag first: with the last of them the engine drops those by digest in the same repository.
  std::vector<std::string> names = image.references;
  std::ranges::stable_partition(names,
                                [](const std::string& name) { return name.find('@') == std::string::npos; });
  if (names.empty()) names.push_back(image.id);
  for (const std::string& name : names) {
    const Status removed = co_await parts_.api.removeImage(name);
    if (!removed) co_return removed.error();
  }
  co_return std::monostate();
}

}  // namespace berth::agent
