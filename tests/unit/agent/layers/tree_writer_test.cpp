#include "agent/layers/tree_writer.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/layers/archive.hpp"

using namespace berth;
using namespace berth::agent::layers;

namespace {

struct Written {
  TempDir outer;
  std::string root = outer.path("root");
  Written() { std::filesystem::create_directory(root); }

  Result<std::vector<std::string>> unpack(const std::string& archive) {
    TreeWriter writer(root);
    TarReader reader(writer);
    if (Status taken = reader.take(archive); !taken) return taken.error();
    if (Status finished = writer.finish(); !finished) return finished.error();
    return writer.implied();
  }
  struct stat at(const std::string& path) const {
    struct stat found = {};
    REQUIRE(::lstat((root + "/" + path).c_str(), &found) == 0);
    return found;
  }
  bool has(const std::string& path) const {
    struct stat found = {};
    return ::lstat((root + "/" + path).c_str(), &found) == 0;
  }
  std::string attribute(const std::string& path, const char* name) const {
    std::string out(64, '\0');
    const ssize_t size = ::lgetxattr((root + "/" + path).c_str(), name, out.data(), out.size());
    return size < 0 ? "(none)" : out.substr(0, static_cast<size_t>(size));
  }
  bool isWhiteout(const std::string& path) const {
    const struct stat found = at(path);
    return S_ISCHR(found.st_mode) && found.st_rdev == 0;
  }
};

/// Devices, owners and attributes of the host are for root alone.
bool isRoot() {
  if (::geteuid() == 0) return true;
  WARN("skipped: needs root");
  return false;
}

}  // namespace

TEST_CASE("Files, folders, links, devices and pipes are as the archive says") {
  if (!isRoot()) return;
  Written tree;
  // A capability of version 2: cap_net_bind_service, effective.
  const std::string capability("\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  REQUIRE(tree.unpack(
      entryOf({"./", '5', "", "", 0711, 1, 2, 1000}) + entryOf({"./usr/", '5', "", "", 01777, 3, 4, 2000}) +
      paxOf({{"SCHILY.xattr.user.note", "kept"},
             {"SCHILY.xattr.security.capability", capability},
             {"SCHILY.xattr.trusted.overlay.opaque", "y"},
             {"mtime", "3000.5"}}) +
      entryOf({"usr/file", '0', "hello", "", 06755, 5, 6}) + entryOf({"usr/same", '1', "", "usr/file"}) +
      entryOf({"usr/link", '2', "", "/etc/passwd", 0777, 7, 8, 4000}) +
      entryOf({"usr/null", '3', "", "", 0666, 0, 0, 5000, 1, 3}) +
      entryOf({"usr/disk", '4', "", "", 0660, 0, 6, 5000, 8, 1}) + entryOf({"usr/pipe", '6', "", "", 0620}) +
      archiveEnd()));
  // That of the root itself is passed over.
  CHECK(((tree.at(".").st_mode & 07777) != 0711 && tree.at(".").st_uid == 0));
  const struct stat folder = tree.at("usr");
  CHECK(((folder.st_mode & 07777) == 01777 && folder.st_uid == 3 && folder.st_gid == 4 &&
         folder.st_mtime == 2000));
  const struct stat file = tree.at("usr/file");
  CHECK(((file.st_mode & 07777) == 06755 && file.st_uid == 5 && file.st_gid == 6 && file.st_size == 5));
  CHECK((file.st_mtim.tv_sec == 3000 && file.st_mtim.tv_nsec == 500'000'000));
  CHECK(tree.outer.read("root/usr/file") == "hello");
  CHECK(tree.attribute("usr/file", "user.note") == "kept");
  CHECK(tree.attribute("usr/file", "security.capability") == capability);
  CHECK(tree.attribute("usr/file", "trusted.overlay.opaque") == "(none)");
  CHECK(tree.at("usr/same").st_ino == file.st_ino);
  const struct stat link = tree.at("usr/link");
  CHECK((S_ISLNK(link.st_mode) && link.st_uid == 7 && link.st_mtime == 4000));
  CHECK(std::filesystem::read_symlink(tree.root + "/usr/link") == "/etc/passwd");
  CHECK((S_ISCHR(tree.at("usr/null").st_mode) && tree.at("usr/null").st_rdev == makedev(1, 3)));
  CHECK((S_ISBLK(tree.at("usr/disk").st_mode) && (tree.at("usr/disk").st_mode & 07777) == 0660));
  CHECK((S_ISFIFO(tree.at("usr/pipe").st_mode) && (tree.at("usr/pipe").st_mode & 07777) == 0620));
}

TEST_CASE("Whiteouts become what overlay file systems take for them") {
  if (!isRoot()) return;
  Written tree;
  REQUIRE(tree.unpack(entryOf({"gone/", '5'}) + entryOf({"gone/.wh.file"}) + entryOf({"all/", '5'}) +
                      entryOf({"all/.wh..wh..opq"}) + entryOf({"all/new"}) + entryOf({".wh..wh.plnk", '5'}) +
                      entryOf({"mine"}) + entryOf({".wh.mine"}) + entryOf({"again/", '5'}) +
                      entryOf({".wh.again"}) + entryOf({".wh.turned"}) + entryOf({"turned/", '5'}) +
                      archiveEnd()));
  CHECK(tree.isWhiteout("gone/file"));
  CHECK(tree.attribute("all", "trusted.overlay.opaque") == "y");
  CHECK(tree.has("all/new"));
  CHECK_FALSE(tree.has("all/.wh..wh..opq"));
  CHECK_FALSE(tree.has(".wh..wh.plnk"));
  // What the layer itself has is not hidden by it, only what is below.
  CHECK(S_ISREG(tree.at("mine").st_mode));
  CHECK((S_ISDIR(tree.at("again").st_mode) && tree.attribute("again", "trusted.overlay.opaque") == "y"));
  CHECK((S_ISDIR(tree.at("turned").st_mode) && tree.attribute("turned", "trusted.overlay.opaque") == "y"));
  CHECK(tree.attribute("gone", "trusted.overlay.opaque") == "(none)");
}

