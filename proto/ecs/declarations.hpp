// The texts of the *.shapes files, as they are compiled in.
#pragma once

#include <span>
#include <string_view>

namespace berth::ecs {

struct Declaration {
  std::string_view file;
  std::string_view text;
};

std::span<const Declaration> declarations();

}  // namespace berth::ecs
