/* What the replay has in its place: see fuzz.h. */
#include "fuzz.h"

const bool fuzz_thorough = false;
