// What the controller keeps: plain values. Members that the API returns as they were given, and that nothing
// here decides by, stay JSON text (`document`, `tags`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/time/clock.hpp"
#include "controller/model/resources.hpp"
#include "controller/model/shared.hpp"
#include "controller/model/task.hpp"

namespace berth::controller {

/// An item of a capacity provider strategy.
struct ProviderShare {
  std::string provider;  ///< name
  int64_t base = 0;      ///< tasks that it gets before any other
  int64_t weight = 0;    ///< of all weights: its part of the others
};

struct Cluster {
  std::string name;
  bool active = true;
  std::string document;  ///< JSON object: settings, configuration, serviceConnectDefaults, ... as given
  std::string tags;      ///< JSON list
  std::vector<std::string> capacityProviders = {};
  /// Of calls that give neither a launch type nor a strategy.
  std::vector<ProviderShare> defaultStrategy = {};
  std::optional<WallTime> deletedAt = {};  ///< of one that is not active
};

struct TaskDefinition {
  std::string family;
  int64_t revision = 0;
  bool active = true;
  std::string document;  ///< JSON object: the taskDefinition as registered, defaults filled in
  std::string tags;      ///< JSON list
  WallTime registeredAt{};
  std::optional<WallTime> deregisteredAt;
  std::optional<WallTime> deleteRequestedAt;  ///< it goes once no task names it
  std::string registeredBy;

  /// ACTIVE, INACTIVE or DELETE_IN_PROGRESS.
  std::string_view status() const;
  std::string key() const { return family + ":" + std::to_string(revision); }
};

struct Attribute {
  std::string name;
  std::optional<std::string> value;

  bool operator==(const Attribute&) const = default;
};
/// Many values of one instance have the same ones.
using Attributes = Shared<std::vector<Attribute>>;

struct Instance {
  std::string id;  ///< 32 hex digits
  std::string cluster;
  std::string status = "ACTIVE";  ///< ACTIVE, DRAINING, INACTIVE
  std::string ec2InstanceId;
  Attributes attributes;
  Resources registered;  ///< cpu and memory in all; ports that are reserved from the start
  std::string agentVersion;
  std::string agentHash;
  std::string dockerVersion;
  WallTime registeredAt{};
  std::string tags;         ///< JSON list
  std::string clientToken;  ///< of the registration, so that its repetition finds this instance
  int64_t version = 0;
  int64_t timeline = 0;      ///< of the last task manifest; each is higher than the one before
  bool oldArn = false;       ///< its ARN is of the old format: fixed when it was registered
  std::string registeredBy;  ///< ARN of the caller whose agent it is
  std::string address;       ///< IP address that its agent last opened a session from; may be empty

  bool connected = false;  ///< an agent's session is open; as the state knows it, not stored

  /// Null when it has none of that name.
  const Attribute* attribute(const std::string& name) const;
  void setAttribute(const std::string& name, std::optional<std::string> value);
};

/// An idempotency token of RunTask and what it stood for.
struct ClientToken {
  std::string key;          ///< cluster/token
  std::string requestHash;  ///< of the request without the token
  std::string tasks;        ///< ids, with a space behind each: there are as many as calls in a day
  WallTime usedAt{};

  std::vector<std::string> ids() const;
  void setIds(const std::vector<std::string>& ids);
};

/// What a principal, or with the account's root everyone without an own value, gets where a call does not
/// say (Amazon ECS API Reference, Setting).
struct AccountSetting {
  std::string principal;  ///< ARN
  std::string name;
  std::string value;

  std::string key() const { return name + "/" + principal; }
};

/// What is kept of a stopped task that nothing shows any more: a row of the store, of no part of the state.
struct StoppedTask {
  std::string id;
  WallTime stoppedAt{};
  std::string document;  ///< JSON object
};

/// A group of hosts that tasks can be shared out to by a strategy.
struct CapacityProvider {
  std::string name;
  bool active = true;
  std::string updateStatus = "CREATE_COMPLETE";
  std::string document;                    ///< JSON object: the autoScalingGroupProvider, defaults filled in
  std::string tags;                        ///< JSON list
  std::optional<WallTime> deletedAt = {};  ///< of one that is not active
};

}  // namespace berth::controller
