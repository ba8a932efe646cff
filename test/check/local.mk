# Checks of the tree itself: see README of this folder. Each is a test of `make check`.
dist_check_SCRIPTS = \
	test/check/banned.sh \
	test/check/conflicts.sh \
	test/check/directives.sh \
	test/check/elements.sh \
	test/check/includes.sh \
	test/check/lognos.sh \
	test/check/readmes.sh \
	test/check/size.sh \
	test/check/symbols.sh \
	test/check/units.sh \
	test/check/words.sh
TESTS += $(dist_check_SCRIPTS)
EXTRA_DIST += test/check/lib.sh test/check/strip.awk
