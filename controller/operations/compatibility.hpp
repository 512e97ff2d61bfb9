// What each operation of the API, and each member of its input, does here, for docs/compatibility.md and for
// the tests that count what they cover.
#pragma once

#include <string>
#include <vector>

namespace berth::controller {

/// A section in Markdown for each operation of the model, by name: how far it goes, what becomes of the
/// members of its input, and the exceptions that the model documents for it.
std::string describeOperations();

/// What the notes that describeOperations() goes by say of operations or members that the model does not
/// have, like "CreateCluster.colour". Empty when every note has its place.
std::vector<std::string> misplacedNotes();

}  // namespace berth::controller
