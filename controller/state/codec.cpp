#include "controller/state/codec.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include "controller/state/rows.hpp"

namespace berth::controller {
namespace {

struct Row {
  const char* kind;
  Entity (*decode)(Fields&);
};

/// In the order of Kind.
constexpr std::array<Row, 17> kRows = {{{"cluster", decodeCluster},
                                        {"family", decodeFamily},
                                        {"task_definition", decodeDefinition},
                                        {"instance", decodeInstance},
                                        {"task", decodeTask},
                                        {"client_token", decodeToken},
                                        {"account_setting", decodeAccountSetting},
                                        {"capacity_provider", decodeCapacityProvider},
                                        {"service", decodeService},
                                        {"service_deployment", decodeServiceDeployment},
                                        {"service_revision", decodeServiceRevision},
                                        {"task_set", decodeTaskSet},
                                        {"task_protection", decodeProtection},
                                        {"job", decodeJob},
                                        {"job_run", decodeJobRun},
                                        {kStoppedTask, nullptr},
                                        {"alarm", decodeAlarm}}};

struct ToRow {
  std::optional<std::string> operator()(std::nullptr_t) const { return std::nullopt; }
  template <class Of>
  std::optional<std::string> operator()(const std::shared_ptr<const Of>& entity) const {
    return rowOf(*entity);
  }
};

static_assert(kRows.size() == std::variant_size_v<Entity>);

}  // namespace

std::string orderKey(const StoppedTask& task) {
  constexpr int kDigits = 12;
  std::ostringstream out;
  out << std::hex << std::setw(kDigits) << std::setfill('0')
      << std::max<int64_t>(toEpochMillis(task.stoppedAt), 0);
  return out.str() + "/" + task.id;
}

Changes toChanges(const Mutations& mutations) {
  Changes out;
  for (const Mutation& mutation : mutations) {
    Change change;
    change.kind = kRows[static_cast<size_t>(mutation.kind)].kind;
    change.key = mutation.key;
    change.value = std::visit(ToRow{}, mutation.value);
    out.push_back(std::move(change));
    if (const auto* stopped = mutation.as<StoppedTask>())
      out.push_back({kStoppedOrder, orderKey(*stopped), "{}"});
  }
  return out;
}

Decoded fromRecords(const std::vector<Record>& records) {
  Decoded out;
  for (const Record& record : records) {
    for (const Row& row : kRows) {
      if (record.kind != row.kind || !row.decode) continue;
      std::string where = record.kind + "/" + record.key;
      auto object = json::parseObject(record.value, where);
      if (!object) {
        out.damaged.push_back(object.error().message);
        continue;
      }
      Fields fields(*object, where);
      Entity entity = row.decode(fields);
      if (Status status = fields.status(); !status) {
        out.damaged.push_back(status.error().message);
      } else {
        out.entities.push_back(std::move(entity));
      }
    }
  }
  return out;
}

}  // namespace berth::controller
