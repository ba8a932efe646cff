#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo of `test/run demo`: OX stand-in with the seed `small`, httpd with the module, and a phone that plays against them.

demo.py [--once]: without --once it stays up until Ctrl-C, so that a real phone or a browser can be pointed at it.
EAS_BUILD names the build folder; EAS_LISTEN the address of the HTTPS port, 127.0.0.1.
"""
import glob
import json
import os
import signal
import socket
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "test", "proto"))
import phone  # noqa: E402
from easlib.site import Site, listening  # noqa: E402

PORT = 8443


def first_users(seed):
    """Login and password of the two users that play: the seed's first ones with mail."""
    users = seed["contexts"][0]["users"]
    return [(u["login"], u["password"], u.get("email", "")) for u in users if u.get("password")][:2]


def manual(site, users):
    """What a human can do with it now."""
    tls, host = site.httpd.tls, socket.gethostname()
    (name, password, address), other = users
    return f"""
Everything runs on this machine until you press Ctrl-C.

  ActiveSync      https://localhost:{tls}/Microsoft-Server-ActiveSync
  Open-Xchange    {site.ox.url} (stand-in), its control port {site.ox.control_port}
  users           {name} / {password}, {other[0]} / {other[1]}
  logs            {site.httpd.error_log}
  store           {site.store_url}

A real phone: start the demo with EAS_LISTEN=0.0.0.0, then on the phone
  account type Exchange, address {address}, server {host}:{tls}, user {name}, no domain, accept the certificate
A browser or curl:
  curl -k -u {name}:{password} -X OPTIONS -i https://localhost:{tls}/Microsoft-Server-ActiveSync
The phone of this demo again, speaking another version:
  {TOP}/test/proto/phone.py https://localhost:{tls} http://127.0.0.1:{site.ox.port} {name}:{password} {other[0]}:{other[1]} 16.1
"""


def main(argv):
    once = argv[1:] == ["--once"]
    if argv[1:] and not once:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    (path,) = glob.glob(os.path.join(TOP, "test", "ox", "**", "small.json"), recursive=True)
    with open(path, encoding="utf-8") as f:
        seed = json.load(f)
    users = first_users(seed)
    port = None if listening(PORT) else PORT
    if not port:
        print(f"Port {PORT} is in use; taking a free one.")
    site = Site(seed, tls_port=port)
    try:
        print(f"OX stand-in at {site.ox.url}, httpd with mod_eas at https://localhost:{site.httpd.tls}", flush=True)
        (name, password, _), (other, other_password, _) = users
        held = phone.play(site.eas_tls, site.ox_address, name, password, other, other_password)
        print("\nEverything held." if held else "\nSomething did not hold, see above.", flush=True)
        log = site.log()
        log.pos = 0
        faults = log.faults()
        for line in faults:
            print("error log:", line)
        if not once:
            print(manual(site, users), flush=True)
            while site.httpd.child.running():
                time.sleep(0.5)
        return 0 if held and not faults else 1
    except KeyboardInterrupt:
        return 0
    finally:
        site.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
