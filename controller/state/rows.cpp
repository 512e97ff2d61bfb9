#include "controller/state/rows.hpp"

namespace berth::controller {
namespace {

std::set<uint16_t> ports(Fields& fields, const char* name) {
  std::set<uint16_t> out;
  for (const Json* port : fields.list(name)) {
    if (port->is_number_unsigned() && port->get<uint64_t>() <= UINT16_MAX) {
      out.insert(static_cast<uint16_t>(port->get<uint64_t>()));
    } else {
      fields.fault(name, "has an entry that is no port");
    }
  }
  return out;
}

}  // namespace

void putTime(Json& out, const char* name, const std::optional<WallTime>& time) {
  if (time) out[name] = toEpochMillis(*time);
}

std::optional<WallTime> time(Fields& fields, const char* name) {
  auto millis = fields.optionalInteger(name);
  return millis ? std::optional<WallTime>(fromEpochMillis(*millis)) : std::nullopt;
}

std::string jsonMember(Fields& fields, const char* name) {
  std::string text = fields.str(name);
  if (!text.empty() && !Json::accept(text)) fields.fault(name, "is not valid JSON");
  return text;
}

Json encode(const Resources& resources) {
  Json out{{"cpu", resources.cpu},
           {"memory", resources.memory},
           {"ports", resources.ports},
           {"udpPorts", resources.udpPorts}};
  for (const Gpu& gpu : resources.gpus) out["gpus"].push_back({{"id", gpu.id}, {"container", gpu.container}});
  return out;
}

Resources resources(Fields& parent, const char* name) {
  Resources out;
  const Json* object = parent.find(name);
  if (!object) return out;
  Fields fields(*object, parent.pathOf(name));
  out.cpu = fields.integer("cpu");
  out.memory = fields.integer("memory");
  out.ports = ports(fields, "ports");
  out.udpPorts = ports(fields, "udpPorts");
  for (const Json* gpu : fields.list("gpus")) {
    Fields inner(*gpu, fields.pathOf("gpus"));
    out.gpus.push_back({inner.str("id"), inner.str("container")});
    fields.absorb(inner);
  }
  parent.absorb(fields);
  return out;
}

}  // namespace berth::controller
