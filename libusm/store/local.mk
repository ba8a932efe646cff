# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am.
libusm_libusmall_la_SOURCES += \
	libusm/store/driver.h \
	libusm/store/mariadb.c \
	libusm/store/sql.c \
	libusm/store/sql.h \
	libusm/store/sql_bad.c \
	libusm/store/sql_collection.c \
	libusm/store/sql_device.c \
	libusm/store/sql_echo.c \
	libusm/store/sql_folder.c \
	libusm/store/sql_item.c \
	libusm/store/sql_pending.c \
	libusm/store/sql_remade.c \
	libusm/store/sql_schema.c \
	libusm/store/sql_standing.c \
	libusm/store/sql_upkeep.c \
	libusm/store/sqlite.c \
	libusm/store/url.c
nodist_libusm_libusmall_la_SOURCES = libusm/store/queries.h libusm/store/schema.h
BUILT_SOURCES += libusm/store/queries.h libusm/store/schema.h
CLEANFILES += libusm/store/queries.h libusm/store/schema.h
EXTRA_DIST += libusm/store/queries.sql libusm/store/queries.awk libusm/store/schema.awk

libusm/store/queries.h: libusm/store/queries.sql libusm/store/queries.awk
	$(AM_V_GEN)$(MKDIR_P) libusm/store && \
		$(AWK) -f $(srcdir)/libusm/store/queries.awk $(srcdir)/libusm/store/queries.sql > $@.tmp && mv $@.tmp $@
libusm/store/schema.h: libusm/store/schema.awk $(SCHEMA_FILES)
	$(AM_V_GEN)$(MKDIR_P) libusm/store && cd $(srcdir) && \
		$(AWK) -f libusm/store/schema.awk $(SCHEMA_FILES) > $(abs_builddir)/$@.tmp && \
		cd $(abs_builddir) && mv $@.tmp $@
