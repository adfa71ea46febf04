/** @file
 * Host functions: what a script may call, described by data, and the call as the host's function sees it.
 *
 *     static lunette_status add(void *ud, lunette_call *call) {
 *         int64_t a, b;
 *         lunette_status status = lunette_arg_integer(call, 1, &a);
 *         if (status == LUNETTE_OK)
 *             status = lunette_arg_integer(call, 2, &b);
 *         return status == LUNETTE_OK ? lunette_return_integer(call, a + b) : status;
 *     }
 *
 * A host's function is never left in the middle: a deadline that passes while it runs takes effect as it returns, so
 * locks are given back and destructors run. In return it must come back: it must not block for long, nor leave by
 * longjmp or an exception. It reports errors by returning. Nothing it can call here raises an error of Lua's.
 *
 * Functions are called on the thread that runs the script; several threads may be in the same one at a time, each with
 * another context. They may use other contexts, and the functions below on their own call; other functions on the
 * call's context answer BUSY. A script that is run in another context meanwhile is part of the one that called: it ends
 * when that one's time is up, or it is cancelled, with the same status; what the host does for itself (engines and
 * templates that it opens, globals that it sets, contexts that it gives back) does not. */
#ifndef LUNETTE_MODULE_H
#define LUNETTE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lunette/status.h"
#include "lunette/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lunette_context lunette_context;

/** One call of a host function. Valid until the function returns, on its thread only. */
typedef struct lunette_call lunette_call;

/* --- Describing what there is --- */

/** The fast form: reads its arguments one by one and gives its results one by one; builds nothing.
 * It answers OK; a status that a function below answered; or lunette_call_fail(). Any other status becomes an error in
 * the script that names the function and the status. `ud` is the module's. */
typedef lunette_status (*lunette_function_fn)(void *ud, lunette_call *call);

/** The form over values: the arguments come as copies, valid during the call (bounds: the defaults of lunette_bounds);
 * references to functions among them outlive it, see lunette_arg_function().
 * Results are given as in the fast form. */
typedef lunette_status (*lunette_values_fn)(void *ud, lunette_call *call, const lunette_value *arguments,
                                            size_t count);

/** All zero is a function that takes no arguments; `name` and one of the two callbacks must be given. */
typedef struct lunette_function {
    const char *name;
    lunette_function_fn call; /**< exactly one of the two */
    lunette_values_fn call_values;
    int min_arguments, max_arguments; /**< checked before the call: 0 to 250; max -1: any number */
    /** For descriptions (see below), or NULL. `parameters` are "name: type" or "name", with commas between them, "?" behind
     * what may be left out, "..." for any number: "item: string, count: integer?". A method's are those without the handle.
     * `returns` are types, or "name: type": "number", "ok: boolean, reason: string?". */
    const char *parameters;
    const char *returns;
    const char *description; /**< a sentence */
    uint32_t needs;    /**< LUNETTE_PERMIT_… bits (permission.h) without which it is not there; default 0 */
    bool suspends;     /**< it may answer later: see lunette_call_suspend(); default false */
    void *reserved[4]; /**< NULL */
} lunette_function;

/** A value that stands beside a module's functions: any but functions and userdata. */
typedef struct lunette_constant {
    const char *name;
    lunette_value value;
    const char *description; /**< or NULL */
} lunette_constant;

/** A type of objects that the host gives to scripts: an account, a connection, a picture. A script holds a handle, and calls
 * methods on it (account:deposit(5)); the object is the host's memory, and is closed exactly once, whatever happens: when
 * the script holds no handle any more and garbage is collected, at the end of a block for a variable marked <close>, by
 * lunette_arg_close(), at a reset or release of the context, after a kill, or as the engine closes. */
typedef struct lunette_class {
    size_t size; /**< sizeof(lunette_class); set by lunette_class_default() */
    /** "Account": in errors, and as what a value says it is. No two of a template may have the same. */
    const char *name;
    /** Of what objects look like: those of another version are refused where this one is asked for. */
    uint32_t version;
    const char *description;
    const lunette_function *methods; /**< the handle is their first argument: see lunette_arg_object() */
    size_t method_count;
    /** "__add", "__tostring", "__len", "__call"…, as in Lua's manual § 2.4; not __gc, __close, __mode,
     * __name and __metatable. __index is asked for what is no method. */
    const lunette_function *metamethods;
    size_t metamethod_count;
    void (*close)(
        void *ud,
        void *object); /**< as a host section, or between runs; must not use the context. Default NULL */
    void *ud;          /**< given to close, and to methods and metamethods */
} lunette_class;

