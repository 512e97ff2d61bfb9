#include "agent/runtimes/docker/downloads.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

constexpr Duration kLongestNap = std::chrono::seconds(1);
constexpr Duration kShortestNap = std::chrono::milliseconds(1);

/// Never shown: it holds the credentials.
std::string downloadKey(const docker::ImageReference& reference, const std::optional<RegistryAuth>& auth) {
  const RegistryAuth by = auth.value_or(RegistryAuth{});
  const std::string separator(1, '\0');
  return reference.repository() + separator + reference.version() + separator + by.username + separator +
         by.password;
}

}  // namespace

std::optional<LayerEvent> toLayerEvent(const docker::PullProgress& line) {
  using Step = LayerEvent::Step;
  struct Word {
    std::string_view status;
    Step step;
  };
  static constexpr Word kWords[] = {{"Pulling fs layer", Step::Listed},
                                    // Docker's max-concurrent-downloads are in use.
                                    {"Waiting", Step::Waiting},
                                    {"Downloading", Step::Downloading},
                                    {"Verifying Checksum", Step::Downloaded},
                                    {"Download complete", Step::Downloaded},
                                    {"Extracting", Step::Extracting},
                                    {"Pull complete", Step::Done},
                                    {"Already exists", Step::Done}};
  const auto* word = std::ranges::find(kWords, std::string_view(line.status), &Word::status);
  if (word == std::end(kWords) || line.id.empty()) return std::nullopt;
  return LayerEvent{line.id, word->step, line.current, line.total};
}

std::shared_ptr<Downloads::Wish> Downloads::join(docker::ImageReference reference,
                                                 std::optional<RegistryAuth> auth, MonoTime since,
                                                 std::shared_ptr<Event> settled) {
  auto wish = std::make_shared<Wish>();
  wish->id = queue_.join({downloadKey(reference, auth), reference.digest, since}, clock_.now());
  wish->reference = std::move(reference);
  wish->auth = std::move(auth);
  wish->settled = std::move(settled);
  wishes_[wish->id] = wish;
  pump();
  return wish;
}

void Downloads::leave(const std::shared_ptr<Wish>& wish) {
  queue_.leave(wish->id, clock_.now());
  settle(wish->id, makeError(Code::Cancelled, "the pull is not wanted any more"));
  pump();
}

void Downloads::settle(PullQueue::Wish id, Status result) {
  const auto node = wishes_.extract(id);
  if (node.empty()) return;
  node.mapped()->result = std::move(result);
  node.mapped()->settled->set();
}

void Downloads::start(const PullQueue::Start& step) {
  const auto wish = std::ranges::find_if(wishes_, [&](const auto& each) {
    return downloadKey(each.second->reference, each.second->auth) == step.key;
  });
  const std::stop_source& source = running_[step.download];
  launch_("docker pull",
          [this, download = step.download, reference = wish->second->reference, auth = wish->second->auth,
           stop = source.get_token()] { return transfer(download, reference, auth, stop); });
}

void Downloads::pump() {
  for (const PullQueue::Step& step : queue_.takeSteps()) {
    if (const auto* begin = std::get_if<PullQueue::Start>(&step)) start(*begin);
    if (const auto* end = std::get_if<PullQueue::Stop>(&step)) running_[end->download].request_stop();
    if (const auto* answer = std::get_if<PullQueue::Answer>(&step)) settle(answer->wish, answer->result);
  }
  if (watching_ || queue_.size() == 0) return;
  watching_ = true;
  launch_("watch over pulls", [this] { return watch(); });
}

Async<void> Downloads::transfer(PullQueue::Download download, docker::ImageReference reference,
                                std::optional<RegistryAuth> auth, std::stop_token stop) {
  const auto tell = [this, download](const docker::PullProgress& line) {
    if (const auto event = toLayerEvent(line)) queue_.progress(download, *event, clock_.now());
  };
  Status result = co_await api_.pullImage(std::move(reference), std::move(auth), tell, std::move(stop));
  running_.erase(download);
  queue_.finished(download, std::move(result), clock_.now());
  pump();
}

Async<void> Downloads::watch() {
  // Progress can bring a deadline nearer, so the nap is short whatever the next one is.
  while (const std::optional<MonoTime> next = queue_.nextDeadline()) {
    const Duration most = std::clamp(limits_.inactivity, kShortestNap, kLongestNap);
    if (!co_await sleepFor(std::clamp(*next - clock_.now().mono, kShortestNap, most), stop_)) break;
    queue_.check(clock_.now());
    pump();
  }
  watching_ = false;
}

}  // namespace berth::agent
