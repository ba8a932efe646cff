# Adds to the lists in the top Makefile.am.
