# SPDX-License-Identifier: Apache-2.0
# Two rings. Protocol ring: libeas.la, on APR only; tests, fuzz targets and tools link it without httpd.
noinst_LTLIBRARIES += mod_eas/libeas.la
EAS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/mod_eas -I$(top_builddir)/mod_eas $(APR_CFLAGS)
mod_eas_libeas_la_CPPFLAGS = $(EAS_CPPFLAGS)
mod_eas_libeas_la_LIBADD = $(APR_LIBS)
mod_eas_libeas_la_SOURCES = \
	mod_eas/eas_query.c mod_eas/eas_query.h \
	mod_eas/eas_table.c mod_eas/eas_table.h \
	mod_eas/tbl/commands.h mod_eas/tbl/status.h \
	mod_eas/wbxml/wbxml_error.c mod_eas/wbxml/wbxml_error.h \
	mod_eas/wbxml/wbxml_node.c mod_eas/wbxml/wbxml_node.h \
	mod_eas/wbxml/wbxml_print.c mod_eas/wbxml/wbxml_print.h \
	mod_eas/wbxml/wbxml_reader.c mod_eas/wbxml/wbxml_reader.h \
	mod_eas/wbxml/wbxml_text.c mod_eas/wbxml/wbxml_text.h \
	mod_eas/wbxml/wbxml_token.c mod_eas/wbxml/wbxml_token.h \
	mod_eas/wbxml/wbxml_writer.c mod_eas/wbxml/wbxml_writer.h
nodist_mod_eas_libeas_la_SOURCES = mod_eas/tbl/tokens.h

# The token table, made from its data in the build tree.
BUILT_SOURCES += mod_eas/tbl/tokens.h
CLEANFILES += mod_eas/tbl/tokens.h
EXTRA_DIST += mod_eas/tbl/eas-codepages.tsv mod_eas/tbl/mktokens.sh mod_eas/tbl/README mod_eas/wbxml/README
mod_eas/tbl/tokens.h: mod_eas/tbl/eas-codepages.tsv mod_eas/tbl/mktokens.sh
	@$(MKDIR_P) mod_eas/tbl
	$(AM_V_GEN)$(SHELL) $(srcdir)/mod_eas/tbl/mktokens.sh $(srcdir)/mod_eas/tbl/eas-codepages.tsv >$@.tmp && mv $@.tmp $@
