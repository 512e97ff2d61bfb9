// What a person means by a name, an id or the beginning of one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::cli {

struct Candidate {
  std::string arn;   ///< or whatever the API takes
  std::string id;    ///< what stands behind the ARN's last '/'; of a service its name
  std::string name;  ///< another name of it, or empty
};

/// The candidate whose ARN, id or name `text` is; else the only one whose id or name begins with it. `kind`
/// ("task") is for messages. NotFound, with a name that is near, or InvalidArgument that names those it may
/// be.
Result<Candidate> pick(std::string_view kind, std::string_view text, std::span<const Candidate> candidates);

/// A candidate of an ARN.
Candidate candidateOf(std::string_view arn, std::string_view name = {});

/// What stands behind the last '/' of an ARN, without a revision's ':' being touched: "web", "0123abcd",
/// "web:3".
std::string idOf(std::string_view arn);

/// How many characters of ids tell them apart, `least` or more.
size_t tellingLength(std::span<const std::string> ids, size_t least);

/// Whether a text can be the beginning of a task's or instance's id: hex digits and dashes, at most 36.
bool looksLikeId(std::string_view text);

}  // namespace berth::cli
