/* The one place where the project leans on GNU C: every extension the other rooms use has a name here,
 * so that a port to another compiler starts and ends in this file. */
#ifndef LN_BASE_COMPILER_H
#define LN_BASE_COMPILER_H

#define LN_LIKELY(condition)                 __builtin_expect(!!(condition), 1)
#define LN_UNLIKELY(condition)               __builtin_expect(!!(condition), 0)
#define LN_INLINE                            static inline __attribute__((always_inline))
#define LN_NOINLINE                          __attribute__((noinline))
#define LN_COLD                              __attribute__((cold, noinline))
#define LN_NORETURN                          __attribute__((noreturn))
#define LN_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define LN_MUST_CHECK                        __attribute__((warn_unused_result))

/* A thread-local variable that a signal handler may read: the initial-exec model never allocates on first
 * touch, the default one of a shared library may. */
#define LN_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

#define LN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__SANITIZE_ADDRESS__)
#define LN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LN_ASAN 1
#endif
#endif
#ifndef LN_ASAN
#define LN_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define LN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LN_TSAN 1
#endif
#endif
#ifndef LN_TSAN
#define LN_TSAN 0
#endif

/* The build option valgrind. */
#ifndef LN_VALGRIND
#define LN_VALGRIND 0
#endif

#endif
