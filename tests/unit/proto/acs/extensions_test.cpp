#include "proto/acs/extensions.hpp"

#include <catch2/catch.hpp>

namespace berth::acs {
namespace {

const Extensions kReports{Extension::Reports};

TEST_CASE("the names of extensions are read whatever their case, blanks and neighbours") {
  for (const char* header :
       {"reports", " Reports ", "REPORTS,", "x, reports", "\treports\t,reports", ",,reports,y"}) {
    INFO(header);
    CHECK(Extensions::parse(header) == kReports);
    CHECK(Extensions::parse(header).has(Extension::Reports));
  }
}

TEST_CASE("what is no extension is left out") {
  for (const char* header : {"", " ", ",", "report", "reports2", "re ports", "reports;q=1"}) {
    INFO(header);
    CHECK(Extensions::parse(header).empty());
  }
}

TEST_CASE("extensions survive their header, and both sides must have them") {
  CHECK(kReports.render() == "reports");
  CHECK(Extensions::parse(kReports.render()) == kReports);
  CHECK(Extensions().render().empty());
  CHECK((kReports & kReports) == kReports);
  CHECK((kReports & Extensions()).empty());
  CHECK((Extensions::parse("new, thing") & kReports).empty());
}

}  // namespace
}  // namespace berth::acs