static inline lunette_class lunette_class_default(void) {
    lunette_class type;
    memset(&type, 0, sizeof type);
    type.size = sizeof type;
    return type;
}

/** A module: what `require` of its name gives, a table of its functions and constants, as many as it has. Templates copy it,
 * texts and arrays included; what `ud` points at must outlive every context of the template: see `close`. No two modules of
 * a template have the same name or make the same global variable, and no two things in one the same name
 * (INVALID_ARGUMENT); nor has one the name of one of Lua's libraries that scripts have (RUNTIME_ERROR). */
typedef struct lunette_module {
    size_t size; /**< sizeof(lunette_module); set by lunette_module_default() */
    /** "game", "game.map"; "": the functions and constants are globals themselves, in the place of Lua's
     * own if these have the same names. */
    const char *name;
    const char *version;
    const char *description;
    const lunette_function *functions;
    size_t function_count;
    const lunette_constant *constants;
    size_t constant_count;
    void *ud; /**< given to each function */
    /** Also a global variable from the start; its name must be that of a variable then, and none of Lua's reserved words. */
    bool automatic;
    bool lazy; /**< its table is made when a script first requires it, not kept in every context */
    const lunette_class *const *types; /**< of the objects that its functions make; default none */
    size_t type_count;
    void (*close_state)(void *ud, void *state); /**< of lunette_call_set_state(): see there. Default NULL */
    /** Called once for each template that was opened with the module, or engine, when the last context that could call it
     * is gone: `ud` may go then. On whatever thread that happens; not when opening failed. Default NULL. */
    void (*close)(void *ud);
} lunette_module;

static inline lunette_module lunette_module_default(void) {
    lunette_module module;
    memset(&module, 0, sizeof module);
    module.size = sizeof module;
    return module;
}

/** How a description is written. */
typedef enum lunette_format {
    LUNETTE_FORMAT_TEXT = 0, /**< for people and language models: Markdown */
    LUNETTE_FORMAT_JSON = 1  /**< RFC 8259, on one line */
} lunette_format;

/** Describes what of a module a script can call: functions with their signatures, constants, types with their methods, and
 * what is said about each. As JSON an object:
 *
 *   name, require (null for globals), automatic, version, description,
 *   functions: [{name, signature, parameters: [{name, type, optional}], returns: [{name, type, optional}],
 *                min_arguments, max_arguments (null: any number), description}],
 *   constants: [{name, type, value, description}],
 *   types: [{name, version, description, methods: [like functions], metamethods: [like functions]}]
 *
 * What nobody has said is null. Arguments of methods are counted without the handle, as they are called with a colon.
 * lunette_template_describe() does the same for all modules of a template. *text is the caller's, to be freed by
 * lunette_string_free(). OK, INVALID_ARGUMENT (lunette_last_failure() says what is wrong with the module), UNSUPPORTED (it,
 * or a type of it, has fields of a later version set), NO_MEMORY. Any thread. */
LUNETTE_API lunette_status lunette_module_describe(const lunette_module *module, lunette_format format,
                                                   char **text);

/* --- The call --- */

/** The context whose script is calling; NULL while a template is built. */
LUNETTE_API lunette_context *lunette_call_context(const lunette_call *call);

/** The function's name with its module's: "game.price". Valid as long as the context. */
LUNETTE_API const char *lunette_call_name(const lunette_call *call);

/** Whether all of these LUNETTE_PERMIT_… bits are granted to the context. */
LUNETTE_API bool lunette_call_permits(const lunette_call *call, uint32_t permissions);

/* --- State ---
 *
 * What a module keeps for one context, from one call to the next: the function that needs it first makes it. It is the
 * module's own, for its functions and those of its types. As the context is reset or released, after a kill, or as the
 * engine closes, the module's close_state() is called with it, exactly once, between runs; it must not use the context.
 * (What is to last as long as the module's `ud` belongs there; what is the host's, to lunette_context_user_data().) */

/** NULL: none was set since the context was as its template. */
LUNETTE_API void *lunette_call_state(const lunette_call *call);

