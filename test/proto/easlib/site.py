# SPDX-License-Identifier: Apache-2.0
"""What the tests run against: OX stand-in, httpd with the module, a store. Loopback, free ports, a folder of its own.

Environment: EAS_BUILD (or EAS_BUILDDIR) build folder; EAS_STORE sqlite|mariadb; USM_TEST_DB a MariaDB that is there
already (else a private one is started); EAS_HTTPD_PRELOAD library that httpd loads first; EAS_KEEP keeps the folder;
EAS_LOGLEVEL; EAS_QUERY=base64 lets phones of 12.1 and later use that form of the query.
"""
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from .client import PATH, Server
from .ox import OxUser

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("EAS_BUILDDIR") or os.environ.get("EAS_BUILD") or TOP)
MODULE = os.path.join(BUILD, "mod_eas", ".libs", "mod_eas.so")
OXD = os.path.join(BUILD, "test", "ox", "oxd")
HTTPD = shutil.which("apache2", path="/usr/sbin:/usr/bin") or shutil.which("httpd", path="/usr/sbin:/usr/bin")
LEVELS = ("emerg", "alert", "crit", "error", "warn")


def free_ports(n):
    socks = [socket.socket() for _ in range(n)]
    try:
        for s in socks:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in socks]
    finally:
        for s in socks:
            s.close()


def wait_for(what, check, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = check()
        if got:
            return got
        time.sleep(0.05)
    raise RuntimeError(f"{what} did not come up")


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Child:
    """A server process, stopped by its own pid."""

    def __init__(self, argv, log, env=None):
        self.log = log
        with open(log, "ab") as out:
            self.proc = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=env)

    def running(self):
        return self.proc.poll() is None

    def stop(self, sig=signal.SIGTERM, seconds=20):
        if self.running():
            self.proc.send_signal(sig)
            try:
                self.proc.wait(seconds)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        return self.proc.returncode


class Stub:
    """The OX stand-in and its control port."""

    def __init__(self, folder, seed):
        seed_file, port_file = os.path.join(folder, "seed.json"), os.path.join(folder, "oxd.port")
        with open(seed_file, "w", encoding="utf-8") as f:
            json.dump(seed, f)
        self.child = Child([OXD, "--port", "0", "--control-port", "0", "--port-file", port_file, "--seed", seed_file],
                           os.path.join(folder, "oxd.log"))

        def ports():
            if not self.child.running():
                with open(self.child.log, encoding="utf-8", errors="replace") as f:
                    raise RuntimeError("oxd ended: " + f.read())
            try:
                with open(port_file, encoding="ascii") as f:
                    return [int(x) for x in f.read().split()]
            except (OSError, ValueError):
                return None
        self.port, self.control_port = wait_for("oxd", ports)
        self.url = f"http://127.0.0.1:{self.port}/ajax/"

    def control(self, path, **body):
        """One call of the control port."""
        conn = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=30)
        conn.request("POST", "/" + path, json.dumps(body), {"Content-Type": "application/json"})
        r = conn.getresponse()
        answer = json.loads(r.read() or b"null")
        conn.close()
        if r.status != 200:
            raise RuntimeError(f"control {path}: {answer}")
        return answer

    def count(self, module):
        """How often a module was called so far."""
        total = 0
        for name, n in self.control("calls")["calls"].items():
            if name.split(".")[0] == module:
                total += n
        return total

    def user(self, name, password):
        return OxUser("127.0.0.1", self.port, name, password)

    def stop(self):
        self.child.stop()


class MariaDb:
    """A private server on a Unix socket."""

    def __init__(self, folder):
        self.socket, data = os.path.join(folder, "db.sock"), os.path.join(folder, "db")
        me = pwd.getpwuid(os.getuid()).pw_name
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--user={me}", f"--datadir={data}",
                        "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
                        "--force"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        self.log, self.pid_file = os.path.join(folder, "db.log"), os.path.join(folder, "db.pid")
        self.argv = [shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), "--no-defaults", f"--user={me}",
                     f"--datadir={data}", f"--socket={self.socket}", f"--pid-file={self.pid_file}", "--skip-networking",
                     "--innodb-flush-log-at-trx-commit=2"]
        self.child = Child(self.argv, self.log)
        self._client(["-e", "CREATE DATABASE eas CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"], wait=True)
        self.url = f"mariadb://root@localhost/eas?socket={self.socket}"

    def _client(self, args, wait=False):
        argv = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", *args]

        def ok():
            return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False).returncode == 0
        if wait:
            wait_for("mariadbd", ok, 60)

    def pid(self):
        """Of the server that runs now: crash() may have been called in another process."""
        with open(self.pid_file, encoding="ascii") as f:
            return int(f.read())

    def freeze(self, seconds):
        """The server says nothing for a while."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    def crash(self, seconds):
        """The server dies and comes back after a while."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        wait_for("end of mariadbd", lambda: not self.alive(pid))
        os.unlink(self.pid_file)
        time.sleep(seconds)
        self.child = Child(self.argv, self.log)
        self._client(["-e", "SELECT 1"], wait=True)

    def alive(self, pid):
        if pid == self.child.proc.pid:
            return self.child.running()
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def stop(self):
        try:
            pid = self.pid()
        except OSError:
            pid = None
        if pid and pid != self.child.proc.pid and self.alive(pid):
            os.kill(pid, signal.SIGTERM)
            wait_for("end of mariadbd", lambda: not self.alive(pid))
        self.child.stop()


