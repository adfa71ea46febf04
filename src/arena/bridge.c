/* The bridge: an arena on the host's allocator, for hosts that must supply the memory themselves.
 *
 * Every block carries a header that links it into one list, so that all can be freed without asking the program
 * that owns them: after a kill its data may be in any state. The limit is on the blocks and their headers.
 *
 * A kill. The host's function and this list are outside of what a reset can restore, so they are touched between
 * host_enter() and host_leave() only, and a kill that came meanwhile happens in host_leave(), which then does not
 * return. So before host_leave() each change is whole: a block the host has given is in the list, one it took back
 * is not, and the counts agree. That the caller never hears of the block is no loss: the list has it. */
#include "arena/layout.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct block_head {
    struct block_head *next;
    struct block_head *prev;
    size_t size; /* of the block without this head, as the host was asked for it */
    size_t unused;
} block_head;

_Static_assert(sizeof(block_head) % 16 == 0, "what follows the head keeps the host's alignment");

/* Begins like every arena; the rest of its header stays zero. */
typedef struct bridge {
    ln_arena arena;
    ln_allocator host;
    void *host_ud;
    void (*host_enter)(void *ud);
    void (*host_leave)(void *ud);
    void *section_ud;
    block_head *first;
    size_t committed;
    size_t blocks;
} bridge;

static void enter(const bridge *b) {
    if (b->host_enter != NULL) {
        b->host_enter(b->section_ud);
    }
}

/* May not return. */
static void leave(const bridge *b) {
    if (b->host_leave != NULL) {
        b->host_leave(b->section_ud);
    }
}

static void link_block(bridge *b, block_head *head) {
    head->prev = NULL;
    head->next = b->first;
    if (b->first != NULL) {
        b->first->prev = head;
    }
    b->first = head;
    b->committed += sizeof *head + head->size;
    b->blocks++;
}

static void unlink_block(bridge *b, block_head *head) {
    if (head->next != NULL) {
        head->next->prev = head->prev;
    }
    if (head->prev != NULL) {
        head->prev->next = head->next;
    } else {
        b->first = head->next;
    }
    b->committed -= sizeof *head + head->size;
    b->blocks--;
}

static void give_back(bridge *b, block_head *head) {
    unlink_block(b, head);
    (void)b->host(b->host_ud, head, sizeof *head + head->size, 0);
}

lunette_status ln_bridge_open(const ln_arena_config *config, ln_arena **arena) {
    bridge *b = config->host(config->host_ud, NULL, 0, sizeof *b);
    if (b == NULL) {
        return LUNETTE_NO_MEMORY;
    }
    memset(b, 0, sizeof *b);
    b->arena.control.kind = LN_ARENA_BRIDGE;
    b->arena.control.reserve = config->reserve;
    b->arena.control.owner = config->owner;
    b->arena.control.owner_ud = config->owner_ud;
    b->host = config->host;
    b->host_ud = config->host_ud;
    b->host_enter = config->host_enter;
    b->host_leave = config->host_leave;
    b->section_ud = config->section_ud;
    b->committed = sizeof *b;
    ln_flag_drop(&b->arena);
    (void)ln_arena_set_limit(&b->arena, config->limit);
    *arena = &b->arena;
    return LUNETTE_OK;
}

void ln_bridge_discard_all(ln_arena *a) {
    bridge *b = (bridge *)a;
    enter(b);
    while (b->first != NULL) {
        give_back(b, b->first);
    }
    a->used = 0;
    a->peak = 0;
    a->allocations = 0;
    a->failures = 0;
    ln_flag_drop(a);
    a->refused = false;
    a->poor = 0;
    a->asked_size = 0;
    a->control.lent = false;
    leave(b);
}

void ln_bridge_close(ln_arena *a) {
    bridge *b = (bridge *)a;
    while (b->first != NULL) {
        give_back(b, b->first);
    }
    (void)b->host(b->host_ud, b, sizeof *b, 0);
}

size_t ln_bridge_committed(const ln_arena *a) {
    return ((const bridge *)a)->committed;
}

size_t ln_bridge_blocks(const ln_arena *a) {
    return ((const bridge *)a)->blocks;
}

/* --- requests ----------------------------------------------------------------------------------------------- */

/* Is there room for `more` bytes beside what is committed? */
static bool allowed(const bridge *b, size_t more) {
    size_t limit = ln_pages_allowed(&b->arena);
    return b->committed <= limit && more <= limit - b->committed;
}

