# The load client of `test/run bench park`.
EXTRA_DIST += test/load/README
check_PROGRAMS += test/load/parkload
test_load_parkload_SOURCES = test/load/parkload.c test/load/conn.c test/load/conn.h test/load/device.c test/load/device.h \
	test/load/poster.c test/load/poster.h test/bench/wb.c test/bench/wb.h
test_load_parkload_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -I$(top_srcdir)/test
test_load_parkload_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) -pthread
test_load_parkload_LDADD = $(OPENSSL_LIBS) -lpthread
