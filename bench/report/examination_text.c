/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row is mark, title, evidence, and at the right the id of the fault; what to do stands below it
 * in the column of the evidence. Commands are never broken, so that they can be copied.
 *
 * What was skipped for one reason stands on one line at the end of its group, and so does what
 * passed on a NIC and is of no interest then. The document has all of it.
 */
#include "bench/report/examination_text.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum {
    GROUP_COLUMNS = 9,
    MARK_INDENT = 2,
    TITLE_INDENT = 4,
    TITLE_COLUMNS = 23,
    EVIDENCE_INDENT = 28,
    EVIDENCE_LEAST = 24, /* columns on a narrow terminal */
    JOINED_MOST = 16,    /* names on one line */
    TEXT_MAX = 2048
};

static const struct {
    const char *mark;
    enum mcb_paint paint;
} looks[] = {
    [MCB_VERDICT_PASS] = {"✔", MCB_PAINT_PLAIN},
    [MCB_VERDICT_WARN] = {"!", MCB_PAINT_YELLOW},
    [MCB_VERDICT_FAIL] = {"✘", MCB_PAINT_RED},
    [MCB_VERDICT_SKIP] = {"–", MCB_PAINT_DIM},
};

static bool is_finding(const struct mcb_finding *finding)
{
    return finding->verdict == MCB_VERDICT_WARN || finding->verdict == MCB_VERDICT_FAIL;
}

/* ---- lines ---- */

/* Bytes of the part of clean text that fits into so many columns, ended at a blank if there is one.
 */
static size_t measure_line(const char *clean, size_t columns)
{
    size_t bytes = 0, blank = 0;
    for (size_t column = 0; clean[bytes] && column < columns; column++) {
        if (clean[bytes] == ' ')
            blank = bytes;
        do
            bytes++;
        while (((unsigned char)clean[bytes] & 0xc0) == 0x80);
    }
    if (clean[bytes] == '\0' || clean[bytes] == ' ')
        return bytes;
    return blank ? blank : bytes;
}

static size_t width_after(const struct mcb_canvas *canvas, size_t indent)
{
    return canvas->columns > indent + EVIDENCE_LEAST ? canvas->columns - indent : EVIDENCE_LEAST;
}

/* Evidence in lines below each other; the id stands at the right of the first. */
static void print_evidence(const struct mcb_canvas *canvas, const char *clean, const char *id)
{
    size_t width = width_after(canvas, EVIDENCE_INDENT), used = strlen(id);
    size_t first = used && width > used + 2 + EVIDENCE_LEAST ? width - used - 2 : width;
    for (size_t line = 0; line == 0 || *clean; line++) {
        size_t room = line == 0 ? first : width, bytes = measure_line(clean, room);
        char part[TEXT_MAX];
        snprintf(part, sizeof part, "%.*s", (int)bytes, clean);
        if (line > 0)
            mcb_text_pad(canvas->out, EVIDENCE_INDENT);
        fputs(part, canvas->out);
        if (line == 0 && used) {
            size_t columns = mcb_text_columns(part);
            mcb_text_pad(canvas->out, columns + used < width ? width - columns - used : 2);
            mcb_canvas_put(canvas, MCB_PAINT_DIM, id);
        }
        fputc('\n', canvas->out);
        clean += bytes;
        clean += strspn(clean, " ");
    }
}

static void print_fix(const struct mcb_canvas *canvas, const char *fix)
{
    char line[TEXT_MAX], clean[TEXT_MAX];
    while (*fix) {
        size_t length = strcspn(fix, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, fix);
        mcb_text_pad(canvas->out, EVIDENCE_INDENT);
        mcb_text_clean(line, clean, sizeof clean);
        if (clean[0] == '#')
            mcb_text_wrap(canvas->out, clean, EVIDENCE_INDENT, canvas->columns);
        else
            fprintf(canvas->out, "%s\n", clean);
        fix += length;
        fix += *fix == '\n';
    }
}

