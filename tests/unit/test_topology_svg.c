/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/topology_svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/unit/topology_view_helper.h"

struct folder {
    struct host *host;
    char path[64], file[96];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    folder->host = host_of_every_kind();
    strcpy(folder->path, "/tmp/mcbench-svg-XXXXXX");
    *state = folder;
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/host.svg", folder->path);
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    int outcome = rmdir(folder->path); /* fails if something else was left there */
    free(folder->host);
    free(folder);
    return outcome;
}

/* The caller's: free(). */
static char *draw(const struct folder *folder)
{
    struct mcb_error error;
    char *text = NULL;
    size_t size = 0;
    if (mcb_topology_svg_write(folder->file, &folder->host->view, &error) != 0)
        fail_msg("%s", error.detail);
    FILE *stream = fopen(folder->file, "r");
    assert_non_null(stream);
    assert_true(getdelim(&text, &size, '\0', stream) > 0);
    fclose(stream);
    return text;
}

static void assert_holds(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fail_msg("'%s' is not in:\n%s", expected, text);
}

struct rectangle {
    long x, y, width, height;
    char fill[8];
};

/* Boxes, in the order in which they are drawn; without those of the legend. */
static size_t read_boxes(const char *text, struct rectangle *boxes, size_t most)
{
    size_t count = 0;
    const char *at = text;
    while ((at = strstr(at, "<rect x=")) && count < most) {
        struct rectangle *box = &boxes[count];
        assert_int_equal(sscanf(at,
                                "<rect x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" rx=\"4\" "
                                "fill=\"%7s\"",
                                &box->x, &box->y, &box->width, &box->height, box->fill),
                         5);
        count += box->width > 14;
        at++;
    }
    return count;
}

static bool is_within(const struct rectangle *inner, const struct rectangle *outer)
{
    return inner->x > outer->x && inner->y > outer->y &&
           inner->x + inner->width < outer->x + outer->width &&
           inner->y + inner->height < outer->y + outer->height;
}

static bool do_touch(const struct rectangle *a, const struct rectangle *b)
{
    return a->x <= b->x + b->width && b->x <= a->x + a->width && a->y <= b->y + b->height &&
           b->y <= a->y + a->height;
}

static void the_drawing_holds_what_the_host_is_made_of(void **state)
{
    char *text = draw(*state);
    static const char *const expected[] = {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"",
        ">n1 · EPYC 7763</text>",
        ">cpu:0 · CPUs 0-23 · 512 GiB</text>",
        ">host bridge 0000:15</text>",
        ">switch 0000:16:00.0 · PCIe 5.0 x16</text>",
        ">mlx5_0</text>",
        ">MT2910 Family [ConnectX-7]</text>",
        ">1: 400 Gbit/s InfiniBand active</text>",
        ">cuda:0</text>",
        ">software NIC</text>",
        "</svg>\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_holds(text, expected[i]);
    assert_null(strstr(text, "0000:17:00.0"));
    free(text);
}

static void what_is_doubtful_has_a_colour_of_its_own(void **state)
{
    char *text = draw(*state);
    assert_holds(text, " fill=\"#b45309\">PCIe 4.0 x8 of 5.0 x16</text>");
    assert_holds(text, " fill=\"#b45309\">1: 400 Gbit/s InfiniBand down</text>");
    free(text);
}

static void a_software_nic_is_dashed(void **state)
{
    char *text = draw(*state);
    const char *dashed = strstr(text, "stroke-dasharray");
    assert_non_null(dashed);
    assert_true(dashed < strstr(text, ">rxe0</text>"));
    assert_true(dashed > strstr(text, ">mlx5_1</text>"));
    free(text);
}

static void the_legend_tells_what_occurs(void **state)
{
    struct folder *folder = *state;
    char *text = draw(folder);
    assert_holds(text, ">GPU</text>");
    free(text);
    folder->host->tree.count = 3; /* up to the first host bridge */
    text = draw(folder);
    assert_holds(text, ">host bridge</text>");
    assert_null(strstr(text, ">GPU</text>"));
    assert_null(strstr(text, "software NIC"));
    free(text);
}

static void boxes_lie_within_each_other_or_apart(void **state)
{
    struct folder *folder = *state;
    struct rectangle boxes[64];
    for (int i = 0; i < 20; i++)
        host_add_device(folder->host, i % 2 ? MCB_TREE_NIC : MCB_TREE_GPU, i % 3 ? 0 : 2, "x", "",
                        i % 5 ? "a model" : "");
    char *text = draw(folder);
    size_t count = read_boxes(text, boxes, 64);
    assert_int_equal(count, 10 + 20); /* of the bridges the switch alone is drawn */
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++)
            assert_true(is_within(&boxes[b], &boxes[a]) || !do_touch(&boxes[a], &boxes[b]));
    free(text);
}

