# SPDX-License-Identifier: Apache-2.0
"""A small Exchange ActiveSync client for tests. It shares no code with the module it tests."""
