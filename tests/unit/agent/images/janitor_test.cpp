#include "agent/images/janitor.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/log/capture.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

/// Images on a disk that each removal frees by one image's size.
class StoreRuntime final : public Runtime {
 public:
  void info(Callback<RuntimeInfo>) override {}
  void pull(PullSpec, Callback<PullOutcome>) override {}
  void create(ContainerSpec, Callback<std::string>) override {}
  void start(std::string, Callback<RuntimeContainer>) override {}
  void stop(std::string, Duration, Callback<RuntimeContainer>) override {}
  void remove(std::string id, bool, Callback<std::monostate> done) override {
    removed.push_back(id);
    done(std::monostate());
  }
  void inspect(std::string, Callback<std::optional<RuntimeContainer>>) override {}
  void list(std::map<std::string, std::string>, Callback<std::vector<RuntimeContainer>>) override {}
  void ensureVolume(VolumeSpec, Callback<std::monostate>) override {}
  void removeVolume(std::string, Callback<std::monostate>) override {}
  void ensureNetwork(std::string, Callback<TaskNetwork>) override {}
  void removeNetwork(std::string, Callback<std::monostate>) override {}
  void subscribe(std::string, std::function<void(RuntimeEvent)>) override {}
  void tail(std::string, size_t, Callback<std::vector<std::string>>) override {}
  void cancelPull(const std::string&) override {}
  std::vector<PullStatus> pullStatus() const override { return pulls; }
  void listImages(Callback<std::vector<StoredImage>> done) override { done(images); }
  void listUses(bool, Callback<std::vector<ContainerUse>> done) override { done(uses); }
  void removeImage(StoredImage image, Callback<std::monostate> done) override {
    if (refuse) return done(makeError(Code::FailedPrecondition, "a container uses " + image.id));
    removed.push_back(image.id);
    std::erase_if(images, [&](const StoredImage& each) { return each.id == image.id; });
    disk.usedBytes -= image.bytes;
    if (onRemoved) onRemoved();
    done(std::monostate());
  }
  void diskState(Callback<DiskState> done) override {
    if (blind) return done(makeError(Code::NotFound, "no such folder"));
    done(disk);
  }

  std::vector<StoredImage> images;
  std::vector<ContainerUse> uses;
  std::vector<PullStatus> pulls;
  DiskState disk{"/data", 1000, 100, 0, 0};
  bool refuse = false;
  bool blind = false;
  std::function<void()> onRemoved;
  std::vector<std::string> removed;
};

class SetClock final : public Clock {
 public:
  Now now() const override { return at; }
  Now at{MonoTime(100h), WallTime(1000h)};
};

class HouseFixture {
 public:
  explicit HouseFixture(CleanupPolicy policy = {})
      : janitor(JanitorPorts{runtime, memory, [this] { return wanted; }, [this] { return kept; },
                             [this](const std::string& id) { early.push_back(id); }},
                std::move(policy), clock, log) {}

  /// An image of ours, pulled `age` ago.
  void add(const std::string& name, std::chrono::milliseconds age, int64_t bytes = 100) {
    const WallTime at = clock.at.wall - age;
    runtime.images.push_back(StoredImage{"sha256:" + name, {"r/" + name + ":1"}, bytes, {}});
    memory.pulled(ImageRecord{"docker.io/r/" + name + ":1", "", "sha256:" + name, at, at, bytes});
  }
  CleanupSummary cycle() {
    std::optional<CleanupSummary> summary;
    spawn(io.get_executor(), log, "cycle", [&]() -> Async<void> { summary = co_await janitor.cycle(); });
    io.restart();
    io.run();
    return summary.value();
  }

  boost::asio::io_context io;
  StoreRuntime runtime;
  ImageMemory memory;
  SetClock clock;
  CaptureLog log;
  std::vector<std::string> wanted;
  std::vector<KeptContainer> kept;
  std::vector<std::string> early;
  Janitor janitor;
};

using Names = std::vector<std::string>;

TEST_CASE("Above the high mark images go until the disk is below the low mark, and then no more") {
  HouseFixture f;
  for (int i = 0; i < 8; ++i) f.add("i" + std::to_string(i), 10min + i * 1min);
  f.runtime.disk.usedBytes = 900;
  const CleanupSummary summary = f.cycle();
  CHECK(f.runtime.removed == Names{"sha256:i7", "sha256:i6"});
  CHECK(summary.images == 2);
  CHECK(summary.disk->usedBytes == 700);
  CHECK_FALSE(summary.stuck);
  CHECK_FALSE(f.memory.pulledBefore("docker.io/r/i7:1"));
  CHECK(f.memory.pulledBefore("docker.io/r/i5:1"));
}