TEST_CASE("A later entry takes the place of an earlier one, but a folder keeps what is in it") {
  Written tree;
  REQUIRE(tree.unpack(entryOf({"a/", '5'}) + entryOf({"a/old", '0', "x"}) +
                      entryOf({"a/", '5', "", "", 0700}) + entryOf({"b/", '5'}) + entryOf({"b/c/d"}) +
                      entryOf({"b", '0', "file"}) + entryOf({"l", '2', "", "a"}) + entryOf({"l/", '5'}) +
                      entryOf({"f", '0', "1"}) + entryOf({"f", '0', "2"}) + archiveEnd()));
  CHECK(tree.has("a/old"));
  CHECK((tree.at("a").st_mode & 07777) == 0700);
  CHECK(tree.outer.read("root/b") == "file");
  CHECK(S_ISDIR(tree.at("l").st_mode));
  CHECK(tree.outer.read("root/f") == "2");
}

TEST_CASE("Folders without an entry of their own are made and named") {
  Written tree;
  const auto implied =
      tree.unpack(entryOf({"a/b/c", '0', "x"}) + entryOf({"a/d/e"}) + entryOf({"a/d/", '5', "", "", 0700}) +
                  entryOf({"/rooted//./file"}) + archiveEnd());
  REQUIRE(implied);
  CHECK(*implied == std::vector<std::string>{"a", "a/b", "rooted"});
  CHECK((tree.at("a/b").st_mode & 07777) == 0755);
  CHECK(tree.has("rooted/file"));
}

TEST_CASE("Nothing leads out of the root") {
  Written tree;
  tree.outer.write("outside/secret", "untouched");
  for (const std::string name : {"../outside/secret", "a/../../outside/secret", "..", "a/.."}) {
    const auto refused = tree.unpack(entryOf({name, '0', "evil"}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().message.find(name) != std::string::npos);
  }
  CHECK(tree.unpack(entryOf({"up", '1', "", "../outside/secret"})).error().code == Code::InvalidArgument);
  CHECK(tree.unpack(paxOf({{"path", std::string("a\0b", 3)}}) + entryOf({"x"})).error().code ==
        Code::InvalidArgument);
  CHECK(tree.unpack(entryOf({".", '0', "x"})).error().code == Code::InvalidArgument);
  CHECK(tree.unpack(entryOf({".wh..", '0'})).error().code == Code::InvalidArgument);

  // Links may say what they like: they are kept, and followed within the root alone.
  REQUIRE(tree.unpack(entryOf({"up", '2', "", "../../../../outside"}) + entryOf({"outside/", '5'}) +
                      entryOf({"up/secret", '0', "inside"}) + entryOf({"abs", '2', "", "/outside"}) +
                      entryOf({"abs/more", '0', "inside too"}) + archiveEnd()));
  CHECK(tree.outer.read("outside/secret") == "untouched");
  CHECK(tree.outer.read("root/outside/secret") == "inside");
  CHECK(tree.outer.read("root/outside/more") == "inside too");
  // An entry replaces a link, it does not write through it.
  REQUIRE(tree.unpack(entryOf({"file", '2', "", tree.outer.path("outside/secret")}) +
                      entryOf({"file", '0', "own"}) + archiveEnd()));
  CHECK(tree.outer.read("outside/secret") == "untouched");
  CHECK(tree.outer.read("root/file") == "own");
  // A hard link is made to the link itself.
  REQUIRE(tree.unpack(entryOf({"sym", '2', "", tree.outer.path("outside/secret")}) +
                      entryOf({"hard", '1', "", "sym"}) + archiveEnd()));
  CHECK(S_ISLNK(tree.at("hard").st_mode));
}

TEST_CASE("What only the whole file system can tell is left to others, by name") {
  Written tree;
  CHECK(tree.unpack(entryOf({"hard", '1', "", "lower/file"})).error().code == Code::Unimplemented);
  CHECK(tree.unpack(entryOf({"file"}) + entryOf({"file/below"})).error().code == Code::Unimplemented);
  CHECK(tree.unpack(entryOf({"dangling", '2', "", "nowhere"}) + entryOf({"dangling/x"})).error().code ==
        Code::Unimplemented);
}

TEST_CASE("Times before 1970 become its beginning, and that of access is never before the change's") {
  Written tree;
  REQUIRE(tree.unpack(paxOf({{"mtime", "-5"}}) + entryOf({"old"}) +
                      paxOf({{"mtime", "100"}, {"atime", "50"}}) + entryOf({"odd"}) +
                      paxOf({{"mtime", "100"}, {"atime", "200"}}) + entryOf({"read/", '5'}) + archiveEnd()));
  CHECK(tree.at("old").st_mtime == 0);
  CHECK(tree.at("odd").st_atime == 100);
  CHECK(tree.at("read").st_atime == 200);
}
