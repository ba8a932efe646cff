/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl, the administrator's program: one table of commands, one of options (ctl.h). Manual: usmctl(8). */
#include "tools/ctl.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <usm/usm.h>

#include "util/text.h"

/** Settings of the store, and of the groupware server. */
#define STORE_OPTIONS (CTL_BIT(STORE) | CTL_BIT(CONF))
#define OX_OPTIONS                                                                                                     \
    (CTL_BIT(OX) | CTL_BIT(CA) | CTL_BIT(INSECURE) | CTL_BIT(CAPABILITIES) | CTL_BIT(CLIENT_ID) | CTL_BIT(USER_AGENT))

typedef struct command_t {
    const char *name;
    int (*run)(ctl_t *ctl);
    unsigned options; /**< CTL_BIT() of those it takes */
    const char *argument;
    const char *help;
} command_t;

static const command_t commands[] = {
    {"decode", ctl_decode, CTL_BIT(HEX) | CTL_BIT(MASK) | CTL_BIT(MASK_BODIES) | CTL_BIT(SHOW_SECRETS), "[FILE|-]",
     "print a WBXML document as indented XML"},
    {"schema", ctl_schema, STORE_OPTIONS | CTL_BIT(UPGRADE), NULL, "compare the database's schema with the library's"},
    {"devices", ctl_devices, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(JSON), NULL, "list users and their devices"},
    {"reset", ctl_reset, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(DEVICE) | CTL_BIT(YES), NULL,
     "forget a device's state, so that it starts over"},
    {"conflicts", ctl_conflicts, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(JSON), NULL,
     "list edits of the same item on both sides, and which side won"},
    {"bad", ctl_bad, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(JSON), NULL,
     "list items that are held back from devices, and changes by devices that were refused"},
    {"state", ctl_state,
     STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(DEVICE) | CTL_BIT(REPAIR) | CTL_BIT(JSON) | CTL_BIT(YES),
     "show|check|reset",
     "look at what a device has, look for rows that cannot be, forget a device"},
    {"upkeep", ctl_upkeep, STORE_OPTIONS | CTL_BIT(DAYS) | CTL_BIT(JSON), NULL,
     "forget old devices and what belongs to nothing; for a timer"},
    {"access", ctl_access, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(DEVICE), "allow|block|clear",
     "let a device in, keep it out, or leave it to the rules"},
    {"wipe", ctl_wipe,
     STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(DEVICE) | CTL_BIT(ACCOUNT_ONLY) | CTL_BIT(CANCEL) | CTL_BIT(YES), NULL,
     "have a device delete what is on it, or call that off"},
    {"audit", ctl_audit, STORE_OPTIONS | CTL_BIT(USER) | CTL_BIT(JSON), NULL,
     "list what was decided of devices, by whom, and what they answered"},
    {"check", ctl_check, STORE_OPTIONS | OX_OPTIONS | CTL_BIT(USER) | CTL_BIT(PASSWORD_FILE), NULL,
     "try the store, the groupware server and a login"},
    {"version", ctl_version, 0, NULL, "tell the versions of the library and its schema"},
};

const ctl_option_t ctl_options[CTL_OPTION_COUNT] = {
#define CTL_ROW(id, name, argument, directive, help) {name, argument, directive, help},
    CTL_OPTION_ROWS(CTL_ROW)
#undef CTL_ROW
};

/* ---- messages ---- */

static void complain(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));
static void complain(const char *fmt, va_list args)
{
    fputs("usmctl: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}

int ctl_fault(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    return CTL_FAULT;
}

int ctl_usage(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    fputs("usmctl --help tells the commands and options.\n", stderr);
    return CTL_USAGE;
}

int ctl_error(usm_error_t *err)
{
    ctl_fault("%s", ctl_shown(usm_error_text(err, err->pool), err->pool));
    usm_error_clear(err);
    return CTL_FAULT;
}

const char *ctl_shown(const char *text, apr_pool_t *pool)
{
    apr_size_t len, to = 0;
    char *clean = usm__text_clean(pool, text, strlen(text), &len);
    for (apr_size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)clean[i];
        /* The controls of ISO 6429 are two bytes of UTF-8; some terminals obey them. */
        int wide = c == 0xc2 && (unsigned char)clean[i + 1] < 0xa0;
        clean[to++] = wide || c < ' ' || c == 0x7f ? '?' : (char)c;
        i += (apr_size_t)wide;
    }
    clean[to] = '\0';
    return clean;
}

static void print_help(void)
{
    puts("usage: usmctl [OPTION]... COMMAND [ARGUMENT]\n\nCommands and the options they take:");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command_t *cmd = &commands[i];
        printf("  %s %s\n      %s\n", cmd->name, cmd->argument ? cmd->argument : "", cmd->help);
        for (int o = 0, first = 1; o < CTL_OPTION_COUNT; o++) {
            if (!(cmd->options & 1u << o))
                continue;
            printf("%s--%s", first ? "      " : " ", ctl_options[o].name);
            first = 0;
        }
        puts(cmd->options ? "" : "      (no options)");
    }
    puts("\nOptions:");
    for (int o = 0; o < CTL_OPTION_COUNT; o++) {
        char name[64];
        apr_snprintf(name, sizeof name, "--%s %s", ctl_options[o].name,
                     ctl_options[o].argument ? ctl_options[o].argument : "");
        printf("  %-22s %s\n", name, ctl_options[o].help);
    }
}

