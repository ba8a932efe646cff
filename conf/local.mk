# Adds to the lists in the top Makefile.am.
dist_doc_DATA = conf/eas.conf conf/eas-rules.conf conf/dovecot-eas.lua libusm/doc/notifications.md libusm/doc/conflicts.md
EXTRA_DIST += conf/README
