# SPDX-License-Identifier: Apache-2.0
"""The users of a test run: many equal ones, so that each test has its own."""
import base64

DOMAIN = "example.org"
PASSWORD = "secret-%s"
COUNT = 9000


def user(number):
    name = f"u{number:04d}"
    return {"id": number, "login": name, "password": PASSWORD % name, "displayName": f"User {number}",
            "email": f"{name}@{DOMAIN}", "timezone": "Europe/Berlin", "locale": "de_DE",
            "caps": {"usm": True, "active_sync": True}}


PHOTOS = {5001: b"\xff\xd8\xff" + b"zoe" * 100, 5002: b"\xff\xd8\xff" + b"zach" * 2000}


def known_people():
    """Users whom the tests of the directory know by name; nobody else's name begins with Z."""
    rows = [(5001, "Zoë", "Zander", {"telephone_business1": "+49 30 1", "room_number": "B 12", "position": "Chefin",
                                     "company": "Zoo & Söhne", "nickname": "zoe", "telephone_home1": "+49 30 2",
                                     "cellular_telephone1": "+49 170 1"}),
            (5002, "Zacharias", "Zander", {}), (5003, "Zita", "O'Zorn \"die\" *", {}), (5004, "Zita", "Ozean", {}),
            (5005, "Zeno", "100% Zeno", {})]
    return [{"id": 90000 + n, "login": f"z{n}", "password": PASSWORD % f"z{n}", "displayName": f"{last}, {first}",
             "firstName": first, "lastName": last, "email": f"z{n}@{DOMAIN}", "timezone": "Europe/Berlin",
             "locale": "de_DE", "caps": {"usm": True, "active_sync": True},
             "aliases": [f"z{n}@{DOMAIN}", f"{last.split(',')[0].lower()}@{DOMAIN}"] if n == 5001 else [f"z{n}@{DOMAIN}"],
             "contact": more, **({"photo": base64.b64encode(PHOTOS[n]).decode()} if n in PHOTOS else {})}
            for n, first, last, more in rows]


def seed(count=COUNT):
    return {"contexts": [{"id": 1, "name": "defaultcontext",
                          "users": [user(n) for n in range(10, 10 + count)] + known_people()}]}
