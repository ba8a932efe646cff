include test/ox/local.mk
include test/unit/wbxml.mk
include test/unit/core.mk
include test/unit/store.mk
include test/unit/ox.mk
include test/unit/eas.mk
include test/unit/map.mk
include test/unit/ap.mk
include test/unit/ctl.mk
include test/fuzz/local.mk
include test/bench/local.mk
include test/load/local.mk
include test/check/local.mk

EXTRA_DIST += test/run test/lib/packages.sh test/lib/steps.sh test/lib/with_mariadb.sh \
	test/lib/fidelity.py
