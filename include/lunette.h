/** @file
 * Lunette: run Lua programs you did not write inside programs you did. This header takes in all the others. */
#ifndef LUNETTE_H
#define LUNETTE_H

#include "lunette/backend.h"
#include "lunette/config.h"
#include "lunette/context.h"
#include "lunette/engine.h"
#include "lunette/error.h"
#include "lunette/limits.h"
#include "lunette/lua.h"
#include "lunette/metrics.h"
#include "lunette/module.h"
#include "lunette/permission.h"
#include "lunette/pool.h"
#include "lunette/require.h"
#include "lunette/script.h"
#include "lunette/snapshot.h"
#include "lunette/status.h"
#include "lunette/template.h"
#include "lunette/tenant.h"
#include "lunette/value.h"
#include "lunette/version.h"

#endif
