// Each kind of entity as the JSON of its row, and back. Decoders note what is wrong with a row in its Fields.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/model/state.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {

using Json = nlohmann::json;
using json::Fields;

Json encode(const Cluster& cluster);
Json encode(const Family& family);
Json encode(const TaskDefinition& definition);
Json encode(const Instance& instance);
Json encode(const ClientToken& token);
Json encode(const AccountSetting& setting);
Json encode(const CapacityProvider& provider);
Json encode(const Service& service);
Json encode(const ServiceDeployment& deployment);
Json encode(const ServiceRevision& revision);
Json encode(const TaskSet& set);
Json encode(const Job& job);
Json encode(const JobRun& run);
Json encode(const TaskProtection& protection);
Json encode(const Alarm& alarm);

/// The text of an entity's row.
std::string rowOf(const Task& task);
inline std::string rowOf(const StoppedTask& task) { return task.document; }
template <class Of>
std::string rowOf(const Of& entity) {
  return json::dump(encode(entity));
}

Entity decodeCluster(Fields& fields);
Entity decodeFamily(Fields& fields);
Entity decodeDefinition(Fields& fields);
Entity decodeInstance(Fields& fields);
Entity decodeTask(Fields& fields);
Entity decodeToken(Fields& fields);
Entity decodeAccountSetting(Fields& fields);
Entity decodeCapacityProvider(Fields& fields);
Entity decodeService(Fields& fields);
Entity decodeServiceDeployment(Fields& fields);
Entity decodeServiceRevision(Fields& fields);
Entity decodeTaskSet(Fields& fields);
Entity decodeProtection(Fields& fields);
Entity decodeAlarm(Fields& fields);
Entity decodeJob(Fields& fields);
Entity decodeJobRun(Fields& fields);

// What rows share.
Json encode(const Resources& resources);
Resources resources(Fields& parent, const char* name);
void putTime(Json& out, const char* name, const std::optional<WallTime>& time);
std::optional<WallTime> time(Fields& fields, const char* name);
/// JSON that the API returns as it was given: it is parsed whenever it is shown, so it has to be whole.
std::string jsonMember(Fields& fields, const char* name);

/// The number of a state, one of 0 to `last`; `fallback` when it is left out.
template <class Enum>
Enum state(Fields& fields, const char* name, Enum last, Enum fallback = Enum{}) {
  int64_t number = fields.integer(name, static_cast<int64_t>(fallback));
  if (number < 0 || number > static_cast<int64_t>(last)) fields.fault(name, "is the number of no state");
  return static_cast<Enum>(std::clamp<int64_t>(number, 0, static_cast<int64_t>(last)));
}

}  // namespace berth::controller
