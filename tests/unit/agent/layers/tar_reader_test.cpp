#include "agent/layers/tar_reader.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/unit/agent/layers/archive.hpp"

using namespace berth;
using namespace berth::agent::layers;

namespace {

struct Seen final : EntrySink {
  Status begin(Entry entry) override {
    entries.push_back(std::move(entry));
    contents.emplace_back();
    return {};
  }
  Status content(std::string_view bytes) override {
    contents.back() += bytes;
    return {};
  }
  Status end() override {
    ++ended;
    return {};
  }
  std::vector<Entry> entries;
  std::vector<std::string> contents;
  size_t ended = 0;
};

Status readAll(Seen& seen, const std::string& archive, size_t piece) {
  TarReader reader(seen);
  for (size_t at = 0; at < archive.size(); at += piece) {
    if (Status taken = reader.take(std::string_view(archive).substr(at, piece)); !taken) return taken;
  }
  return reader.finish();
}

}  // namespace

TEST_CASE("Entries come with their fields and contents, whatever the pieces") {
  const std::string archive = entryOf({"usr/", '5', "", "", 0755}) +
                              entryOf({"usr/file", '0', "hello", "", 04755, 7, 8, 42}) +
                              entryOf({"usr/link", '2', "", "file"}) +
                              entryOf({"usr/same", '1', "", "usr/file", 0644, 0, 0, 0, 0, 0, 5}) +
                              entryOf({"dev/null", '3', "", "", 0666, 0, 0, 0, 1, 3}) +
                              entryOf({"dev/disk", '4', "", "", 0660, 0, 0, 0, 8, 1}) +
                              entryOf({"pipe", '6'}) + archiveEnd() + "whatever follows";
  for (const size_t piece : {1ul, 7ul, 512ul, 5000ul}) {
    Seen seen;
    REQUIRE(readAll(seen, archive, piece));
    REQUIRE(seen.entries.size() == 7);
    CHECK(seen.ended == 7);
    CHECK(seen.entries[0].kind == EntryKind::Folder);
    const Entry& file = seen.entries[1];
    CHECK(file.kind == EntryKind::File);
    CHECK(
        (file.name == "usr/file" && file.size == 5 && file.mode == 04755 && file.uid == 7 && file.gid == 8));
    CHECK(file.modified == EntryTime{42, 0});
    CHECK(seen.contents[1] == "hello");
    CHECK((seen.entries[2].kind == EntryKind::Symlink && seen.entries[2].link == "file"));
    CHECK((seen.entries[3].kind == EntryKind::HardLink && seen.entries[3].size == 0));
    CHECK((seen.entries[4].kind == EntryKind::CharDevice && seen.entries[4].major == 1 &&
           seen.entries[4].minor == 3));
    CHECK((seen.entries[5].kind == EntryKind::BlockDevice && seen.entries[5].major == 8));
    CHECK(seen.entries[6].kind == EntryKind::Fifo);
  }
}

TEST_CASE("Extended headers hold for the one entry that follows them") {
  const std::string name(300, 'n');
  Seen seen;
  REQUIRE(readAll(seen,
                  paxOf({{"path", name},
                         {"linkpath", "elsewhere"},
                         {"uid", "3000000000"},
                         {"gid", "70000"},
                         {"mtime", "1350244992.023960108"},
                         {"atime", "-1.25"},
                         {"comment", ""},
                         {"SCHILY.xattr.user.mime", std::string("a\0b", 3)}}) +
                      entryOf({"short", '2', "", "target"}) + entryOf({"next"}) + archiveEnd(),
                  100));
  REQUIRE(seen.entries.size() == 2);
  const Entry& first = seen.entries[0];
  CHECK((first.name == name && first.link == "elsewhere" && first.uid == 3000000000 && first.gid == 70000));
  CHECK(first.modified == EntryTime{1350244992, 23960108});
  CHECK(first.accessed == EntryTime{-2, 750000000});
  CHECK(first.attributes.at("user.mime") == std::string("a\0b", 3));
  CHECK((seen.entries[1].name == "next" && seen.entries[1].attributes.empty() && seen.entries[1].uid == 0));
}

TEST_CASE("GNU's long names, ustar's prefix and numbers in base 256 are read") {
  const std::string longName(150, 'd');
  std::string prefixed = headerOf({"base"});
  put(prefixed, 345, "some/folder");
  sign(prefixed);
  std::string big = headerOf({"big"});
  put(big, 108, std::string("\x80\0\0\0\0\x01\0\0", 8));
  put(big, 136, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12));
  sign(big);
  Seen seen;
  REQUIRE(readAll(seen,
                  entryOf({"././@LongLink", 'L', longName + '\0'}) +
                      entryOf({"././@LongLink", 'K', "far" + std::string(1, '\0')}) +
                      entryOf({"cut", '2', "", "c"}) + prefixed + big,
                  64));
  REQUIRE(seen.entries.size() == 3);
  CHECK((seen.entries[0].name == longName && seen.entries[0].link == "far"));
  CHECK(seen.entries[1].name == "some/folder/base");
  CHECK((seen.entries[2].uid == 65536 && seen.entries[2].modified.seconds == -2));
}

TEST_CASE("What is no archive, or ends within an entry, is refused") {
  Seen seen;
  CHECK(readAll(seen, std::string(512, 'x'), 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, entryOf({"cut", '0', "hello"}).substr(0, 600), 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, headerOf({"half"}).substr(0, 100), 512).error().code == Code::DataLoss);
  std::string damaged = headerOf({"sum"});
  damaged[0] = 'S';
  CHECK(readAll(seen, damaged, 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, std::string(512, '\0') + entryOf({"after zeros"}), 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, entryOf({"x", 'x', "9 a\n"}), 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, paxOf({{"size", "many"}}), 512).error().code == Code::DataLoss);
  CHECK(readAll(seen, headerOf({"x", 'x', "", "", 0, 0, 0, 0, 0, 0, 2 << 20}), 512).error().code ==
        Code::ResourceExhausted);
}

TEST_CASE("Sparse files and unknown kinds are refused by name, so that another program can unpack them") {
  Seen seen;
  CHECK(readAll(seen, paxOf({{"GNU.sparse.major", "1"}}), 512).error().code == Code::Unimplemented);
  const Status unknown = readAll(seen, entryOf({"old", 'S'}), 512);
  CHECK(unknown.error().code == Code::Unimplemented);
  CHECK(unknown.error().message.find("'S'") != std::string::npos);
}
