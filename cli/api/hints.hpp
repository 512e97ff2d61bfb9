// What to do about an error of the controller or of the way to it.
#pragma once

#include "cli/config/target.hpp"
#include "common/result/result.hpp"

namespace berth::cli {

/// The error with a way out behind its message, where one is known.
Error withHint(Error error, const Target& target);

}  // namespace berth::cli
