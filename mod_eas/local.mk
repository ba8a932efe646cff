# SPDX-License-Identifier: Apache-2.0
# Two rings. Protocol ring: libeas.la, on APR only; tests, fuzz targets and tools link it without httpd.
noinst_LTLIBRARIES += mod_eas/libeas.la
EAS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/mod_eas -I$(top_builddir)/mod_eas $(APR_CFLAGS) $(ZLIB_CFLAGS)
mod_eas_libeas_la_CPPFLAGS = $(EAS_CPPFLAGS)
mod_eas_libeas_la_LIBADD = $(APR_LIBS) $(ZLIB_LIBS)
mod_eas_libeas_la_SOURCES = \
	mod_eas/eas.h mod_eas/eas_body.c mod_eas/eas_dispatch.c mod_eas/eas_status.c \
	mod_eas/eas_access.c mod_eas/eas_access.h mod_eas/eas_rules.c mod_eas/eas_rules.h \
	mod_eas/eas_autodiscover.c mod_eas/eas_autodiscover.h \
	mod_eas/eas_conf.c mod_eas/eas_conf.h \
	mod_eas/eas_devinfo.c mod_eas/eas_devinfo.h \
	mod_eas/eas_fetch.c mod_eas/eas_fetch.h \
	mod_eas/eas_folder.c mod_eas/eas_folder.h \
	mod_eas/eas_park.c mod_eas/eas_park.h \
	mod_eas/eas_notify.c mod_eas/eas_notify.h \
	mod_eas/eas_part.c \
	mod_eas/eas_pace.c mod_eas/eas_pace.h \
	mod_eas/eas_policy.c mod_eas/eas_policy.h \
	mod_eas/eas_slot.c mod_eas/eas_slot.h \
	mod_eas/eas_spool.c mod_eas/eas_spool.h \
	mod_eas/eas_version.c mod_eas/eas_version.h \
	mod_eas/tbl/directives.h mod_eas/tbl/errmap.h mod_eas/tbl/folders.h mod_eas/tbl/policy.h \
	mod_eas/cmd/cmd_foldercreate.c \
	mod_eas/cmd/cmd_folderdelete.c \
	mod_eas/cmd/cmd_foldersync.c \
	mod_eas/cmd/cmd_folderupdate.c \
	mod_eas/cmd/cmd_getattachment.c \
	mod_eas/cmd/cmd_getitemestimate.c \
	mod_eas/cmd/cmd_meetingresponse.c \
	mod_eas/cmd/cmd_moveitems.c \
	mod_eas/cmd/cmd_itemoperations.c \
	mod_eas/cmd/cmd_ping.c \
	mod_eas/cmd/cmd_provision.c \
	mod_eas/cmd/cmd_resolverecipients.c \
	mod_eas/cmd/cmd_find.c \
	mod_eas/cmd/cmd_search.c \
	mod_eas/eas_search.c mod_eas/eas_search.h \
	mod_eas/eas_people.c mod_eas/eas_people.h \
	mod_eas/eas_oof.c mod_eas/eas_oof.h \
	mod_eas/cmd/cmd_sendmail.c \
	mod_eas/cmd/cmd_settings.c \
	mod_eas/cmd/cmd_smart.c \
	mod_eas/cmd/cmd_sync.c \
	mod_eas/cmd/cmd_validatecert.c \
	mod_eas/eas_compose.h \
	mod_eas/eas_sync.h mod_eas/sync_missed.c mod_eas/sync_read.c mod_eas/sync_run.c mod_eas/sync_write.c \
	mod_eas/eas_collection.c mod_eas/eas_collection.h \
	mod_eas/eas_map.c mod_eas/eas_map.h mod_eas/eas_mapbody.c mod_eas/eas_flag.c mod_eas/eas_conv.c \
	mod_eas/eas_meeting.c mod_eas/eas_globalid.c mod_eas/eas_globalid.h \
	mod_eas/eas_timezone.c mod_eas/eas_timezone.h mod_eas/eas_html.c mod_eas/eas_html.h \
	mod_eas/class/class_contact.c mod_eas/class/class_email.c mod_eas/class/class_event.c \
	mod_eas/class/class_note.c mod_eas/class/class_sms.c mod_eas/class/class_series.c mod_eas/class/class_task.c \
	mod_eas/eas_recur.c mod_eas/eas_series.h \
	mod_eas/class/class_draft.c mod_eas/eas_draft.h \
	mod_eas/eas_query.c mod_eas/eas_query.h \
	mod_eas/eas_table.c mod_eas/eas_table.h \
	mod_eas/tbl/cmdstatus.h mod_eas/tbl/commands.h mod_eas/tbl/status.h \
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

# Ap ring: the httpd module. Only mod_eas/mod_eas.c and mod_eas/ap_*.c know httpd.
MOD_EAS_SOURCES = mod_eas/mod_eas.c mod_eas/ap_eas.h mod_eas/ap_auth.c mod_eas/ap_autodiscover.c mod_eas/ap_config.c mod_eas/ap_context.c \
	mod_eas/ap_log.c mod_eas/ap_pace.c mod_eas/ap_finish.c mod_eas/ap_park.c mod_eas/ap_park.h mod_eas/ap_parkloop.c mod_eas/ap_slim.c \
	mod_eas/ap_request.c mod_eas/ap_slot.c mod_eas/ap_push.c mod_eas/ap_notify.c
module_LTLIBRARIES = mod_eas/mod_eas.la
mod_eas_mod_eas_la_SOURCES = $(MOD_EAS_SOURCES)
mod_eas_mod_eas_la_CPPFLAGS = $(EAS_CPPFLAGS) $(HTTPD_CFLAGS)
mod_eas_mod_eas_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^eas_module$$'
mod_eas_mod_eas_la_LIBADD = mod_eas/libeas.la libusm/libusm.la $(APR_LIBS)
EXTRA_DIST += mod_eas/README mod_eas/cmd/README mod_eas/class/README mod_eas/tbl/lognos
dist_man_MANS += mod_eas/mod_eas.5
