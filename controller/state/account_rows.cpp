#include "controller/state/rows.hpp"

namespace berth::controller {

Json encode(const AccountSetting& setting) {
  return Json{{"principal", setting.principal}, {"name", setting.name}, {"value", setting.value}};
}

Entity decodeAccountSetting(Fields& fields) {
  AccountSetting out;
  out.principal = fields.requiredStr("principal");
  out.name = fields.requiredStr("name");
  out.value = fields.requiredStr("value");
  return out;
}

Json encode(const CapacityProvider& provider) {
  Json out{{"name", provider.name},
           {"active", provider.active},
           {"updateStatus", provider.updateStatus},
           {"document", provider.document},
           {"tags", provider.tags}};
  putTime(out, "deletedAt", provider.deletedAt);
  return out;
}

Entity decodeCapacityProvider(Fields& fields) {
  CapacityProvider out;
  out.name = fields.requiredStr("name");
  out.active = fields.boolean("active", true);
  out.updateStatus = fields.str("updateStatus", "CREATE_COMPLETE");
  out.document = jsonMember(fields, "document");
  out.tags = jsonMember(fields, "tags");
  out.deletedAt = time(fields, "deletedAt");
  return out;
}

}  // namespace berth::controller
