// Archives of tar as layers of images are (POSIX.1-2001 pax and ustar, GNU's long names, numbers in base
// 256), read as their bytes come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent::layers {

enum class EntryKind { File, HardLink, Symlink, CharDevice, BlockDevice, Folder, Fifo };

struct EntryTime {
  int64_t seconds = 0;
  int64_t nanos = 0;  ///< 0 to 999,999,999
  bool operator==(const EntryTime&) const = default;
};

struct Entry {
  EntryKind kind = EntryKind::File;
  std::string name;  ///< as the archive has it
  std::string link;  ///< of links: where to
  int64_t size = 0;  ///< bytes of a file
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  EntryTime modified;
  std::optional<EntryTime> accessed;
  uint32_t major = 0;  ///< of devices
  uint32_t minor = 0;
  std::map<std::string, std::string> attributes;  ///< extended ones, by their whole name
};

/// What becomes of an archive. An Error ends the reading.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual Status begin(Entry entry) = 0;
  /// A piece of the content of the file that began last.
  virtual Status content(std::string_view bytes) = 0;
  /// The entry that began last is over.
  virtual Status end() = 0;
};

/// Errors: the sink's; DataLoss for what is no archive, or ends within one; Unimplemented for kinds of
/// entries that are known but not read (sparse files), ResourceExhausted for a header of more than 1 MiB.
class TarReader {
 public:
  /// `sink` must outlive it.
  explicit TarReader(EntrySink& sink) : sink_(sink) {}

  /// The next bytes, in pieces of any size. What follows the end of the archive is ignored.
  Status take(std::string_view bytes);
  /// There are no more.
  Status finish() const;

 private:
  enum class Part { Header, Content, Extension, Padding, End };

  Status header(std::string_view block);
  Status open(std::string_view block, char type);
  Status applyExtension();
  Status applyRecord(std::string_view key, std::string_view value);
  Status finishContent();

  EntrySink& sink_;
  Part part_ = Part::Header;
  std::string block_;        ///< of a header, while it is not whole
  int64_t left_ = 0;         ///< bytes of content or extension
  int64_t padding_ = 0;      ///< bytes up to the next block
  char extension_ = 0;       ///< the type of the extension that is read
  std::string text_;         ///< of it
  bool zeroBefore_ = false;  ///< the block before was of zeros
  /// What extensions say of the entry that follows.
  struct Overrides {
    std::optional<std::string> name, link;
    std::optional<int64_t> size;
    std::optional<uint32_t> uid, gid;
    std::optional<EntryTime> modified, accessed;
    std::map<std::string, std::string> attributes;
  } next_;
};

}  // namespace berth::agent::layers
