#include "agent/pause/image.hpp"

#include <cstdio>
#include <cstring>
#include <string_view>

// The program, as the build has made it.
__asm__(
    ".section .rodata.berth_pause,\"a\",@progbits\n"
    ".globl berthPauseBegin\n"
    ".globl berthPauseEnd\n"
    "berthPauseBegin:\n"
    ".incbin \"" BERTH_PAUSE_PROGRAM
    "\"\n"
    "berthPauseEnd:\n"
    ".text\n");

extern "C" const char berthPauseBegin[];
extern "C" const char berthPauseEnd[];

namespace berth::agent {
namespace {

constexpr size_t kBlock = 512;

/// The header of a tar entry, field by field.
struct Header {
  char name[100];
  char mode[8];
  char owner[8];
  char group[8];
  char size[12];
  char changed[12];
  char sum[8];
  char kind;
  char rest[355];
};
static_assert(sizeof(Header) == kBlock);

std::string headerOf(const char* name, size_t size) {
  Header header;
  std::memset(&header, 0, sizeof header);
  std::snprintf(header.name, sizeof header.name, "%s", name);
  std::snprintf(header.mode, sizeof header.mode, "0000755");
  std::snprintf(header.owner, sizeof header.owner, "0000000");
  std::snprintf(header.group, sizeof header.group, "0000000");
  std::snprintf(header.size, sizeof header.size, "%011zo", size);
  std::snprintf(header.changed, sizeof header.changed, "00000000000");
  header.kind = '0';
  // The sum is taken with blanks in its own place.
  std::memset(header.sum, ' ', sizeof header.sum);
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof header; ++i) sum += reinterpret_cast<const unsigned char*>(&header)[i];
  std::snprintf(header.sum, sizeof header.sum, "%06o", sum);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header);
}

}  // namespace

std::string pauseArchive() {
  const std::string_view program(berthPauseBegin, static_cast<size_t>(berthPauseEnd - berthPauseBegin));
  std::string out = headerOf("pause", program.size());
  out += program;
  out.resize((out.size() + kBlock - 1) / kBlock * kBlock + 2 * kBlock, '\0');
  return out;
}

}  // namespace berth::agent
