# libusm: everything is built once as a convenience library, so that unit tests can reach
# internal functions that the shared library's symbol map hides.
noinst_LTLIBRARIES += libusm/libusmall.la
libusm_libusmall_la_SOURCES =
libusm_libusmall_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) \
	$(CURL_CFLAGS) $(JANSSON_CFLAGS) $(MARIADB_CFLAGS) $(SQLITE_CFLAGS) $(GMIME_CFLAGS) $(ICAL_CFLAGS) $(OPENSSL_CFLAGS)
libusm_libusmall_la_LIBADD = $(APR_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(MARIADB_LIBS) $(SQLITE_LIBS) \
	$(GMIME_LIBS) $(ICAL_LIBS) $(OPENSSL_LIBS) -lm

include libusm/core/local.mk
include libusm/store/local.mk
include libusm/ox/local.mk
include libusm/util/local.mk
include libusm/tools/local.mk

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libusm/libusm.pc
