// The bare path to a running container by containerd's API and a client that is there already: snapshot,
// container, task, start. `bench-containerd SOCKET IMAGE OUTPUT`: for each line on stdin one start of the
// image's own command; its milliseconds on stdout, in all and step by step. The image must be in the
// namespace "berth".
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <string>

#include "agent/images/image_names.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/containerd/image_documents.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"

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

Async<Status> startOne(Api& api, const Prepared& image, int number, std::string output) {
  ContainerWish wish;
  wish.networkMode = "host";
  SpecSite site;
  site.id = "bench-" + std::to_string(number);
  site.hostname = site.id;
  site.machine = machine();
  site.unified = unifiedGroups();
  wish.memory = 32 << 20;
  wish.cpuShares = 16;
  StoredContainer container;
  container.id = site.id;
  container.runtime = "io.containerd.runc.v2";
  container.snapshotter = kSnapshotter;
  const auto spec = ociSpec(wish, image.config.defaults, site);
  if (!spec) co_return spec.error();
  container.spec = *spec;
  container.record = "{}";
  Stopwatch watch;
  // The container first: it is what keeps the snapshot from garbage collection.
  if (Status done = co_await api.createContainer(container); !done) co_return done;
  const double create = watch.lap();
  const auto mounts = co_await api.prepareSnapshot(kSnapshotter, container.id, image.chain);
  if (!mounts) co_return mounts.error();
  const double snapshot = watch.lap();
  if (Status done = co_await api.createTask(container, *mounts, "file://" + output, "file://" + output);
      !done)
    co_return done;
  const double task = watch.lap();
  if (Status done = co_await api.startTask(container.id); !done) co_return done;
  const double start = watch.lap();
  std::cout << snapshot + create + task + start << " " << snapshot << " " << create << " " << task << " "
            << start << std::endl;
  if (Status done = co_await api.kill(container.id, 9, true); !done) co_return done;
  if (Status done = co_await api.waitTask(container.id, std::chrono::seconds(10)); !done) co_return done;
  if (Status done = co_await api.deleteTask(container.id); !done) co_return done;
  if (Status done = co_await api.removeSnapshot(kSnapshotter, container.id); !done) co_return done;
  co_return co_await api.removeContainer(container.id);
}

Async<Status> serve(Api& api, std::string image, std::string output) {
  const auto prepared = co_await prepare(api, image);
  if (!prepared) co_return prepared.error();
  std::string line;
  for (int number = 0; std::getline(std::cin, line); ++number) {
    if (Status done = co_await startOne(api, *prepared, number, output); !done) co_return done;
  }
  co_return Status();
}

}  // namespace
}  // namespace berth::agent::containerd

int main(int argc, char** argv) {
  using namespace berth;
  if (argc != 4) {
    std::cerr << "usage: bench-containerd SOCKET IMAGE OUTPUT\n";
    return 2;
  }
  const std::string image = argv[2];
  const std::string output = argv[3];
  boost::asio::io_context io;
  http::Client client(io, http::ClientOptions{});
  std::stop_source stop;
  agent::containerd::Api api(client, argv[1], "berth", {}, stop.get_token());
  int code = 0;
  boost::asio::co_spawn(
      io,
      [&]() -> Async<void> {
        const Status done = co_await agent::containerd::serve(api, image, output);
        if (!done) std::cerr << done.error().message << "\n";
        code = done ? 0 : 1;
        io.stop();
      },
      boost::asio::detached);
  io.run();
  return code;
}
