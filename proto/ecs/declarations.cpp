#include "proto/ecs/declarations.hpp"

#include <array>

namespace berth::ecs {
namespace {

// clang-format off
constexpr char kAgent[] = {
#embed "agent.shapes"
};
constexpr char kCapacity[] = {
#embed "capacity.shapes"
};
constexpr char kClusters[] = {
#embed "clusters.shapes"
};
constexpr char kDaemons[] = {
#embed "daemons.shapes"
};
constexpr char kExpress[] = {
#embed "express.shapes"
};
constexpr char kInstances[] = {
#embed "instances.shapes"
};
constexpr char kServices[] = {
#embed "services.shapes"
};
constexpr char kSettings[] = {
#embed "settings.shapes"
};
constexpr char kTaskDefinitions[] = {
#embed "task_definitions.shapes"
};
constexpr char kTasks[] = {
#embed "tasks.shapes"
};
// clang-format on

template <size_t Size>
constexpr std::string_view view(const char (&text)[Size]) {
  return std::string_view(text, Size);
}

constexpr std::array kDeclarations{
    Declaration{"agent.shapes", view(kAgent)},
    Declaration{"capacity.shapes", view(kCapacity)},
    Declaration{"clusters.shapes", view(kClusters)},
    Declaration{"daemons.shapes", view(kDaemons)},
    Declaration{"express.shapes", view(kExpress)},
    Declaration{"instances.shapes", view(kInstances)},
    Declaration{"services.shapes", view(kServices)},
    Declaration{"settings.shapes", view(kSettings)},
    Declaration{"task_definitions.shapes", view(kTaskDefinitions)},
    Declaration{"tasks.shapes", view(kTasks)},
};

}  // namespace

std::span<const Declaration> declarations() { return kDeclarations; }

}  // namespace berth::ecs