/* A switch of a chassis: 40 NICs, whose names and models are long. */
static void add_many_nics(struct host *host)
{
    for (int i = 0; i < 40; i++) {
        size_t nic = host_add_device(
            host, MCB_TREE_NIC, 4, "rocep198s0f0np0_of_the_third_chassis_in_the_last_row", "",
            "MT43244 BlueField-3 integrated ConnectX-7 network controller");
        host_set_link(host, nic, link_4x8, link_5x16);
    }
}

static void many_devices_make_no_tower(void **state)
{
    struct folder *folder = *state;
    struct rectangle boxes[64];
    add_many_nics(folder->host);
    char *text = draw(folder);
    assert_true(read_boxes(text, boxes, 64) > 40);
    assert_in_range(boxes[0].height, boxes[0].width / 2, boxes[0].width * 3 / 2);
    free(text);
}

/* Letters of the font are at most 7 wide. */
static void words_stay_in_their_box(void **state)
{
    struct folder *folder = *state;
    struct rectangle boxes[64];
    add_many_nics(folder->host);
    folder->host->view.from = "/a/long/way/through/many/folders/of/a/network/share/to/the/host.xml";
    memset(folder->host->nodes[1].cpus, '7', sizeof folder->host->nodes[1].cpus - 1);
    char *text = draw(folder), *at = text;
    size_t count = read_boxes(text, boxes, 64);
    while ((at = strstr(at, "<text x="))) {
        struct rectangle words = {0};
        assert_int_equal(sscanf(at, "<text x=\"%ld\" y=\"%ld\"", &words.x, &words.y), 2);
        at = strchr(at, '>') + 1;
        char *end = strstr(at, "</text>");
        *end = '\0';
        words.width = 7 * (long)mcb_text_columns(at);
        const struct rectangle *box = NULL; /* the last, for what is within is drawn later */
        for (size_t i = 0; i < count; i++)
            if (words.x > boxes[i].x && words.x < boxes[i].x + boxes[i].width &&
                words.y > boxes[i].y && words.y < boxes[i].y + boxes[i].height)
                box = &boxes[i];
        if (box && !is_within(&words, box))
            fail_msg("out of its box: %s", at);
        at = end + 1;
    }
    free(text);
}

static void foreign_text_is_no_markup(void **state)
{
    struct folder *folder = *state;
    folder->host->view.from = "a\"><script>&\033[2J.xml";
    strcpy(folder->host->nodes[6].model, "<b>'x'");
    char *text = draw(folder);
    assert_holds(text, ">n1 · a&quot;&gt;&lt;script&gt;&amp;?[2J.xml");
    assert_holds(text, ">&lt;b&gt;&apos;x&apos;</text>");
    assert_null(strstr(text, "<script"));
    free(text);
}

static void an_older_drawing_is_replaced(void **state)
{
    struct folder *folder = *state;
    FILE *stream = fopen(folder->file, "w");
    assert_non_null(stream);
    for (int i = 0; i < 100000; i++)
        fputs("older ", stream);
    fclose(stream);
    char *text = draw(folder);
    assert_null(strstr(text, "older"));
    free(text);
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct folder *folder = *state;
    struct mcb_error error;
    assert_int_equal(mcb_topology_svg_write("/nonexistent/host.svg", &folder->host->view, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_string_equal(error.detail,
                        "/nonexistent/host.svg: cannot be written: No such file or directory");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_drawing_holds_what_the_host_is_made_of),
        IN_FOLDER(what_is_doubtful_has_a_colour_of_its_own),
        IN_FOLDER(a_software_nic_is_dashed),
        IN_FOLDER(the_legend_tells_what_occurs),
        IN_FOLDER(boxes_lie_within_each_other_or_apart),
        IN_FOLDER(many_devices_make_no_tower),
        IN_FOLDER(words_stay_in_their_box),
        IN_FOLDER(foreign_text_is_no_markup),
        IN_FOLDER(an_older_drawing_is_replaced),
        IN_FOLDER(a_place_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests_name("topology_svg", tests, NULL, NULL);
}
