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

}  // namespace berth::controller
