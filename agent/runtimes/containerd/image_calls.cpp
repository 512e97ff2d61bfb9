// Content, snapshots, images and leases.
#include <memory>
#include <utility>

#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/invoke.hpp"
#include "common/time/clock.hpp"
#include "proto/containerd/content.pb.h"
#include "proto/containerd/diff.pb.h"
#include "proto/containerd/images.pb.h"
#include "proto/containerd/leases.pb.h"
#include "proto/containerd/snapshots.pb.h"

namespace berth::agent::containerd {
namespace {

namespace content_v1 = ::containerd::services::content::v1;
namespace images_v1 = ::containerd::services::images::v1;
namespace leases_v1 = ::containerd::services::leases::v1;
namespace snapshots_v1 = ::containerd::services::snapshots::v1;

constexpr int64_t kLongestDocument = 8 << 20;
constexpr auto kLeaseTime = std::chrono::hours(24);
/// The longest without a byte on the way to containerd's store: it may sync what it has.
constexpr auto kWriteInactivity = std::chrono::minutes(2);
/// What the HTTP client keeps in memory of a body that it sends is bounded by the call alone.
constexpr int64_t kCallBytes = 8 << 20;

NamedImage stored(const images_v1::Image& from) {
  return NamedImage{from.name(),
                    Descriptor{from.target().media_type(), from.target().digest(), from.target().size()},
                    wallTime(from.updated_at())};
}

content_v1::WriteContentRequest writeRequest(const Descriptor& blob, int64_t offset) {
  content_v1::WriteContentRequest request;
  request.set_ref("berth-" + blob.digest);
  request.set_total(blob.size);
  request.set_offset(offset);
  request.set_expected(blob.digest);
  return request;
}

/// What goes to containerd in one call: pieces, and with the last one the commit.
class BlobMessages {
 public:
  using Source = std::function<Result<std::string>(int64_t)>;

  BlobMessages(Descriptor blob, std::map<std::string, std::string> labels, Source source)
      : blob_(std::move(blob)), labels_(std::move(labels)), source_(std::move(source)) {}

  bool committed() const { return committed_; }
  const std::optional<Error>& fault() const { return fault_; }
  void beginCall() { end_ = offset_ + kCallBytes; }

  std::optional<std::string> next() {
    if (committed_ || (offset_ >= end_ && offset_ < blob_.size)) return std::string();
    Result<std::string> piece = source_(offset_);
    if (!piece || (piece->empty() && offset_ < blob_.size)) {
      fault_ = piece ? makeError(Code::DataLoss, blob_.digest + " is shorter than its manifest says")
                     : piece.error();
      return std::nullopt;
    }
    content_v1::WriteContentRequest request = writeRequest(blob_, offset_);
    offset_ += static_cast<int64_t>(piece->size());
    committed_ = offset_ >= blob_.size;
    request.set_action(committed_ ? content_v1::COMMIT : content_v1::WRITE);
    if (committed_) request.mutable_labels()->insert(labels_.begin(), labels_.end());
    request.set_data(std::move(*piece));
    return request.SerializeAsString();
  }

