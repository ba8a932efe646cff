# SPDX-License-Identifier: Apache-2.0
"""The users of a test run: many equal ones, so that each test has its own."""

DOMAIN = "example.org"
PASSWORD = "secret-%s"
COUNT = 4000


def user(number):
    name = f"u{number:04d}"
    return {"id": number, "login": name, "password": PASSWORD % name, "displayName": f"User {number}",
            "email": f"{name}@{DOMAIN}", "timezone": "Europe/Berlin", "locale": "de_DE",
            "caps": {"usm": True, "active_sync": True}}


def seed(count=COUNT):
    return {"contexts": [{"id": 1, "name": "defaultcontext", "users": [user(n) for n in range(10, 10 + count)]}]}
