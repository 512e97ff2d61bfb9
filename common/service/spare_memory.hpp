// Memory that a program has needed, at its start or in a burst of work, and needs no more.
#pragma once

namespace berth {

/// Gives back the pages of code and constants that nothing has used since the start, in the program and its
/// libraries, and what the allocator holds beyond its use. Pages that are used again come back from the page
/// cache one by one. While they are mapped the kernel takes them for in use, and would sooner drop what is.
/// Call it once, when the start is over.
void releaseStartupMemory();

/// Gives back what the allocator still holds of a burst of work. Costs a look at the whole heap: call it when
/// nothing more is under way.
void releaseFreedMemory();

}  // namespace berth
