/* C++: functions of the host with destructors and exceptions, and scripts called from them. Every destructor runs, also
 * when the script is killed in the middle of a callback: no longjmp of Lua's ever crosses a frame of the host's. An
 * exception must not leave a host's function; `guarded` turns it into an error of the script's.
 *
 *     c++ -std=c++17 cpp.cpp $(pkg-config --cflags --libs lunette) -o cpp */
#include <lunette.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/* What must come to nothing: objects made and not destroyed. */
struct counted {
    static int made, destroyed;
    std::string text;
    explicit counted(const char *what) : text(what) { made++; }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
    ~counted() { destroyed++; }
};
int counted::made = 0;
int counted::destroyed = 0;

struct engine_closer {
    void operator()(lunette_engine *engine) const { lunette_engine_close(&engine); }
};
struct context_releaser {
    void operator()(lunette_context *context) const { lunette_context_release(&context); }
};
struct value_freer {
    void operator()(lunette_value *value) const { lunette_value_free(&value); }
};
using engine_handle = std::unique_ptr<lunette_engine, engine_closer>;
using context_handle = std::unique_ptr<lunette_context, context_releaser>;
using value_handle = std::unique_ptr<lunette_value, value_freer>;

using body = lunette_status (*)(lunette_call *);

/* No exception goes any further than this. */
template <body function> lunette_status guarded(void *, lunette_call *call) noexcept {
    try {
        return function(call);
    } catch (const std::exception &error) {
        return lunette_call_fail(call, "%s", error.what());
    } catch (...) {
        return lunette_call_fail(call, "an exception of unknown type");
    }
}

/* A reference that is forgotten when it goes out of scope. */
class callback {
    lunette_call *call_;
    lunette_value function_{};
    counted alive_{"callback"};

public:
    explicit callback(lunette_call *call) : call_(call) {
        if (lunette_arg_function(call, 1, &function_) != LUNETTE_OK)
            throw std::invalid_argument("a function is needed");
    }
    callback(const callback &) = delete;
    callback &operator=(const callback &) = delete;
    ~callback() { lunette_context_forget(lunette_call_context(call_), &function_); }
    lunette_status operator()(value_handle &results) const {
        lunette_value *tree = nullptr;
        lunette_status status = lunette_call_invoke(call_, &function_, nullptr, 0, nullptr, &tree);
        results.reset(tree);
        return status;
    }
};

/* with(f): calls f while objects are alive on this frame. */
lunette_status with(lunette_call *call) {
    counted first("first");
    callback function(call);
    std::vector<std::unique_ptr<counted>> many;
    for (int i = 0; i < 10; i++)
        many.push_back(std::make_unique<counted>("one of many"));
    value_handle results;
    lunette_status status = function(results);
    counted last("last");
    return status;
}

/* throwing(f): the callback's error as an exception through C++ frames, back into an error of the script's. */
void call_or_throw(const callback &function) {
    counted inner("inner");
    value_handle results;
    if (function(results) != LUNETTE_OK)
        throw std::runtime_error("the callback failed: " + inner.text);
}

lunette_status throwing(lunette_call *call) {
    counted outer("outer");
    callback function(call);
    call_or_throw(function);
    return LUNETTE_OK;
}

struct program {
    const char *text;
    lunette_status expected;
};

const program programs[] = {
    {"with(function() return 1 end)", LUNETTE_OK},
    {"with(function() error('in the callback') end)", LUNETTE_RUNTIME_ERROR},
    {"assert(not pcall(with, error))", LUNETTE_OK},
    {"throwing(function() error('in the callback') end)", LUNETTE_RUNTIME_ERROR},
    {"throwing('no function')", LUNETTE_RUNTIME_ERROR},
    {"with(function() with(function() throwing(function() end) end) end)", LUNETTE_OK},
    {"with(function() while true do end end)", LUNETTE_TIME_LIMIT},
    {"with(function() pcall(with, function() while true do pcall(error) end end) end)", LUNETTE_TIME_LIMIT},
    {"throwing(function() while true do pcall(error) end end)", LUNETTE_TIME_LIMIT},
    {"with(function() local t, x = {}, ('x'):rep(50000) while true do t[#t + 1] = x .. #t end end)",
     LUNETTE_MEMORY_LIMIT},
    {"coroutine.wrap(function() with(function() while true do end end) end)()", LUNETTE_TIME_LIMIT},
};

int run(lunette_context *context, const program &what) {
    const int made = counted::made, destroyed = counted::destroyed;
    lunette_status status =
        lunette_context_run(context, "cpp", what.text, LUNETTE_ZERO_TERMINATED, nullptr, nullptr);
    const int alive = (counted::made - made) - (counted::destroyed - destroyed);
    std::printf("%-14s %3d made, %d not destroyed: %s\n", lunette_status_name(status), counted::made - made,
                alive, what.text);
    return status == what.expected && alive == 0 && counted::made > made ? 0 : 1;
}

} // namespace

int main() {
    lunette_function functions[2] = {};
    functions[0].name = "with";
    functions[0].call = guarded<with>;
    functions[1].name = "throwing";
    functions[1].call = guarded<throwing>;
    for (auto &function : functions)
        function.min_arguments = function.max_arguments = 1;
    lunette_module module = lunette_module_default();
    module.name = "";
    module.functions = functions;
    module.function_count = 2;
    const lunette_module *modules[] = {&module};
    lunette_config config = lunette_config_default();
    config.limits.wall_ns = 200 * UINT64_C(1000000);
    config.limits.memory = 4u << 20;
    config.modules = modules;
    config.module_count = 1;

    lunette_engine *opened = nullptr;
    lunette_context *acquired = nullptr;
    lunette_status status = lunette_engine_open(&config, &opened);
    engine_handle engine(opened);
    if (status == LUNETTE_OK)
        status = lunette_context_acquire(engine.get(), &acquired);
    context_handle context(acquired);
    if (status != LUNETTE_OK) {
        std::fprintf(stderr, "%s\n", lunette_last_failure());
        return 1;
    }
    int wrong = 0;
    for (const auto &what : programs)
        wrong += run(context.get(), what);
    std::printf("%d made, %d destroyed\n", counted::made, counted::destroyed);
    return wrong == 0 && counted::made == counted::destroyed ? 0 : 1;
}
