/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directives of the module. From these rows come the members of eas_conf_t, its defaults, its merge, httpd's
 * command table, and the checks of mod_eas.5 and conf/eas.conf.
 * EAS_DIRECTIVE(name, field, kind, group, default, min, max, "help")
 *   kind: STRING, PATH (made absolute below ServerRoot), RULES (a path, whose file is read at once),
 *         STORE and URL (checked when read), FLAG (on, off),
 *         NUMBER, BYTES (suffix K, M or G), CHOICE (one of the words of the default column, which are separated by |;
 *         its value is the word's number, the first is the default and 0)
 *   group: BACKEND rows say which store and groupware server a location uses: locations where all of them are equal
 *          share connections and caches; LOCATION rows say how a location answers
 *   default: as it would be written; NULL: none
 *   min, max: of a number; of a text: its length in bytes
 * All are allowed in the server configuration, in virtual hosts and in <Location>, and merge.
 */
EAS_DIRECTIVE(EASStore, store, STORE, BACKEND, NULL, 1, 1024,
              "where the state of devices is kept: sqlite:/path or mariadb://user@host/database?option=value")
EAS_DIRECTIVE(EASStoreConnections, store_max, NUMBER, BACKEND, "16", 1, 1024,
              "connections to the database, per child process")
EAS_DIRECTIVE(EASOxUrl, ox_url, URL, BACKEND, NULL, 1, 1024,
              "base URL of the HTTP API of the Open-Xchange server, such as https://ox.example.org/ajax/")
EAS_DIRECTIVE(EASOxCAFile, ox_ca, PATH, BACKEND, NULL, 1, 1024,
              "file with the CA certificates that the Open-Xchange server's certificate must come from")
EAS_DIRECTIVE(EASOxInsecure, ox_insecure, FLAG, BACKEND, "off", 0, 1,
              "do not check the Open-Xchange server's certificate; for tests only")
EAS_DIRECTIVE(EASOxConnections, ox_max, NUMBER, BACKEND, "64", 1, 4096,
              "connections kept open to the Open-Xchange server, per child process")
EAS_DIRECTIVE(EASOxConnectTimeout, ox_connect_timeout, NUMBER, BACKEND, "5", 1, 120,
              "seconds a new connection to the Open-Xchange server may take")
EAS_DIRECTIVE(EASOxTimeout, ox_timeout, NUMBER, BACKEND, "60", 1, 600,
              "seconds a call to the Open-Xchange server may take")
EAS_DIRECTIVE(EASClientId, client_id, STRING, BACKEND, "USM-EAS", 1, 64,
              "client identifier given at the login to Open-Xchange")
EAS_DIRECTIVE(EASUserAgent, user_agent, STRING, BACKEND, "Open-Xchange USM HTTP Client", 1, 256,
              "User-Agent of calls to the Open-Xchange server")
EAS_DIRECTIVE(EASCapabilities, capabilities, STRING, BACKEND, "active_sync,usm", 0, 256,
              "capabilities of Open-Xchange that a user needs, separated by commas; \"\" for none")
EAS_DIRECTIVE(EASLoginCache, login_ttl, NUMBER, BACKEND, "3600", 1, 86400,
              "seconds a checked password is trusted before Open-Xchange is asked again")
EAS_DIRECTIVE(EASPollInterval, poll_interval, NUMBER, BACKEND, "15", 1, 3600,
              "seconds between the first two looks at folders that a device waits for; while nothing changes it grows")
EAS_DIRECTIVE(EASPollMax, poll_max, NUMBER, BACKEND, "180", 1, 86400,
              "seconds that the time between two looks grows to")
EAS_DIRECTIVE(EASPollRate, poll_rate, NUMBER, BACKEND, "50", 1, 100000,
              "looks at folders per second and child process that begin because it is time; the others come later")
EAS_DIRECTIVE(EASWindowMaxDays, window_max_days, NUMBER, BACKEND, "0", 0, 36500,
              "age in days of the oldest mail that devices get, whatever they ask for; 0 for no limit")
EAS_DIRECTIVE(EASMaxFolders, max_folders, NUMBER, BACKEND, "1000", 20, 5000,
              "folders that devices of a user get at most: default folders first, then those they have")
EAS_DIRECTIVE(EASMailCompare, full_compare, NUMBER, BACKEND, "300", 1, 86400,
              "seconds after which the next look at a mail folder compares all of it, flags and all")
EAS_DIRECTIVE(EASMailFlags, flag_compare, NUMBER, BACKEND, "60", 1, 86400,
              "seconds after which the next look at a mail folder compares the flags of its newest mails")
EAS_DIRECTIVE(EASSharedFolders, show_shared, CHOICE, BACKEND, "chosen|none|all", 0, 2,
              "folders of other users that devices see: those marked for synchronization in Open-Xchange, none, or all "
              "that are not marked against it")
EAS_DIRECTIVE(EASPublicFolders, show_public, CHOICE, BACKEND, "chosen|none|all", 0, 2,
              "public folders that devices see, in the same words")
EAS_DIRECTIVE(EASNotesFolder, notes_folder, STRING, BACKEND, "Notes", 1, 200,
              "name of the mail folder that keeps notes, in the form of Apple's Notes; none if devices are to have no "
              "notes")
EAS_DIRECTIVE(EASCalendarModule, calendar, CHOICE, BACKEND, "calendar|chronos", 0, 1,
              "module of Open-Xchange that calendars go through: calendar, which every version has, or chronos, which "
              "came with 7.10")
EAS_DIRECTIVE(EASConflictKeep, conflict_keep, CHOICE, BACKEND, "log|off|copy", 0, 2,
              "what is kept of the version that loses a conflict: an entry in the conflict log, nothing, or an entry "
              "and a copy of the item")
EAS_DIRECTIVE(EASConflictDays, conflict_days, NUMBER, BACKEND, "30", 1, 3650,
              "days that entries of the conflict log are kept")
EAS_DIRECTIVE(EASDeviceDays, device_days, NUMBER, BACKEND, "180", 0, 36500,
              "days after which a device that was not seen is forgotten; 0 for never")
EAS_DIRECTIVE(EASMaxDevices, devices_max, NUMBER, BACKEND, "0", 0, 10000,
              "devices a user may have; 0 for any number. Outlook, which takes a new name each time it is set up, "
              "counts once")
EAS_DIRECTIVE(EASMaxBody, max_body, BYTES, LOCATION, "32M", 65536, 1073741824,
              "bytes a request's body may have, after unpacking")
EAS_DIRECTIVE(EASMaxElements, max_elements, NUMBER, LOCATION, "65536", 64, 1048576,
              "elements a request's document may have")
EAS_DIRECTIVE(EASRequireTLS, require_tls, FLAG, LOCATION, "on", 0, 1,
              "refuse requests that did not come over TLS, unless the environment variable HTTPS is \"on\"")
EAS_DIRECTIVE(EASRequirePolicy, require_policy, FLAG, LOCATION, "on", 0, 1,
              "refuse devices that have not taken the policy (Provision)")
EAS_DIRECTIVE(EASHeartbeatMin, heartbeat_min, NUMBER, LOCATION, "60", 1, 3540,
              "shortest time in seconds a device may ask to wait for changes")
EAS_DIRECTIVE(EASHeartbeatMax, heartbeat_max, NUMBER, LOCATION, "3540", 1, 3540,
              "longest time in seconds a device may ask to wait for changes")
EAS_DIRECTIVE(EASLoginStripDomain, login_strip_domain, FLAG, LOCATION, "off", 0, 1,
              "log in as \"user\" when a device gives \"domain\\user\"")
EAS_DIRECTIVE(EASRetryAfter, retry_after, NUMBER, LOCATION, "60", 1, 3600,
              "seconds after which devices shall come again when something behind the server is down")
EAS_DIRECTIVE(EASMaxAttachments, max_attachments, BYTES, LOCATION, "256M", 65536, 2147483647,
              "bytes that the attachments in one answer may have; they pass through files, not memory")
EAS_DIRECTIVE(EASThrottle, throttle, NUMBER, LOCATION, "120", 0, 100000,
              "requests that lead to nothing a device may make at once before it is told to come later; 0: any number")
EAS_DIRECTIVE(EASThrottleRate, throttle_rate, NUMBER, LOCATION, "12", 1, 6000,
              "requests that lead to nothing a device may make per minute in the long run")
EAS_DIRECTIVE(EASThrottleRepeats, throttle_repeats, NUMBER, LOCATION, "8", 4, 1000,
              "repeats of one request within ten minutes before each further one counts ten times")
EAS_DIRECTIVE(EASRecipientCache, recipient_cache, FLAG, LOCATION, "on", 0, 1,
              "show devices, from version 14.0 on, a folder of the addresses their user writes to most, which some use "
              "to complete addresses")
EAS_DIRECTIVE(EASCertCAFile, cert_ca, PATH, LOCATION, NULL, 1, 1024,
              "file with the CA certificates, and their revocation lists, that certificates in signed mail must come "
              "from; without it the system's CA certificates")
EAS_DIRECTIVE(EASUrl, url, URL, LOCATION, NULL, 1, 1024,
              "URL at which devices reach the handler \"eas\", for eas-autodiscover; without it: "
              "/Microsoft-Server-ActiveSync on the host they asked")
EAS_DIRECTIVE(EASRedirectDomain, redirect_domain, STRING, LOCATION, NULL, 1, 253,
              "mail domain that eas-autodiscover sends devices to which ask for an address in another domain")
EAS_DIRECTIVE(EASMaxParked, park_all, NUMBER, LOCATION, "100000", 1, 10000000,
              "requests that may wait for changes at once without a thread, in all; others are told to come later")
EAS_DIRECTIVE(EASMaxParkedUser, park_user, NUMBER, LOCATION, "16", 1, 32,
              "devices of one user that may wait for changes at once without a thread")
EAS_DIRECTIVE(EASNotifyRate, notify_rate, NUMBER, LOCATION, "5000", 0, 1000000,
              "notifications of mail servers taken per second and child process; 0: any number")
EAS_DIRECTIVE(EASRulesFile, rules_file, RULES, LOCATION, NULL, 1, 1024,
              "file with policies, and with rules that say which devices may come in, and with which of them")
EAS_DIRECTIVE(EASPartialPolicy, partial_policy, FLAG, LOCATION, "on", 0, 1,
              "let devices in that say they apply their policy in part, not at all, or have another manager")
EAS_DIRECTIVE(EASQuarantineMail, quarantine_mail, FLAG, LOCATION, "on", 0, 1,
              "tell the user by mail when a device of his waits to be let in")
EAS_DIRECTIVE(EASAdminMail, admin_mail, STRING, LOCATION, NULL, 3, 320,
              "mail address of the administrator, who is told too")
#undef EAS_DIRECTIVE