/* subjects: put before the evidence; "": they stand in the heading. */
static void print_finding(const struct mcb_canvas *canvas, const struct mcb_finding *finding,
                          const char *subjects)
{
    char whole[TEXT_MAX], clean[TEXT_MAX], title[128];
    mcb_text_pad(canvas->out, MARK_INDENT);
    mcb_canvas_put(canvas, looks[finding->verdict].paint, looks[finding->verdict].mark);
    fputc(' ', canvas->out);
    mcb_text_clean(finding->check->title, title, sizeof title);
    mcb_text_fit(title, TITLE_COLUMNS);
    fputs(title, canvas->out);
    mcb_text_pad(canvas->out, EVIDENCE_INDENT - TITLE_INDENT - mcb_text_columns(title));
    snprintf(whole, sizeof whole, "%s%s%s", subjects, subjects[0] ? ": " : "", finding->evidence);
    print_evidence(canvas, mcb_text_clean(whole, clean, sizeof clean),
                   is_finding(finding) ? mcb_fault_get(finding->fault)->id : "");
    if (is_finding(finding))
        print_fix(canvas, mcb_examination_fix_of(finding));
}

/* A mark and a sentence over the whole width. */
static void print_sentence(const struct mcb_canvas *canvas, enum mcb_verdict verdict,
                           const char *sentence)
{
    char whole[TEXT_MAX + 8], clean[TEXT_MAX];
    snprintf(whole, sizeof whole, "%s %s", looks[verdict].mark, sentence);
    mcb_text_pad(canvas->out, MARK_INDENT);
    mcb_text_wrap(canvas->out, mcb_text_clean(whole, clean, sizeof clean), TITLE_INDENT,
                  canvas->columns);
}

static void print_proof(const struct mcb_canvas *canvas, const struct mcb_proof *proof,
                        const char *subject)
{
    char whole[TEXT_MAX];
    snprintf(whole, sizeof whole, "%s%sproved up to: %s%s%s%s", subject, subject[0] ? " " : "",
             mcb_stage_name(proof->stage), proof->how[0] ? " (" : "", proof->how,
             proof->how[0] ? ")" : "");
    print_sentence(canvas, proof->stage >= MCB_STAGE_LOOPBACK ? MCB_VERDICT_PASS : MCB_VERDICT_SKIP,
                   whole);
}

static void print_heading(const struct mcb_canvas *canvas, const char *group, const char *subject)
{
    char clean[TEXT_MAX];
    fputs(group, canvas->out);
    if (subject[0]) {
        mcb_text_pad(canvas->out, GROUP_COLUMNS - strlen(group));
        mcb_text_clean(subject, clean, sizeof clean);
        mcb_text_fit(clean, width_after(canvas, GROUP_COLUMNS));
        fputs(clean, canvas->out);
    }
    fputc('\n', canvas->out);
}

/* ---- what is said once ---- */

/* The findings below one heading. */
struct section {
    const struct mcb_examination *examination;
    enum mcb_check_group group;
    const char *subject; /* NULL: of all */
};

static bool holds(const struct section *section, const struct mcb_finding *finding)
{
    return finding->group == section->group &&
           (!section->subject || strcmp(finding->subject, section->subject) == 0);
}

