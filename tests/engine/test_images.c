/* That moving an image moves its addresses and nothing else: the same state built at several bases has as many of them;
 * two copies differ in exactly those words, by the distance of their bases; and each copy equals the image.
 *
 *     test_images SOURCE_ROOT
 *
 * Here the rooms' own functions are used, because no host sees an arena. */
#include "programs.h"

#include "arena/layout.h"
#include "engine/engine.h"
#include "lua/internal.h"

enum { BUILDS = 4, COPIES = 6 };

/* An engine's set-up, for templates and VMs of our own. */
static lunette_engine *engine;

static ln_template *build(const lunette_preload *modules, size_t count) {
    char why[200] = "";
    ln_template *template;
    if (ln_template_open(&engine->setup,
                         &(lunette_template_config){.preload = modules, .preload_count = count}, &template,
                         why, sizeof why) != LUNETTE_OK)
        fail_msg("template: %s", why);
    return template;
}

static lunette_machine *open_vm(const ln_template *from) {
    lunette_machine *vm;
    assert_int_equal(ln_machine_open(from, NULL, &vm), LUNETTE_OK);
    return vm;
}

/* --- Building at several bases --- */

/* The seeds of strings' hashes differ with the base, so what is compared is how many addresses there are. A word that
 * only looks like one would look so at one base alone. `slack`: empty slots of tables keep what their memory held before,
 * an address or not, and which slots are empty depends on the seed. */
static void each_build_has_as_many_addresses(const lunette_preload *modules, size_t count, size_t slack) {
    lunette_machine *machines[BUILDS]; /* all stay until the end, so that each lies elsewhere */
    size_t addresses = 0, size = 0;
    for (int i = 0; i < BUILDS; i++) {
        lunette_machine *vm;
        ln_image *image;
        assert_int_equal(ln_machine_make(&engine->setup, NULL, &vm), LUNETTE_OK);
        vm->from = engine->standard->state;
        assert_int_equal(ln_machine_open_arena(vm), LUNETTE_OK);
        assert_int_equal(ln_machine_build(vm, modules, count, NULL, 0), LUNETTE_OK);
        assert_int_equal(ln_image_take(vm->arena, &image), LUNETTE_OK);
        if (i == 0)
            addresses = ln_image_addresses(image);
        assert_true(ln_image_addresses(image) > 500);
        assert_in_range(ln_image_addresses(image), addresses - slack, addresses + slack);
        size = size == 0 ? ln_image_size(image) : size;
        assert_int_equal(ln_image_size(image), size);
        machines[i] = vm;
        ln_image_close(&image);
    }
    for (int i = 0; i < BUILDS; i++)
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(machines[i]->arena, machines[k]->arena);
    for (int i = 0; i < BUILDS; i++)
        ln_machine_close(&machines[i]);
}

static void builds_agree(void **state) {
    (void)state;
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, false);
    each_build_has_as_many_addresses(NULL, 0, 0);
    each_build_has_as_many_addresses(modules, KIT_MODULES, 8);
    kit_modules_close(modules);
}

/* --- Copies --- */

/* Goes through the words that an image covers, of two arenas; returns how many differ. Those that do must differ by
 * the distance, and point to the same place in their own arena. */
static size_t count_moved(const ln_arena *a, const ln_arena *b, size_t end, size_t start) {
    uint64_t distance = (uint64_t)((uintptr_t)b - (uintptr_t)a);
    size_t moved = 0;
    for (size_t at = start; at + sizeof(uint64_t) <= end; at += sizeof(uint64_t)) {
        uint64_t x, y;
        memcpy(&x, (const char *)a + at, sizeof x);
        memcpy(&y, (const char *)b + at, sizeof y);
        if (x == y)
            continue;
        if (y - x != distance || x - (uintptr_t)a > end)
            fail_msg("word at %zu: %#llx and %#llx", at, (unsigned long long)x, (unsigned long long)y);
        moved++;
    }
    return moved;
}

