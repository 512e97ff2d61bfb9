// What the keeper is doing right now, where it survives the keeper: a file in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/keeper/folder.hpp"
#include "agent/keeper/lines.hpp"

namespace berth::agent::keeper {

/// Bytes that are taken out of a pipe at once.
inline constexpr size_t kBatch = 65536;

/// A batch on its way from a pipe to a log. Reading takes bytes out of the pipe, which nobody can put back,
/// and writing can't be told from not having written; so both leave behind what tells them apart. Whoever
/// finds `phase` Reading looks whether the first byte has changed, and whoever finds Writing cuts the log to
/// `logSize` and writes again, from `taken`, the same bytes as before.
struct Batch {
  enum Phase : uint32_t { Idle, Reading, Writing };

  uint32_t version = 0;
  std::array<char, 64> boot = {};  ///< of the host, since when this counts
  Phase phase = Idle;
  std::array<char, 65> id = {};   ///< of the container, with a 0 behind it
  std::array<char, 65> run = {};  ///< likewise
  bool isStderr = false;
  bool last = false;     ///< nothing comes after it
  char unread = 0;       ///< what stands for the first byte until that is read: another than it
  uint32_t held = 0;     ///< bytes that came with earlier batches, at the beginning
  uint32_t count = 0;    ///< of all bytes
  int64_t time = 0;      ///< milliseconds since 1970
  int64_t maxBytes = 0;  ///< of the log, as wanted
  int64_t maxFiles = 1;
  /// Changed together: `taken` in the lower 24 bits, above them the log's size when so much was written.
  uint64_t progress = 0;
  Drops drops;  ///< by then
  std::array<char, kLongestPiece + kBatch> bytes = {};
};

inline constexpr uint64_t progressOf(uint64_t logSize, uint64_t taken) { return logSize << 24 | taken; }
inline constexpr uint64_t takenOf(uint64_t progress) { return progress & 0xffffff; }
inline constexpr uint64_t logSizeOf(uint64_t progress) { return progress >> 24; }
/// In place of the size of a log that can't be opened: larger than any.
inline constexpr uint64_t kNoLog = (uint64_t{1} << 40) - 1;

/// One page-cache-backed batch. Without a file (the disk is full) it works, but does not outlive the keeper.
class Journal {
 public:
  /// `boot` names the host's start: what was under way in an earlier one is not gone on with, as neither the
  /// file nor the logs need be as they were. Empty: nothing is gone on with.
  Journal(const std::string& path, const std::string& boot);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  Batch& batch() { return *batch_; }
  bool durable() const { return durable_; }
  /// From here on whoever finds the batch goes by this phase: everything before this is in it.
  void enter(Batch::Phase phase);
  void progress(uint64_t to);

 private:
  Batch* batch_ = nullptr;
  bool durable_ = false;
};

}  // namespace berth::agent::keeper
