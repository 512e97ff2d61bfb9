#include "agent/network/records.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <utility>

#include "proto/json/fields.hpp"

namespace berth::agent::network {
namespace {

using berth::json::Fields;
using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kRecordEnding = ".json";

std::string contentOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> filesIn(const std::string& folder) {
  std::vector<fs::path> out;
  std::error_code fault;
  for (const auto& entry : fs::directory_iterator(folder, fault)) out.push_back(entry.path());
  return out;
}

}  // namespace

json encodePorts(const std::vector<PortMapping>& ports) {
  json out = json::array();
  for (const PortMapping& port : ports) {
    out.push_back({{"containerPort", port.containerPort},
                   {"hostPort", port.hostPort},
                   {"protocol", port.protocol},
                   {"bindIp", port.bindIp}});
  }
  return out;
}

std::vector<PortMapping> decodePorts(Fields& record) {
  std::vector<PortMapping> out;
  for (const json* each : record.list("ports")) {
    Fields port(*each, record.pathOf("ports"));
    PortMapping one;
    one.containerPort = static_cast<uint16_t>(port.integer("containerPort"));
    one.hostPort = static_cast<uint16_t>(port.integer("hostPort"));
    one.protocol = port.str("protocol", "tcp");
    one.bindIp = port.str("bindIp");
    out.push_back(std::move(one));
    record.absorb(port);
  }
  return out;
}

std::string encodeRecord(const Record& record) {
  json out = {{"chain", record.chain}, {"ports", encodePorts(record.ports)}, {"result", record.result}};
  if (record.task) out["task"] = true;
  if (!record.address.empty()) out["address"] = record.address;
  return berth::json::dump(out);
}

Result<Record> decodeRecord(std::string_view text) {
  const auto object = berth::json::parseObject(text, "the record of a network");
  if (!object) return object.error();
  Fields fields(*object, "record");
  Record out;
  out.task = fields.boolean("task");
  out.address = fields.str("address");
  out.chain = out.address.empty() ? fields.requiredStr("chain") : fields.str("chain");
  out.result = fields.str("result");
  out.ports = decodePorts(fields);
  if (Status status = fields.status(); !status) return status.error();
  return out;
}

Status RecordFolder::prepare() const {
  for (const char* part : {"/attachments", "/namespaces", "/addresses"}) {
    std::error_code fault;
    fs::create_directories(folder_ + part, fault);
    if (fault)
      return makeError(Code::Internal, "can't make the folder " + folder_ + part + ": " + fault.message());
  }
  return {};
}

Status RecordFolder::write(const std::string& id, const Record& record) const {
  const std::string aside = recordPath(id) + ".new";
  std::ofstream file(aside, std::ios::binary | std::ios::trunc);
  file << encodeRecord(record);
  file.close();
  std::error_code fault;
  if (file) fs::rename(aside, recordPath(id), fault);
  if (!file || fault) {
    return makeError(Code::ResourceExhausted, "can't write " + recordPath(id) + ": is the disk full?");
  }
  return {};
}

void RecordFolder::erase(const std::string& id) const {
  std::error_code ignored;
  fs::remove(recordPath(id), ignored);
}

std::map<std::string, Record> RecordFolder::load() const {
  std::map<std::string, Record> out;
  for (const fs::path& path : filesIn(folder_ + "/attachments")) {
    if (path.extension() != kRecordEnding) continue;
    auto record = decodeRecord(contentOf(path));
    out.emplace(path.stem().string(), record ? std::move(*record) : Record{});
  }
  return out;
}

std::vector<std::string> RecordFolder::namespaces() const {
  std::vector<std::string> out;
  for (const fs::path& path : filesIn(folder_ + "/namespaces")) out.push_back(path.filename().string());
  return out;
}

std::vector<std::string> RecordFolder::addressOwners() const {
  std::vector<std::string> out;
  // host-local names a file by its address; the container's id is its first line.
  for (const fs::path& path : filesIn(addresses() + "/" + kChainName)) {
    if (path.filename().string().find_first_not_of("0123456789.") != std::string::npos) continue;
    const std::string text = contentOf(path);
    std::string id = text.substr(0, text.find_first_of("\r\n"));
    if (!id.empty()) out.push_back(std::move(id));
  }
  return out;
}

}  // namespace berth::agent::network
