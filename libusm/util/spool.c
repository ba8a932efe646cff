/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_portable.h>
#include <apr_strings.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <usm/spool.h>

struct usm_spool_t {
    apr_pool_t *pool;
    char *small; /* until it is too much for that */
    apr_size_t len, size;
    apr_file_t *file;
    int fd;
    char *map; /* of all the file, its room included */
    apr_size_t mapped;
    struct usm_spool_t *next; /* of those that are mapped */
};

/* All that are mapped now: few, and looked at only for large messages. */
static struct {
    pthread_mutex_t lock;
    usm_spool_t *first;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

usm_spool_t *usm_spool_create(apr_pool_t *pool)
{
    usm_spool_t *spool = apr_pcalloc(pool, sizeof *spool);
    spool->pool = pool;
    spool->fd = -1;
    return spool;
}

static usm_error_t *make_file(usm_spool_t *spool)
{
    const char *folder;
    apr_off_t room = (apr_off_t)USM_SPOOL_ROOM;
    apr_os_file_t fd;
    if (apr_temp_dir_get(&folder, spool->pool) != APR_SUCCESS)
        return USM_ERROR(spool->pool, USM_ENOMEM, "no folder for temporary files");
    char *name = apr_pstrcat(spool->pool, folder, "/usm.XXXXXX", NULL);
    if (apr_file_mktemp(&spool->file, name,
                        APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_BINARY,
                        spool->pool) != APR_SUCCESS)
        return USM_ERROR(spool->pool, USM_ENOMEM, "cannot make a temporary file in %s", folder);
    apr_file_remove(name, spool->pool); /* from here on it has no name and goes with its last user */
    if (apr_os_file_get(&fd, spool->file) != APR_SUCCESS || apr_file_seek(spool->file, APR_SET, &room) != APR_SUCCESS)
        return USM_ERROR(spool->pool, USM_ENOMEM, "cannot write a temporary file");
    spool->fd = fd;
    return NULL;
}

static usm_error_t *put(usm_spool_t *spool, const char *data, apr_size_t len)
{
    apr_size_t done;
    if (len && apr_file_write_full(spool->file, data, len, &done) != APR_SUCCESS)
        return USM_ERROR(spool->pool, USM_ENOMEM, "no room for a temporary file");
    return NULL;
}

usm_error_t *usm_spool_add(usm_spool_t *spool, const char *data, apr_size_t len)
{
    if (!spool->file && spool->len + len > USM_SPOOL_SMALL) {
        USM_ERR(make_file(spool));
        USM_ERR(put(spool, spool->small, spool->len));
    }
    if (spool->file) {
        USM_ERR(put(spool, data, len));
    } else {
        if (spool->len + len + 1 > spool->size) {
            apr_size_t size = 2 * (spool->len + len) + 1024;
            char *more = apr_palloc(spool->pool, size);
            memcpy(more, spool->small ? spool->small : "", spool->len);
            spool->small = more;
            spool->size = size;
        }
        memcpy(spool->small + spool->len, data, len);
    }
    spool->len += len;
    return NULL;
}

usm_error_t *usm_spool_file(int *fd_p, usm_spool_t *spool)
{
    USM_ERR(make_file(spool));
    *fd_p = spool->fd;
    return NULL;
}

void usm_spool_end(usm_spool_t *spool, apr_size_t len)
{
    spool->len = len;
}

apr_size_t usm_spool_len(const usm_spool_t *spool)
{
    return spool->len;
}

static apr_status_t unmap(void *baton)
{
    usm_spool_t *spool = baton, **at = &all.first;
    pthread_mutex_lock(&all.lock);
    while (*at && *at != spool)
        at = &(*at)->next;
    if (*at)
        *at = spool->next;
    pthread_mutex_unlock(&all.lock);
    munmap(spool->map, spool->mapped);
    return APR_SUCCESS;
}

usm_error_t *usm_spool_data(const char **data_p, usm_spool_t *spool)
{
    if (!spool->file) {
        if (!spool->small)
            spool->small = apr_palloc(spool->pool, 1);
        spool->small[spool->len] = '\0';
        *data_p = spool->small;
        return NULL;
    }
    if (!spool->map) {
        apr_size_t size = USM_SPOOL_ROOM + spool->len + 1;
        if (apr_file_trunc(spool->file, (apr_off_t)size) != APR_SUCCESS) /* the byte behind becomes a NUL */
            return USM_ERROR(spool->pool, USM_ENOMEM, "no room for a temporary file");
        void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, spool->fd, 0);
        if (map == MAP_FAILED)
            return USM_ERROR(spool->pool, USM_ENOMEM, "cannot map a temporary file");
        spool->map = map;
        spool->mapped = size;
        pthread_mutex_lock(&all.lock);
        spool->next = all.first;
        all.first = spool;
        pthread_mutex_unlock(&all.lock);
        apr_pool_cleanup_register(spool->pool, spool, unmap, apr_pool_cleanup_null);
    }
    *data_p = spool->map + USM_SPOOL_ROOM;
    return NULL;
}

static int find(int *fd_p, apr_size_t *at_p, const char *data)
{
    int found = 0;
    pthread_mutex_lock(&all.lock);
    for (usm_spool_t *s = all.first; s && !found; s = s->next) {
        if (data >= s->map && data < s->map + s->mapped) {
            *fd_p = s->fd;
            *at_p = (apr_size_t)(data - s->map);
            found = 1;
        }
    }
    pthread_mutex_unlock(&all.lock);
    return found;
}

int usm_spool_find(int *fd_p, apr_off_t *at_p, const char *data)
{
    apr_size_t at = 0;
    int found = find(fd_p, &at, data);
    *at_p = (apr_off_t)at;
    return found;
}

apr_size_t usm_spool_room(const char *data)
{
    apr_size_t at;
    int fd;
    return find(&fd, &at, data) ? at : 0;
}

void usm_spool_passed(const char *data, apr_size_t len)
{
    apr_size_t at, page = 4096, before;
    int fd;
    if (len < page || !find(&fd, &at, data))
        return;
    before = (page - at % page) % page;
    if (before < len) /* the last page too may be used by what follows: only whole ones */
        madvise((void *)(uintptr_t)(data + before), (len - before) / page * page, MADV_DONTNEED);
}