/** Sets it; one that was there before is closed first, if it is another, in the host section of the call. NULL: none.
 * Only on OK is `state` the context's. OK; NO_MEMORY (what was there stays set); INVALID_ARGUMENT: also from a resolver;
 * RUNTIME_ERROR, for the function to return: a template is being built, whose contexts would share it; and why the run was
 * ended, as lunette_call_invoke() answers. */
LUNETTE_API lunette_status lunette_call_set_state(lunette_call *call, void *state);

/* --- Arguments, counted from 1 ---
 *
 * A function that reads one answers OK, or a status for the host's function to return: the script gets an error in
 * Lua's own words then (bad argument #2 to 'price' (number expected, got nil)). NULL for a place that the result goes
 * to answers INVALID_ARGUMENT. Views (strings, and what a cursor shows) are valid until the function returns; what lies
 * in a script's table, only until lunette_call_invoke() lets the script change it. */

/** How many there are, nils that were given included. 0 for NULL. */
LUNETTE_API int lunette_call_count(const lunette_call *call);

/** NIL where there is none. Every table is an OBJECT; coroutines and what else cannot leave a script are USERDATA. */
LUNETTE_API lunette_type lunette_call_type(const lunette_call *call, int index);

/** A boolean, and nothing that could be taken for one. */
LUNETTE_API lunette_status lunette_arg_boolean(lunette_call *call, int index, bool *value);

/** Also takes a number without a fraction, and a string that reads as one, as Lua's own functions do. */
LUNETTE_API lunette_status lunette_arg_integer(lunette_call *call, int index, int64_t *value);
/** Also takes an integer, and a string that reads as a number. */
LUNETTE_API lunette_status lunette_arg_number(lunette_call *call, int index, double *value);

/** Also takes a number, as text. `size` NULL: the text must hold no zero byte. *bytes ends with a zero byte. */
LUNETTE_API lunette_status lunette_arg_string(lunette_call *call, int index, const char **bytes,
                                              size_t *size);

/** A copy of the whole, in bounds (NULL: the defaults; a function in it becomes a reference). Freed by itself when the
 * call has ended: not to be given to lunette_value_free(). */
LUNETTE_API lunette_status lunette_arg_value(lunette_call *call, int index, const lunette_bounds *bounds,
                                             const lunette_value **value);

/** The same for optional arguments: `otherwise` where there is none, or nil. */
LUNETTE_API lunette_status lunette_arg_boolean_or(lunette_call *call, int index, bool otherwise, bool *value);
/** As lunette_arg_integer(). */
LUNETTE_API lunette_status lunette_arg_integer_or(lunette_call *call, int index, int64_t otherwise,
                                                  int64_t *value);
/** As lunette_arg_number(). */
LUNETTE_API lunette_status lunette_arg_number_or(lunette_call *call, int index, double otherwise,
                                                 double *value);

/** `otherwise` is zero-terminated, or NULL. */
LUNETTE_API lunette_status lunette_arg_string_or(lunette_call *call, int index, const char *otherwise,
                                                 const char **bytes, size_t *size);

/** One field of a table, by raw access: *value is nil where there is none, a view for a string; tables inside show their
 * type only (an OBJECT without members). */
LUNETTE_API lunette_status lunette_arg_field(lunette_call *call, int index, const char *name,
                                             lunette_value *value);

/** A way through a table, in the table's own order, by raw access: nothing is copied or built.
 *
 *     lunette_cursor row, field;
 *     lunette_status status = lunette_arg_iterate(call, 1, &row);
 *     while (status == LUNETTE_OK && lunette_cursor_next(call, &row))
 *         if (row.value.type == LUNETTE_OBJECT)
 *             for (status = lunette_cursor_enter(call, &row, &field); lunette_cursor_next(call, &field);)
 *                 ...
 *
 * Key and value are those of lunette_arg_field(), valid until the cursor moves. A cursor may be left at any time; as it
 * moves, those that were entered from it end. */
typedef struct lunette_cursor {
    lunette_value key, value;
    int place, root; /**< Lunette's own */
} lunette_cursor;

/** Begins a way through argument `index`, which must be a table. The cursor shows nothing until lunette_cursor_next(). */
LUNETTE_API lunette_status lunette_arg_iterate(lunette_call *call, int index, lunette_cursor *cursor);

