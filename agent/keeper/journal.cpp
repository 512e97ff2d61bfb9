#include "agent/keeper/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "common/files/own_fd.hpp"

namespace berth::agent::keeper {
namespace {

constexpr uint32_t kVersion = 1;

}  // namespace

Journal::Journal(const std::string& path, const std::string& boot) {
  const OwnFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  // A page without a block behind it would be found missing when it is written to, by a signal.
  durable_ = file && ::posix_fallocate(file.get(), 0, sizeof(Batch)) == 0;
  void* at = ::mmap(nullptr, sizeof(Batch), PROT_READ | PROT_WRITE,
                    durable_ ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, durable_ ? file.get() : -1, 0);
  if (at == MAP_FAILED) std::abort();
  batch_ = static_cast<Batch*>(at);
  if (batch_->version == kVersion && !boot.empty() && boot == batch_->boot.data()) return;
  batch_ = new (at) Batch;
  batch_->version = kVersion;
  boot.copy(batch_->boot.data(), batch_->boot.size() - 1);
}

Journal::~Journal() { ::munmap(batch_, sizeof(Batch)); }

void Journal::enter(Batch::Phase phase) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *const_cast<volatile Batch::Phase*>(&batch_->phase) = phase;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Journal::progress(uint64_t to) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *const_cast<volatile uint64_t*>(&batch_->progress) = to;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace berth::agent::keeper
