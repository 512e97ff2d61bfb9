#include "agent/endpoints/recent_documents.hpp"

namespace berth::agent::endpoints {

Response RecentDocuments::of(const std::string& path, const std::shared_ptr<const TaskView>& view,
                             const std::function<Response()>& make) {
  if (const auto known = find(path, view)) return *known;
  Response answer = make();
  const auto kept = std::make_shared<const Response>(answer);
  const std::lock_guard guard(lock_);
  if (made_.size() >= most_ && !made_.contains(path)) made_.clear();
  made_[path] = {view, kept};
  return answer;
}

std::shared_ptr<const Response> RecentDocuments::find(const std::string& path,
                                                      const std::shared_ptr<const TaskView>& view) const {
  const std::lock_guard guard(lock_);
  const auto found = made_.find(path);
  if (found == made_.end() || found->second.view.lock() != view) return nullptr;
  return found->second.answer;
}

}  // namespace berth::agent::endpoints
