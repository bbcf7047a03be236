#include "CProcess.h"

#include <stdlib.h>
#include <sys/prctl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

int cprocess_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }

int cprocess_overwrite_freed_memory(void) {
#ifdef __GLIBC__
  // The byte that freed memory is filled with; any but 0 will do.
  return mallopt(M_PERTURB, 0xA5) == 1 ? 0 : -1;
#else
  return -1;
#endif
}
