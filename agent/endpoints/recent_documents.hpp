// Answers that were made lately, for those who ask for the same one again and again.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "agent/endpoints/message.hpp"
#include "agent/endpoints/view.hpp"

namespace berth::agent::endpoints {

/// Keeps answers that follow from one task's view alone: they hold as long as the task has that view. Safe to
/// call from any thread.
class RecentDocuments {
 public:
  /// With `most` answers kept, the next new one lets go of all.
  explicit RecentDocuments(size_t most = 256) : most_(most) {}

  /// What `make` answers, or answered before to the same path with the same view.
  Response of(const std::string& path, const std::shared_ptr<const TaskView>& view,
              const std::function<Response()>& make);

 private:
  struct Made {
    std::weak_ptr<const TaskView> view;
    std::shared_ptr<const Response> answer;
  };

  std::shared_ptr<const Response> find(const std::string& path,
                                       const std::shared_ptr<const TaskView>& view) const;

  const size_t most_;
  mutable std::mutex lock_;
  std::unordered_map<std::string, Made> made_;  ///< by path
};

}  // namespace berth::agent::endpoints
