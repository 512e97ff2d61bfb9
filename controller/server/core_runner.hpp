// Runs the controller's core: makes its outputs durable, and only then gives replies and sends frames.
// Outputs leave in the order in which the core made them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/log/log.hpp"
#include "common/store/store.hpp"
#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"
#include "controller/server/read_set.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::controller {

/// Where frames for agents go. Sessions that are gone are ignored.
class AgentLinks {
 public:
  virtual ~AgentLinks() = default;
  virtual void send(SessionId session, const acs::ToAgent& message) = 0;
  virtual void close(SessionId session, const std::string& reason) = 0;
  /// The core starts over: every session is to end, and agents to come back.
  virtual void closeAll(const std::string& reason) = 0;
};

struct CoreRunnerDeps {
  boost::asio::io_context& io;
  Store& store;
  /// How mutations are written to the store (called on a thread of the store's), and how its rows are read.
  std::function<Changes(const Mutations&)> encode;
  std::function<Result<std::vector<Entity>>()> load;
  std::function<std::unique_ptr<Controller>()> makeCore;
  const Clock& clock;
  Log& log;
  /// Hears of each output once it is durable.
  std::function<void(const Output&)> released = [](const Output&) {};
  /// Hears that the core was made anew: its state is another one, and every session has ended.
  std::function<void()> renewed = [] {};
};

class CoreRunner {
 public:
  explicit CoreRunner(CoreRunnerDeps deps);
  ~CoreRunner();
  CoreRunner(const CoreRunner&) = delete;
  CoreRunner& operator=(const CoreRunner&) = delete;

  /// Loads the state. DataLoss and the like when the store can't be read.
  Status start(AgentLinks& links);

  /// Performs an API call; `done` is called when what it changed and what it shows is durable, with
  /// ServerException when it could not be made so.
  void call(const std::string& operation, Json input, const Caller& caller, std::function<void(Reply)> done);
  /// The same with Controller::perform.
  void perform(const Action& action, const Json& input, const Caller& caller,
               std::function<void(Reply)> done);
  /// `opened` hears the session's id before anything is sent on it.
  ApiResult<SessionId> connect(const Hello& hello, const std::function<void(SessionId)>& opened);
  void onFrame(SessionId session, const acs::FromAgent& frame);
  void disconnect(SessionId session);
  void onHealth(const std::string& taskArn, const std::string& container, const std::string& status);

  /// As Controller::ask.
  ApiResult<Json> ask(const Action& question, const Json& input, const Caller& caller) {
    return core_->ask(question, input, caller, deps_.clock.now());
  }

  const Controller& core() const { return *core_; }
  /// Outputs that wait to become durable.
  size_t waiting() const { return queue_.size(); }
  /// False while the store can't be written.
  bool healthy() const { return healthy_; }

 private:
  struct Pending {
    std::shared_ptr<const Output> output;  ///< the store reads it beside the loop
    std::function<void()> reply;
    std::function<void()> failed;
  };
  struct Timer;

  /// Whether something of that waits to become durable.
  bool waitsFor(const ReadSet& read) const;
  /// Gives a reply once what was changed for it is durable.
  void answer(Reply reply, Output output, const std::function<void(Reply)>& done);
  void take(Output output, std::function<void()> reply = [] {}, std::function<void()> failed = [] {});
  void pump();
  void commit();
  void release(Pending pending);
  void startOver(const Error& error);
  void armTimer();

  CoreRunnerDeps deps_;
  AgentLinks* links_ = nullptr;
  std::unique_ptr<Controller> core_;
  std::deque<Pending> queue_;
  bool committing_ = false;
  bool healthy_ = true;
  std::unique_ptr<Timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth::controller
