# The engine.
libusm_libusmall_la_SOURCES += libusm/usm.c libusm/core/read.c libusm/core/send.c libusm/core/draft.c libusm/core/echo.c \
	libusm/core/ahead.c libusm/core/search.c \
	libusm/core/answer.c libusm/core/answer.h libusm/core/move.c libusm/core/error.c libusm/core/item.c libusm/core/log.c libusm/core/context.c \
	libusm/core/login.c libusm/core/seal.c libusm/core/session.c libusm/core/ids.c libusm/core/hierarchy.c \
	libusm/core/detect.c libusm/core/runs.c libusm/core/lease.c libusm/core/merge.c libusm/core/conflict.c \
	libusm/core/remake.c \
	libusm/core/access.c \
	libusm/core/bad.c libusm/core/apply.c libusm/core/turn.c libusm/core/next.c libusm/core/upkeep.c libusm/core/watch.c libusm/core/park.c \
	libusm/core/core.h
EXTRA_DIST += libusm/core/README libusm/doc/sync-keys.md libusm/doc/conflicts.awk libusm/tbl/lognos \
	libusm/tbl/conflicts.h
libusm_libusmall_la_SOURCES += libusm/core/zone.c libusm/core/recur.c libusm/core/series.c \
	libusm/core/meeting.c
libusm_libusmall_la_SOURCES += libusm/core/people.c
libusm_libusmall_la_SOURCES += libusm/core/thread.c libusm/core/answer_event.c
libusm_libusmall_la_SOURCES += libusm/core/hint.c libusm/core/hint.h libusm/core/park.h libusm/core/pump.c libusm/core/pump.h
libusm_libusmall_la_SOURCES += libusm/core/mailattr.c libusm/core/flag.c libusm/core/sms.c
