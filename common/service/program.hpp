// The command line that every Berth daemon shares, and what its exit codes mean.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <variant>

namespace berth {

namespace exit_code {
inline constexpr int kStopped = 0;   ///< stopped as asked
inline constexpr int kFailed = 1;    ///< failed; starting again may help
inline constexpr int kUsage = 2;     ///< bad command line or configuration
inline constexpr int kTerminal = 5;  ///< don't start again: RestartPreventExitStatus in the unit
}  // namespace exit_code

struct ProgramInfo {
  std::string name;         ///< "berth-agent"
  std::string version;      ///< "0.1.0"
  std::string description;  ///< one line
  std::string describes{};  ///< a flag of its own, to print a description: "--describe-operations"; or none
  std::string described{};  ///< what that prints, for --help
};

struct ProgramOptions {
  std::optional<std::string> configFile;  ///< --config FILE
  bool checkConfig = false;               ///< --check-config
  bool describe = false;                  ///< the flag that ProgramInfo::describes names
};

/// What to run with, or the code to exit with: kStopped after --help and --version, whose text goes to `out`,
/// kUsage for a bad command line, which `err` explains.
std::variant<ProgramOptions, int> parseCommandLine(const ProgramInfo& info, int argc, const char* const* argv,
                                                   std::ostream& out, std::ostream& err);

}  // namespace berth
