/* For the profiles small and tiny, instead of what std and the C library bring in for cases that can't arise there.
 * Nothing unwinds: a stack has no trace, and the rest is never called. A thread is named by itself only. */
#include <sys/prctl.h>

enum { END_OF_STACK = 5 };

int _Unwind_Backtrace(void *trace, void *argument) {
    (void)trace, (void)argument;
    return END_OF_STACK;
}

#define NEVER(name) \
    void name(void) { __builtin_trap(); }

NEVER(_Unwind_FindEnclosingFunction)
NEVER(_Unwind_GetCFA)
NEVER(_Unwind_GetDataRelBase)
NEVER(_Unwind_GetIP)
NEVER(_Unwind_GetIPInfo)
NEVER(_Unwind_GetLanguageSpecificData)
NEVER(_Unwind_GetRegionStart)
NEVER(_Unwind_GetTextRelBase)
NEVER(_Unwind_SetGR)
NEVER(_Unwind_SetIP)
#ifdef __arm__
NEVER(_Unwind_VRS_Get)
NEVER(_Unwind_VRS_Set)
NEVER(__aeabi_unwind_cpp_pr0)
NEVER(__aeabi_unwind_cpp_pr1)
NEVER(__gnu_unwind_frame)
#endif

#ifndef __GLIBC__
int pthread_setname_np(unsigned long thread, const char *name) {
    (void)thread;
    return prctl(PR_SET_NAME, (unsigned long)name, 0UL, 0UL, 0UL);
}
#endif
