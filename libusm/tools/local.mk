# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am. The programs reach internals, so they link the convenience libraries.
sbin_PROGRAMS += libusm/tools/usmctl
libusm_tools_usmctl_SOURCES = \
	libusm/tools/ctl.h \
	libusm/tools/ctl_access.c \
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

# Uses the public interface alone, as any program outside of this tree would.
bin_PROGRAMS += libusm/tools/usmsync
libusm_tools_usmsync_SOURCES = \
	libusm/tools/sync.h \
	libusm/tools/sync_ical.c \
	libusm/tools/sync_state.c \
	libusm/tools/sync_vcard.c \
	libusm/tools/usmsync.c
libusm_tools_usmsync_CPPFLAGS = -I$(top_srcdir)/libusm/include -I$(top_srcdir)/libusm $(APR_CFLAGS) $(ICAL_CFLAGS)
libusm_tools_usmsync_LDADD = libusm/libusm.la $(ICAL_LIBS) $(APR_LIBS)
dist_man_MANS += libusm/tools/usmsync.1
EXTRA_DIST += libusm/doc/own-protocol.md
