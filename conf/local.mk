# Adds to the lists in the top Makefile.am.
dist_doc_DATA = conf/eas.conf
EXTRA_DIST += conf/README
