# Load generator and floor program of `test/run bench`.
check_PROGRAMS += test/bench/easload test/bench/floor
test_bench_easload_SOURCES = test/bench/easload.c test/bench/phone.c test/bench/phone.h test/bench/wb.c test/bench/wb.h
test_bench_easload_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) -pthread
test_bench_easload_LDADD = $(CURL_LIBS) -lpthread
test_bench_floor_SOURCES = test/bench/floor.c
test_bench_floor_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
test_bench_floor_LDADD = $(CURL_LIBS) $(JANSSON_LIBS)