/* Of a NIC that is well these are told by name only: what they found is in the document. */
static bool is_brief(const struct mcb_finding *finding)
{
    static const char *const ids[] = {"nic.mtu", "nic.region", "nic.use", "nic.loopback",
                                      "nic.counters"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (finding->verdict == MCB_VERDICT_PASS && strcmp(finding->check->id, ids[i]) == 0)
            return true;
    return false;
}

/* That a NIC is there says its heading. */
static bool is_heading(const struct mcb_finding *finding)
{
    return finding->verdict == MCB_VERDICT_PASS && finding->subject[0] &&
           strcmp(finding->check->id, "nic.present") == 0;
}

/* Told on one line: what passed without more to say, skips for one reason, and one check that found
 * the same of several subjects. */
static bool are_alike(const struct mcb_finding *one, const struct mcb_finding *other)
{
    if (one->verdict != other->verdict || is_finding(one) || is_brief(one) != is_brief(other))
        return false;
    if (is_brief(one))
        return true;
    return strcmp(one->evidence, other->evidence) == 0 &&
           (one->verdict == MCB_VERDICT_SKIP || one->check == other->check);
}

static bool was_told(const struct section *section, const struct mcb_finding *finding)
{
    for (const struct mcb_finding *before = section->examination->findings; before < finding;
         before++)
        if (holds(section, before) && are_alike(before, finding))
            return true;
    return false;
}

static const char *title_of(const struct mcb_finding *finding)
{
    return finding->check->title;
}

static const char *subject_of(const struct mcb_finding *finding)
{
    return finding->subject;
}

/* The names of all that is like a finding, each once: "port, GID, MTU". */
static void join(const struct section *section, const struct mcb_finding *like,
                 const char *(*name_of)(const struct mcb_finding *finding), char text[TEXT_MAX])
{
    const struct mcb_examination *examination = section->examination;
    const char *names[JOINED_MOST];
    size_t count = 0, more = 0;
    for (size_t i = 0; i < examination->finding_count; i++) {
        const struct mcb_finding *finding = &examination->findings[i];
        const char *name = name_of(finding);
        bool known = !name[0] || !holds(section, finding) || !are_alike(finding, like);
        for (size_t n = 0; n < count && !known; n++)
            known = strcmp(names[n], name) == 0;
        if (!known && count < JOINED_MOST)
            names[count++] = name;
        else
            more += !known;
    }
    text[0] = '\0';
    for (size_t n = 0; n < count; n++)
        snprintf(text + strlen(text), TEXT_MAX - strlen(text), "%s%.60s", n ? ", " : "", names[n]);
    if (more > 0)
        snprintf(text + strlen(text), TEXT_MAX - strlen(text), " and %zu more", more);
}

/* "port, GID, MTU: no RDMA device" */
static void print_skips(const struct mcb_canvas *canvas, const struct section *section,
                        const struct mcb_finding *skip)
{
    char titles[TEXT_MAX], subjects[TEXT_MAX], whole[TEXT_MAX];
    join(section, skip, title_of, titles);
    join(section, skip, subject_of, subjects);
    bool named = !section->subject && subjects[0];
    snprintf(whole, sizeof whole, "%.900s%s%.600s%s: %s", titles, named ? " (" : "",
             named ? subjects : "", named ? ")" : "", skip->evidence);
    print_sentence(canvas, MCB_VERDICT_SKIP, whole);
}

static void print_brief(const struct mcb_canvas *canvas, const struct section *section,
                        const struct mcb_finding *brief)
{
    char titles[TEXT_MAX];
    join(section, brief, title_of, titles);
    print_sentence(canvas, MCB_VERDICT_PASS, titles);
}

static void print_section(const struct mcb_canvas *canvas, const struct section *section)
{
    const struct mcb_finding *findings = section->examination->findings;
    size_t count = section->examination->finding_count;
    char subjects[TEXT_MAX] = "";
    for (size_t i = 0; i < count; i++) {
        const struct mcb_finding *finding = &findings[i];
        if (!holds(section, finding) || finding->verdict == MCB_VERDICT_SKIP || is_brief(finding) ||
            is_heading(finding) || was_told(section, finding))
            continue;
        if (!section->subject && is_finding(finding))
            snprintf(subjects, sizeof subjects, "%s", finding->subject);
        else if (!section->subject)
            join(section, finding, subject_of, subjects);
        print_finding(canvas, finding, subjects);
    }
    for (size_t i = 0; i < count; i++) {
        const struct mcb_finding *finding = &findings[i];
        if (!holds(section, finding) || was_told(section, finding))
            continue;
        if (is_brief(finding))
            print_brief(canvas, section, finding);
        else if (finding->verdict == MCB_VERDICT_SKIP)
            print_skips(canvas, section, finding);
    }
}

/* ---- groups ---- */

/* "n1 · Debian GNU/Linux 12 · kernel 6.1.0 · 2 NUMA nodes" */
static void describe_host(const struct mcb_examination *examination, char *text, size_t size)
{
    struct mcb_examination_host host;
    mcb_examination_host(examination, &host);
    int length = snprintf(text, size, "%s", host.name[0] ? host.name : "name not known");
    if (host.os[0])
        length += snprintf(text + length, size - (size_t)length, " · %s", host.os);
    if (host.kernel[0])
        length += snprintf(text + length, size - (size_t)length, " · kernel %s", host.kernel);
    if (host.numa_nodes > 0)
        snprintf(text + length, size - (size_t)length, " · %zu NUMA node%s", host.numa_nodes,
                 host.numa_nodes == 1 ? "" : "s");
}

static void print_proofs(const struct mcb_canvas *canvas, const struct section *section)
{
    const struct mcb_examination *examination = section->examination;
    for (size_t i = 0; i < examination->proof_count; i++) {
        const struct mcb_proof *proof = &examination->proofs[i];
        if (proof->group == section->group &&
            (!section->subject || strcmp(proof->subject, section->subject) == 0))
            print_proof(canvas, proof, section->subject ? "" : proof->subject);
    }
}

static void print_group(const struct mcb_canvas *canvas, const struct mcb_examination *examination,
                        enum mcb_check_group group, const char *heading)
{
    const struct section section = {examination, group, NULL};
    for (size_t i = 0; i < examination->finding_count; i++)
        if (examination->findings[i].group == group) {
            print_heading(canvas, mcb_check_group_name(group), heading);
            break;
        }
    print_section(canvas, &section);
    print_proofs(canvas, &section);
}

/* "mlx5_0 · 0000:19:00.0, mlx5_core, firmware 28.39.1002" */
static void print_nic(const struct mcb_canvas *canvas, const struct mcb_examination *examination,
                      const char *subject)
{
    const struct section section = {examination, MCB_GROUP_NIC, subject};
    char heading[TEXT_MAX];
    snprintf(heading, sizeof heading, "%s", subject);
    for (size_t i = 0; i < examination->finding_count; i++)
        if (holds(&section, &examination->findings[i]) && is_heading(&examination->findings[i]))
            snprintf(heading, sizeof heading, "%s · %s", subject,
                     examination->findings[i].evidence);
    print_heading(canvas, mcb_check_group_name(MCB_GROUP_NIC), heading);
    print_section(canvas, &section);
    print_proofs(canvas, &section);
}

/* Each NIC under a heading of its own, where it comes first. */
static void print_nics(const struct mcb_canvas *canvas, const struct mcb_examination *examination)
{
    for (size_t i = 0; i < examination->finding_count; i++) {
        const struct mcb_finding *finding = &examination->findings[i];
        bool first = finding->group == MCB_GROUP_NIC;
        for (size_t before = 0; first && before < i; before++)
            first = examination->findings[before].group != MCB_GROUP_NIC ||
                    strcmp(examination->findings[before].subject, finding->subject) != 0;
        if (first)
            print_nic(canvas, examination, finding->subject);
    }
}

/* ---- the end ---- */

static void print_unseen(const struct mcb_canvas *canvas, const struct mcb_examination *examination)
{
    static const char heading[] = "not seen";
    char clean[TEXT_MAX];
    for (size_t i = 0; i < examination->unseen_count; i++) {
        const char *before = i == 0 ? heading : "";
        fputs(before, canvas->out);
        mcb_text_pad(canvas->out, GROUP_COLUMNS - strlen(before));
        mcb_text_wrap(canvas->out, mcb_text_clean(examination->unseen[i], clean, sizeof clean),
                      GROUP_COLUMNS, canvas->columns);
    }
}

static void print_summary(const struct mcb_canvas *canvas,
                          const struct mcb_examination *examination)
{
    size_t failed = mcb_examination_count(examination, MCB_VERDICT_FAIL);
    size_t warned = mcb_examination_count(examination, MCB_VERDICT_WARN);
    if (failed + warned == 0)
        fprintf(canvas->out, "No findings: %zu checks passed, %zu skipped.",
                mcb_examination_count(examination, MCB_VERDICT_PASS),
                mcb_examination_count(examination, MCB_VERDICT_SKIP));
    else
        fprintf(canvas->out, "%zu finding%s: %zu failed, %zu warning%s.", failed + warned,
                failed + warned == 1 ? "" : "s", failed, warned, warned == 1 ? "" : "s");
    fprintf(canvas->out, " Nothing was changed on this host.\n");
}

void mcb_examination_text_print(const struct mcb_canvas *canvas,
                                const struct mcb_examination *examination)
{
    char host[TEXT_MAX];
    describe_host(examination, host, sizeof host);
    for (size_t group = 0; group < MCB_GROUPS; group++)
        if (group == MCB_GROUP_NIC)
            print_nics(canvas, examination);
        else
            print_group(canvas, examination, (enum mcb_check_group)group,
                        group == MCB_GROUP_HOST ? host : "");
    print_unseen(canvas, examination);
    print_summary(canvas, examination);
}
