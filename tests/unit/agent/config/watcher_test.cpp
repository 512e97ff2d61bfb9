#include "agent/config/watcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

/// Watches agent.yaml in a folder; a missing report fails the test after 20 s.
class Watching {
 public:
  Watching() {
    folder.write("agent.yaml", "a");
    ConfigWatcher::Options options;
    options.files = {folder.path("agent.yaml"), folder.path("absent/ecs.config")};
    options.quiet = 20ms;
    auto made = ConfigWatcher::make(io.get_executor(), options, [this] {
      ++reports;
      io.stop();
    });
    if (!made) FAIL(made.error().message);
    watcher = std::move(*made);
  }

  bool reported() {
    const int before = reports;
    io.restart();
    io.run_for(20s);
    return reports == before + 1;
  }

  TempDir folder;
  boost::asio::io_context io;
  int reports = 0;
  std::unique_ptr<ConfigWatcher> watcher;
};

}  // namespace

TEST_CASE("a burst of changes is one report, the next change another") {
  Watching watching;
  for (int time = 0; time < 5; ++time) watching.folder.write("agent.yaml", "b");
  CHECK(watching.reported());
  watching.folder.write("agent.yaml", "c");
  CHECK(watching.reported());
  CHECK(watching.reports == 2);
}

TEST_CASE("changes without an end are reported all the same") {
  Watching watching;
  boost::asio::steady_timer timer(watching.io);
  std::function<void()> write = [&] {
    watching.folder.write("agent.yaml", "b");
    timer.expires_after(2ms);
    timer.async_wait([&](boost::system::error_code fault) {
      if (!fault) write();
    });
  };
  write();
  CHECK(watching.reported());
}

TEST_CASE("a file that is replaced by renaming, removed or made anew is seen") {
  Watching watching;
  std::filesystem::rename(watching.folder.write("agent.yaml~", "b"), watching.folder.path("agent.yaml"));
  CHECK(watching.reported());
  std::filesystem::remove(watching.folder.path("agent.yaml"));
  CHECK(watching.reported());
  std::filesystem::create_symlink("other", watching.folder.path("agent.yaml"));
  CHECK(watching.reported());
}

TEST_CASE("a mounted volume that switches all files at once is seen") {
  Watching watching;
  std::filesystem::create_symlink("other", watching.folder.path("..data"));
  CHECK(watching.reported());
}

TEST_CASE("other files of the folder are not reported") {
  Watching watching;
  for (const char* name : {"agent.yaml~", ".agent.yaml.swp", "agent.yam", "x"})
    watching.folder.write(name, "b");
  watching.io.run_for(60ms);
  CHECK(watching.reports == 0);
  watching.folder.write("agent.yaml", "c");
  CHECK(watching.reported());
  CHECK(watching.reports == 1);
}

TEST_CASE("a watcher that is gone reports nothing") {
  Watching watching;
  watching.folder.write("agent.yaml", "b");
  watching.io.poll();
  watching.watcher.reset();
  watching.io.restart();
  watching.io.run();
  CHECK(watching.reports == 0);
}
