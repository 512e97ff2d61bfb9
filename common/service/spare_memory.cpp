#include "common/service/spare_memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace berth {
namespace {

/// Only segments that can't be written: what was written to the others would be lost.
int releaseObject(dl_phdr_info* object, size_t, void*) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t from = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t to = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // A refusal costs nothing but the memory.
    madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void releaseStartupMemory() {
  dl_iterate_phdr(releaseObject, nullptr);
  releaseFreedMemory();
}

void releaseFreedMemory() { malloc_trim(0); }

}  // namespace berth
