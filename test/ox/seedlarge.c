/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

/* The large data set: one heavy user among fifty, always the same for the same random seed. */

static const char *const first_names[] = {"Anna", "Bernd", "Carla", "Dieter", "Elif", "Franz", "Grete", "Hüseyin",
                                          "Inês", "Jürgen", "Karin", "Łukasz", "Márta", "Nils", "Olga", "Paweł"};
static const char *const last_names[] = {"Meier", "Schmidt", "Öztürk", "Krüger", "Novák", "Dupont", "García", "Rossi",
                                         "Jørgensen", "Nowak", "Weiß", "Bauer", "Şahin", "O'Brien", "van Dijk", "Ito"};
static const char *const nouns[] = {"Project", "Budget", "Meeting", "Offer", "Invoice", "Travel", "Review", "Release",
                                    "Contract", "Lunch", "Workshop", "Übergabe", "Training", "Audit", "Party", "Plan"};

#define PICK(rng, list) list[g_rand_int_range(rng, 0, (gint32)G_N_ELEMENTS(list))]
#define DAY 86400000LL
#define START 1640995200000LL /* 2022-01-01 */

static json_t *contacts(GRand *rng, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++) {
        const char *first = PICK(rng, first_names), *last = PICK(rng, last_names);
        json_t *c =
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:I}", "first_name", first, "last_name", last, "display_name",
                      json_sprintf("%s, %s %d", last, first, i), "email1", json_sprintf("c%d@customer.example", i),
                      "telephone_business1", json_sprintf("+49 30 %07d", g_rand_int_range(rng, 0, 9999999)), "modified",
                      (json_int_t)(START + i));

        if (i % 3 == 0)
            json_object_set_new(c, "birthday", json_integer(-DAY * g_rand_int_range(rng, 1000, 20000)));
        if (i % 5 == 0)
            json_object_set_new(c, "company", json_sprintf("%s & Söhne", last));
        if (i % 7 == 0)
            json_object_set_new(c, "note", json_sprintf("Met at the %s\nCall back.", PICK(rng, nouns)));
        json_array_append_new(out, c);
    }
    return out;
}

static json_t *appointments(GRand *rng, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++) {
        int64_t start = START + DAY * g_rand_int_range(rng, 0, 1400) + 3600000LL * g_rand_int_range(rng, 6, 18);
        json_t *a =
            json_pack("{s:o, s:I, s:I, s:s, s:i, s:i, s:b, s:I}", "title", json_sprintf("%s %d", PICK(rng, nouns), i),
                      "start_date", (json_int_t)start, "end_date",
                      (json_int_t)(start + 1800000LL * g_rand_int_range(rng, 1, 5)), "timezone", "Europe/Berlin",
                      "shown_as", 1, "alarm", i % 2 ? 15 : -1, "full_time", 0, "modified", (json_int_t)(START + i));

        if (i % 10 == 0)
            json_object_update_new(a, json_pack("{s:i, s:i, s:i, s:i}", "recurrence_type", 2, "interval", 1, "days",
                                                1 << g_rand_int_range(rng, 1, 6), "occurrences", 20));
        if (i % 4 == 0)
            json_object_set_new(a, "location", json_sprintf("Room %d", g_rand_int_range(rng, 1, 40)));
        json_array_append_new(out, a);
    }
    return out;
}

static json_t *tasks(GRand *rng, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(
            out, json_pack("{s:o, s:i, s:i, s:i, s:I}", "title", json_sprintf("%s %d", PICK(rng, nouns), i), "status",
                           1, "percent_completed", 0, "priority", 1 + i % 3, "modified", (json_int_t)(START + i)));
    return out;
}

/* The mail module makes the messages itself: only numbers are kept of them until somebody reads one. */
static json_t *mails(GRand *rng, int n)
{
    return json_pack("[{s:s, s:i, s:i}, {s:s, s:i, s:i}]", "folder", "default0/INBOX", "generate", n * 7 / 10, "seed",
                     g_rand_int_range(rng, 1, 1000000), "folder", "default0/Sent", "generate", n * 3 / 10, "seed",
                     g_rand_int_range(rng, 1, 1000000));
}

json_t *oxd_seed_large(unsigned random_seed, int scale)
{
    GRand *rng = g_rand_new_with_seed(random_seed);
    json_t *users = json_array();

    for (int i = 1; i <= 50; i++) {
        int part = i == 1 ? scale : scale * 200;
        const char *first = PICK(rng, first_names), *last = PICK(rng, last_names);
        json_t *u = json_pack("{s:i, s:o, s:s, s:o, s:s, s:s, s:o, s:{s:b}}", "id", i + 2, "login",
                              json_sprintf("user%d", i), "password", "secret", "displayName",
                              json_sprintf("%s %s", first, last), "firstName", first, "lastName", last, "email",
                              json_sprintf("user%d@example.org", i), "caps", "usm", 1);

        json_object_set_new(u, "contacts", contacts(rng, 20000 / part));
        json_object_set_new(u, "appointments", appointments(rng, 10000 / part));
        json_object_set_new(u, "tasks", tasks(rng, 2000 / part));
        json_object_set_new(u, "mails", mails(rng, 100000 / part));
        json_array_append_new(users, u);
    }
    g_rand_free(rng);
    return json_pack("{s:[{s:i, s:s, s:o}]}", "contexts", "id", 1, "name", "example.org", "users", users);
}
