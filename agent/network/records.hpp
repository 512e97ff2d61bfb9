// What the agent keeps about the networks of containers, one small file each.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/network/chain.hpp"
#include "agent/ports/runtime.hpp"
#include "common/result/result.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::network {

/// JSON [{"containerPort","hostPort","protocol","bindIp"}], as other records hold them, too.
nlohmann::json encodePorts(const std::vector<PortMapping>& ports);
/// The member "ports" of `record`, which keeps what is wrong with it.
std::vector<PortMapping> decodePorts(berth::json::Fields& record);

/// JSON {"chain","ports":[...],"result","task","address"}. It is written before anything is done, and again
/// when it is done.
struct Record {
  std::string chain;  ///< the list of plugins that it was made with: it has to be undone with the same
  std::vector<PortMapping> ports;
  std::string result;   ///< what the plugins answered; empty: they have not been through
  bool task = false;    ///< a task's, which its containers share, instead of a container's
  std::string address;  ///< of a task on the agent's own network of them, which is made without plugins
};
std::string encodeRecord(const Record& record);
Result<Record> decodeRecord(std::string_view text);

/// FOLDER/attachments/ID.json, FOLDER/namespaces/ID, FOLDER/addresses (of the plugin host-local).
class RecordFolder {
 public:
  explicit RecordFolder(std::string folder) : folder_(std::move(folder)) {}

  Status prepare() const;
  std::string namespacePath(const std::string& id) const { return folder_ + "/namespaces/" + id; }
  std::string addresses() const { return folder_ + "/addresses"; }
  /// Replaces it as a whole. No fsync: a host that has restarted has no namespace either, and addresses that
  /// are noted without a record are found by themselves.
  Status write(const std::string& id, const Record& record) const;
  void erase(const std::string& id) const;
  /// By id; a damaged one has neither chain nor ports.
  std::map<std::string, Record> load() const;
  /// The ids for which something is at namespacePath().
  std::vector<std::string> namespaces() const;
  /// The ids that addresses of the agent's own network are noted for.
  std::vector<std::string> addressOwners() const;

 private:
  std::string recordPath(const std::string& id) const { return folder_ + "/attachments/" + id + ".json"; }

  std::string folder_;
};

}  // namespace berth::agent::network
