#include "tests/bench/fleet/callers.hpp"

#include <algorithm>

namespace berth::fleet {
namespace {

using namespace std::chrono_literals;

constexpr size_t kTasksACall = 10;
constexpr size_t kTasksADescription = 100;
constexpr std::string_view kTaskArn = "\"taskArn\":\"";

double millisecondsBetween(MonoTime from, MonoTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

}  // namespace

double Latencies::at(double part) {
  if (all_.empty()) return 0;
  const auto place = static_cast<std::ptrdiff_t>(part * static_cast<double>(all_.size() - 1));
  std::nth_element(all_.begin(), all_.begin() + place, all_.end());
  return all_[static_cast<size_t>(place)];
}

Starter::Starter(FleetDeps& deps, size_t most) : deps_(deps) {
  for (size_t i = 0; i < most; ++i) {
    channels_.push_back(
        std::make_unique<HttpChannel>(deps.poller, deps.server, 1'000'000 + static_cast<uint32_t>(i)));
  }
  deps_.counts.onDelivered = [this](std::string_view arn) { onDelivered(arn); };
}

void Starter::begin(size_t tasks, double perSecond, size_t callers) {
  callers_ = std::clamp<size_t>(callers, 1, channels_.size());
  total_ = tasks;
  asked_ = answered_ = placed_ = failed_ = 0;
  toPayload_ = {};
  perSecond_ = perSecond;
  began_ = deps_.clock.now().mono;
  if (perSecond > 0) return pace();
  for (size_t i = 0; i < callers_; ++i) call(*channels_[i]);
}

void Starter::pace() {
  const double passed = std::chrono::duration<double>(deps_.clock.now().mono - began_).count();
  while (asked_ < total_ && static_cast<double>(asked_) <= passed * perSecond_) {
    call(*channels_[calls_ % callers_]);
  }
  if (asked_ < total_) deps_.timers.after(1ms, [this] { pace(); });
}

void Starter::call(HttpChannel& channel) {
  const size_t tasks = std::min(kTasksACall, total_ - asked_);
  if (tasks == 0) return;
  asked_ += tasks;
  const std::string body = R"({"cluster":"default","taskDefinition":"fleet","count":)" +
                           std::to_string(tasks) + R"(,"clientToken":"fleet-)" +
                           std::to_string(deps_.random.next()) + "-" + std::to_string(++calls_) +
                           R"(","placementStrategy":[{"type":"spread","field":"instanceId"}]})";
  auto sent = std::make_shared<MonoTime>();
  channel.request(
      [this, body, sent] {
        *sent = deps_.clock.now().mono;
        return deps_.requests.call("RunTask", body);
      },
      [this, &channel, tasks, sent](int status, std::string_view answer) {
        onAnswer(status, answer, tasks, *sent);
        if (perSecond_ == 0) call(channel);
      });
}

void Starter::onAnswer(int status, std::string_view body, size_t tasks, MonoTime sent) {
  answered_ += tasks;
  if (status != 200) {
    failed_ += tasks;
    deps_.counts.lastError = body.substr(0, 300);
    return;
  }
  size_t found = 0;
  std::string last;
  for (size_t at = 0; (at = body.find(kTaskArn, at)) != std::string_view::npos;) {
    at += kTaskArn.size();
    std::string arn(body.substr(at, body.find('"', at) - at));
    // A task's ARN is in each of its containers too.
    if (arn == last) continue;
    last = arn;
    ++found;
    const auto known = half_.find(arn);
    if (known == half_.end()) {
      half_.emplace(std::move(arn), sent);
    } else {
      toPayload_.add(millisecondsBetween(sent, known->second));
      half_.erase(known);
    }
  }
  placed_ += found;
  failed_ += tasks - found;
}

void Starter::onDelivered(std::string_view arn) {
  const auto known = half_.find(std::string(arn));
  if (known == half_.end()) {
    half_.emplace(arn, deps_.clock.now().mono);
  } else {
    toPayload_.add(millisecondsBetween(known->second, deps_.clock.now().mono));
    half_.erase(known);
  }
}

Describer::Describer(FleetDeps& deps, std::vector<std::string> arns)
    : deps_(deps), channel_(deps.poller, deps.server, 2'000'000) {
  arns.resize(std::min(arns.size(), kTasksADescription));
  body_ = R"({"cluster":"default","tasks":[)";
  for (size_t i = 0; i < arns.size(); ++i) body_ += (i == 0 ? "\"" : ",\"") + arns[i] + "\"";
  body_ += "]}";
}

void Describer::begin(size_t calls) {
  left_ = calls;
  latencies_ = {};
  call();
}

void Describer::call() {
  auto sent = std::make_shared<MonoTime>();
  channel_.request(
      [this, sent] {
        *sent = deps_.clock.now().mono;
        return deps_.requests.call("DescribeTasks", body_);
      },
      [this, sent](int status, std::string_view answer) {
        if (status == 200) {
          latencies_.add(millisecondsBetween(*sent, deps_.clock.now().mono));
        } else {
          ++deps_.counts.refused;
          deps_.counts.lastError = answer.substr(0, 200);
        }
        if (--left_ > 0) deps_.timers.after(10ms, [this] { call(); });
      });
}

}  // namespace berth::fleet