class Httpd:
    """Debian's httpd with the module just built."""

    MODULES = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_basic", "authn_file", "socache_shmcb", "ssl", "filter",
               "deflate", "reqtimeout", "env", "setenvif"]

    def __init__(self, folder, config, extra_locations="", tls_port=None):
        self.folder = folder
        self.plain, self.tls = free_ports(2)
        self.tls = tls_port or self.tls
        self.error_log = os.path.join(folder, "error.log")
        libexec = subprocess.run(["apxs", "-q", "LIBEXECDIR"], check=True, capture_output=True,
                                 text=True).stdout.strip()
        builtin = subprocess.run([HTTPD, "-l"], check=True, capture_output=True, text=True).stdout
        loads = "\n".join(f"LoadModule {m}_module {libexec}/mod_{m}.so" for m in self.MODULES
                          if f"mod_{m}.c" not in builtin and os.path.exists(f"{libexec}/mod_{m}.so"))
        key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        with open(os.path.join(folder, "req.cnf"), "w", encoding="ascii") as f:
            f.write("[req]\ndistinguished_name=dn\nx509_extensions=x\n[dn]\n[x]\nsubjectAltName=DNS:localhost\n"
                    "basicConstraints=critical,CA:FALSE\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-config", f.name, "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
        root = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
        self.conf = os.path.join(folder, "httpd.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"""ServerRoot {folder}
ServerName localhost
PidFile httpd.pid
DefaultRuntimeDir {folder}
Mutex file:{folder}
{root}{loads}
LoadModule eas_module {MODULE}
Listen 127.0.0.1:{self.plain}
Listen {os.environ.get("EAS_LISTEN", "127.0.0.1")}:{self.tls} https
ErrorLog {self.error_log}
ErrorLogFormat "[%l] [%m:%P] %M"
LogLevel warn eas:{os.environ.get("EAS_LOGLEVEL", "debug")}
LogFormat "%h %u \\"%r\\" %>s %O %D" eas
CustomLog access.log eas
StartServers 1
ServerLimit 2
ThreadsPerChild 25
MaxRequestWorkers 50
MinSpareThreads 1
MaxSpareThreads 50
SSLSessionCache shmcb:{folder}/tls(131072)
Timeout 60
KeepAliveTimeout 30
GracefulShutdownTimeout 5
RequestReadTimeout header=20-40,MinRate=500
{config}
<VirtualHost *:{self.tls}>
    SSLEngine on
    SSLCertificateFile {cert}
    SSLCertificateKeyFile {key}
</VirtualHost>
{extra_locations}
""")
        env = dict(os.environ, LD_LIBRARY_PATH=os.path.join(BUILD, "libusm", ".libs"))
        if os.environ.get("EAS_HTTPD_PRELOAD"):
            env["LD_PRELOAD"] = os.environ["EAS_HTTPD_PRELOAD"]
        self.child = Child([HTTPD, "-d", folder, "-f", self.conf, "-DFOREGROUND"], os.path.join(folder, "httpd.out"),
                           env)
        self.started = False

    def wait(self):
        def up():
            if not self.child.running():
                raise RuntimeError("httpd ended:\n" + self.output())
            return listening(self.plain) and listening(self.tls)
        wait_for("httpd", up)
        self.started = True

    def output(self):
        text = ""
        for path in (self.child.log, self.error_log):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()[-6000:]
        return text

    def stop(self):
        return self.child.stop()


class ErrorLog:
    """Reads what was logged since a point, and knows what was to be expected."""

    LINE = re.compile(r"\[(\w+)\] \[[^\]]*\] ")

    def __init__(self, path):
        self.path, self.pos, self.expected, self.required = path, 0, [], []
        if os.path.exists(path):
            self.pos = os.path.getsize(path)

    def allow(self, *patterns):
        """These lines may appear."""
        self.expected += patterns

    def expect_lognos(self, *numbers):
        """Lines with these log numbers must appear, and are no fault."""
        self.expected += numbers
        self.required += numbers

    def allow_auth_failures(self):
        self.allow("authentication|[Aa]uth|password|credentials|login|AH01617|AH01618")

    def allow_refusals(self):
        self.allow("capabilit|not (allowed|permitted|enabled)|denied|AH01630|refus")

    def allow_outage(self):
        self.allow("OX|[Cc]onnect|unavailable|circuit|refused")

    def allow_limits(self):
        self.allow("limit|too (large|long|big)|body|AH00587|AH01382|[Rr]eset|read|AH02840|inflate|Zlib|AH01588|AH01590")

    def lines(self):
        with open(self.path, "rb") as f:
            f.seek(self.pos)
            return f.read().decode("utf-8", "replace").splitlines()

    def faults(self):
        """What nobody expected, and what was expected and did not come."""
        bad, lines = [], self.lines()
        for line in lines:
            m = self.LINE.match(line)
            level = m.group(1) if m else ""
            crash = re.search(r"exit signal|AddressSanitizer|ThreadSanitizer|runtime error:|Assertion|EAS_ASSERT", line)
            if crash or level in LEVELS and not any(re.search(p, line) for p in self.expected):
                bad.append(line[:600])
        bad += [f"expected {n}, not logged" for n in self.required if not any(n in line for line in lines)]
        return bad


def location(prefix, ox_url, store_url, **more):
    """A Location with the module; more: further directives, which win over the ones here."""
    lines = {"EASOxUrl": ox_url, "EASStore": store_url, "EASRequireTLS": "off", "EASHeartbeatMin": "1",
             "EASPollInterval": "1", "EASPollMax": "3", "EASOxConnectTimeout": "2", "EASThrottle": "0",
             "EASCalendarModule": os.environ.get("EAS_CALENDAR", "calendar"), **more}
    inner = "\n".join(f"    {k} {v}" for k, v in lines.items())
    return (f'<LocationMatch "(?i)^{prefix}{PATH}$">\n    SetHandler eas\n    SetOutputFilter DEFLATE\n    AuthType Basic\n'
            f'    AuthName "ActiveSync"\n    AuthBasicProvider ox\n    Require valid-user\n{inner}\n</LocationMatch>\n')


def notify(prefix, ox_url, store_url, passwords, **more):
    """The Location for notifications of mail servers."""
    inner = "\n".join(f"    {k} {v}" for k, v in more.items())
    return (f'<Location {prefix}/eas-notify>\n    SetHandler eas-notify\n    AuthType Basic\n    AuthName "notify"\n'
            f'    AuthBasicProvider file\n    AuthUserFile {passwords}\n    Require user dovecot\n'
            f'    EASOxUrl {ox_url}\n    EASStore {store_url}\n{inner}\n</Location>\n')


def autodiscover(prefix, ox_url, store_url):
    """Both Locations of Autodiscover."""
    return (f'<LocationMatch "(?i)^{prefix}/autodiscover/autodiscover\\.xml$">\n    SetHandler eas-autodiscover\n'
            f'    AuthType Basic\n    AuthName "ActiveSync"\n    AuthBasicProvider ox\n    Require valid-user\n'
            f'    EASOxUrl {ox_url}\n    EASStore {store_url}\n    EASRequireTLS off\n    EASOxConnectTimeout 2\n</LocationMatch>\n'
            f'<LocationMatch "(?i)^{prefix}/autodiscover/autodiscover\\.json(/|$)">\n    SetHandler eas-autodiscover\n'
            f'    Require all granted\n</LocationMatch>\n')


# Of the address /rules: by device type, since each test has users of its own.
RULES = """[policy default]
DevicePasswordEnabled = 1
MinDevicePasswordLength = 6
[policy open]
[rules]
block type=^BlockMe$
block model="^Brick 3$"
quarantine type=^WaitForMe$
allow type=^OldOne$ max=14.1 policy=open
"""


class Site:
    """All of it."""

    def __init__(self, seed, store=None, tls_port=None, config="", directives=None, store_options=""):
        """config: more lines of httpd's; directives: of the module at the main address; store_options: of the URL."""
        self.folder = tempfile.mkdtemp(prefix="eastest.", dir=os.environ.get("TMPDIR", "/tmp"))
        os.chmod(self.folder, 0o755)
        self.state = os.path.join(self.folder, "state")
        os.mkdir(self.state)
        if os.getuid() == 0:
            www = pwd.getpwnam("www-data")
            os.chown(self.state, www.pw_uid, www.pw_gid)
        self.parts, self.db = [], None
        self.directives, self.store_options = directives or {}, store_options
        try:
            self._start(seed, store or os.environ.get("EAS_STORE", "sqlite"), tls_port, config)
        except BaseException:
            self.stop()
            raise

    def _start(self, seed, store, tls_port, config):
        for needed in (MODULE, OXD):
            if not os.path.exists(needed):
                raise RuntimeError(f"{needed} is missing: build first, or set EAS_BUILD")
        self.ox = Stub(self.folder, seed)
        self.parts.append(self.ox)
        if store == "mariadb":
            url = os.environ.get("USM_TEST_DB")
            if not url:
                self.db = MariaDb(self.folder)
                self.parts.append(self.db)
                url = self.db.url
        else:
            url = f"sqlite:{self.state}/eas.db"
        if self.store_options:
            url += ("&" if "?" in url else "?") + self.store_options
        self.store_url = url
        self.passwords = os.path.join(self.folder, "passwords")
        with open(self.passwords, "w", encoding="ascii") as f: # both "secret"
            f.write("dovecot:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nother:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
        dead = free_ports(1)[0]
        self.httpd = Httpd(self.folder, location("", self.ox.url, url, **self.directives)
                           + location("/dead", f"http://127.0.0.1:{dead}/ajax/", url)
                           + location("/small", self.ox.url, url, EASMaxAttachments="65536", EASMailFlags="1")
                           + location("/large", self.ox.url, url, EASMaxBody="96M")
                           + location("/paced", self.ox.url, url, EASThrottle="120")
                           + location("/tls", self.ox.url, url, EASRequireTLS="on")
                           + location("/cert", self.ox.url, url, EASCertCAFile=os.path.join(self.folder, "cert.pem"))
                           + location("/own", self.ox.url, url, EASSharedFolders="none", EASPublicFolders="none",
                                      EASNotesFolder="none")
                           + location("/chronos", self.ox.url, url, EASCalendarModule="chronos")
                           + location("/copy", self.ox.url, url, EASConflictKeep="copy")
                           + location("/all", self.ox.url, url, EASSharedFolders="all", EASPublicFolders="all")
                           + location("/quiet", self.ox.url, url, EASPollInterval="600")
                           + notify("", self.ox.url, url, self.passwords)
                           + notify("/slow", self.ox.url, url, self.passwords, EASNotifyRate="5")
                           + location("/rules", self.ox.url, url, EASRulesFile=self._rules(), EASPartialPolicy="off",
                                      EASAdminMail="root@example.org")
                           + autodiscover("", self.ox.url, url)
                           + autodiscover("/dead", f"http://127.0.0.1:{dead}/ajax/", url)
                           + location("/nosqlite", self.ox.url, f"sqlite:{self.state}/missing/eas.db")
                           + location("/nomariadb", self.ox.url, f"mariadb://eas@127.0.0.1:{dead}/eas"), config, tls_port)
        self.parts.append(self.httpd)
        self.httpd.wait()
        self.eas = Server("127.0.0.1", self.httpd.plain)
        self.eas_tls = Server("127.0.0.1", self.httpd.tls, tls=True)
        self.small = Server("127.0.0.1", self.httpd.plain, path="/small" + PATH)
        self.large = Server("127.0.0.1", self.httpd.plain, path="/large" + PATH)
        self.eas_tls_only = Server("127.0.0.1", self.httpd.plain, path="/tls" + PATH)
        self.rules = Server("127.0.0.1", self.httpd.plain, path="/rules" + PATH)
        self.chronos = Server("127.0.0.1", self.httpd.plain, path="/chronos" + PATH)
        self.eas_copy = Server("127.0.0.1", self.httpd.plain, path="/copy" + PATH)
        self.cert = Server("127.0.0.1", self.httpd.plain, path="/cert" + PATH)
        self.cert_trusted = os.path.join(self.folder, "cert.pem")
        self.eas_own, self.eas_all = [Server("127.0.0.1", self.httpd.plain, path=p + PATH) for p in ("/own", "/all")]
        self.eas_dead = Server("127.0.0.1", self.httpd.plain, path="/dead" + PATH)
        self.eas_no_store = [Server("127.0.0.1", self.httpd.plain, path=p + PATH) for p in ("/nosqlite", "/nomariadb")]
        self.eas_quiet = Server("127.0.0.1", self.httpd.plain, path="/quiet" + PATH)
        self.ox_address = ("127.0.0.1", self.ox.port)

    def _rules(self):
        path = os.path.join(self.folder, "rules.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(RULES)
        return path

    def log(self):
        return ErrorLog(self.httpd.error_log)

    def stop(self):
        """Ends everything; returns httpd's exit code."""
        code = None
        for p in reversed(self.parts):
            got = p.stop()
            code = got if p is getattr(self, "httpd", None) else code
        if os.environ.get("EAS_KEEP"):
            print("kept", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return code
