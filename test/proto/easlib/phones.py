# SPDX-License-Identifier: Apache-2.0
"""How real clients behave, as data: identity, query form, and the order of their first requests."""
from .client import Device, ProtocolFault
from .replica import Replica
from .wbxml import AirSync, AirSyncBase, Contacts, Settings


class Phone:
    """Row of the table below."""

    def __init__(self, name, version, device_id, device_type, agent, steps, query="plain", **device):
        self.name, self.version, self.device_id, self.device_type = name, version, device_id, device_type
        self.agent, self.steps, self.query, self.device = agent, steps, query, device

    def make(self, server, user, password):
        return Device(server, user, password, self.version, self.device_id, self.device_type, self.agent, self.query,
                      **self.device)


PHONES = [
    Phone("ios", "16.1", "ABCDEF0123456789ABCDEF0123", "iPhone", "Apple-iPhone12C1/2101.236",
          ["options", "ios_settings", "foldersync_refused", "provision", "foldersync", "settings", "mail",
           "contacts_ghost",
           "calendar", "tasks", "ping", "empty_sync"]),
    Phone("android-gmail", "14.1", "androidc259148960", "Android", "Android-Mail/2023.04.02",
          ["options", "validate", "foldersync_refused", "provision", "foldersync", "contacts_aosp", "calendar", "mail",
           "ping_480"]),
    Phone("outlook-mobile", "16.1", "0123456789ABCDEF0123456789ABCDEF", "Outlook", "Outlook-iOS-Android/1.0",
          ["options_cmd", "provision", "foldersync", "settings", "mail", "calendar", "contacts", "ping_180"]),
    Phone("outlook-windows", "14.0", "F04016EDD8F2DD3BD6A9DA5137583C5A", "WindowsOutlook15", "Outlook/15.0",
          ["options", "foldersync_refused", "provision", "foldersync", "settings", "mail", "calendar", "contacts",
           "tasks"],
          charset="latin-1"),
    Phone("windows-mail", "14.1", bytes.fromhex("0f1e2d3c4b5a69788796a5b4c3d2e1f0"), "WindowsMail", None,
          ["options_no_cmd", "settings_any", "foldersync_refused", "provision", "foldersync", "mail", "calendar",
           "contacts", "ping"], query="base64"),
    Phone("samsung-old", "2.5", "SEC17A2B3C4D5E6F", "SAMSUNGGTI9100", "SAMSUNG-GT-I9100/100.20305",
          ["options", "foldersync_refused", "provision", "foldersync", "estimate", "mail", "contacts", "calendar",
           "ping"]),
    Phone("nine", "14.1", "Nine1a2b3c4d5e6f", "Android", "Nine/4.9",
          ["options", "provision", "foldersync", "mail", "contacts", "ping"], query="base64"),
]


