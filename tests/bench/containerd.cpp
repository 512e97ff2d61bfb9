// The bare path to a running container by containerd's API and a client that is there already: container,
// snapshot, task, start. `bench-containerd SOCKET IMAGE OUTPUT [OCI_RUNTIME [SHIMS]]`: for each empty line on
// stdin one start of the image's own command; its milliseconds on stdout, in all and step by step. For a line
// "COUNT PARALLEL" as many starts, so many at once, and the seconds until the last of them runs. One that was
// started alone is removed before its answer, others are before the next line. The image must be in the
// namespace "berth". With SHIMS containers share so many shims, in turn.
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "agent/images/image_names.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"
#include "common/async/event.hpp"

namespace berth::agent::containerd {
namespace {

constexpr const char* kSnapshotter = "overlayfs";

struct Prepared {
  std::string chain;
  ImageConfig config;
};

Async<Result<Prepared>> prepare(Api& api, std::string image) {
  const auto stored = co_await api.image(canonicalImage(image));
  if (!stored) co_return stored.error();
  if (!*stored) co_return makeError(Code::NotFound, "no image " + image);
  const auto text = co_await api.content((*stored)->target.digest);
  if (!text) co_return text.error();
  const auto manifest = parseManifest(*text);
  if (!manifest) co_return manifest.error();
  const auto configText = co_await api.content(manifest->config.digest);
  if (!configText) co_return configText.error();
  const auto config = parseImageConfig(*configText);
  if (!config) co_return config.error();
  co_return Prepared{chainId(config->diffIds, config->diffIds.size() - 1), *config};
}

class Stopwatch {
 public:
  double lap() {
    const MonoTime now = clock_.now().mono;
    return std::chrono::duration<double, std::milli>(now - std::exchange(last_, now)).count();
  }

 private:
  SystemClock clock_;
  MonoTime last_ = clock_.now().mono;
};

/// What all starts have in common.
struct Ground {
  Api& api;
  Prepared image;
  std::string output;
  std::string ociRuntime;  ///< empty: runc
  int shims = 0;           ///< 0: one for each container
};

Result<StoredContainer> containerOf(const Ground& ground, int number) {
  ContainerWish wish;
  wish.networkMode = "host";
  wish.memory = 32 << 20;
  wish.cpuShares = 16;
  SpecSite site;
  site.id = "bench-" + std::to_string(number);
  site.hostname = site.id;
  site.machine = machine();
  site.unified = unifiedGroups();
  if (ground.shims > 0) site.shimGroup = "bench-" + std::to_string(number % ground.shims);
  StoredContainer out;
  out.id = site.id;
  out.runtime = "io.containerd.runc.v2";
  out.binary = ground.ociRuntime;
  out.snapshotter = kSnapshotter;
  const auto spec = ociSpec(wish, ground.image.config.defaults, site);
  if (!spec) return spec.error();
  out.spec = *spec;
  out.record = "{}";
  return out;
}

struct Steps {
  double create = 0, snapshot = 0, task = 0, start = 0;
};

Async<Result<Steps>> startOne(const Ground& ground, StoredContainer container) {
  Steps out;
  Stopwatch watch;
  // The container first: it is what keeps the snapshot from garbage collection.
  if (const auto made = co_await ground.api.createContainer(container); !made) co_return made.error();
  out.create = watch.lap();
  const auto mounts = co_await ground.api.prepareSnapshot(kSnapshotter, container.id, ground.image.chain);
  if (!mounts) co_return mounts.error();
  out.snapshot = watch.lap();
  const std::string output = "file://" + ground.output;
  if (Status done = co_await ground.api.createTask(container, *mounts, {"", output, output}); !done)
    co_return done.error();
  out.task = watch.lap();
  if (const auto ran = co_await ground.api.startTask(container.id); !ran) co_return ran.error();
  out.start = watch.lap();
  co_return out;
}

Async<Status> removeOne(const Ground& ground, std::string id) {
  if (Status done = co_await ground.api.kill(id, 9, true); !done) co_return done;
  if (Status done = co_await ground.api.waitTask(id, std::chrono::seconds(10)); !done) co_return done;
  if (Status done = co_await ground.api.deleteTask(id); !done) co_return done;
  if (Status done = co_await ground.api.removeSnapshot(kSnapshotter, id); !done) co_return done;
  co_return co_await ground.api.removeContainer(id);
}

Async<Status> one(const Ground& ground) {
  const auto container = containerOf(ground, 0);
  if (!container) co_return container.error();
  const auto took = co_await startOne(ground, *container);
  if (!took) co_return took.error();
  // Before the answer: whoever starts the next one does not share the machine with what ends this one.
  if (Status removed = co_await removeOne(ground, container->id); !removed) co_return removed;
  std::cout << took->snapshot + took->create + took->task + took->start << " " << took->snapshot << " "
            << took->create << " " << took->task << " " << took->start << std::endl;
  co_return Status();
}

/// Starts the numbers that are left, one after the other.
Async<void> worker(const Ground& ground, int& next, int count, Status& failed) {
  while (failed && next < count) {
    const auto container = containerOf(ground, next++);
    const auto took = container ? co_await startOne(ground, *container) : Result<Steps>(container.error());
    if (!took) failed = took.error();
  }
}

Async<Status> many(const Ground& ground, int count, int parallel) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  Status failed;
  int next = 0;
  int working = parallel;
  Event over;
  Stopwatch watch;
  for (int i = 0; i < parallel; ++i) {
    boost::asio::co_spawn(
        executor,
        [&]() -> Async<void> {
          co_await worker(ground, next, count, failed);
          if (--working == 0) over.set();
        },
        boost::asio::detached);
  }
  co_await over.wait();
  std::cout << watch.lap() / 1e3 << std::endl;
  std::string ignored;
  std::getline(std::cin, ignored);
  for (int i = 0; failed && i < count; ++i) {
    failed = co_await removeOne(ground, "bench-" + std::to_string(i));
  }
  co_return failed;
}

Async<Status> serve(Ground ground, std::string image) {
  auto prepared = co_await prepare(ground.api, image);
  if (!prepared) co_return prepared.error();
  ground.image = std::move(*prepared);
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    int count = 0;
    int parallel = 0;
    const bool flood = static_cast<bool>(words >> count >> parallel);
    Status done = flood ? co_await many(ground, count, parallel) : co_await one(ground);
    if (!done) co_return done;
  }
  co_return Status();
}

}  // namespace
}  // namespace berth::agent::containerd

int main(int argc, char** argv) {
  using namespace berth;
  if (argc < 4 || argc > 6) {
    std::cerr << "usage: bench-containerd SOCKET IMAGE OUTPUT [OCI_RUNTIME [SHIMS]]\n";
    return 2;
  }
  boost::asio::io_context io;
  http::ClientOptions options;
  options.maxIdle = 64;
  http::Client client(io, options);
  std::stop_source stop;
  agent::containerd::Api api(client, argv[1], "berth", {}, stop.get_token());
  agent::containerd::Ground ground{
      api, {}, argv[3], argc > 4 ? argv[4] : "", argc > 5 ? std::atoi(argv[5]) : 0};
  int code = 0;
  boost::asio::co_spawn(
      io,
      [&]() -> Async<void> {
        const Status done = co_await agent::containerd::serve(ground, argv[2]);
        if (!done) std::cerr << done.error().message << "\n";
        code = done ? 0 : 1;
        io.stop();
      },
      boost::asio::detached);
  io.run();
  return code;
}
