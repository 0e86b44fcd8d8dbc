/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/notes.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/sides.h"
#include "common/json.h"
#include "common/text.h"

enum { CLEAN_MAX = 4608 }; /* a detail of 4 KiB and what is put around it */

static const char try_label[] = "try:   ", no_label[] = "       ", remark_label[] = "         ";

/* The number of a fault's note, -1 if it has none. */
static long find(const struct mcb_notes *notes, const char *key)
{
    const json_t *number = json_object_get(notes->known, key);
    return number ? (long)json_integer_value(number) : -1;
}

static char *make_key(const json_t *fault)
{
    char *key;
    return asprintf(&key, "%s %s", mcb_json_text(fault, "id"), mcb_json_text(fault, "detail")) < 0
               ? NULL
               : key;
}

static int take(struct mcb_notes *notes, const json_t *cell)
{
    const json_t *fault = json_object_get(cell, "fault");
    if (!json_is_object(fault))
        return 0;
    char *key = make_key(fault);
    if (!key)
        return -1;
    int outcome = 0;
    long number = find(notes, key);
    if (number >= 0) {
        notes->notes[number].cells++;
    } else if (notes->count == MCB_NOTES_MAX) {
        notes->more_cells++;
    } else {
        notes->notes[notes->count] = (struct mcb_note){fault, json_object_get(cell, "sides"), 1};
        outcome = json_object_set_new(notes->known, key, json_integer((long)notes->count));
        notes->count++;
    }
    free(key);
    return outcome;
}

int mcb_notes_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                   struct mcb_notes *notes, struct mcb_error *error)
{
    struct mcb_notes made = {.known = json_object(), .ending = pivot->ending};
    int outcome = made.known ? 0 : -1;
    for (size_t i = setting->first; outcome == 0 && i < setting->first + setting->count; i++)
        outcome = take(&made, pivot->cells[i].cell);
    if (outcome != 0) {
        mcb_notes_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
    }
    *notes = made;
    return 0;
}

void mcb_notes_release(struct mcb_notes *notes)
{
    json_decref(notes->known);
    notes->known = NULL;
}

char mcb_notes_mark(const struct mcb_notes *notes, const json_t *cell)
{
    char *key = make_key(json_object_get(cell, "fault"));
    long number = key ? find(notes, key) : -1;
    free(key);
    return number < 0 ? '+' : (char)('a' + number);
}

static void print_line(const struct mcb_canvas *canvas, enum mcb_paint paint, size_t indent,
                       const char *label, const char *text)
{
    char clean[CLEAN_MAX];
    mcb_text_pad(canvas->out, indent);
    mcb_canvas_begin(canvas, paint);
    fputs(label, canvas->out);
    mcb_text_wrap(canvas->out, mcb_text_clean(text, clean, sizeof clean),
                  indent + mcb_text_columns(label), canvas->columns);
    mcb_canvas_end(canvas, paint);
}

/* The fix of a document is one line; where it is the catalogue's, that has its lines and remarks.
 */
static const char *fix_of_catalogue(const json_t *fault)
{
    char joined[MCB_FAULT_FIX_MAX];
    enum mcb_fault_code code = mcb_fault_find(mcb_json_text(fault, "id"));
    const char *fix = code == MCB_FAULT_NONE ? "" : mcb_fault_get(code)->fix;
    mcb_fault_join(fix, joined, sizeof joined);
    return strcmp(joined, mcb_json_text(fault, "fix")) == 0 ? fix : NULL;
}

/* Where the next step of a joined fix ends: at a "; " that is not in parentheses. */
static size_t step_length(const char *fix)
{
    int depth = 0;
    size_t i = 0;
    for (; fix[i] && fix[i] != '\n'; i++) {
        depth += fix[i] == '(' ? 1 : fix[i] == ')' ? -1 : 0;
        if (depth <= 0 && fix[i] == ';' && fix[i + 1] == ' ')
            break;
    }
    return i;
}

