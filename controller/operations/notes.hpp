// How far operations and members of their inputs go where it is less than all the way.
#pragma once

#include <span>
#include <string_view>

namespace berth::controller {

enum class Extent {
  Whole,
  Refused,  ///< checked, and then refused with the reason
};

struct OperationNote {
  std::string_view operations;  ///< names with blanks between them
  Extent extent;
  std::string_view why;
};

enum class Fate { ActedOn, Kept, Refused, Ignored };

struct MemberNote {
  std::string_view operations;  ///< names with blanks between them
  std::string_view members;  ///< names with blanks between them; "a.b" is the member b of a, or of its items
  Fate fate;
  std::string_view why = {};
};

/// An operation without a note is Whole.
std::span<const OperationNote> operationNotes();
/// A member without a note is ActedOn, or Refused with its operation.
std::span<const MemberNote> memberNotes();

}  // namespace berth::controller