 private:
  Descriptor blob_;
  std::map<std::string, std::string> labels_;
  Source source_;
  int64_t offset_ = 0;
  int64_t end_ = 0;
  bool committed_ = false;
  std::optional<Error> fault_;
};

}  // namespace

Async<Result<std::vector<SnapshotMount>>> Api::prepareSnapshot(std::string snapshotter, std::string key,
                                                               std::string parent, std::string lease) {
  snapshots_v1::PrepareSnapshotRequest request;
  request.set_snapshotter(snapshotter);
  request.set_key(key);
  request.set_parent(parent);
  const auto answer = co_await invoke<snapshots_v1::PrepareSnapshotResponse>(
      channel_, "snapshots.v1.Snapshots/Prepare", request, deadlines_.create, underLease(lease));
  if (!answer) co_return answer.error();
  co_return mountsOf(answer->mounts());
}

Async<Result<std::vector<SnapshotMount>>> Api::mounts(std::string snapshotter, std::string key) {
  snapshots_v1::MountsRequest request;
  request.set_snapshotter(snapshotter);
  request.set_key(key);
  const auto answer = co_await invoke<snapshots_v1::MountsResponse>(channel_, "snapshots.v1.Snapshots/Mounts",
                                                                    request, deadlines_.quick);
  if (!answer) co_return answer.error();
  co_return mountsOf(answer->mounts());
}

Async<Status> Api::commitSnapshot(std::string snapshotter, std::string name, std::string key,
                                  std::string lease) {
  snapshots_v1::CommitSnapshotRequest request;
  request.set_snapshotter(snapshotter);
  request.set_name(name);
  request.set_key(key);
  return plain(invoke<wire::Empty>(channel_, "snapshots.v1.Snapshots/Commit", request, deadlines_.create,
                                   underLease(lease)));
}

Async<Result<bool>> Api::hasSnapshot(std::string snapshotter, std::string name) {
  snapshots_v1::StatSnapshotRequest request;
  request.set_snapshotter(snapshotter);
  request.set_key(name);
  const auto answer = co_await invoke<snapshots_v1::StatSnapshotResponse>(
      channel_, "snapshots.v1.Snapshots/Stat", request, deadlines_.quick);
  if (!answer && answer.error().code != Code::NotFound) co_return answer.error();
  co_return answer.ok();
}

Async<Result<int64_t>> Api::snapshotBytes(std::string snapshotter, std::string key) {
  snapshots_v1::UsageRequest request;
  request.set_snapshotter(snapshotter);
  request.set_key(key);
  const auto answer = co_await invoke<snapshots_v1::UsageResponse>(channel_, "snapshots.v1.Snapshots/Usage",
                                                                   request, deadlines_.list);
  if (!answer) co_return answer.error();
  co_return answer->size();
}

Async<Status> Api::removeSnapshot(std::string snapshotter, std::string key) {
  snapshots_v1::RemoveSnapshotRequest request;
  request.set_snapshotter(snapshotter);
  request.set_key(key);
  return unlessGone(
      invoke<wire::Empty>(channel_, "snapshots.v1.Snapshots/Remove", request, deadlines_.remove));
}

Async<Result<bool>> Api::hasContent(std::string digest) {
  content_v1::InfoRequest request;
  request.set_digest(digest);
  const auto answer = co_await invoke<content_v1::InfoResponse>(channel_, "content.v1.Content/Info", request,
                                                                deadlines_.quick);
  if (!answer && answer.error().code != Code::NotFound) co_return answer.error();
  co_return answer.ok();
}

Async<Result<std::string>> Api::content(std::string digest) {
  content_v1::ReadContentRequest request;
  request.set_digest(digest);
  request.set_size(kLongestDocument);
  const auto text = std::make_shared<std::string>();
  const Status read =
      co_await channel_.listen("containerd.services.content.v1.Content/Read", request.SerializeAsString(),
                               deadlines_.inspect, [text](std::string_view bytes) {
                                 content_v1::ReadContentResponse response;
                                 if (response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
                                   text->append(response.data());
                               });
  if (!read) co_return read.error();
  if (text->size() >= size_t{kLongestDocument}) {
    co_return makeError(Code::ResourceExhausted, digest + " is longer than a document of an image may be");
  }
  co_return std::move(*text);
}

Async<Status> Api::writeContent(Descriptor blob, std::function<Result<std::string>(int64_t)> source,
                                std::map<std::string, std::string> labels, std::string lease) {
  const auto messages = std::make_shared<BlobMessages>(std::move(blob), std::move(labels), std::move(source));
  // Each call goes on where the one before ended.
  while (!messages->committed()) {
    messages->beginCall();
    Status written = co_await channel_.upload(
        "containerd.services.content.v1.Content/Write", [messages] { return messages->next(); },
        kWriteInactivity, underLease(lease), [](std::string_view) {});
    if (messages->fault()) co_return *messages->fault();
    if (!written && written.error().code == Code::AlreadyExists) co_return Status();
    if (!written) co_return written;
  }
  co_return Status();
}

Async<Status> Api::adoptContent(Descriptor blob, std::map<std::string, std::string> labels,
                                std::string lease) {
  // A commit of what is to be there in full already: for a blob that is not, its place is another one.
  content_v1::WriteContentRequest request = writeRequest(blob, blob.size);
  request.set_action(content_v1::COMMIT);
  request.mutable_labels()->insert(labels.begin(), labels.end());
  const auto message = std::make_shared<std::string>(request.SerializeAsString());
  const Status adopted = co_await channel_.upload(
      "containerd.services.content.v1.Content/Write",
      [message]() -> std::optional<std::string> { return std::exchange(*message, {}); }, deadlines_.create,
      underLease(lease), [](std::string_view) {});
  if (adopted || adopted.error().code == Code::AlreadyExists) co_return Status();
  if (adopted.error().message.find("current offset") == std::string::npos) co_return adopted;
  co_return makeError(Code::NotFound, "containerd's store does not have " + blob.digest);
}

Async<Status> Api::labelContent(std::string digest, std::map<std::string, std::string> labels) {
  content_v1::UpdateRequest request;
  request.mutable_info()->set_digest(digest);
  for (const auto& [key, value] : labels) {
    (*request.mutable_info()->mutable_labels())[key] = value;
    request.mutable_update_mask()->add_paths("labels." + key);
  }
  const auto answer = co_await invoke<content_v1::UpdateResponse>(channel_, "content.v1.Content/Update",
                                                                  request, deadlines_.quick);
  if (!answer) co_return answer.error();
  co_return Status();
}

Async<Result<std::string>> Api::apply(Descriptor layer, std::vector<SnapshotMount> mounts,
                                      std::string lease) {
  namespace v1 = ::containerd::services::diff::v1;
  v1::ApplyRequest request;
  put(*request.mutable_diff(), layer);
  putMounts(*request.mutable_mounts(), mounts);
  const auto answer = co_await invoke<v1::ApplyResponse>(channel_, "diff.v1.Diff/Apply", request,
                                                         deadlines_.unpack, underLease(lease));
  if (!answer) co_return answer.error();
  co_return answer->applied().digest();
}

Async<Result<std::optional<NamedImage>>> Api::image(std::string name) {
  images_v1::GetImageRequest request;
  request.set_name(name);
  const auto answer = co_await invoke<images_v1::GetImageResponse>(channel_, "images.v1.Images/Get", request,
                                                                   deadlines_.inspect);
  if (!answer && answer.error().code == Code::NotFound) co_return std::optional<NamedImage>();
  if (!answer) co_return answer.error();
  co_return std::optional<NamedImage>(stored(answer->image()));
}

Async<Result<std::vector<NamedImage>>> Api::images() {
  const auto answer = co_await invoke<images_v1::ListImagesResponse>(
      channel_, "images.v1.Images/List", images_v1::ListImagesRequest(), deadlines_.list);
  if (!answer) co_return answer.error();
  std::vector<NamedImage> out;
  for (const auto& one : answer->images()) out.push_back(stored(one));
  co_return out;
}

Async<Status> Api::putImage(std::string name, Descriptor target) {
  images_v1::CreateImageRequest create;
  create.mutable_image()->set_name(name);
  put(*create.mutable_image()->mutable_target(), target);
  const auto created = co_await invoke<images_v1::CreateImageResponse>(channel_, "images.v1.Images/Create",
                                                                       create, deadlines_.create);
  if (created) co_return Status();
  if (created.error().code != Code::AlreadyExists) co_return created.error();
  images_v1::UpdateImageRequest update;
  *update.mutable_image() = create.image();
  update.mutable_update_mask()->add_paths("target");
  const auto updated = co_await invoke<images_v1::UpdateImageResponse>(channel_, "images.v1.Images/Update",
                                                                       update, deadlines_.create);
  if (!updated) co_return updated.error();
  co_return Status();
}

Async<Status> Api::removeImage(std::string name, bool sync) {
  images_v1::DeleteImageRequest request;
  request.set_name(name);
  request.set_sync(sync);
  return unlessGone(invoke<wire::Empty>(channel_, "images.v1.Images/Delete", request, deadlines_.remove));
}

Async<Status> Api::createLease(std::string id, WallTime now) {
  leases_v1::CreateRequest request;
  request.set_id(id);
  (*request.mutable_labels())["containerd.io/gc.expire"] = toRfc3339(now + kLeaseTime);
  const auto answer = co_await invoke<leases_v1::CreateResponse>(channel_, "leases.v1.Leases/Create", request,
                                                                 deadlines_.create);
  if (!answer && answer.error().code != Code::AlreadyExists) co_return answer.error();
  co_return Status();
}

Async<Status> Api::removeLease(std::string id) {
  leases_v1::DeleteRequest request;
  request.set_id(id);
  return unlessGone(invoke<wire::Empty>(channel_, "leases.v1.Leases/Delete", request, deadlines_.quick));
}

}  // namespace berth::agent::containerd
