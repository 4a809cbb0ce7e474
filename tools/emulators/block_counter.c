// How often Unicorn has run each block of instructions: for block_counter.py, as Python takes a
// hundred times as long for it.

#include <stdint.h>

enum { SLOTS = 1 << 14 };

typedef struct {
    uint64_t runs;
    uint32_t address, size; // size 0 where the slot is free
} block_t;

typedef struct {
    uint64_t jumps, next; // how often a block was not the next one in memory
    uint64_t left;        // free slots
    block_t blocks[SLOTS];
} counter_t;

// A hook of Unicorn. One slot always stays free; with no more than that, left is 0 for ever.
void count_block(void *unicorn, uint64_t address, uint32_t size, void *counter_of) {
    (void)unicorn;
    counter_t *const counter = counter_of;
    uint32_t at = ((uint32_t)address >> 1) % SLOTS;
    while (counter->blocks[at].size &&
           (counter->blocks[at].address != address || counter->blocks[at].size != size)) {
        at = (at + 1) % SLOTS;
    }
    block_t *const block = &counter->blocks[at];
    if (!block->size) {
        if (counter->left < 2) {
            counter->left = 0;
            return;
        }
        counter->left--;
        block->address = (uint32_t)address;
        block->size = size;
    }
    block->runs++;
    counter->jumps += address != counter->next;
    counter->next = address + size;
}
