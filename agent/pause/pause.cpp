// Holds the namespaces that the containers of a task share: waits, buries the processes that end as its
// children, and ends when it is asked to. Without a library, so that its image is this one small file.
namespace {

#if defined(__x86_64__)

constexpr long kSigprocmask = 14;
constexpr long kWait4 = 61;
constexpr long kSigtimedwait = 128;
constexpr long kExitGroup = 231;

long systemCall(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  long out;
  register long fourth __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(out)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return out;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  and $-16, %rsp\n"
    "  call pauseMain\n");

#elif defined(__aarch64__)

constexpr long kSigprocmask = 135;
constexpr long kWait4 = 260;
constexpr long kSigtimedwait = 137;
constexpr long kExitGroup = 94;

long systemCall(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, #0\n"
    "  bl pauseMain\n");

#else
#error "the pause program knows x86_64 and aarch64"
#endif

constexpr long kSigInt = 2;
constexpr long kSigTerm = 15;
constexpr long kSigChild = 17;
constexpr long kNoHang = 1;
constexpr long kSetSize = 8;

constexpr unsigned long bit(long number) { return 1UL << (number - 1); }

}  // namespace

extern "C" [[noreturn]] void pauseMain() {
  // The first process of a namespace is sent no signal that it does not expect; what is blocked is kept.
  const unsigned long expected = bit(kSigInt) | bit(kSigTerm) | bit(kSigChild);
  const long set = reinterpret_cast<long>(&expected);
  systemCall(kSigprocmask, 0, set, 0, kSetSize);
  for (;;) {
    const long number = systemCall(kSigtimedwait, set, 0, 0, kSetSize);
    if (number == kSigInt || number == kSigTerm) systemCall(kExitGroup, 0);
    while (systemCall(kWait4, -1, 0, kNoHang, 0) > 0) {
    }
  }
}