int ctl_version(ctl_t *ctl)
{
    printf("usmctl %s, libusm %s, schema version %d\n", USM_VERSION_STRING, usm_version(), ctl_store_wanted());
    return CTL_OK;
}

/* ---- the command line ---- */

static const command_t *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static int find_option(const char *name, apr_size_t len)
{
    for (int o = 0; o < CTL_OPTION_COUNT; o++) {
        if (strlen(ctl_options[o].name) == len && strncmp(ctl_options[o].name, name, len) == 0)
            return o;
    }
    return -1;
}

/* "--name", "--name value" or "--name=value" at argv[*at_p], which moves to the last word used. */
static int read_option(ctl_t *ctl, int *at_p, int argc, const char *const *argv)
{
    const char *name = argv[*at_p] + 2, *value = strchr(name, '=');
    int id = find_option(name, value ? (apr_size_t)(value - name) : strlen(name));
    if (id < 0)
        return ctl_usage("no option is called %s", ctl_shown(argv[*at_p], ctl->pool));
    if (ctl->opt[id])
        return ctl_usage("--%s is given twice", ctl_options[id].name);
    if (!ctl_options[id].argument && value)
        return ctl_usage("--%s takes no value", ctl_options[id].name);
    if (ctl_options[id].argument && !value && *at_p + 1 == argc)
        return ctl_usage("--%s needs a value", ctl_options[id].name);
    if (value)
        ctl->opt[id] = value + 1;
    else
        ctl->opt[id] = ctl_options[id].argument ? argv[++*at_p] : "";
    return CTL_OK;
}

/* Options may stand anywhere before "--". apr_getopt_long() does not take "-" for a word. @a words: what is no option,
 * in order; it has room for all. */
static int read_options(ctl_t *ctl, const char **words, int *count_p, int argc, const char *const *argv)
{
    int only_words = 0;
    *count_p = 0;
    for (int i = 1; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = 1;
        } else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
            if (read_option(ctl, &i, argc, argv) != CTL_OK)
                return CTL_USAGE;
        } else {
            words[(*count_p)++] = argv[i];
        }
    }
    return CTL_OK;
}

static int run(ctl_t *ctl, int argc, const char *const *argv)
{
    const char **words = apr_pcalloc(ctl->pool, (apr_size_t)(argc + 1) * sizeof *words);
    int count = 0;
    if (read_options(ctl, words, &count, argc, argv) != CTL_OK)
        return CTL_USAGE;
    if (ctl->opt[CTL_HELP]) {
        print_help();
        return CTL_OK;
    }
    if (count < 1)
        return ctl_usage("no command is given");
    const command_t *cmd = find_command(words[0]);
    if (!cmd)
        return ctl_usage("no command is called %s", ctl_shown(words[0], ctl->pool));
    if (count > (cmd->argument ? 2 : 1))
        return ctl_usage("%s takes no argument %s", cmd->name, ctl_shown(words[count - 1], ctl->pool));
    ctl->arg = count > 1 ? words[1] : NULL;
    for (int o = 0; o < CTL_OPTION_COUNT; o++) {
        if (ctl->opt[o] && !(cmd->options & 1u << o))
            return ctl_usage("%s takes no option --%s", cmd->name, ctl_options[o].name);
    }
    usm_error_t *err = ctl->opt[CTL_CONF] ? ctl_conf_read(ctl, ctl->opt[CTL_CONF]) : NULL;
    return err ? ctl_error(err) : cmd->run(ctl);
}

int main(int argc, const char *const *argv)
{
    ctl_t ctl = {0};
    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS || apr_pool_create(&ctl.pool, NULL) != APR_SUCCESS)
        return ctl_fault("cannot start");
    usm_error_t *err = usm_library_init(ctl.pool);
    int code = err ? ctl_error(err) : run(&ctl, argc, argv);
    /* A full disk must not pass for a result. */
    if (fflush(stdout) != 0 || ferror(stdout))
        code = ctl_fault("the result cannot be written");
    apr_pool_destroy(ctl.pool);
    apr_terminate();
    return code;
}
