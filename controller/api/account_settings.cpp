// PutAccountSetting, PutAccountSettingDefault, DeleteAccountSetting, ListAccountSettings.
// Source: Amazon ECS API Reference, Setting; the settings of the account's root are those of everyone who has
// none.
#include "controller/api/account_settings.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "controller/api/actions.hpp"

namespace berth::controller {
namespace {

constexpr size_t kSettingsOnPage = 10;

struct KnownSetting {
  std::string_view name;
  std::vector<std::string> values;  ///< none: the service's own, which nobody sets
  std::string builtIn;
};

/// Of these, container instances, tasks and clusters go by the formats of ARNs and by containerInsights; the
/// others are about what is not run here, and are kept and shown.
const std::vector<KnownSetting>& knownSettings() {
  static const std::vector<std::string> kSwitch{"enabled", "disabled"};
  static const std::vector<KnownSetting> kKnown{
      {"awsvpcTrunking", kSwitch, "disabled"},
      {"containerInsights", {"enabled", "disabled", "enhanced"}, "disabled"},
      {"containerInstanceLongArnFormat", kSwitch, "enabled"},
      {"defaultLogDriverMode", {"blocking", "non-blocking"}, "blocking"},
      {"fargateEventWindows", kSwitch, "disabled"},
      {"fargateFIPSMode", kSwitch, "disabled"},
      {"fargateTaskRetirementWaitPeriod", {"0", "7", "14"}, "7"},
      {"guardDutyActivate", {}, "off"},
      {"serviceLongArnFormat", kSwitch, "enabled"},
      {"tagResourceAuthorization", {"on", "off"}, "off"},
      {"taskLongArnFormat", kSwitch, "enabled"}};
  return kKnown;
}

/// The shape of the name allows those that are known alone.
const KnownSetting& knownSetting(const std::string& name) {
  return *std::ranges::find(knownSettings(), name, &KnownSetting::name);
}

/// The setting that holds for a principal, with the principal that it was made for.
AccountSetting inForce(const Context& context, const std::string& principal, const std::string& name) {
  for (const std::string& one : {principal, rootOf(context.names)}) {
    const AccountSetting wanted{one, name, {}};
    if (const AccountSetting* found = context.state().accountSetting(wanted.key())) return *found;
  }
  return {rootOf(context.names), name, knownSetting(name).builtIn};
}

/// The principal that a call is about: member "principalArn", or the caller.
ApiResult<std::string> principalIn(const Context& context) {
  const std::string given = text(context.input, "principalArn");
  if (given.empty()) return principalOf(context.caller, context.names);
  const std::string account = "arn:" + context.names.partition + ":iam::" + context.names.account + ":";
  const std::string who = given.starts_with(account) ? given.substr(account.size()) : "";
  const bool named = (who.starts_with("user/") || who.starts_with("role/")) && who.size() > 5;
  if (who == "root" || named) return given;
  return invalidParameter("Invalid principalArn '" + given.substr(0, 300) +
                          "': give the ARN of a user, a role " + "or the root of this account, like " +
                          account + "user/NAME.");
}

std::optional<ApiError> checkSettingValue(const KnownSetting& setting, const std::string& value) {
  const std::string name(setting.name);
  if (setting.values.empty()) return invalidParameter("The setting " + name + " can only be read.");
  if (std::ranges::find(setting.values, value) != setting.values.end()) return std::nullopt;
  std::string choices = setting.values[0];
  for (size_t i = 1; i < setting.values.size(); ++i) {
    choices += (i + 1 == setting.values.size() ? " or " : ", ") + setting.values[i];
  }
  return invalidParameter("Invalid value '" + value.substr(0, 100) + "' for setting " + name + ": use " +
                          choices + ".");
}

Json shownSetting(const AccountSetting& setting) {
  return Json{{"name", setting.name},
              {"value", setting.value},
              {"principalArn", setting.principal},
              {"type", knownSetting(setting.name).values.empty() ? "aws_managed" : "user"}};
}

ApiResult<Json> putSetting(Context& context, const std::string& principal) {
  const AccountSetting setting{principal, text(context.input, "name"), text(context.input, "value")};
  if (auto error = checkSettingValue(knownSetting(setting.name), setting.value)) return *error;
  context.tx.put(setting);
  return Json{{"setting", shownSetting(setting)}};
}

}  // namespace

std::string settingInForce(const Context& context, const std::string& name) {
  return inForce(context, principalOf(context.caller, context.names), name).value;
}

ApiResult<Json> putAccountSetting(Context& context) {
  BERTH_API_TRY(principal, principalIn(context));
  return putSetting(context, principal);
}

ApiResult<Json> putAccountSettingDefault(Context& context) {
  return putSetting(context, rootOf(context.names));
}

ApiResult<Json> deleteAccountSetting(Context& context) {
  BERTH_API_TRY(principal, principalIn(context));
  const std::string name = text(context.input, "name");
  const AccountSetting own{principal, name, {}};
  if (context.state().accountSetting(own.key())) context.tx.erase(Kind::AccountSetting, own.key());
  // What holds from now on: the account's, which for the root itself is the one that is built in.
  AccountSetting left{principal, name, knownSetting(name).builtIn};
  if (principal != rootOf(context.names)) left.value = inForce(context, rootOf(context.names), name).value;
  return Json{{"setting", shownSetting(left)}};
}

ApiResult<Json> listAccountSettings(Context& context) {
  BERTH_API_TRY(principal, principalIn(context));
  const std::string name = text(context.input, "name");
  const std::string value = text(context.input, "value");
  if (name.empty() && !value.empty()) return invalidParameter("value needs a name.");
  const bool effective = context.input.value("effectiveSettings", false);
  std::map<std::string, AccountSetting> found;
  for (const KnownSetting& setting : knownSettings()) {
    const AccountSetting one = inForce(context, principal, std::string(setting.name));
    const bool own = context.state().accountSetting(AccountSetting{principal, one.name, {}}.key()) != nullptr;
    if (!effective && !own) continue;
    if (!name.empty() && one.name != name) continue;
    if (value.empty() || one.value == value) found.emplace(one.name, one);
  }
  std::vector<std::string> keys;
  for (const auto& [key, setting] : found) keys.push_back(key);
  return page(context.input, keys, "settings", kSettingsOnPage,
              [&](const std::string& key) { return shownSetting(found.at(key)); });
}

}  // namespace berth::controller
