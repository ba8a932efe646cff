# Adds to the lists in the top Makefile.am.
libusm_libusmall_la_SOURCES += libusm/core/error.c
