# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am. The library has the same texts compiled in (libusm/store/schema.awk); they
# are installed for administrators who give the library's database user no right to make tables.
SCHEMA_UPGRADES = schema/upgrade/0002-conflicts.sql schema/upgrade/0003-retention.sql \
	schema/upgrade/0004-remade.sql schema/upgrade/0005-standing.sql
SCHEMA_FILES = schema/usm.sqlite.sql schema/usm.mariadb.sql $(SCHEMA_UPGRADES)
schemadir = $(pkgdatadir)/schema
dist_schema_DATA = schema/usm.sqlite.sql schema/usm.mariadb.sql
schemaupgradedir = $(schemadir)/upgrade
dist_schemaupgrade_DATA = $(SCHEMA_UPGRADES)
