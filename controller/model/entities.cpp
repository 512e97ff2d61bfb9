#include "controller/model/entities.hpp"

#include <algorithm>
#include <utility>

namespace berth::controller {

const Attribute* Instance::attribute(const std::string& name) const {
  const auto found = std::ranges::find(*attributes, name, &Attribute::name);
  return found == attributes->end() ? nullptr : &*found;
}

void Instance::setAttribute(const std::string& name, std::optional<std::string> value) {
  attributes.edit([&](std::vector<Attribute>& all) {
    const auto found = std::ranges::find(all, name, &Attribute::name);
    if (found != all.end()) {
      found->value = std::move(value);
    } else {
      all.push_back({name, std::move(value)});
    }
  });
}

std::vector<std::string> ClientToken::ids() const {
  std::vector<std::string> out;
  for (size_t from = 0; from < tasks.size();) {
    const size_t end = std::min(tasks.find(' ', from), tasks.size());
    out.push_back(tasks.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

void ClientToken::setIds(const std::vector<std::string>& ids) {
  tasks.clear();
  for (const std::string& id : ids) tasks += id + ' ';
  tasks.shrink_to_fit();
}

std::string_view TaskDefinition::status() const {
  if (deleteRequestedAt) return "DELETE_IN_PROGRESS";
  return active ? "ACTIVE" : "INACTIVE";
}

}  // namespace berth::controller
