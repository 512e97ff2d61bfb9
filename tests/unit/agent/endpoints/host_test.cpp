#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "agent/endpoints/host/audit_file.hpp"
#include "agent/endpoints/host/connections.hpp"
#include "agent/endpoints/host/peer_lookup.hpp"
#include "agent/endpoints/host/proc_net.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/endpoints/raw_client.hpp"

namespace berth::agent::endpoints::test {
namespace {

namespace fs = std::filesystem;

const std::string kId(64, 'a');

const std::string kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:C9DF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 "
    "0\n"
    "   1: 0500000A:9C40 FEA9FEA9:0050 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 20 "
    "4\n"
    "   2: 0100007F:9C40 0100007F:C9DF 01 00000000:00000000 00:00000000 00000000     0        0 333 1 0 20 "
    "4\n"
    "   3: 0100007F:9C41 0100007F:C9DF 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0\n";

TEST_CASE("A socket is found in the kernel's table by its address and port") {
  CHECK(findSocketRow(kTable, "10.0.0.5", 0x9C40)->inode == 222);
  CHECK(findSocketRow(kTable, "127.0.0.1", 0x9C40)->inode == 333);
  CHECK_FALSE(findSocketRow(kTable, "10.0.0.6", 0x9C40));
  CHECK_FALSE(findSocketRow(kTable, "127.0.0.1", 0x9C41));
  CHECK_FALSE(findSocketRow("", "127.0.0.1", 1));
  CHECK_FALSE(findSocketRow(":9C40 nonsense", "127.0.0.1", 0x9C40));
}

TEST_CASE("A row of the IPv6 table may hold an IPv4 address") {
  const std::string row =
      " 0: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:C9DF 01 "
      "00000000:00000000 00:00000000 00000000 0 0 77 1";
  CHECK(parseSocketRow(row)->localAddress == "127.0.0.1");
  CHECK(parseSocketRow(row)->inode == 77);
  const std::string six =
      " 0: 00000000000000000000000001000000:0050 00000000000000000000000001000000:C9DF 01 0:0 0:0 0 0 0 78 1";
  CHECK(parseSocketRow(six)->localAddress == "::1");
  CHECK_FALSE(parseSocketRow("  sl  local_address rem_address st tx_queue rx tr tm when uid timeout inode"));
}

TEST_CASE("The container is the outermost one in a control group's path") {
  CHECK(containerIdInCgroup("0::/docker/" + kId + "\n") == kId);
  CHECK(containerIdInCgroup("0::/system.slice/docker-" + kId + ".scope\n") == kId);
  CHECK(containerIdInCgroup("0::/docker/" + kId + "/docker/" + std::string(64, 'b')) == kId);
  CHECK(containerIdInCgroup("0::/system.slice/docker.service\n").empty());
  CHECK(containerIdInCgroup("0::/docker/" + kId + "a").empty());
  CHECK(containerIdInCgroup("").empty());
}

/// A proc tree with one process.
struct Proc {
  explicit Proc(const std::string& cgroup) {
    folder.write("net/tcp", kTable);
    folder.write("42/cgroup", cgroup);
    fs::create_directories(folder.path("42/fd"));
    fs::create_symlink("socket:[222]", folder.path("42/fd/7"));
    fs::create_symlink("/dev/null", folder.path("42/fd/0"));
  }
  TempDir folder;
};

TEST_CASE("The owner of a connection is found through its socket, its process and its control group") {
  const Proc proc("0::/docker/" + kId + "\n");
  const PeerLookup lookup({.proc = proc.folder.path()});
  CHECK(lookup.owners("10.0.0.5", {0x9C40}).at(0).kind == PeerOwner::Kind::Container);
  CHECK(lookup.owners("10.0.0.5", {0x9C40}).at(0).dockerId == kId);
  CHECK(lookup.owners("10.0.0.5", {1}).at(0).kind == PeerOwner::Kind::Elsewhere);
  CHECK(lookup.owners("127.0.0.1", {0x9C40}).at(0).kind == PeerOwner::Kind::Unclear);
  const auto both = lookup.owners("10.0.0.5", {1, 0x9C40});
  REQUIRE(both.size() == 2);
  CHECK(both[0].kind == PeerOwner::Kind::Elsewhere);
  CHECK(both[1].dockerId == kId);
  CHECK(lookup.owners("10.0.0.5", {}).empty());
  const Proc host("0::/system.slice/docker.service\n");
  CHECK(PeerLookup({.proc = host.folder.path()}).owners("10.0.0.5", {0x9C40}).at(0).kind ==
        PeerOwner::Kind::Host);
}

TEST_CASE("A search among too many gives up") {
  const Proc proc("0::/docker/" + kId + "\n");
  const PeerLookup none({.proc = proc.folder.path(), .mostProcesses = 0});
  CHECK(none.owners("10.0.0.5", {0x9C40}).at(0).kind == PeerOwner::Kind::Unclear);
  const PeerLookup few({.proc = proc.folder.path(), .mostDescriptors = 1});
  CHECK(few.owners("10.0.0.5", {0x9C40}).at(0).kind == PeerOwner::Kind::Unclear);
}

TEST_CASE("This very process is found as the owner of its own connection") {
  const Listening listening;
  const RawClient client(listening.port());
  const PeerOwner owner = PeerLookup().owners("127.0.0.1", {client.port()}).at(0);
  const bool known = owner.kind == PeerOwner::Kind::Host || owner.kind == PeerOwner::Kind::Container;
  CHECK(known);
}

TEST_CASE("The audit file is its owner's alone and grows by lines") {
  const TempDir folder;
  folder.write("audit.log", "old\n");
  fs::permissions(folder.path("audit.log"), fs::perms(0644));
  auto file = AuditFile::open(folder.path("audit.log"));
  REQUIRE(file);
  (*file)->write("one");
  (*file)->write("two");
  CHECK(folder.read("audit.log") == "old\none\ntwo\n");
  CHECK(fs::status(folder.path("audit.log")).permissions() == fs::perms(0600));
}

TEST_CASE("A full audit file is put aside, one generation") {
  const TempDir folder;
  auto file = AuditFile::open(folder.path("audit.log"), 20);
  REQUIRE(file);
  for (int line = 0; line < 6; ++line) (*file)->write("line " + std::to_string(line));
  CHECK(folder.read("audit.log.1") == "line 2\nline 3\n");
  CHECK(folder.read("audit.log") == "line 4\nline 5\n");
  CHECK(fs::status(folder.path("audit.log")).permissions() == fs::perms(0600));
  CHECK(folder.entries() == 2);
  CHECK((*file)->dropped() == 0);
}

TEST_CASE("An audit file that can't be opened is named with the reason") {
  const TempDir folder;
  const auto missing = AuditFile::open(folder.path("none/audit.log"));
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("none/audit.log") && Catch::Contains("No such file"));
  fs::create_symlink(folder.path("elsewhere"), folder.path("link"));
  CHECK_FALSE(AuditFile::open(folder.path("link")));
}

TEST_CASE("The ports of an address's connections are found among the process's descriptors") {
  const Listening listening;
  const uint16_t port = listening.port();
  CHECK(peerPorts(port, "127.0.0.1").empty());
}

}  // namespace
}  // namespace berth::agent::endpoints::test
