#include "CVersion.h"

#define VERSION "2.0.0-dev"

// Without a commit there is an empty string in TACC_COMMIT.
const char *cversion_text(void) { return sizeof TACC_COMMIT > 1 ? VERSION " (" TACC_COMMIT ")" : VERSION; }
