#include "cli/api/sse.hpp"

#include <utility>

namespace berth::cli {

std::vector<StreamEvent> EventReader::feed(std::string_view bytes) {
  std::vector<StreamEvent> out;
  rest_ += bytes;
  size_t from = 0;
  for (size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
    std::string_view text = std::string_view(rest_).substr(from, end - from);
    if (text.ends_with('\r')) text.remove_suffix(1);
    line(text, out);
    from = end + 1;
  }
  rest_.erase(0, from);
  return out;
}

void EventReader::line(std::string_view text, std::vector<StreamEvent>& out) {
  if (text.empty()) {
    if (hasData_ || hasId_)
      out.push_back(
          {lastId_, type_.empty() ? "message" : std::exchange(type_, {}), std::exchange(data_, {})});
    type_.clear();
    hasData_ = hasId_ = false;
    return;
  }
  const size_t colon = text.find(':');
  if (colon == 0) return;
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (hasData_) data_ += '\n';
    data_ += value;
    hasData_ = true;
  } else if (field == "id") {
    lastId_ = value;
    hasId_ = true;
  } else if (field == "event") {
    type_ = value;
  }
}

}  // namespace berth::cli