static void print_joined_fix(const struct mcb_canvas *canvas, size_t indent, const char *fix)
{
    char line[CLEAN_MAX];
    for (const char *label = try_label; *fix; label = no_label) {
        size_t length = step_length(fix);
        snprintf(line, sizeof line, "%.*s", (int)(length < CLEAN_MAX ? length : CLEAN_MAX), fix);
        print_line(canvas, MCB_PAINT_DIM, indent, label, line);
        fix += length;
        fix += strspn(fix, "; \n");
    }
}

/* A remark that does not fit behind its command stands below it. */
static void print_steps(const struct mcb_canvas *canvas, size_t indent, const char *fix)
{
    char text[CLEAN_MAX];
    const char *label = try_label, *line;
    for (size_t length; (line = mcb_fault_next_line(&fix, &length)); label = no_label) {
        struct mcb_fault_step step = mcb_fault_split(line, length);
        snprintf(text, sizeof text, "%.*s", (int)length, line);
        bool fits = indent + mcb_text_columns(label) + mcb_text_columns(text) <= canvas->columns;
        if (!fits && step.command_length > 0 && step.remark_length > 0) {
            snprintf(text, sizeof text, "%.*s", (int)step.command_length, step.command);
            print_line(canvas, MCB_PAINT_DIM, indent, label, text);
            snprintf(text, sizeof text, "# %.*s", (int)step.remark_length, step.remark);
            label = remark_label;
        }
        print_line(canvas, MCB_PAINT_DIM, indent, label, text);
    }
}

static void print_fix(const struct mcb_canvas *canvas, size_t indent, const json_t *fault)
{
    const char *fix = fix_of_catalogue(fault);
    if (fix)
        print_steps(canvas, indent, fix);
    else
        print_joined_fix(canvas, indent, mcb_json_text(fault, "fix"));
}

void mcb_notes_print_fault(const struct mcb_canvas *canvas, const json_t *fault, size_t start,
                           size_t indent, bool with_remedy)
{
    char text[CLEAN_MAX], clean[CLEAN_MAX];
    const char *detail = mcb_json_text(fault, "detail");
    snprintf(text, sizeof text, "%s  [%s]", *detail ? detail : mcb_json_text(fault, "title"),
             mcb_json_text(fault, "id"));
    mcb_text_wrap(canvas->out, mcb_text_clean(text, clean, sizeof clean), start, canvas->columns);
    if (with_remedy && *mcb_json_text(fault, "cause"))
        print_line(canvas, MCB_PAINT_DIM, indent, "cause: ", mcb_json_text(fault, "cause"));
    if (with_remedy)
        print_fix(canvas, indent, fault);
}

/* An earlier note has told the same causes already, or the end of the run will. */
static bool is_told(const struct mcb_notes *notes, size_t number)
{
    const char *ending = mcb_json_text(notes->ending, "id");
    if (strcmp(ending, mcb_json_text(notes->notes[number].fault, "id")) == 0)
        return true;
    for (size_t i = 0; i < number; i++)
        if (strcmp(mcb_json_text(notes->notes[i].fault, "id"),
                   mcb_json_text(notes->notes[number].fault, "id")) == 0)
            return true;
    return false;
}

void mcb_notes_print(const struct mcb_canvas *canvas, const struct mcb_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        char label[64];
        snprintf(label, sizeof label, "  %c  %zu cell%s: ", (char)('a' + (int)i),
                 notes->notes[i].cells, notes->notes[i].cells == 1 ? "" : "s");
        mcb_canvas_put(canvas, MCB_PAINT_RED, label);
        mcb_notes_print_fault(canvas, notes->notes[i].fault, mcb_text_columns(label), 5,
                              !is_told(notes, i));
        if (!is_told(notes, i))
            mcb_sides_print(canvas, notes->notes[i].sides, 5);
    }
    if (notes->more_cells > 0)
        fprintf(canvas->out, "  +  %zu more cells with other details; --json prints them\n",
                notes->more_cells);
}
