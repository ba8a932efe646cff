# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am. The programs reach internals, so they link the convenience libraries.
sbin_PROGRAMS += libusm/tools/usmctl
libusm_tools_usmctl_SOURCES = \
	libusm/tools/ctl.h \
	libusm/tools/ctl_check.c \
	libusm/tools/ctl_conf.c \
	libusm/tools/ctl_conflicts.c \
	libusm/tools/ctl_decode.c \
	libusm/tools/ctl_devices.c \
	libusm/tools/ctl_schema.c \
	libusm/tools/ctl_state.c \
	libusm/tools/ctl_table.c \
	libusm/tools/ctl_table.h \
	libusm/tools/usmctl.c
libusm_tools_usmctl_CPPFLAGS = $(EAS_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm
libusm_tools_usmctl_LDADD = mod_eas/libeas.la libusm/libusmall.la $(ZLIB_LIBS) $(APR_LIBS)
dist_man_MANS += libusm/tools/usmctl.8
EXTRA_DIST += libusm/tools/README
