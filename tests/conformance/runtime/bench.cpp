#include "tests/conformance/runtime/bench.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace berth::conformance {
namespace {

constexpr std::chrono::minutes kPatience{2};

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

std::optional<Site> site() {
  const auto socket = variable("BERTH_TEST_DOCKER_SOCKET");
  const auto registry = variable("BERTH_TEST_REGISTRY");
  const auto image = variable("BERTH_TEST_IMAGE");
  if (!socket || !registry || !image) return std::nullopt;
  return Site{*socket, *registry, *image, variable("BERTH_TEST_CONTAINERD_SOCKET").value_or("")};
}

Bench::Bench(Site site)
    : site_(std::move(site)), client_(std::make_unique<http::Client>(io_, http::ClientOptions{})) {
  agent::DockerOptions options;
  options.socket = "unix://" + site_.socket;
  if (site_.containerd.empty()) {
    runtime_ = makeRuntime(options);
    return;
  }
  docker_ = makeRuntime(options);
  agent::ContainerdOptions containerd;
  containerd.socket = "unix://" + site_.containerd;
  containerd.folder = site_.containerd + ".berth";
  const agent::ContainerdRuntime::Means means{*client_, clock_, random_, log_};
  auto made = agent::ContainerdRuntime::make(io_.get_executor(), means, containerd);
  if (!made) throw std::runtime_error(made.error().message);
  runtime_ = std::move(*made);
}

Bench::~Bench() {
  if (docker_) {
    for (const std::string& id : containers_) remove(id, true).ok();
    containers_.clear();
  }
  runtime_.reset();
  docker_.reset();
  auto quietly = [this](std::string method, std::string target) {
    http::Call call;
    call.unixSocket = site_.socket;
    call.request.method = std::move(method);
    call.request.url = "http://docker" + target;
    bool ended = false;
    boost::asio::co_spawn(
        io_, [&]() -> Async<void> { (co_await client_->fetch(call)).ok(), ended = true; },
        boost::asio::detached);
    runUntil([&] { return ended; });
  };
  for (const std::string& id : containers_) quietly("DELETE", "/containers/" + id + "?force=1&v=1");
  for (const std::string& image : images_) quietly("DELETE", "/images/" + image + "?force=1");
  client_.reset();
  io_.restart();
  io_.poll();
}

std::unique_ptr<agent::DockerRuntime> Bench::makeRuntime(agent::DockerOptions options,
                                                         agent::ImageMemory* images) {
  const agent::DockerRuntime::Means means{*client_, clock_, random_, log_, images};
  auto made = agent::DockerRuntime::make(io_.get_executor(), means, std::move(options));
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

bool Bench::runUntil(const std::function<bool()>& done) {
  const MonoTime deadline = now() + kPatience;
  while (!done()) {
    io_.restart();
    if (io_.run_one_for(deadline - now()) == 0) return done();
  }
  return true;
}

void Bench::runFor(Duration time) {
  bool over = false;
  boost::asio::steady_timer timer(io_, std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  timer.async_wait([&over](boost::system::error_code) { over = true; });
  runUntil([&over] { return over; });
}

Result<agent::PullOutcome> Bench::pull(agent::PullSpec spec) {
  return call<agent::PullOutcome>([&](auto done) { runtime_->pull(spec, done); });
}

Result<std::string> Bench::create(agent::ContainerSpec spec) {
  auto id = call<std::string>([&](auto done) { runtime_->create(spec, done); });
  if (id) containers_.insert(*id);
  return id;
}

Result<agent::RuntimeContainer> Bench::start(const std::string& id) {
  return call<agent::RuntimeContainer>([&](auto done) { runtime_->start(id, done); });
}

Result<agent::RuntimeContainer> Bench::stop(const std::string& id, Duration timeout) {
  return call<agent::RuntimeContainer>([&](auto done) { runtime_->stop(id, timeout, done); });
}

Status Bench::remove(const std::string& id, bool force) {
  const auto removed = call<std::monostate>([&](auto done) { runtime_->remove(id, force, done); });
  return removed ? Status() : Status(removed.error());
}

Result<std::optional<agent::RuntimeContainer>> Bench::inspect(const std::string& idOrName) {
  return call<std::optional<agent::RuntimeContainer>>([&](auto done) { runtime_->inspect(idOrName, done); });
}

Result<std::vector<agent::RuntimeContainer>> Bench::list(std::map<std::string, std::string> labels) {
  return call<std::vector<agent::RuntimeContainer>>([&](auto done) { runtime_->list(labels, done); });
}

agent::ContainerSpec Bench::shell(const std::string& script) {
  agent::ContainerSpec spec;
  spec.name = "berth-conformance-" + randomHex(random_, 16);
  spec.image = site_.image;
  spec.command = {"/bin/sh", "-c", script};
  spec.labels = {{kLabel, spec.name}};
  spec.networkMode = "none";
  return spec;
}

agent::RuntimeContainer Bench::run(agent::ContainerSpec spec) {
  agent::PullSpec image;
  image.image = spec.image;
  image.behavior = agent::PullBehavior::PreferCached;
  const auto pulled = pull(image);
  REQUIRE(pulled);
  const auto id = create(std::move(spec));
  REQUIRE(id);
  auto container = start(*id);
  REQUIRE(container);
  return *container;
}

agent::RuntimeContainer Bench::untilExited(const std::string& id) {
  const MonoTime deadline = now() + kPatience;
  while (now() < deadline) {
    const auto container = inspect(id);
    REQUIRE(container);
    REQUIRE(*container);
    if ((*container)->state == agent::RunState::Exited) return **container;
  }
  FAIL("container " << id << " does not end");
  return {};
}

agent::ContainerSpec Bench::telling(const std::string& script) {
  agent::ContainerSpec spec = shell(script);
  spec.mounts = {{said_.path(), "/said", false}};
  return spec;
}

bool Bench::untilSaid(const std::string& word) {
  const MonoTime deadline = now() + kPatience;
  const std::string path = said_.path(word);
  while (now() < deadline && !std::filesystem::exists(path)) runFor(std::chrono::milliseconds(20));
  return std::filesystem::exists(path);
}

void Bench::giveEngineTheImage() {
  agent::PullSpec image;
  image.image = site_.image;
  image.behavior = agent::PullBehavior::PreferCached;
  agent::Runtime& engine = docker_ ? *docker_ : *runtime_;
  REQUIRE(call<agent::PullOutcome>([&](auto done) { engine.pull(image, done); }));
}

http::Response Bench::engine(std::string method, std::string target, std::string body) {
  http::Call request;
  request.unixSocket = site_.socket;
  request.request.method = std::move(method);
  request.request.url = "http://docker" + target;
  request.request.body = std::move(body);
  request.request.headers.add("X-Registry-Auth", "e30=");
  request.request.headers.add("Content-Type", "application/json");
  http::Response response = exchange(std::move(request));
  INFO(response.body);
  REQUIRE(response.status / 100 == 2);
  return response;
}

Result<http::Response> Bench::attempt(http::Call request) {
  return call<http::Response>([&](auto done) {
    boost::asio::co_spawn(
        io_, [this, &request, done]() -> Async<void> { done(co_await client_->fetch(request)); },
        boost::asio::detached);
  });
}

http::Response Bench::exchange(http::Call request) {
  auto response = attempt(std::move(request));
  REQUIRE(response);
  return *response;
}

void Bench::forgetInRegistry(const std::string& image, const std::string& digest) {
  const std::string path = image.substr(image.find('/') + 1);
  http::Call request;
  request.request.method = "DELETE";
  request.request.url =
      "http://" + site_.registry + "/v2/" + path.substr(0, path.rfind(':')) + "/manifests/" + digest;
  REQUIRE(exchange(std::move(request)).status == 202);
}

std::string Bench::freshImage() {
  images_.push_back(site_.registry + "/conformance-" + randomHex(random_, 16) + ":1");
  return images_.back();
}

}  // namespace berth::conformance