TEST_CASE("An image that becomes wanted while others are removed stays") {
  HouseFixture f;
  f.add("a", 5h), f.add("b", 4h), f.add("c", 3h);
  f.runtime.onRemoved = [&] { f.wanted = {"r/b:1"}; };
  f.cycle();
  CHECK(f.runtime.removed == Names{"sha256:a", "sha256:c"});
}

TEST_CASE("An image that a pull under way is about stays") {
  HouseFixture f;
  f.add("a", 5h), f.add("b", 4h);
  f.runtime.pulls.emplace_back().image = "docker.io/r/a:1";
  f.cycle();
  CHECK(f.runtime.removed == Names{"sha256:b"});
}

TEST_CASE("A disk that can't be helped is called stuck, once") {
  HouseFixture f;
  f.runtime.disk.usedBytes = 990;
  f.runtime.images = {StoredImage{"sha256:theirs", {"theirs:1"}, 900, {}}};
  CHECK(f.cycle().stuck);
  CHECK(f.cycle().stuck);
  CHECK(f.log.lines().size() == 1);
  f.runtime.disk.usedBytes = 100;
  CHECK_FALSE(f.cycle().stuck);
  f.runtime.disk.usedBytes = 990;
  CHECK(f.cycle().stuck);
  CHECK(f.log.lines().size() == 2);
}

TEST_CASE("A failure is logged once for each cause and keeps nothing else from being done") {
  HouseFixture f;
  f.add("a", 5h), f.add("b", 4h);
  f.runtime.refuse = true;
  CHECK(f.cycle().failed == 2);
  f.cycle();
  CHECK(f.log.lines().size() == 2);
  f.runtime.refuse = false;
  CHECK(f.cycle().images == 2);
}

TEST_CASE("Without a look at the disk the rules of age still hold") {
  HouseFixture f;
  f.add("old", 5h), f.add("young", 5min);
  f.runtime.blind = true;
  const CleanupSummary summary = f.cycle();
  CHECK(f.runtime.removed == Names{"sha256:old"});
  CHECK_FALSE(summary.disk);
  CHECK(f.log.has("cleaning up: can't say how full the disk is"));
}

TEST_CASE("Use by a container counts as use now, and keeps the image") {
  HouseFixture f;
  f.add("a", 5h);
  f.runtime.uses = {ContainerUse{"c1", "sha256:a", "", {}, true, {}, 0}};
  f.cycle();
  CHECK(f.runtime.removed.empty());
  CHECK(f.memory.records().at("docker.io/r/a:1").lastUsedAt == f.clock.at.wall);
}

TEST_CASE("Stopped containers of ours go by way of the engine, those of others by the runtime") {
  CleanupPolicy policy;
  policy.stoppedBytes = 10;
  policy.untracked = true;
  policy.untrackedAge = Duration(0);
  HouseFixture f(policy);
  f.runtime.uses = {ContainerUse{"ours", "", "", {}, true, {}, 100},
                    ContainerUse{"theirs", "", "", {}, true, {}, 1}};
  f.kept = {KeptContainer{"ours", f.clock.at.wall - 1h, true}};
  CHECK(f.cycle().containers == 2);
  CHECK(f.early == Names{"ours"});
  CHECK(f.runtime.removed == Names{"theirs"});
}

TEST_CASE("Waking the janitor makes room, and its stop ends it") {
  HouseFixture f;
  f.runtime.disk.usedBytes = 700;
  f.add("a", 5h);
  std::stop_source stop;
  bool ended = false;
  spawn(f.io.get_executor(), f.log, "janitor", [&]() -> Async<void> {
    co_await f.janitor.run(stop.get_token());
    ended = true;
  });
  f.io.poll();
  CHECK(f.runtime.removed.empty());
  // Too young to go for its age: the disk was full for somebody, so it goes all the same.
  f.add("b", 10min);
  f.janitor.wake();
  f.io.restart();
  f.io.poll();
  CHECK(f.runtime.removed == Names{"sha256:a", "sha256:b"});
  stop.request_stop();
  f.io.restart();
  f.io.run();
  CHECK(ended);
}

}  // namespace
}  // namespace berth::agent
