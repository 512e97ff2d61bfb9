#include "agent/layers/parcel.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "common/aws/crypto.hpp"
#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::agent::layers;

TEST_CASE("What reads a blob waits for what is still on its way") {
  const TempDir folder;
  const std::string text(100'000, 'b');
  const auto parcel = *Parcel::make(folder.path(), static_cast<int64_t>(text.size()));
  std::string digest;
  std::thread reader([&] { digest = *digestOf(*parcel); });
  for (size_t at = 0; at < text.size(); at += 9'999) REQUIRE(parcel->append(text.substr(at, 9'999)));
  reader.join();
  CHECK(digest == "sha256:" + aws::sha256Hex(text));
  CHECK(parcel->append("x").error().code == Code::DataLoss);
  CHECK(folder.entries() == 0);
}

TEST_CASE("A blob that is broken off ends its readers, one that is whole can't be") {
  const TempDir folder;
  const auto parcel = *Parcel::make(folder.path(), 10);
  Status ended;
  std::thread reader([&] {
    const auto digest = digestOf(*parcel);
    if (!digest) ended = digest.error();
  });
  REQUIRE(parcel->append("12345"));
  parcel->breakOff(makeError(Code::Cancelled, "enough"));
  reader.join();
  REQUIRE_FALSE(ended);
  CHECK(ended.error().code == Code::Cancelled);

  const auto whole = *Parcel::make(folder.path(), 2);
  REQUIRE(whole->append("ok"));
  whole->breakOff(makeError(Code::Cancelled, "too late"));
  CHECK(digestOf(*whole).ok());
}

TEST_CASE("A blob gets a name of its own, and is read from it again") {
  const TempDir folder;
  const auto parcel = *Parcel::make(folder.path(), 3);
  REQUIRE(parcel->append("abc"));
  REQUIRE(parcel->keepAs(folder.path("kept")));
  REQUIRE(parcel->keepAs(folder.path("kept")));
  CHECK(folder.read("kept") == "abc");
  CHECK(*(*Parcel::open(folder.path("kept"), 3))->peek(1, 100) == "bc");
  CHECK(Parcel::open(folder.path("kept"), 4).error().code == Code::NotFound);
  CHECK(Parcel::open(folder.path("none"), 3).error().code == Code::NotFound);
  CHECK_FALSE(parcel->keepAs(folder.path("no/folder")));
}
