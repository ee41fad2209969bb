"""HTTP calls that may fail in every way, each written into the journal with its outcome.

An outcome is one of
- `answer`: status and body were read;
- `lost`: the request was, or may have been, sent, but no answer was read: it may have had its effect;
- `refused`: no connection could be made: it had no effect.
"""

import http.client
import json
import time

SECONDS = 60  # Longer than the server's own limit: whoever waits that long has found a hang.
IDLE_SECONDS = 5
SHOWN_HEADERS = ("Retry-After", "Idempotent-Replayed", "ETag")


class Sent:
    """A request that is on its way, and its outcome once it is over."""

    def __init__(self, line, connection):
        self.line = line
        self.connection = connection
        self.status = None
        self.body = None
        self.headers = {}

    @property
    def known(self):
        """Whether the answer says what became of the request."""
        return self.status is not None and self.status < 500 and self.status != 429


def starts(found):
    """A search's answer, shortened to what the auditor judges."""
    rule = found.get("refused_by")
    return {
        "offered": [slot["start"] for slot in found["items"]],
        "refused": [[slot["start"], slot["code"]] for slot in found.get("refused") or []],
        "refused_by": rule and rule["code"],
    }


class Caller:
    """One actor's connections, one for each node and lane (a second lane is for simultaneous repeats)."""

    def __init__(self, nodes, token, journal, actor, tally):
        self.nodes = nodes
        self.token = token
        self.journal = journal
        self.actor = actor
        self.tally = tally
        self.connections = {}

    def close(self):
        for connection, _ in self.connections.values():
            connection.close()
        self.connections.clear()

    def call(self, node, method, path, body, disconnect=False, **what):
        """One call, to its end. With `disconnect` the client leaves as soon as it has sent everything."""
        sent = self.send(node, method, path, body, **what)
        if disconnect and sent.connection is not None:
            return self.leave(sent)
        return self.receive(sent)

    def send(self, node, method, path, body, lane=0, key=None, **what):
        line = {"actor": self.actor, "node": node, "key": key, "method": method, "path": path, "body": body} | what
        line |= {"begin": time.monotonic(), "wall_begin": time.time()}
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        try:
            connection = self._connection(node, lane)
        except OSError as error:
            return self._end(Sent(line, None), "refused", error=repr(error))
        sent = Sent(line, connection)
        try:
            connection.request(method, path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return self._end(sent, "lost", error=repr(error))
        return sent

    def receive(self, sent):
        """Waits for the answer, unless the request is over already."""
        if sent.connection is None or "outcome" in sent.line:
            return sent
        try:
            answer = sent.connection.getresponse()
            data = answer.read()
            body = json.loads(data) if data and "json" in answer.headers.get("Content-Type", "") else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            sent.connection.close()
            return self._end(sent, "lost", error=repr(error))
        sent.status, sent.body = answer.status, body
        sent.headers = {name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers}
        shown = starts(body) if sent.line["does"] == "slots" and answer.status == 200 else body
        return self._end(sent, "answer", status=answer.status, headers=sent.headers, answer=shown)

    def leave(self, sent):
        """Closes the connection without reading."""
        if "outcome" in sent.line:
            return sent
        sent.connection.close()
        return self._end(sent, "lost", error="the client left")

    def _end(self, sent, outcome, **more):
        sent.line |= {"end": time.monotonic(), "wall_end": time.time(), "outcome": outcome} | more
        self.journal.add("call", **sent.line)
        self.tally.count(sent)
        return sent

    def _connection(self, node, lane):
        """An open connection to where the node listens now. A server may close one that was idle; such are not used again."""
        api = self.nodes[node]
        connection, used = self.connections.get((node, lane), (None, 0))
        elsewhere = connection is not None and (connection.host, connection.port) != (api.host, api.port)
        if connection is not None and (elsewhere or time.monotonic() - used > IDLE_SECONDS):
            connection.close()
        if connection is None or elsewhere:
            connection = http.client.HTTPConnection(api.host, api.port, timeout=SECONDS)
        self.connections[node, lane] = (connection, time.monotonic())
        if connection.sock is None:
            connection.connect()
        return connection
