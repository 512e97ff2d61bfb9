// The content of a layer as the upper folder of an overlay file system.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/layers/tar_reader.hpp"
#include "common/result/result.hpp"

namespace berth::agent::layers {

/// Unpacks into one folder. Nothing is written outside of it, whatever the archive and the links in it say.
/// Whiteouts (OCI image specification, "Layer Filesystem Changeset") become devices of number 0:0 and the
/// attribute trusted.overlay.opaque. An entry for the root itself is passed over, as containerd does: what
/// the folder of a build happened to be like would be the root of all its users. Errors: InvalidArgument,
/// naming the entry, for a name that leads out or is none; Unimplemented for what only the whole file system
/// can tell (a hard link to a lower layer's file); ResourceExhausted for a full disk; Internal.
class TreeWriter final : public EntrySink {
 public:
  /// `root`: a folder that is there, and empty. Errors come with the first entry.
  explicit TreeWriter(const std::string& root);
  ~TreeWriter() override;
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  Status begin(Entry entry) override;
  Status content(std::string_view bytes) override;
  Status end() override;
  /// Gives folders their times, once everything is in them.
  Status finish();

  /// Folders that entries were in, but that had none themselves, from the outermost; relative, "usr/lib".
  std::vector<std::string> implied() const { return {implied_.begin(), implied_.end()}; }

 private:
  Status enter(const std::string& folder);
  Status makeFolders(const std::string& folder);
  Status whiteout(const Entry& entry, const std::string& name);
  Status make(const Entry& entry, const std::string& name);
  Status makeFolder(const std::string& name);
  Status makeLink(const Entry& entry, const std::string& name);
  Status clear(const std::string& name, bool folderStays);
  Status describe(const Entry& entry, const std::string& name);
  Status putAttributes(const Entry& entry, const std::string& path);
  Status markOpaque(int folder, const std::string& name);
  void forgetBelow(const std::string& path);
  Error failed(const std::string& what) const;

  int root_ = -1;
  int folder_ = -1;      ///< that of the entry
  std::string entered_;  ///< its path
  bool isEntered_ = false;
  int file_ = -1;  ///< the one that is written
  Entry entry_;
  std::string path_;            ///< its own, without "." and empty parts
  std::string base_;            ///< the last part of it
  bool afterWhiteout_ = false;  ///< a whiteout of that name came before it
  std::set<std::string> implied_;
  struct FolderTimes {
    std::string path;
    EntryTime accessed;
    EntryTime modified;
  };
  std::vector<FolderTimes> times_;
};

}  // namespace berth::agent::layers
