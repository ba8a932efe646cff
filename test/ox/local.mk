# The stand-in for an Open-Xchange server.
OXD_SOURCES = test/ox/main.c test/ox/http.c test/ox/upload.c test/ox/request.c test/ox/errors.c test/ox/dispatch.c \
	test/ox/session.c test/ox/multiple.c test/ox/fault.c test/ox/control.c test/ox/push.c test/ox/clock.c \
	test/ox/data.c test/ox/tree.c test/ox/seed.c test/ox/seedlarge.c test/ox/state.c test/ox/folders.c \
	test/ox/folderedit.c test/ox/obj.c test/ox/pim.c test/ox/pimseed.c test/ox/recur.c test/ox/contacts.c \
	test/ox/contactsearch.c test/ox/picture.c test/ox/tasks.c test/ox/user.c test/ox/config.c \
	test/ox/calcols.c test/ox/calcore.c test/ox/calwrite.c test/ox/calsearch.c test/ox/calendar.c \
	test/ox/chronos.c test/ox/chronosmap.c test/ox/chronosback.c test/ox/itip.c test/ox/attachment.c test/ox/mailfilter.c test/ox/reminder.c \
	test/ox/cal.h test/ox/chronos.h \
	test/ox/oxd.h test/ox/data.h test/ox/pim.h test/ox/server.h test/ox/modules.h test/ox/folders.h \
	test/ox/contacts.h test/ox/recur.h test/ox/seedfield.h test/ox/upload.h
OXD_SOURCES += test/ox/mail.c test/ox/mail.h test/ox/mail_build.c test/ox/mail_change.c test/ox/mail_compose.c \
	test/ox/mail_gen.c test/ox/mail_get.c test/ox/mail_imap.c test/ox/mail_html.c test/ox/mail_html.h test/ox/mail_list.c \
	test/ox/mail_parts.c test/ox/mail_search.c test/ox/mail_seed.c test/ox/mail_send.c test/ox/mail_store.c \
	test/ox/mime.c test/ox/mime.h

if HAVE_MHD
noinst_PROGRAMS += test/ox/oxd
test_ox_oxd_SOURCES = $(OXD_SOURCES)
test_ox_oxd_CPPFLAGS = -I$(top_builddir) $(MICROHTTPD_CFLAGS) $(JANSSON_CFLAGS) $(GMIME_CFLAGS)
test_ox_oxd_LDADD = $(MICROHTTPD_LIBS) $(JANSSON_LIBS) $(GMIME_LIBS)
endif
EXTRA_DIST += test/ox/SEED-mail.md test/ox/golden-mail.txt test/ox/mail_lib.py test/ox/test_mail.py \
	test/ox/test_mail_golden.py test/ox/test_mail_write.py
EXTRA_DIST += test/ox/README test/ox/SEED.md test/ox/CONTROL.md test/ox/golden.txt test/ox/test_golden.py test/ox/test_ox.py \
	test/ox/test_ox_chronos.py \
	test/ox/test_ox_more.py \
	test/ox/seeds/small.json test/ox/seeds/golden.json
