#include "agent/images/image_memory.hpp"

#include <catch2/catch.hpp>

#include "agent/images/image_names.hpp"
#include "common/log/capture.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

const WallTime kThen = WallTime(1000h);

ImageRecord record(std::string reference, std::string id) {
  return ImageRecord{std::move(reference), "sha256:" + std::string(64, 'd'), std::move(id), kThen, kThen, 5};
}

/// A store as a list of rows, from which another memory can be made.
class Kept {
 public:
  ImageMemory::Keep keep() {
    return [this](Changes changes) {
      ++commits;
      for (const Change& change : changes) {
        std::erase_if(rows,
                      [&](const Record& row) { return row.kind == change.kind && row.key == change.key; });
        if (change.value) rows.push_back(Record{change.kind, change.key, *change.value});
      }
    };
  }
  std::vector<Record> rows;
  int commits = 0;
};

TEST_CASE("What was pulled is known again after a restart, to the last member") {
  Kept kept;
  NullLog log;
  ImageMemory memory({}, kept.keep(), log);
  CHECK_FALSE(memory.pulledBefore("r/web:1"));
  memory.pulled(record("r/web:1", "sha256:a"));
  const ImageMemory again(kept.rows, {}, log);
  CHECK(again.pulledBefore("r/web:1"));
  CHECK(again.records() == memory.records());
}

TEST_CASE("Rows of other kinds are not its own, and damaged ones are left out and named") {
  CaptureLog log;
  const ImageMemory memory({Record{"task", "r/web:1", "{}"}, Record{"image", "r/a:1", "no json"},
                            Record{"image", "r/b:1", R"({"bytes":"many"})"}, Record{"image", "r/c:1", "{}"}},
                           {}, log);
  CHECK(memory.records().size() == 1);
  CHECK(memory.pulledBefore("r/c:1"));
  CHECK(log.lines().size() == 2);
  CHECK(log.text().find("image/r/b:1") != std::string::npos);
}

TEST_CASE("A name that moved on leaves its old image known by digest") {
  Kept kept;
  NullLog log;
  ImageMemory memory({}, kept.keep(), log);
  memory.pulled(record("r/web:1", "sha256:a"));
  auto moved = record("r/web:1", "sha256:b");
  moved.digest = "sha256:" + std::string(64, 'e');
  memory.pulled(moved);
  CHECK(memory.records().at("r/web:1").imageId == "sha256:b");
  CHECK(memory.records().at("r/web@sha256:" + std::string(64, 'd')).imageId == "sha256:a");
  memory.forgetImage("sha256:a");
  CHECK(memory.records().size() == 1);
  CHECK(kept.rows.size() == 1);
}

TEST_CASE("Uses are kept once a minute, for all names of an image") {
  Kept kept;
  NullLog log;
  ImageMemory memory({}, kept.keep(), log);
  memory.pulled(record("r/web:1", "sha256:a"));
  memory.pulled(record("r/web:2", "sha256:a"));
  memory.used("r/web:1", kThen + 59s);
  memory.used("r/unknown:1", kThen + 1h);
  CHECK(kept.commits == 2);
  memory.imageUsed("sha256:a", kThen + 60s);
  CHECK(kept.commits == 3);
  for (const auto& [name, each] : memory.records()) CHECK(each.lastUsedAt == kThen + 60s);
  memory.used("r/web:1", kThen + 2min);
  CHECK(memory.records().at("r/web:2").lastUsedAt == kThen + 60s);
  CHECK(kept.commits == 4);
}

TEST_CASE("What others removed is forgotten, but not what came after the list was made") {
  ImageMemory memory;
  memory.pulled(record("r/gone:1", "sha256:a"));
  memory.pulled(record("r/here:1", "sha256:b"));
  auto late = record("r/late:1", "sha256:c");
  late.pulledAt = kThen + 1min;
  memory.pulled(late);
  memory.keepOnly({"sha256:b"}, kThen + 1s);
  CHECK_FALSE(memory.pulledBefore("r/gone:1"));
  CHECK(memory.pulledBefore("r/here:1"));
  CHECK(memory.pulledBefore("r/late:1"));
}

TEST_CASE("Names have one spelling") {
  const std::string digest = "sha256:" + std::string(64, 'd');
  CHECK(canonicalImage("busybox") == "docker.io/library/busybox:latest");
  CHECK(canonicalImage("r:5000/web") == "r:5000/web:latest");
  CHECK(canonicalImage("r:5000/web:1@" + digest) == "r:5000/web@" + digest);
  CHECK(canonicalImage("Not An Image") == "Not An Image");
  CHECK(repositoryOf("r:5000/web:1") == "r:5000/web");
  CHECK(repositoryOf("r:5000/web@" + digest) == "r:5000/web");
  CHECK(repositoryOf("r:5000/web") == "r:5000/web");
}

}  // namespace
}  // namespace berth::agent
