// Which images this agent has pulled, and when each was of use: what `once` and cleaning up go by.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/log/log.hpp"
#include "common/result/result.hpp"
#include "common/store/store.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct ImageRecord {
  std::string reference;  ///< canonical: "docker.io/library/web:1"
  std::string digest;     ///< "sha256:..." of its manifest; empty: unknown
  std::string imageId;    ///< "sha256:..."; empty: unknown
  WallTime pulledAt{};
  WallTime lastUsedAt{};
  int64_t bytes = 0;
  bool operator==(const ImageRecord&) const = default;
};

/// Rows of kind "image", keyed by the reference. Their values are JSON:
/// {"digest":"...","imageId":"...","pulledAt":MILLIS,"lastUsedAt":MILLIS,"bytes":N}.
constexpr const char* kImageKind = "image";
Change toChange(const ImageRecord& record);
/// InvalidArgument, naming the row, for one that is not of that form.
Result<ImageRecord> imageFromRecord(const Record& record);

class ImageMemory {
 public:
  /// Where changes go to be kept. A memory that can't be kept is no reason to fail a pull: the worst is a
  /// question to a registry that `once` would have spared, so nobody waits for an answer.
  using Keep = std::function<void(Changes)>;

  /// `rows` of other kinds are ignored; a damaged one is logged and left out. `log` is used only here.
  ImageMemory(const std::vector<Record>& rows, Keep keep, Log& log);
  /// Kept in this process only.
  ImageMemory() = default;

  /// Remembers a pull. When the name stood for another image before, that one is remembered by its digest.
  void pulled(ImageRecord record);
  /// Unknown references are ignored. Kept at most once a minute for each, as uses come in swarms.
  void used(const std::string& reference, WallTime now);
  /// The same for all names of one image.
  void imageUsed(const std::string& imageId, WallTime now);
  /// The image is gone from the runtime.
  void forgetImage(const std::string& imageId);
  /// Forgets what others removed: images pulled before `listedAt` that were not among those listed then.
  void keepOnly(const std::set<std::string>& imageIds, WallTime listedAt);

  bool pulledBefore(const std::string& reference) const { return records_.contains(reference); }
  const std::map<std::string, ImageRecord>& records() const { return records_; }

 private:
  void touch(ImageRecord& record, WallTime now, Changes& changes);
  void commit(Changes changes);
  template <class Gone>
  void forgetIf(Gone gone);

  Keep keep_;
  std::map<std::string, ImageRecord> records_;
};

}  // namespace berth::agent
