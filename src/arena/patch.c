/* A patch: what a piece of work did to an arena that was just restored, as something that is done to other arenas of
 * the same image in the time of a short copy. Compiled scripts are loaded that way.
 *
 * It is the words of the image that came out changed, the zone's map if there is one now, which lies between, and the bytes
 * that the work took from the nursery. That is the arena's whole state, allocator and statistics included, if the work
 * took nothing else: so it is done with ln_arena_gather() on, and where it opened pages all the same, there is no patch.
 *
 * Which of those words are addresses must be known exactly, for they may hold whatever a script's text says. So the
 * work is done twice, in two arenas at different bases: a word that differs by the distance of the bases is an
 * address, one that is the same in both is none, and where there is a third kind of word, the work does not come out
 * the same each time, and there is no patch. Addresses are kept relative to a base of zero; among the words of the nursery
 * they are marked as in an image (relocate.h).
 *
 * What always holds: an arena that equals its image equals, with the patch applied, what doing the work in it would have
 * made of it. */
#include <stdlib.h>
#include <string.h>

#include "arena/layout.h"
#include "arena/relocate.h"

struct ln_patch {
    uint32_t from;  /* offset of the map or, without one, of the nursery in the arena, */
    uint32_t end;   /* and of what follows what was taken */
    uint32_t plain; /* changed words that are no addresses, */
    uint32_t moved; /* and after them those that are */
    uint32_t taken; /* words from there: whole groups */
    uint32_t mark;  /* upper half of the addresses in those */
    /* One behind the other in one block: */
    uint64_t *nursery;
    uint64_t *values; /* of the changed words */
    uint32_t *places; /* their offsets, in words */
};

/* --- Taking --- */

/* The same place in both arenas and in the image. */
typedef struct word {
    uint64_t is[2], was[2];
    bool is_address;
    uint64_t value; /* relative to a base of zero */
} word;

typedef struct comparison {
    const ln_image *image;
    const ln_arena *arenas[2];
} comparison;

static uint64_t base_of(const comparison *c, int which) {
    return (uintptr_t)c->arenas[which];
}

static uint64_t word_at(const ln_arena *a, size_t place) {
    uint64_t value;
    memcpy(&value, ln_arena_at(a, place * sizeof value), sizeof value);
    return value;
}

/* False: it is neither the same in both nor an address. */
static bool classify(const comparison *c, size_t place, word *w) {
    w->is[0] = word_at(c->arenas[0], place);
    w->is[1] = word_at(c->arenas[1], place);
    w->is_address =
        w->is[1] - w->is[0] == base_of(c, 1) - base_of(c, 0) && w->is[0] - base_of(c, 0) < LN_SHARING_SIZE;
    w->value = w->is_address ? w->is[0] - base_of(c, 0) : w->is[0];
    return w->is_address || w->is[0] == w->is[1];
}

static bool has_changed(const comparison *c, size_t place) {
    return word_at(c->arenas[0], place) != ln_image_word(c->image, c->arenas[0], place) ||
           word_at(c->arenas[1], place) != ln_image_word(c->image, c->arenas[1], place);
}

/* Counts the changed words of a kind, or writes them down. False: one is of no kind. */
static bool collect(const comparison *c, bool addresses, uint32_t *count, uint32_t *places,
                    uint64_t *values) {
    size_t end = ln_image_end(c->image) / sizeof(uint64_t);
    *count = 0;
    for (size_t place = LN_IMAGE_START / sizeof(uint64_t); place < end; place++) {
        word w;
        if (!has_changed(c, place))
            continue;
        if (!classify(c, place, &w))
            return false;
        if (w.is_address != addresses)
            continue;
        if (places) {
            places[*count] = (uint32_t)place;
            values[*count] = w.value;
        }
        ++*count;
    }
    return true;
}

/* Between the map's end and the nursery's start, nothing is ever read. */
static bool is_nobodys(const ln_arena *a, size_t offset) {
    return offset >= a->image_end + ln_zone_map_size(a) && offset < a->nursery;
}

