# libusm: everything is built once as a convenience library, so that unit tests can reach
# internal functions that the shared library's symbol map hides.
noinst_LTLIBRARIES += libusm/libusmall.la
libusm_libusmall_la_SOURCES =
libusm_libusmall_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) \
	$(CURL_CFLAGS) $(JANSSON_CFLAGS) $(MARIADB_CFLAGS) $(SQLITE_CFLAGS) $(GMIME_CFLAGS) $(ICAL_CFLAGS) $(OPENSSL_CFLAGS)
libusm_libusmall_la_LIBADD = $(APR_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(MARIADB_LIBS) $(SQLITE_LIBS) \
	$(GMIME_LIBS) $(ICAL_LIBS) $(OPENSSL_LIBS) -lm

# The installed library. -version-info current:revision:age, by libtool's three rules: source changed, revision + 1;
# interfaces changed, current + 1 and revision 0; interfaces only added, age + 1, any removed or changed, age 0.
lib_LTLIBRARIES += libusm/libusm.la
libusm_libusm_la_SOURCES =
libusm_libusm_la_LIBADD = libusm/libusmall.la
libusm_libusm_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
if VERSION_SCRIPT
libusm_libusm_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/libusm/libusm.map
else
libusm_libusm_la_LDFLAGS += -export-symbols-regex '^usm_[a-z]'
endif
EXTRA_libusm_libusm_la_DEPENDENCIES = libusm/libusm.map
EXTRA_DIST += libusm/libusm.map

# Public headers: every file of include/usm is installed. Those of tbl/ are rows only, included by the others.
usmincludedir = $(includedir)/usm
dist_usminclude_HEADERS = \
	libusm/include/usm/backend.h \
	libusm/include/usm/draft.h \
	libusm/include/usm/cert.h \
	libusm/include/usm/error.h \
	libusm/include/usm/error_codes.h \
	libusm/include/usm/fields.h \
	libusm/include/usm/hint.h \
	libusm/include/usm/item.h \
	libusm/include/usm/log.h \
	libusm/include/usm/mail.h \
	libusm/include/usm/spool.h \
	libusm/include/usm/meeting.h \
	libusm/include/usm/people.h \
	libusm/include/usm/access.h \
	libusm/include/usm/pump.h \
	libusm/include/usm/read.h \
	libusm/include/usm/search.h \
	libusm/include/usm/recur.h \
	libusm/include/usm/session.h \
	libusm/include/usm/store.h \
	libusm/include/usm/thread.h \
	libusm/include/usm/sync.h \
	libusm/include/usm/types.h \
	libusm/include/usm/usm.h \
	libusm/include/usm/watch.h \
	libusm/include/usm/zone.h
usmtbldir = $(usmincludedir)/tbl
dist_usmtbl_HEADERS = \
	libusm/include/usm/tbl/contact.h \
	libusm/include/usm/tbl/counters.h \
	libusm/include/usm/tbl/email.h \
	libusm/include/usm/tbl/event.h \
	libusm/include/usm/tbl/folder.h \
	libusm/include/usm/tbl/note.h \
	libusm/include/usm/tbl/person.h \
	libusm/include/usm/tbl/recipient.h \
	libusm/include/usm/tbl/task.h

include libusm/core/local.mk
include libusm/store/local.mk
include libusm/ox/local.mk
include libusm/util/local.mk
include libusm/tools/local.mk

pkgconfig_DATA = libusm/libusm.pc
