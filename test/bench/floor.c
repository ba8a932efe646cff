/* SPDX-License-Identifier: Apache-2.0 */
/* floor - the least that a gateway can do: one process, one connection, the OX calls a Sync cannot do without,
 * jansson to parse the answers, every value looked at once and copied out, and as many bytes written as the
 * gateway writes. No state, no WBXML, no HTTP server. Its CPU time is what the gateway's is compared with.
 *
 * Prints one line of JSON: rounds, items and bytes of one round, calls of one round, CPU milliseconds of one
 * round. */
#include <curl/curl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ANSWER_MAX = 256 << 20 };

typedef struct buffer_t {
    char *data;
    size_t len, size;
} buffer_t;

typedef struct floor_t {
    const char *base, *folder, *columns;
    CURL *curl;
    char session[64];
    buffer_t answer, out;
    long calls, items;
    size_t least; /* bytes to write in a round */
    int sink;
} floor_t;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "floor: %s: %s\n", what, why);
    exit(1);
}

static void append(buffer_t *buffer, const char *data, size_t len)
{
    if (len > ANSWER_MAX - buffer->len)
        die("buffer", "too long");
    if (buffer->len + len > buffer->size) {
        buffer->size = (buffer->len + len) * 2;
        buffer->data = realloc(buffer->data, buffer->size);
        if (!buffer->data)
            die("buffer", "out of memory");
    }
    memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
}

static size_t take(char *data, size_t size, size_t count, void *baton)
{
    floor_t *floor = baton;

    append(&floor->answer, data, size * count);
    return size * count;
}

