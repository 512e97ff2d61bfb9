// Layers of images. After the first line, "raw": the bytes of a layer as they come; else: entries of an
// archive, one a line, "TYPE NAME LINK" between tabs, which are unpacked into a folder.
#include <sys/stat.h>

#include <filesystem>

#include "agent/layers/decompressor.hpp"
#include "agent/layers/tree_writer.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/layers/archive.hpp"

namespace {

using namespace berth;
using namespace berth::agent::layers;

struct Noted final : EntrySink {
  Status begin(Entry entry) override {
    fuzz::require(!open, "an entry begins after the end of the one before", entry.name);
    fuzz::require(entry.size >= 0 && entry.mode <= 07777, "fields are in their bounds", entry.name);
    left = entry.size;
    open = true;
    text += entry.name + "\n" + entry.link + "\n";
    return {};
  }
  Status content(std::string_view bytes) override {
    left -= static_cast<int64_t>(bytes.size());
    fuzz::require(open && left >= 0, "content is within its entry");
    text += bytes;
    return {};
  }
  Status end() override {
    fuzz::require(open && left == 0, "an entry ends once its content is whole");
    open = false;
    return {};
  }
  std::string text;
  int64_t left = 0;
  bool open = false;
};

std::string readIn(std::string_view input, size_t piece) {
  Noted noted;
  TarReader reader(noted);
  size_t sum = 0;
  Decompressor decompressor([&](std::string_view bytes) -> Status {
    sum += bytes.size();
    // What was packed well would take the fuzzer's time.
    if (sum > 1 << 20) return makeError(Code::ResourceExhausted, "too much");
    return reader.take(bytes);
  });
  Status status;
  for (size_t at = 0; at < input.size() && status; at += piece)
    status = decompressor.take(input.substr(at, piece));
  if (status) status = decompressor.finish();
  if (status) status = reader.finish();
  // How far it comes before what is damaged depends on the pieces.
  return status ? noted.text : "damaged";
}

void unpackEntries(std::string_view lines) {
  const TempDir outer;
  outer.write("outside/file", "untouched");
  const std::string root = outer.path("root");
  std::filesystem::create_directory(root);
  TreeWriter writer(root);
  TarReader reader(writer);
  Status status;
  while (!lines.empty() && status) {
    std::string_view line = fuzz::takeLine(lines);
    Header header;
    header.type = line.empty() ? '0' : line.front();
    const size_t name = std::min(line.size(), line.find('\t'));
    line.remove_prefix(std::min(line.size(), name + 1));
    header.name = line.substr(0, line.find('\t'));
    if (line.find('\t') != std::string_view::npos) header.link = line.substr(line.find('\t') + 1);
    if (header.type == '0') header.content = "written";
    status = reader.take(entryOf(header));
  }
  (void)writer.finish();
  fuzz::require(outer.read("outside/file") == "untouched", "nothing outside of the root is changed");
  struct stat outside = {};
  ::stat(outer.path("outside").c_str(), &outside);
  fuzz::require(outer.entries() == 2 && outside.st_nlink == 2, "nothing is made outside of the root");
  fuzz::require(std::distance(std::filesystem::directory_iterator(outer.path("outside")), {}) == 1,
                "nothing is made beside it");
}

}  // namespace

BERTH_FUZZ_TARGET(layer) {
  const std::string_view kind = fuzz::takeLine(input);
  if (kind != "raw") return unpackEntries(input);
  const std::string whole = readIn(input, 1 << 20);
  fuzz::require(whole == readIn(input, 61), "what is read does not depend on the pieces", input);
}
