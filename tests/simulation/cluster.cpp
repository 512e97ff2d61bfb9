#include "tests/simulation/cluster.hpp"

namespace berth::simulation {

using std::chrono::milliseconds;

Cluster::Cluster(uint64_t seed, size_t agents) : world_(seed) {
  controller_ = std::make_unique<ControllerNode>(world_, *this);
  controller_->start();
  for (size_t i = 0; i < agents; ++i) {
    agents_.push_back(std::make_unique<AgentNode>(world_, *this, i, ledger_));
  }
}

void Cluster::request(const std::string& operation, const Json& input, const Alive& alive, Reply reply) {
  const Duration there = world_.between(milliseconds(1), milliseconds(20));
  auto lost = [this, alive, reply] {
    world_.after(std::chrono::seconds(2), alive,
                 [reply] { reply(makeError(Code::Unavailable, "connection reset")); });
  };
  if (world_.fault(0.03)) return lost();
  if (world_.fault(0.03)) {
    // A copy of it comes some time, maybe after what its sender has asked for since.
    world_.after(there + world_.between(Duration(0), kLatest), forever_, [this, operation, input] {
      controller_->call(operation, input, [](const Result<Json>&) {});
    });
  }
  world_.after(there, forever_, [this, operation, input, alive, reply, lost] {
    controller_->call(operation, input, [this, alive, reply, lost](Result<Json> result) {
      if (world_.fault(0.03)) return lost();
      Duration back = world_.between(milliseconds(1), milliseconds(20));
      world_.after(back, alive, [reply, result] { reply(result); });
    });
  });
}

Duration Cluster::orderedDelay(std::map<controller::SessionId, MonoTime>& last,
                               controller::SessionId session) {
  MonoTime at = world_.now().mono + world_.between(milliseconds(1), milliseconds(30));
  at = std::max(at, last[session] + Duration(1));
  last[session] = at;
  return at - world_.now().mono;
}

void Cluster::carry(std::map<controller::SessionId, MonoTime>& last, controller::SessionId session,
                    const std::function<void()>& arrive) {
  if (world_.fault(0.02)) return;
  for (int copies = world_.fault(0.03) ? 2 : 1; copies > 0; --copies) {
    const bool late = world_.fault(0.05);
    const Duration delay = late ? world_.between(milliseconds(1), kLatest) : orderedDelay(last, session);
    world_.after(delay, forever_, arrive);
  }
}

void Cluster::toAgent(controller::SessionId session, size_t agent, const std::string& frame) {
  carry(lastToAgent_, session, [this, session, agent, frame] { agents_[agent]->onFrame(session, frame); });
}

void Cluster::toController(controller::SessionId session, const std::string& frame) {
  carry(lastToController_, session, [this, session, frame] { controller_->onFrame(session, frame); });
}

void Cluster::closed(controller::SessionId session, size_t agent) {
  world_.after(milliseconds(1), forever_, [this, session, agent] { agents_[agent]->onClosed(session); });
}

}  // namespace berth::simulation
