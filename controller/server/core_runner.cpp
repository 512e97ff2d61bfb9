#include "controller/server/core_runner.hpp"

#include <utility>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace berth::controller {
namespace {

bool changesNothing(const Output& out) {
  return out.mutations.empty() && out.effects.empty() && out.lost.empty();
}

}  // namespace

struct CoreRunner::Timer {
  explicit Timer(boost::asio::io_context& io) : deadline(io) {}
  boost::asio::steady_timer deadline;
  std::optional<MonoTime> at;
};

CoreRunner::CoreRunner(CoreRunnerDeps deps)
    : deps_(std::move(deps)), timer_(std::make_unique<Timer>(deps_.io)) {}

CoreRunner::~CoreRunner() { *alive_ = false; }

Status CoreRunner::start(AgentLinks& links) {
  links_ = &links;
  auto entities = deps_.load();
  if (!entities) return entities.error();
  core_ = deps_.makeCore();
  core_->load(*entities, deps_.clock.now());
  armTimer();
  return {};
}

void CoreRunner::call(const std::string& operation, Json input, const Caller& caller,
                      std::function<void(Reply)> done) {
  std::optional<ReadSet> read;
  if (!queue_.empty()) read = readSetOf(operation, input, core_->names(), core_->state());
  Output out;
  Reply reply = core_->call(operation, std::move(input), caller, deps_.clock.now(), out);
  if (read && changesNothing(out) && !waitsFor(*read)) {
    armTimer();
    return done(std::move(reply));
  }
  answer(std::move(reply), std::move(out), done);
}

bool CoreRunner::waitsFor(const ReadSet& read) const {
  return std::ranges::any_of(queue_,
                             [&](const Pending& one) { return touches(one.output->mutations, read); });
}

void CoreRunner::perform(const Action& action, const Json& input, const Caller& caller,
                         std::function<void(Reply)> done) {
  Output out;
  const auto performed = [&](Context& context) { return widened(action(context)); };
  Reply reply = core_->perform(performed, input, caller, deps_.clock.now(), out);
  answer(std::move(reply), std::move(out), done);
}

void CoreRunner::answer(Reply reply, Output output, const std::function<void(Reply)>& done) {
  // Shared, as functions are copied and answers are large.
  auto kept = std::make_shared<Reply>(std::move(reply));
  auto failed = [done] {
    done(ApiError{"ServerException", "The change could not be stored: try again later.", 500});
  };
  take(std::move(output), [done, kept] { done(std::move(*kept)); }, failed);
}

ApiResult<SessionId> CoreRunner::connect(const Hello& hello, const std::function<void(SessionId)>& opened) {
  Output out;
  auto session = core_->connect(hello, deps_.clock.now(), out);
  if (const auto* id = std::get_if<SessionId>(&session)) opened(*id);
  take(std::move(out));
  return session;
}

void CoreRunner::onFrame(SessionId session, const acs::FromAgent& frame) {
  Output out;
  core_->onFrame(session, frame, deps_.clock.now(), out);
  take(std::move(out));
}

void CoreRunner::disconnect(SessionId session) {
  Output out;
  core_->disconnect(session, deps_.clock.now(), out);
  take(std::move(out));
}

void CoreRunner::onHealth(const std::string& taskArn, const std::string& container,
                          const std::string& status) {
  Output out;
  core_->onHealth(taskArn, container, status, deps_.clock.now(), out);
  take(std::move(out));
}

void CoreRunner::take(Output output, std::function<void()> reply, std::function<void()> failed) {
  queue_.push_back(
      Pending{std::make_shared<const Output>(std::move(output)), std::move(reply), std::move(failed)});
  pump();
  armTimer();
}

void CoreRunner::pump() {
  while (!committing_ && !queue_.empty()) {
    if (queue_.front().output->mutations.empty()) {
      Pending pending = std::move(queue_.front());
      queue_.pop_front();
      release(std::move(pending));
    } else {
      commit();
    }
  }
}

/// One commit for everything that waits: many changes, one fsync.
void CoreRunner::commit() {
  committing_ = true;
  size_t count = queue_.size();
  // Shared, not moved: whoever hears of what was released reads them, too.
  std::vector<std::shared_ptr<const Output>> all;
  for (const Pending& pending : queue_) all.push_back(pending.output);
  const auto changes = [encode = deps_.encode, all = std::move(all)] {
    Changes out;
    for (const auto& one : all) std::ranges::move(encode(one->mutations), std::back_inserter(out));
    return out;
  };
  deps_.store.commit(changes, [this, alive = alive_, count](Status status) {
    if (!*alive) return;
    committing_ = false;
    if (!status) return startOver(status.error());
    healthy_ = true;
    std::vector<Pending> done;
    for (size_t i = 0; i < count; ++i) {
      done.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    for (Pending& pending : done) release(std::move(pending));
    pump();
  });
}

/// What could not be stored must not have happened: everything that waits fails, and the core is made anew
/// from what is stored.
void CoreRunner::startOver(const Error& error) {
  deps_.log.error("the store can't be written: starting over from what is stored",
                  {{"reason", error.message}});
  healthy_ = false;
  auto dropped = std::exchange(queue_, {});
  links_->closeAll("the controller is starting over");
  auto entities = deps_.load();
  core_ = deps_.makeCore();
  if (entities) {
    core_->load(*entities, deps_.clock.now());
  } else {
    deps_.log.error("the store can't be read", {{"reason", entities.error().message}});
  }
  deps_.renewed();
  for (Pending& pending : dropped) pending.failed();
}

void CoreRunner::release(Pending pending) {
  pending.reply();
  deps_.released(*pending.output);
  for (const Effect& effect : pending.output->effects) {
    if (const auto* send = std::get_if<SendEffect>(&effect)) {
      links_->send(send->session, send->message);
    } else if (const auto* close = std::get_if<CloseEffect>(&effect)) {
      links_->close(close->session, close->reason);
    }
  }
}

void CoreRunner::armTimer() {
  MonoTime next = core_->nextDeadline();
  if (timer_->at && *timer_->at <= next) return;
  timer_->at = next;
  Duration delay = std::max(next - deps_.clock.now().mono, Duration(std::chrono::milliseconds(1)));
  timer_->deadline.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
  timer_->deadline.async_wait([this, alive = alive_](boost::system::error_code fault) {
    if (fault || !*alive) return;
    timer_->at.reset();
    Output out;
    core_->onTimer(deps_.clock.now(), out);
    take(std::move(out));
  });
}

}  // namespace berth::controller
