#include "agent/config/describe.hpp"

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_unused.hpp"
#include "common/config/table.hpp"

namespace berth::agent {
namespace {

std::string quoted(std::string_view name) { return name.empty() ? "" : "`" + std::string(name) + "`"; }

std::string unusedTable() {
  std::string text = "| variable | JSON key | why not | needs no warning |\n|---|---|---|---|\n";
  for (const UnusedVariable& unused : unusedVariables()) {
    text += "| " + quoted(unused.variable) + " | " + quoted(unused.jsonKey) + " | " +
            config::tableCell(unused.reason) + " | " + quoted(unused.same) + " |\n";
  }
  return text;
}

}  // namespace

std::string describeConfig() {
  return config::settingsTable(*agentSchema(), "from amazon-ecs-agent") +
         "\nThese settings of amazon-ecs-agent do not apply. One that is set is named in the log and by "
         "`--check-config`,\nunless it says what holds anyway (the last column):\n\n" +
         unusedTable();
}

}  // namespace berth::agent
