"""Those to whom workers deliver: LINE, a mail server, and the endpoints of tenants. They speak as the real ones do, and misbehave.

Each attempt that came in whole is a line of the journal:

    {"kind": "attempt", "channel": "line", "key": ..., "to": ..., "text": ..., "at": ..., "done": ..., "act": ...,
     "taken": ..., "known": ..., "heard": ..., "bytes": ...}

`at` is when it was there, `done` when its answer was given or the caller went (both by the clock of the programs); `taken`: it counts as
delivered; `known`: the receiver had taken it before, and says so; `heard`: the answer was written to a connection that was still there;
`bytes` is a digest of what was sent, which is the same at each attempt.
"""

import asyncio
import base64
import collections
import contextlib
import email
import email.policy
import hashlib
import hmac
import json
import re
import time

from mischief import TAKES, Mischief

BLOCKED = "Ublocked"  # Users of LINE who have blocked the store begin so.
DEAD_SECONDS = 40  # Longer than any caller waits.


class Receiver:
    """A server on a free port of 127.0.0.1. `serve` speaks its protocol on one connection."""

    channel = None

    def __init__(self, journal, seed, twice, failed):
        """`failed` is told what goes wrong in the receiver itself."""
        self.journal = journal
        self.mischief = Mischief(seed, self.channel, twice)
        self.acts = collections.Counter()
        self.failed = failed
        self.port = None
        self.ahead = 0.0

    def now(self):
        """What the clock of the programs shows."""
        return time.time() + self.ahead

    async def open(self):
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _connected(self, reader, writer):
        try:
            await self.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The caller has gone.
        except Exception as failure:
            self.failed(failure)
        finally:
            writer.close()

    async def serve(self, reader, writer):
        raise NotImplementedError

    async def stall(self, reader):
        """Says nothing until the caller has gone."""
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(reader.read(1), DEAD_SECONDS)

    def note(self, at, act, heard=False, done=None, **what):
        self.acts[act.name] += 1
        self.journal.add("attempt", channel=self.channel, at=at, done=done or self.now(), act=act.name, heard=heard, **what)


class HttpReceiver(Receiver):
    """`answer(path, headers, body)` has the status of an attempt that is taken, further headers, a body, and what the journal is told."""

    async def serve(self, reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            if not await self._one(reader, writer, lines[0].split(" ")[1], headers, body):
                return

    async def _one(self, reader, writer, path, headers, body):
        at = self.now()
        status, more, said, told = self.answer(path, headers, body)
        told |= {"bytes": hashlib.sha256(body).hexdigest()[:16]}
        settled = status >= 400 or told["known"]
        act = TAKES if settled else self.mischief.act(told["key"])
        told["taken"] = act.takes and not settled
        if act.takes and not settled:
            self.took(told["key"])
        if not act.answers:
            if act.name != "drops":
                await self.stall(reader)
            self.note(at, act, **told)
            return False
        if act.name == "refuses":
            status, more, said = 500, {}, {"message": "out of order"}
        elif act.name == "delays":
            status, more, said = 429, {"Retry-After": "1"}, {"message": "too many requests"}
        text = json.dumps(said).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n{head}\r\n".encode() + text)
        heard = False
        try:
            await writer.drain()
            heard = not reader.at_eof()
        finally:
            self.note(at, act, heard, status=status, **told)
        return True

    def took(self, key):
        """Remembers that it has taken a message."""

    def answer(self, path, headers, body):
        raise NotImplementedError


class Line(HttpReceiver):
    """LINE's Messaging API: it takes what comes with one retry key once."""

    channel = "line"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = set()

    def took(self, key):
        self.seen.add(key)

    def answer(self, path, headers, body):
        asked = json.loads(body)
        key = headers.get("x-line-retry-key", "")
        told = {"key": key, "to": asked["to"], "text": asked["messages"][0]["text"], "known": key in self.seen}
        told["fault"] = None if path == "/v2/bot/message/push" and headers.get("authorization", "").startswith("Bearer line-") else path
        if asked["to"].startswith(BLOCKED):
            return 403, {}, {"message": "not your friend"}, told
        sent = {"sentMessages": [{"id": str(len(self.seen))}]}
        if told["known"]:
            return 409, {"x-line-accepted-request-id": key}, {"message": "The retry key is already accepted"} | sent, told
        return 200, {}, sent, told


class Endpoints(HttpReceiver):
    """The endpoints of tenants, by path. They check signatures, and take what comes again: that it is known is their own business."""

    channel = "webhook"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.secrets = {}

    def answer(self, path, headers, body):
        event = json.loads(body)
        key = headers.get("webhook-id", "")
        told = {"key": f"{path} {key}", "event_id": key, "to": path, "known": False, "fault": None}
        told |= {"event": event["type"], "booking": event["data"].get("id"), "version": event["data"].get("version")}
        secret = base64.b64decode(self.secrets[path].removeprefix("whsec_"))
        signed = f"{key}.{headers.get('webhook-timestamp')}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        if right not in headers.get("webhook-signature", "").split(" "):
            told["fault"] = "signature"
        elif abs(self.now() - int(headers["webhook-timestamp"])) > 300:
            told["fault"] = "timestamp"
        return 200, {}, {}, told


class MailServer(Receiver):
    """A mail server (RFC 5321), which takes a message as often as it comes: few know a Message-ID again."""

    channel = "email"
    _ADDRESS = re.compile(rb"<([^>]*)>")
    _KEY = re.compile(rb"^Message-ID: *<([^@>]+)@", re.IGNORECASE | re.MULTILINE)

    def __init__(self, *arguments, readers):
        """`readers` read the messages, in processes of their own: whoever hands over the next one should not wait for that."""
        super().__init__(*arguments)
        self.readers = readers

    async def serve(self, reader, writer):
        async def say(text):
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        await say("220 mail.test")
        to = None
        while line := await reader.readline():
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO"):
                await say("250-mail.test\r\n250 8BITMIME" if word == b"EHLO" else "250 mail.test")
            elif word == b"RCPT":
                to = self._ADDRESS.search(line)[1].decode()
                await say("250 ok")
            elif word == b"DATA":
                await say("354 go on")
                if not await self._message(reader, say, to, await reader.readuntil(b"\r\n.\r\n")):
                    return
            elif word == b"QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")

    async def _message(self, reader, say, to, raw):
        at = self.now()
        key = self._KEY.search(raw)[1].decode()
        act = self.mischief.act(key)
        told = {"key": key, "to": to, "known": False, "taken": act.takes, "fault": None}
        if not act.answers:
            if act.name != "drops":
                await self.stall(reader)
            await self._read(raw, at, act, **told)
            return False
        heard = False
        try:
            await say({"takes": "250 taken", "refuses": "451 not now", "delays": "421 too many"}[act.name])
            heard = not reader.at_eof()
        finally:
            await self._read(raw, at, act, heard=heard, done=self.now(), **told)
        return act.name != "delays"

    async def _read(self, raw, at, act, **told):
        said = await asyncio.get_running_loop().run_in_executor(self.readers, read_mail, raw)
        self.note(at, act, **told, **said)


def read_mail(raw):
    """What the journal is told of a message as it came over the wire."""
    message = email.message_from_bytes(raw.replace(b"\r\n..", b"\r\n.")[:-5], policy=email.policy.default)
    return {"text": message.get_body(("plain",)).get_content(), "bytes": hashlib.sha256(raw).hexdigest()[:16]}