class Player:
    """Plays the steps of a phone; `replica` is what a test may look at."""

    def __init__(self, phone, server, user, password, say=None):
        self.phone, self.device = phone, phone.make(server, user, password)
        self.replica, self.say = Replica(self.device), say or (lambda *a: None)

    def run(self):
        for step in self.phone.steps:
            getattr(self, "do_" + step)()
            self.say(f"{self.phone.name}: {step}")
        return self.replica

    def _ok(self, answer, what):
        if answer.status != 200 or answer.doc is not None and answer.code not in (None, "1"):
            raise ProtocolFault(f"{self.phone.name}: {what}: {answer}")
        return answer

    def _versions(self, answer):
        listed = (answer.header("MS-ASProtocolVersions") or "").split(",")
        if answer.status != 200 or self.phone.version not in listed:
            raise ProtocolFault(f"{self.phone.name}: OPTIONS: {answer.status} {answer.headers}")

    def do_options(self):
        self._versions(self.device.options(headers={"X-MS-PolicyKey": "0"}))

    def do_options_cmd(self):
        self._versions(self.device.options(
            f"Cmd=Options&User={self.device.user}&DeviceId={self.phone.device_id}&DeviceType=Outlook"))

    def do_options_no_cmd(self):
        self._versions(self.device.options(f"User={self.device.user}&DeviceId={self.phone.device_id.hex().upper()}"
                                           f"&DeviceType={self.phone.device_type}"))

    def do_ios_settings(self):
        """Settings before anything else: either answered, or refused as not provisioned; never a loop or a fault."""
        a = self.device.settings(Settings.UserInformation(Settings.Get()), self.device.device_information())
        if a.status != 200 or a.code not in ("1", "142", "144"):
            raise ProtocolFault(f"first Settings: {a}")

    def do_settings_any(self):
        a = self.device.settings_device()
        if a.status != 200 or a.code not in ("1", "142", "144"):
            raise ProtocolFault(f"first Settings: {a}")

    def do_settings(self):
        self._ok(self.device.settings_device(), "Settings")

    def do_validate(self):
        """AOSP checks an account with a device that is never seen again."""
        probe = self.phone.make(self.device.server, self.device.user, self.device.password)
        probe.device_id = "validate"
        a = probe.foldersync()
        if a.status not in (200, 403, 449):
            raise ProtocolFault(f"validate: {a}")
        probe.close()

    def do_foldersync_refused(self):
        """Without a policy key: asked to provision in the words of the version."""
        a = self.device.foldersync()
        asked = a.code in ("142", "144") if self.device.v >= 14 else a.status == 449
        if not asked:
            raise ProtocolFault(f"FolderSync before Provision: {a}")

    def do_provision(self):
        self.device.provision()

    def do_foldersync(self):
        self.replica.foldersync()
        for kind in (2, 3, 4, 5, 6, 7, 8, 9):
            self.replica.folder(kind)

    def _collection(self, kind, window, filt=None, supported=None, options=None):
        cid = self.replica.folder(kind)
        c = self.replica.open(cid)
        c.window, c.filter, c.supported, c.options = window, filt, supported, options
        self.replica.sync(cid)
        return c

    def do_mail(self):
        c = self._collection(2, "25", "5")
        if self.device.v >= 12:
            c.options = AirSync.Options(AirSync.FilterType("5"), AirSync.MIMESupport("0"),
                                        AirSyncBase.BodyPreference(AirSyncBase.Type("2"),
                                                                   AirSyncBase.TruncationSize("32768")))
            self.replica.sync(c.cid)

    def do_contacts(self):
        self._collection(9, "100")

    def do_contacts_ghost(self):
        tags = ("Birthday", "CompanyName", "Department", "Email1Address", "FileAs", "FirstName", "LastName", "JobTitle",
                "MobilePhoneNumber", "Picture", "WebPage")
        self._collection(9, "100", supported=[getattr(Contacts, t)() for t in tags])

    do_contacts_aosp = do_contacts_ghost

    def do_calendar(self):
        self._collection(8, "100", "0")

    def do_tasks(self):
        self._collection(7, "100", "0")

    def do_estimate(self):
        for kind, cls in ((2, "Email"), (9, "Contacts")):
            cid = self.replica.folder(kind)
            self.replica.turn(cid)
            a = self._ok(self.device.getitemestimate((cid, self.replica.open(cid).key, cls, None)), "GetItemEstimate")
            if a.doc.val("Response/Status") != "1" or int(a.doc.val("Response/Collection/Estimate")) < 0:
                raise ProtocolFault(f"GetItemEstimate: {a}")

    def _ping(self, interval, timeout=8):
        """A Ping with a change pending answers 2; a hanging one is left when the phone gives up."""
        folders = [(c.cid, c.cls) for c in self.replica.collections.values()]
        try:
            a = self.device.ping(folders, interval, timeout=timeout)
        except TimeoutError:
            return
        if a.code not in ("1", "2"):
            raise ProtocolFault(f"Ping {interval}: {a}")

    def do_ping(self):
        self._ping("120", 1)

    def do_ping_480(self):
        self._ping("480", 1)

    def do_ping_180(self):
        self._ping("180", 1)

    def do_empty_sync(self):
        """Nothing new: the answer is no answer at all."""
        a = self.device.sync()
        if a.status != 200 or a.body:
            raise ProtocolFault(f"empty Sync: {a}")