static void copies_differ_in_addresses_only(void **state) {
    (void)state;
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, false);
    ln_template *template = build(modules, KIT_MODULES);
    lunette_machine *vms[COPIES];
    assert_true(ln_template_shared(template));
    for (int i = 0; i < COPIES; i++)
        vms[i] = open_vm(template);
    for (int i = 0; i < COPIES; i++) {
        char why[160];
        size_t at;
        size_t start = LN_IMAGE_START, end = start + ln_template_size(template);
        if (!ln_image_equals(template->image, vms[i]->arena, &at))
            fail_msg("copy %d differs at %zu", i, at);
        if (!ln_arena_check(vms[i]->arena, why, sizeof why))
            fail_msg("copy %d: %s", i, why);
        assert_int_equal((uintptr_t)vms[i]->arena % ((uint64_t)4 << 30), 0);
        if (i > 0)
            assert_int_equal(count_moved(vms[0]->arena, vms[i]->arena, end, start),
                             ln_image_addresses(template->image));
    }
    for (int i = 0; i < COPIES; i++)
        ln_machine_close(&vms[i]);
    ln_template_close(&template);
    kit_modules_close(modules);
}

/* --- What only looks like an address --- */

/* Integers, numbers and strings in a template whose bits are those of addresses in reservations, the template's own
 * probably among them, but beyond the image. */
static void values_are_not_addresses(void **state) {
    (void)state;
    lunette_preload module = {
        .name = "lookalikes",
        .text = "local t = {}\n"
                "for i = 1, 2000 do t[i] = 0x7f0008000000 + i * 0x10000000 t[-i] = string.unpack('d', "
                "string.pack('i8', t[i])) t['s' .. i] = string.pack('i8', t[i]):rep(3) end\n"
                "function sum() local s = 0 for i = 1, 2000 do s = s * 31 + t[i] ~ string.unpack('i8', "
                "string.pack('d', t[-i])) * 7 + string.unpack('i8', t['s' .. i], 9) end return s end",
        .text_size = SIZE_MAX,
    };
    lunette_template *template;
    lunette_context *contexts[COPIES];
    int64_t first = 0;
    assert_int_equal(kit_open_template(engine, &module, 1, &template), LUNETTE_OK);
    for (int i = 0; i < COPIES; i++)
        contexts[i] = kit_acquire_from(template);
    for (int i = 0; i < COPIES; i++) {
        int64_t sum = kit_integer_of(contexts[i], "return sum()", __LINE__);
        first = i == 0 ? sum : first;
        assert_int_equal(sum, first);
    }
    for (int i = 0; i < COPIES; i++)
        kit_release(&contexts[i]);
    lunette_template_close(&template);
}

/* --- Adopting --- */

/* A VM that becomes one of another template equals that one's image, larger or smaller. */
static void adopted(void **state) {
    (void)state;
    lunette_preload modules[KIT_MODULES];
    kit_modules_open(modules, false);
    ln_template *small = build(NULL, 0), *large = build(modules, KIT_MODULES);
    lunette_machine *vm = open_vm(small);
    for (int i = 0; i < 6; i++) {
        const ln_template *from = i % 2 == 0 ? large : small;
        char why[160];
        size_t at;
        assert_int_equal(ln_machine_adopt(vm, from), LUNETTE_OK);
        if (!ln_image_equals(from->image, vm->arena, &at) || !ln_arena_check(vm->arena, why, sizeof why))
            fail_msg("adopted %d times: differs", i + 1);
        assert_int_equal(ln_machine_verify(vm, why, sizeof why), LUNETTE_OK);
    }
    ln_machine_close(&vm);
    ln_template_close(&small);
    ln_template_close(&large);
    kit_modules_close(modules);
}

/* --- Beginning and end --- */

static int open_engine(void **state) {
    (void)state;
    lunette_config config = kit_config();
    config.deterministic = true;
    return lunette_engine_open(&config, &engine) == LUNETTE_OK ? 0 : -1;
}

static int close_engine(void **state) {
    (void)state;
    lunette_engine_close(&engine);
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_agree),
        cmocka_unit_test(copies_differ_in_addresses_only),
        cmocka_unit_test(values_are_not_addresses),
        cmocka_unit_test(adopted),
    };
    if (argc < 2)
        return 2;
    kit_root = argv[1];
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
