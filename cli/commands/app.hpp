// The command line `berth`: what was typed, done.
#pragma once

namespace berth::cli {

/// Runs one command. The exit code: see `exits`.
int runBerth(int argc, const char* const* argv);

}  // namespace berth::cli