/* Words behind the nursery's top are nobody's: zeros fill the last group. */
static bool collect_nursery(const comparison *c, ln_patch *patch) {
    size_t first = patch->from / sizeof(uint64_t), count = patch->end / sizeof(uint64_t) - first;
    patch->mark = ln_relocate_mark(ln_arena_at(c->arenas[0], patch->from), count, 0);
    for (size_t i = 0; i < count; i++) {
        word w;
        if (is_nobodys(c->arenas[0], (first + i) * sizeof(uint64_t)))
            continue;
        if (!classify(c, first + i, &w))
            return false;
        patch->nursery[i] = w.is_address ? (uint64_t)patch->mark << 32 | w.value : w.value;
    }
    return true;
}

static ln_patch *new_patch(uint32_t plain, uint32_t moved, uint32_t taken) {
    size_t start = ln_round_up(sizeof(ln_patch), LN_RELOCATE_ALIGNMENT);
    size_t size = start + taken * sizeof(uint64_t) + (plain + moved) * (sizeof(uint64_t) + sizeof(uint32_t));
    size = ln_round_up(size, LN_RELOCATE_ALIGNMENT);
    ln_patch *patch = aligned_alloc(LN_RELOCATE_ALIGNMENT, size);
    if (!patch)
        return NULL;
    memset(patch, 0, size);
    patch->plain = plain;
    patch->moved = moved;
    patch->taken = taken;
    patch->nursery = (uint64_t *)(void *)((char *)patch + start);
    patch->values = patch->nursery + taken;
    patch->places = (uint32_t *)(void *)(patch->values + plain + moved);
    return patch;
}

static bool is_comparable(const comparison *c) {
    const ln_arena *a = c->arenas[0], *b = c->arenas[1];
    return a != b && a->control.shares_images && b->control.shares_images &&
           a->page_top == ln_first_page(a) && b->page_top == ln_first_page(b) && a->zone_top == b->zone_top &&
           a->zone_top >= a->nursery && a->zone_mapped == b->zone_mapped;
}

lunette_status ln_patch_take(const ln_image *image, const ln_arena *first, const ln_arena *second,
                             ln_patch **out) {
    const comparison c = {.image = image, .arenas = {first, second}};
    uint32_t plain, moved;
    *out = NULL;
    if (!is_comparable(&c) || !collect(&c, false, &plain, NULL, NULL) ||
        !collect(&c, true, &moved, NULL, NULL))
        return LUNETTE_UNSUPPORTED;
    uint32_t from = first->zone_mapped ? first->image_end : first->nursery;
    size_t taken = ln_round_up((first->zone_top - from) / sizeof(uint64_t), LN_RELOCATE_GROUP);
    ln_patch *patch = new_patch(plain, moved, (uint32_t)taken);
    if (!patch)
        return LUNETTE_NO_MEMORY;
    patch->from = from;
    patch->end = first->zone_top;
    bool whole = collect(&c, false, &plain, patch->places, patch->values) &&
                 collect(&c, true, &moved, patch->places + plain, patch->values + plain) &&
                 collect_nursery(&c, patch);
    if (!whole)
        ln_patch_close(&patch);
    *out = patch;
    return whole ? LUNETTE_OK : LUNETTE_UNSUPPORTED;
}

/* --- Applying --- */

bool ln_patch_apply(const ln_patch *patch, ln_arena *a) {
    size_t end = patch->from + patch->taken * sizeof(uint64_t);
    if (LN_UNLIKELY(end > a->control.zone_committed || a->control.fail_in != 0))
        return false;
    uint64_t *words = ln_arena_at(a, 0);
    uint64_t base = (uintptr_t)a;
    uint32_t changed = patch->plain + patch->moved;
    for (uint32_t i = 0; i < patch->plain; i++)
        words[patch->places[i]] = patch->values[i];
    for (uint32_t i = patch->plain; i < changed; i++)
        words[patch->places[i]] = patch->values[i] + base;
    ln_relocate(ln_arena_at(a, patch->from), patch->nursery, patch->taken, patch->mark,
                (uint32_t)(base >> 32));
    return true;
}

size_t ln_patch_size(const ln_patch *patch) {
    return sizeof *patch + (patch->plain + patch->moved) * (sizeof(uint32_t) + sizeof(uint64_t)) +
           patch->taken * sizeof(uint64_t);
}

void ln_patch_close(ln_patch **patch) {
    free(*patch);
    *patch = NULL;
}
