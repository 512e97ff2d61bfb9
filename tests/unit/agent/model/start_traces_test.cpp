#include "agent/model/start_traces.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

constexpr const char* kTask = "arn:task";

MonoTime at(int milliseconds) { return MonoTime(std::chrono::milliseconds(milliseconds)); }

std::vector<std::string> shown(const StartTraces& traces) {
  std::vector<std::string> out;
  for (const StartMark& mark : *traces.find(kTask)) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(mark.took).count();
    out.push_back(std::string(name(mark.step)) + " " + mark.container + " " + std::to_string(took));
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("Each step of a start is told with its time since the step that it comes after") {
  StartTraces traces;
  traces.begin(kTask, at(1000));
  traces.mark(kTask, "", StartStep::Persisted, at(1003));
  traces.mark(kTask, "web", StartStep::ImageKnown, at(1004));
  // Side by side: the one does not come after the other.
  traces.mark(kTask, "log", StartStep::ImageKnown, at(1009));
  traces.mark(kTask, "web", StartStep::Started, at(1014));
  traces.mark(kTask, "log", StartStep::Started, at(1019));
  traces.mark(kTask, "", StartStep::Queued, at(1020));
  CHECK(shown(traces) == Lines{"payload received  0", "persisted  3", "image known web 1",
                               "image known log 6", "started web 10", "started log 10", "report queued  1"});
  CHECK(traces.find(kTask)->back().after == std::chrono::milliseconds(20));
}

TEST_CASE("A step counts the first time, and none after the acknowledgement") {
  StartTraces traces;
  std::vector<StartStep> heard;
  traces.listen([&](const StartMark& mark) { heard.push_back(mark.step); });
  traces.begin(kTask, at(0));
  traces.begin(kTask, at(5));
  traces.mark(kTask, "web", StartStep::Started, at(7));
  traces.mark(kTask, "web", StartStep::Started, at(8));
  traces.mark(kTask, "", StartStep::Acknowledged, at(9));
  traces.mark(kTask, "web", StartStep::Intended, at(11));
  CHECK(shown(traces) == Lines{"payload received  0", "started web 7", "report acknowledged  2"});
  CHECK(heard == std::vector{StartStep::Received, StartStep::Started, StartStep::Acknowledged});
}

TEST_CASE("The runtime's steps are found by its own name for the container, until that runs") {
  StartTraces traces;
  traces.begin(kTask, at(0));
  traces.mark("ecs-web-1", StartStep::Snapshot, at(1));
  traces.bind("ecs-web-1", kTask, "web");
  traces.mark("ecs-web-1", StartStep::Snapshot, at(2));
  traces.mark("ecs-web-1", StartStep::Started, at(5));
  traces.mark("ecs-web-1", StartStep::ShimUp, at(6));
  CHECK(shown(traces) == Lines{"payload received  0", "snapshot made web 2", "started web 3"});
}

TEST_CASE("A task that no payload of this run brought, or that is gone, has no trace") {
  StartTraces traces;
  traces.mark(kTask, "", StartStep::Persisted, at(1));
  CHECK_FALSE(traces.find(kTask));
  traces.begin(kTask, at(0));
  traces.bind("ecs-web-1", kTask, "web");
  const auto before = traces.find(kTask);
  traces.mark(kTask, "", StartStep::Persisted, at(1));
  CHECK(before->size() == 1);
  traces.forget(kTask);
  traces.mark("ecs-web-1", StartStep::Started, at(5));
  CHECK_FALSE(traces.find(kTask));
}

}  // namespace berth::agent