static void *allocate(bridge *b, size_t n) {
    ln_arena *a = &b->arena;
    if (ln_fault_due(a) || n > SIZE_MAX - sizeof(block_head) || !allowed(b, sizeof(block_head) + n)) {
        return NULL;
    }
    enter(b);
    block_head *head = b->host(b->host_ud, NULL, 0, sizeof *head + n);
    if (head != NULL) {
        head->size = n;
        link_block(b, head);
        a->allocations++;
        ln_flag_look(a);
        ln_stats_grow(a, n);
    }
    leave(b);
    return head != NULL ? head + 1 : NULL;
}

static void release(bridge *b, block_head *head, size_t osize) {
    enter(b);
    give_back(b, head);
    b->arena.used -= osize;
    leave(b);
}

/* The host may move the block, so it is out of the list while the host has it. */
static block_head *host_resize(bridge *b, block_head *head, size_t nsize) {
    unlink_block(b, head);
    block_head *moved = b->host(b->host_ud, head, sizeof *head + head->size, sizeof *head + nsize);
    if (moved == NULL) {
        link_block(b, head);
        return NULL;
    }
    moved->size = nsize;
    link_block(b, moved);
    return moved;
}

/* A host that fails to shrink a block leaves it as it is, and that will do: the head knows its true size. */
static void *resize(bridge *b, block_head *head, size_t osize, size_t nsize) {
    ln_arena *a = &b->arena;
    bool grows = nsize > head->size;
    if ((nsize > osize && ln_fault_due(a)) || (grows && !allowed(b, nsize - head->size)) ||
        nsize > SIZE_MAX - sizeof *head) {
        return NULL;
    }
    enter(b);
    block_head *moved = host_resize(b, head, nsize);
    if (moved != NULL || !grows) {
        moved = moved != NULL ? moved : head;
        a->used -= osize;
        ln_stats_grow(a, nsize);
    }
    leave(b);
    return moved != NULL ? moved + 1 : NULL;
}

static void *request(bridge *b, void *block, size_t osize, size_t nsize) {
    return block == NULL ? allocate(b, nsize) : resize(b, (block_head *)block - 1, osize, nsize);
}

void *ln_bridge_realloc(void *ud, void *block, size_t osize, size_t nsize) {
    bridge *b = ud;
    if (nsize == 0) {
        if (block != NULL) {
            release(b, (block_head *)block - 1, osize);
        }
        return NULL;
    }
    ln_arena *a = &b->arena;
    bool injected = a->control.fail_in != 0;
    bool poor = LN_UNLIKELY(a->asked_size != 0) && ln_refusal_asks_again(a, block, nsize);
    if (poor && a->poor == LN_POOR_MOST) {
        return ln_refuse(a, block, 0);
    }
    void *got = request(b, block, osize, nsize);
    if (LN_UNLIKELY(got == NULL)) {
        ln_holding before = ln_holding_of(a);
        if (ln_arena_ask(a, __builtin_return_address(0))) {
            poor = ln_refusal_was_poor(a, &before);
            got = poor && a->poor == LN_POOR_MOST ? NULL : request(b, block, osize, nsize);
        }
    }
    if (LN_UNLIKELY(got == NULL)) {
        return ln_refuse(a, block, injected ? 0 : nsize);
    }
    a->poor = (uint8_t)(a->poor + poor);
    return got;
}

/* --- looking ------------------------------------------------------------------------------------------------ */

bool ln_bridge_owns(const ln_arena *a, const void *p) {
    for (const block_head *head = ((const bridge *)a)->first; head != NULL; head = head->next) {
        if ((uintptr_t)p - (uintptr_t)(head + 1) < head->size) {
            return true;
        }
    }
    return false;
}

bool ln_bridge_check(const ln_arena *a, char *why, size_t size) {
    const bridge *b = (const bridge *)a;
    const char *wrong = NULL;
    size_t committed = sizeof *b;
    size_t bytes = 0;
    const block_head *prev = NULL;
    for (const block_head *head = b->first; head != NULL && wrong == NULL; head = head->next) {
        wrong = head->prev != prev ? "the list of blocks is broken" : NULL;
        committed += sizeof *head + head->size;
        bytes += head->size;
        prev = head;
    }
    if (wrong == NULL && committed != b->committed) {
        wrong = "committed bytes do not add up";
    }
    if (wrong == NULL && a->used > bytes) {
        wrong = "more bytes in use than in blocks";
    }
    if (wrong == NULL && committed > a->control.ceiling) {
        wrong = "more committed than allowed";
    }
    if (wrong != NULL) {
        snprintf(why, size, "%s", wrong);
    }
    return wrong == NULL;
}
