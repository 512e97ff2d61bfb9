#include "agent/images/image_memory.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/images/image_names.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent {
namespace {

constexpr std::chrono::minutes kUseGrain{1};

}  // namespace

Change toChange(const ImageRecord& record) {
  const nlohmann::json value = {{"digest", record.digest},
                                {"imageId", record.imageId},
                                {"pulledAt", toEpochMillis(record.pulledAt)},
                                {"lastUsedAt", toEpochMillis(record.lastUsedAt)},
                                {"bytes", record.bytes}};
  return Change{kImageKind, record.reference, json::dump(value)};
}

Result<ImageRecord> imageFromRecord(const Record& record) {
  const std::string where = record.kind + "/" + record.key;
  const Result<nlohmann::json> parsed = json::parseObject(record.value, where);
  if (!parsed) return parsed.error();
  json::Fields fields(*parsed, where);
  ImageRecord out;
  out.reference = record.key;
  out.digest = fields.str("digest");
  out.imageId = fields.str("imageId");
  out.pulledAt = fromEpochMillis(fields.integer("pulledAt"));
  out.lastUsedAt = fromEpochMillis(fields.integer("lastUsedAt"));
  out.bytes = fields.integer("bytes");
  if (const Status status = fields.status(); !status) return status.error();
  return out;
}

ImageMemory::ImageMemory(const std::vector<Record>& rows, Keep keep, Log& log) : keep_(std::move(keep)) {
  for (const Record& row : rows) {
    if (row.kind != kImageKind) continue;
    Result<ImageRecord> record = imageFromRecord(row);
    if (record) {
      records_[record->reference] = std::move(*record);
    } else {
      log.error("left out a damaged row", {{"row", record.error().message}});
    }
  }
}

void ImageMemory::commit(Changes changes) {
  if (keep_ && !changes.empty()) keep_(std::move(changes));
}

void ImageMemory::pulled(ImageRecord record) {
  Changes changes;
  const auto before = records_.find(record.reference);
  if (before != records_.end() && before->second.imageId != record.imageId &&
      !before->second.digest.empty()) {
    ImageRecord old = before->second;
    old.reference = std::string(repositoryOf(old.reference)) + "@" + old.digest;
    changes.push_back(toChange(old));
    records_[old.reference] = std::move(old);
  }
  changes.push_back(toChange(record));
  records_[record.reference] = std::move(record);
  commit(std::move(changes));
}

void ImageMemory::touch(ImageRecord& record, WallTime now, Changes& changes) {
  if (now - record.lastUsedAt < kUseGrain) return;
  record.lastUsedAt = now;
  changes.push_back(toChange(record));
}

void ImageMemory::used(const std::string& reference, WallTime now) {
  const auto found = records_.find(reference);
  if (found == records_.end()) return;
  Changes changes;
  touch(found->second, now, changes);
  commit(std::move(changes));
}

void ImageMemory::imageUsed(const std::string& imageId, WallTime now) {
  Changes changes;
  for (auto& [reference, record] : records_) {
    if (record.imageId == imageId) touch(record, now, changes);
  }
  commit(std::move(changes));
}

template <class Gone>
void ImageMemory::forgetIf(Gone gone) {
  Changes changes;
  for (auto each = records_.begin(); each != records_.end();) {
    if (gone(each->second)) {
      changes.push_back(Change{kImageKind, each->first, std::nullopt});
      each = records_.erase(each);
    } else {
      ++each;
    }
  }
  commit(std::move(changes));
}

void ImageMemory::forgetImage(const std::string& imageId) {
  forgetIf([&](const ImageRecord& record) { return record.imageId == imageId; });
}

void ImageMemory::keepOnly(const std::set<std::string>& imageIds, WallTime listedAt) {
  forgetIf([&](const ImageRecord& record) {
    return record.pulledAt < listedAt && !imageIds.contains(record.imageId);
  });
}

}  // namespace berth::agent
