// What nearly every file that handles JSON includes. Only speed: each file still includes what it uses.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::pch {

// Never called: what it uses is instantiated here once instead of in each file.
inline bool instantiate(nlohmann::json& value) {
  value = nlohmann::json::object({{"name", "text"}, {"number", 1}, {"list", nlohmann::json::array({"a"})}});
  value["text"] = std::string("text");
  value["flag"] = true;
  value["number"] = std::int64_t{1};
  value.push_back(nlohmann::json(std::vector<std::string>{}));
  bool same =
      value == nlohmann::json() && value["name"] == "text" && value["number"] == 1 && value["flag"] == true;
  for (const auto& [key, member] : value.items()) same = same && member.is_string() && !key.empty();
  return same && value.contains("name") && value.find("name") != value.end() && !value.dump().empty() &&
         value.get<std::string>().empty() && value.get<std::int64_t>() == 1 && value.get<bool>() &&
         value.value("name", std::string()).empty() &&
         nlohmann::json::parse("{}", nullptr, false).is_discarded();
}

}  // namespace berth::pch
