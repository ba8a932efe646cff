-- SPDX-License-Identifier: Apache-2.0
-- Dovecot tells mod_eas what changes in mailboxes, so that waiting phones learn of it at once: new, appended, expunged and
-- flagged mails, and mailboxes that come and go. For Dovecot 2.3.15 and newer with its Lua plugins, in lmtp, lda and imap:
--
--   mail_plugins = $mail_plugins mail_lua notify push_notification push_notification_lua
--   plugin {
--     push_notification_driver = lua:file=/etc/dovecot/dovecot-eas.lua
--     eas_notify_url = http://eas.example.org/eas-notify
--     eas_notify_login = dovecot:secret
--     eas_notify_user = %u
--   }
--
-- eas_notify_user is how the user logs in to Open-Xchange, or userId@contextId; Dovecot's name of the user when left out.
-- What is sent is told in notifications.md. What one transaction did to a mailbox is one request.

local client = nil
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for shift = 18, 0, -6 do
      local digit = math.floor(n / 2 ^ shift) % 64
      out[#out + 1] = letters:sub(digit + 1, digit + 1)
    end
    if b == nil then out[#out - 1] = "=" end
    if c == nil then out[#out] = "=" end
  end
  return table.concat(out)
end

local function quote(text)
  local inner = tostring(text):gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", c:byte())
  end)
  return '"' .. inner .. '"'
end

local function send(ctx, body)
  if client == nil then
    client = dovecot.http.client({request_timeout_msecs = 2000, max_attempts = 2})
  end
  local request = client:request({url = ctx.url, method = "PUT"})
  request:add_header("Content-Type", "application/json; charset=utf-8")
  if ctx.login ~= nil and ctx.login ~= "" then
    request:add_header("Authorization", "Basic " .. base64(ctx.login))
  end
  request:set_payload(body)
  local status = request:submit():status()
  if status < 200 or status > 299 then
    dovecot.i_warning("eas: notification for " .. ctx.user .. " got HTTP " .. status)
  end
end

function dovecot_lua_notify_begin_txn(user)
  local name = user:plugin_getenv("eas_notify_user")
  if name == nil or name == "" then name = user.username end
  return {
    user = name,
    url = user:plugin_getenv("eas_notify_url"),
    login = user:plugin_getenv("eas_notify_login"),
    seen = {},
    events = {},
  }
end

local function note(ctx, name, mailbox)
  local text = '{"user":' .. quote(ctx.user) .. ',"event":' .. quote(name) .. ',"folder":' .. quote(mailbox) .. "}"
  if ctx.seen[text] == nil and #ctx.events < 1000 then
    ctx.seen[text] = true
    ctx.events[#ctx.events + 1] = text
  end
end

function dovecot_lua_notify_event_message_new(ctx, event) note(ctx, "messageNew", event.mailbox) end
function dovecot_lua_notify_event_message_append(ctx, event) note(ctx, "messageAppend", event.mailbox) end
function dovecot_lua_notify_event_message_expunge(ctx, event) note(ctx, "messageExpunge", event.mailbox) end
function dovecot_lua_notify_event_flags_set(ctx, event) note(ctx, "flagsSet", event.mailbox) end
function dovecot_lua_notify_event_flags_clear(ctx, event) note(ctx, "flagsClear", event.mailbox) end
function dovecot_lua_notify_event_mailbox_create(ctx, event) note(ctx, "mailboxCreate", event.mailbox) end
function dovecot_lua_notify_event_mailbox_delete(ctx, event) note(ctx, "mailboxDelete", event.mailbox) end
function dovecot_lua_notify_event_mailbox_rename(ctx, event) note(ctx, "mailboxRename", event.mailbox) end

function dovecot_lua_notify_end_txn(ctx, success)
  if success and #ctx.events > 0 and ctx.url ~= nil and ctx.url ~= "" then
    send(ctx, "[" .. table.concat(ctx.events, ",") .. "]")
  end
end