/* One OX call; the parsed answer belongs to the caller. */
static json_t *call(floor_t *floor, const char *path, const char *put)
{
    char url[4096];
    json_error_t error;
    json_t *json;
    CURLcode result;

    snprintf(url, sizeof(url), "%s%s&session=%s&timezone=UTC", floor->base, path, floor->session);
    floor->answer.len = 0;
    curl_easy_setopt(floor->curl, CURLOPT_URL, url);
    if (put) {
        curl_easy_setopt(floor->curl, CURLOPT_POSTFIELDS, put);
        curl_easy_setopt(floor->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(put));
        curl_easy_setopt(floor->curl, CURLOPT_CUSTOMREQUEST, "PUT");
    } else {
        curl_easy_setopt(floor->curl, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(floor->curl, CURLOPT_CUSTOMREQUEST, NULL);
    }
    result = curl_easy_perform(floor->curl);
    if (result != CURLE_OK)
        die(path, curl_easy_strerror(result));
    json = json_loadb(floor->answer.data, floor->answer.len, 0, &error);
    if (!json)
        die(path, error.text);
    if (json_is_object(json) && json_object_get(json, "error"))
        die(path, json_string_value(json_object_get(json, "error_desc")) ?: "error");
    floor->calls++;
    return json;
}

static void login(floor_t *floor, const char *name, const char *password)
{
    char *n = curl_easy_escape(floor->curl, name, 0), *p = curl_easy_escape(floor->curl, password, 0);
    char body[1024], url[1024];
    json_t *json;

    snprintf(url, sizeof(url), "%slogin?action=login", floor->base);
    snprintf(body, sizeof(body), "name=%s&password=%s&client=USM-EAS&version=1", n, p);
    curl_free(n);
    curl_free(p);
    curl_easy_setopt(floor->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(floor->curl, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(floor->curl, CURLOPT_USERAGENT, "Open-Xchange USM HTTP Client");
    curl_easy_setopt(floor->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(floor->curl, CURLOPT_WRITEDATA, floor);
    curl_easy_setopt(floor->curl, CURLOPT_URL, url);
    curl_easy_setopt(floor->curl, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(floor->curl) != CURLE_OK)
        die("login", "no answer");
    json = json_loadb(floor->answer.data, floor->answer.len, 0, NULL);
    if (!json_string_value(json_object_get(json, "session")))
        die("login", "refused");
    snprintf(floor->session, sizeof(floor->session), "%s", json_string_value(json_object_get(json, "session")));
    json_decref(json);
}

/* Copy every scalar below a value out, as an encoder has to. */
static void walk(buffer_t *out, const json_t *value)
{
    char number[32];
    const char *key;
    json_t *member;
    size_t i;
    int len;

    switch (json_typeof(value)) {
    case JSON_OBJECT:
        json_object_foreach((json_t *)value, key, member)
            walk(out, member);
        break;
    case JSON_ARRAY:
        json_array_foreach(value, i, member)
            walk(out, member);
        break;
    case JSON_STRING:
        append(out, json_string_value(value), json_string_length(value) + 1);
        break;
    case JSON_INTEGER:
        len = snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        append(out, number, (size_t)len + 1);
        break;
    default:
        break;
    }
}

/* The first cell of each row: the id. */
static const char *row_id(const json_t *row, char *number, size_t size)
{
    const json_t *id = json_array_get(row, 0);

    if (json_is_string(id))
        return json_string_value(id);
    snprintf(number, size, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    return number;
}

/* The ids of a list's rows, each put into a text by a format with folder and id. */
static void id_list(buffer_t *body, const json_t *rows, const char *format, const char *folder)
{
    const json_t *row;
    size_t i;

    body->len = 0;
    append(body, "[", 1);
    json_array_foreach(rows, i, row) {
        char text[512], number[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        int len = snprintf(text, sizeof(text), format, i ? "," : "", folder, row_id(row, number, sizeof(number)));
#pragma GCC diagnostic pop

        append(body, text, (size_t)len);
    }
    append(body, "]", 2);
}

static void contacts(floor_t *floor)
{
    char path[2048];
    buffer_t body = {0};
    json_t *ids, *rows;

    snprintf(path, sizeof(path), "contacts?action=all&folder=%s&columns=1,5", floor->folder);
    ids = call(floor, path, NULL);
    id_list(&body, json_object_get(ids, "data"), "%s{\"folder\":\"%s\",\"id\":\"%s\"}", floor->folder);
    snprintf(path, sizeof(path), "contacts?action=list&columns=%s", floor->columns);
    rows = call(floor, path, body.data);
    floor->items += (long)json_array_size(json_object_get(rows, "data"));
    walk(&floor->out, json_object_get(rows, "data"));
    json_decref(rows);
    json_decref(ids);
    free(body.data);
}

static void mails(floor_t *floor)
{
    char path[2048];
    buffer_t body = {0};
    json_t *ids, *answers;

    snprintf(path, sizeof(path), "mail?action=all&folder=%s&columns=600,611,102&unseen=true", floor->folder);
    ids = call(floor, path, NULL);
    id_list(&body, json_object_get(ids, "data"),
            "%s{\"module\":\"mail\",\"action\":\"get\",\"view\":\"text\",\"unseen\":\"true\","
            "\"folder\":\"%s\",\"id\":\"%s\"}",
            floor->folder);
    answers = call(floor, "multiple?continue=true", body.data);
    floor->items += (long)json_array_size(answers);
    walk(&floor->out, answers);
    json_decref(answers);
    json_decref(ids);
    free(body.data);
}

static void nochange(floor_t *floor)
{
    char path[2048];
    json_t *json;

    snprintf(path, sizeof(path), "mail?action=examine&folder=%s", floor->folder);
    json = call(floor, path, NULL);
    walk(&floor->out, json_object_get(json, "data"));
    json_decref(json);
}

static void finish_round(floor_t *floor)
{
    static const char zeros[4096];
    size_t at = 0;

    while (floor->out.len < floor->least) {
        size_t missing = floor->least - floor->out.len;

        append(&floor->out, zeros, missing < sizeof(zeros) ? missing : sizeof(zeros));
    }
    if (floor->least && floor->out.len > floor->least)
        floor->out.len = floor->least;
    while (at < floor->out.len) {
        ssize_t n = write(floor->sink, floor->out.data + at, floor->out.len - at);

        if (n < 0)
            die("write", "failed");
        at += (size_t)n;
    }
}

static double cpu_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* The round named on the command line. */
static void (*scenario(const char *name))(floor_t *)
{
    if (strcmp(name, "contacts") == 0)
        return contacts;
    if (strcmp(name, "mails") == 0)
        return mails;
    if (strcmp(name, "nochange") == 0)
        return nochange;
    die(name, "no such scenario: contacts, mails, nochange");
    return NULL;
}

int main(int argc, char **argv)
{
    floor_t floor = {.folder = "default0/INBOX", .sink = STDOUT_FILENO};
    const char *name = NULL, *password = NULL;
    int c, rounds = 1;
    double began;
    void (*round)(floor_t *);

    while ((c = getopt(argc, argv, "u:n:p:f:c:r:o:")) != -1) {
        switch (c) {
        case 'u': floor.base = optarg; break;
        case 'n': name = optarg; break;
        case 'p': password = optarg; break;
        case 'f': floor.folder = optarg; break;
        case 'c': floor.columns = optarg; break;
        case 'r': rounds = atoi(optarg); break;
        case 'o': floor.least = strtoul(optarg, NULL, 10); break;
        default: die("usage", "floor -u BASE -n USER -p PASSWORD [-f FOLDER] [-c COLUMNS] [-r ROUNDS] [-o BYTES] NAME");
        }
    }
    if (optind != argc - 1 || !floor.base || !name || !password || rounds < 1)
        die("usage", "base, user, password and scenario are needed");
    round = scenario(argv[optind]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    floor.curl = curl_easy_init();
    login(&floor, name, password);
    /* The first round opens the connection and fills caches. */
    round(&floor);
    floor.calls = floor.items = 0;
    began = cpu_ms();
    for (int i = 0; i < rounds; i++) {
        floor.out.len = 0;
        round(&floor);
        finish_round(&floor);
    }
    fprintf(stderr, "{\"rounds\": %d, \"calls\": %.2f, \"items\": %.2f, \"bytes\": %zu, \"cpu_ms\": %.5f}\n", rounds,
            (double)floor.calls / rounds, (double)floor.items / rounds, floor.out.len, (cpu_ms() - began) / rounds);
    return 0;
}
