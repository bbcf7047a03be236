#include "CVersion.h"

const char *cversion_commit(void) { return TACC_COMMIT; }