/** False: there is no more, or the cursor has ended. */
LUNETTE_API bool lunette_cursor_next(lunette_call *call, lunette_cursor *cursor);

/** Begins a way through the table that is the cursor's value. INVALID_ARGUMENT: that is no table. */
LUNETTE_API lunette_status lunette_cursor_enter(lunette_call *call, const lunette_cursor *cursor,
                                                lunette_cursor *inner);

/* --- Back into the script --- */

/** A reference to an argument that is a function, for lunette_call_invoke(), lunette_context_call() and to be kept. It is
 * good until it is forgotten (lunette_context_forget(), also from here) or the context is reset. So is each function in
 * the arguments of the form over values and in lunette_arg_value(): a host that does not keep them forgets them before it
 * returns, all at once by lunette_context_forget_all(), or they stay, one more with each call. */
LUNETTE_API lunette_status lunette_arg_function(lunette_call *call, int index, lunette_value *function);

/** Calls a function of the script's: a reference of this context, with views as its arguments (up to 32,767). *results
 * becomes an ARRAY of what it returned, the caller's to free; `results` NULL: it is not converted; `bounds` NULL: the
 * defaults. The script's limits hold on: it spends what is left of the run's budget.
 * OK. A status for the host's function to return, or to do without: RUNTIME_ERROR, MEMORY_LIMIT, VALUE_LIMIT (returned,
 * they raise the script's own error in the caller), and what stopped the script without ending it (its grace time).
 * STALE, INVALID_ARGUMENT, STACK_TOO_SMALL, SYSTEM: nothing was called. And why the run was ended: TIME_LIMIT, CANCELLED,
 * VM_FAULT and the like. Then no script runs any more in this context: this and all other functions on the call answer
 * the same, and the run ends as the host's function returns, whatever it returns. It has returned by then: what it holds
 * is given back, in C++ its destructors have run. */
LUNETTE_API lunette_status lunette_call_invoke(lunette_call *call, const lunette_value *function,
                                               const lunette_value *arguments, size_t count,
                                               const lunette_bounds *bounds, lunette_value **results);

/** What is wrong, in the words that the script would be given: of the last function on this call that answered an error.
 * Zero-terminated; "" when there are none. Valid until the next call of any of them. */
LUNETTE_API const char *lunette_call_message(const lunette_call *call);

/** The object that a handle stands for. Its type is told by the name and version of `type`, which need not be the struct that
 * the module was given. An error of the script's too: a handle whose object is closed, or of another version. */
LUNETTE_API lunette_status lunette_arg_object(lunette_call *call, int index, const lunette_class *type,
                                              void **object);

/** Closes it now, as a method `close` would. */
LUNETTE_API lunette_status lunette_arg_close(lunette_call *call, int index, const lunette_class *type);

/* --- Results ---
 *
 * Given one by one, in order; kept outside of Lua until the function has returned OK, then handed over. OK; NO_MEMORY,
 * also when together they are larger than the context's memory limit; INVALID_ARGUMENT: NULL, or a value that cannot
 * be given to this context (STALE: a function of before its reset). */

/** nil. */
LUNETTE_API lunette_status lunette_return_nil(lunette_call *call);
/** A boolean. */
LUNETTE_API lunette_status lunette_return_boolean(lunette_call *call, bool value);
/** An integer, of 64 bits. */
LUNETTE_API lunette_status lunette_return_integer(lunette_call *call, int64_t value);
/** A number with a fraction, a Lua float: also where it has none. */
LUNETTE_API lunette_status lunette_return_number(lunette_call *call, double value);

/** The bytes are copied. */
LUNETTE_API lunette_status lunette_return_string(lunette_call *call, const char *bytes, size_t size);
/** The same for a text that ends with a zero byte. */
LUNETTE_API lunette_status lunette_return_text(lunette_call *call, const char *text);

/** INVALID_ARGUMENT: it is no function reference. */
LUNETTE_API lunette_status lunette_return_function(lunette_call *call, const lunette_value *function);

/** Any value; it is copied. */
LUNETTE_API lunette_status lunette_return_value(lunette_call *call, const lunette_value *value);

/** A new handle of an object, which is the context's from here on: closed as its type says, also if the function goes on to
 * fail. On any other answer than OK it stays the caller's. RUNTIME_ERROR, for the function to return: the type is not one
 * of the template's, or a template is being built. */
