// Account settings: what a call gets where it does not say.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The value of a setting (SettingName of the ECS model) that holds for the caller: its own, else the
/// account's, else the one that is built in.
std::string settingInForce(const Context& context, const std::string& name);

}  // namespace berth::controller
