#include "cli/commands/session.hpp"

#include <nlohmann/json.hpp>

namespace berth::cli {

using nlohmann::json;

Result<json> Session::inCluster(const std::string& operation, json members) const {
  members["cluster"] = target.cluster.value;
  return api.call(operation, members);
}

Result<json> Session::listInCluster(const std::string& operation, json members, const std::string& list,
                                    size_t most, bool* more) const {
  members["cluster"] = target.cluster.value;
  return api.list(operation, std::move(members), list, most, more);
}

void Session::print(const json& value) const {
  out << value.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
}

void Session::table(const std::vector<Column>& columns, const std::vector<std::vector<Cell>>& rows) const {
  out << renderTable(columns, rows, terminal);
}

}  // namespace berth::cli
