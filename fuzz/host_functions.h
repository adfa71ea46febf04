/* The functions of the host that scripts of the fuzzer `host` call, and what is common to them. */
#ifndef HOST_FUNCTIONS_H
#define HOST_FUNCTIONS_H

#include "host_world.h"

/* The modules of functions, and who is asked for others. */
void host_modules(lunette_module *host, lunette_module *prices, lunette_module *net);
lunette_status host_resolve(void *ud, lunette_call *call);

/* --- Of a call --- */

/* Whose script it is. NULL: a template is being built. */
seat *call_seat(const lunette_call *call);

/* Scripts that call whatever they find call these, too: then nothing is meant by it. */
bool call_is_meant(lunette_call *call);

/* What the script chose the function to do: 0 to 15. */
int64_t call_how(lunette_call *call, int index);

/* --- host_wait.c --- */

/* Asks for a wait, and notes its token: SUSPENDED; or an error in the script. */
lunette_status wait_ask(lunette_call *call, seat *of);

lunette_status do_wait(void *ud, lunette_call *call);
lunette_status do_undeclared(void *ud, lunette_call *call);
lunette_status do_seen(void *ud, lunette_call *call);
lunette_status do_failed(void *ud, lunette_call *call);

/* --- host_invoke.c --- */

lunette_status do_invoke(void *ud, lunette_call *call);

#endif
