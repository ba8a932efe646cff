# Fuzz targets: fuzz_<what>.c defines LLVMFuzzerTestOneInput; its seeds are corpus/<what>/. A target's rows:
#   check_PROGRAMS += test/fuzz/fuzz_what
#   FUZZ_TARGETS += test/fuzz/fuzz_what
#   test_fuzz_fuzz_what_SOURCES = test/fuzz/fuzz_what.c
#   test_fuzz_fuzz_what_LDFLAGS = $(FUZZ_LDFLAGS)
#   test_fuzz_fuzz_what_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la libusm/libusmall.la
# Built with --enable-fuzz they are libFuzzer programs, else they run each file named as an argument once.
FUZZ_TARGETS =
if ENABLE_FUZZ
FUZZ_ENGINE =
FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_LDFLAGS = $(AM_LDFLAGS)
FUZZ_ENGINE = test/fuzz/libreplay.la
check_LTLIBRARIES += test/fuzz/libreplay.la
test_fuzz_libreplay_la_SOURCES = test/fuzz/replay.c
TESTS += test/fuzz/replay.sh
endif
EXTRA_DIST += test/fuzz/replay.c test/fuzz/replay.sh test/fuzz/run.sh

check_PROGRAMS += test/fuzz/fuzz_wbxml test/fuzz/fuzz_query
FUZZ_TARGETS += test/fuzz/fuzz_wbxml test/fuzz/fuzz_query
test_fuzz_fuzz_wbxml_SOURCES = test/fuzz/fuzz_wbxml.c
test_fuzz_fuzz_wbxml_CPPFLAGS = $(EAS_CPPFLAGS)
test_fuzz_fuzz_wbxml_LDFLAGS = $(FUZZ_LDFLAGS)
test_fuzz_fuzz_wbxml_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la $(APR_LIBS)
test_fuzz_fuzz_query_SOURCES = test/fuzz/fuzz_query.c
test_fuzz_fuzz_query_CPPFLAGS = $(EAS_CPPFLAGS)
test_fuzz_fuzz_query_LDFLAGS = $(FUZZ_LDFLAGS)
test_fuzz_fuzz_query_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la $(APR_LIBS)

# The item mapping.
check_PROGRAMS += test/fuzz/fuzz_map test/fuzz/fuzz_html test/fuzz/fuzz_tzblob
FUZZ_TARGETS += test/fuzz/fuzz_map test/fuzz/fuzz_html test/fuzz/fuzz_tzblob
test_fuzz_fuzz_map_SOURCES = test/fuzz/fuzz_map.c
test_fuzz_fuzz_map_CPPFLAGS = $(EAS_CPPFLAGS) -I$(top_srcdir)/libusm
test_fuzz_fuzz_map_LDFLAGS = $(FUZZ_LDFLAGS)
test_fuzz_fuzz_map_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la libusm/libusmall.la $(APR_LIBS)
test_fuzz_fuzz_html_SOURCES = test/fuzz/fuzz_html.c
test_fuzz_fuzz_html_CPPFLAGS = $(EAS_CPPFLAGS)
test_fuzz_fuzz_html_LDFLAGS = $(FUZZ_LDFLAGS)
test_fuzz_fuzz_html_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la libusm/libusmall.la $(APR_LIBS)
test_fuzz_fuzz_tzblob_SOURCES = test/fuzz/fuzz_tzblob.c
test_fuzz_fuzz_tzblob_CPPFLAGS = $(EAS_CPPFLAGS)
test_fuzz_fuzz_tzblob_LDFLAGS = $(FUZZ_LDFLAGS)
test_fuzz_fuzz_tzblob_LDADD = $(FUZZ_ENGINE) mod_eas/libeas.la libusm/libusmall.la $(APR_LIBS)