LUNETTE_API lunette_status lunette_return_object(lunette_call *call, const lunette_class *type, void *object);

/* --- Objects outside of calls ---
 *
 * A host that calls scripts gives them objects, and knows its own again among what they answer:
 *
 *     lunette_value account;
 *     status = lunette_object_make(context, &ACCOUNT, object, &account);
 *     options.arguments = &account;                        or lunette_context_set_global(context, "account", &account)
 *     status = lunette_context_call_named(context, "on_login", &options, &results);
 *     status = lunette_object_find(context, lunette_value_at(results, 0), &ACCOUNT, &object);
 *
 * Such a value is a name of the object and does not keep it: once the script has a handle, the object lives as long as
 * the script holds one; until then, as long as the context is neither reset nor released. It is then closed, once, as its
 * type says, and the value is STALE everywhere. Values may be copied, compared, and given to this context again.
 * For the thread that has the context: between its runs, while it is SUSPENDED, and from a function of the host's that
 * its script called. */

/** Gives an object to the context, whose it is from here on. *value becomes a USERDATA value, whose type_name is `type`'s
 * own. A context that has been given one counts as one that something has run in. On any other answer than OK the object
 * stays the caller's, and *value is nil.
 * OK; INVALID_ARGUMENT (NULL, or a type that none of the context's modules has), NO_MEMORY, BUSY, WRONG_STATE,
 * UNSUPPORTED (the backend has none; or `type` has fields of a later version set). */
LUNETTE_API lunette_status lunette_object_make(lunette_context *context, const lunette_class *type,
                                               void *object, lunette_value *value);

/** The object that a value stands for: in results, in a global, in the arguments of the form over values. Its type is told
 * as by lunette_arg_object(). *object is NULL unless the answer is OK; valid until the object is closed.
 * OK; INVALID_ARGUMENT: NULL, no object's value, or one of another type or version; STALE: the object was closed, by a
 * reset too, or is another context's; BUSY; UNSUPPORTED, as above. */
LUNETTE_API lunette_status lunette_object_find(lunette_context *context, const lunette_value *value,
                                               const lunette_class *type, void **object);

/** Closes it now; to a script that holds a handle it is closed. OK; STALE, INVALID_ARGUMENT, BUSY as above. */
LUNETTE_API lunette_status lunette_object_close(lunette_context *context, const lunette_value *value);

/* --- Answering later ---
 *
 * A function that is described with `suspends` may answer when it has the answer: it asks here, begins whatever will
 * bring the answer, and returns SUSPENDED. lunette_context_run() then answers SUSPENDED, and the host goes on with the
 * script by lunette_context_resume(), from any thread. To the script it is a call like any other. Results given before are
 * dropped; objects among them are closed. */

/** Asks to answer later. *token is what the answer will need (NULL: not wanted; lunette_context_token() tells it too).
 * SUSPENDED, for the host's function to return. RUNTIME_ERROR, likewise, where a script cannot wait: below a C function that
 * cannot be left and entered again (table.sort, string.gsub, a __tostring or a reader of load), while a template is built,
 * or in a function not described as one that suspends. Nothing should have been begun yet then. */
LUNETTE_API lunette_status lunette_call_suspend(lunette_call *call, uint64_t *token);

/* --- Errors ---
 *
 * Each answers RUNTIME_ERROR for the host's function to return: `return lunette_call_fail(call, "no item %d", id);`
 * The script gets an ordinary error, which it can catch. Results given before are dropped. */

#if defined(__GNUC__)
#define LUNETTE_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define LUNETTE_PRINTF(format_index, first_index)
#endif

/** A message; the place of the call stands before it, as in Lua's error(). */
LUNETTE_API LUNETTE_PRINTF(2, 3) lunette_status
    lunette_call_fail(lunette_call *call, const char *format, ...);

/** A value as the error, such as a table; also NO_MEMORY, INVALID_ARGUMENT, STALE as the results. */
LUNETTE_API lunette_status lunette_call_fail_value(lunette_call *call, const lunette_value *value);

/** "bad argument #2 to 'price' (the words)". */
LUNETTE_API LUNETTE_PRINTF(3, 4) lunette_status
    lunette_arg_fail(lunette_call *call, int index, const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
