"""A real browser: Chromium without a window, driven over WebDriver, with devices for passkeys that are not really there.

`MUSUBI_TEST_BROWSER=off` leaves out what needs it.
"""

import atexit
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

WANTED = os.environ.get("MUSUBI_TEST_BROWSER") != "off"
SECONDS = 60  # Generous, as musubi.READY_SECONDS.

_PROGRAMS = ("chromedriver", "chromium")
_STARTED = re.compile(r"started successfully on port ([0-9]+)")
# Without a sandbox, as that refuses to run as root; the pages are the tests' own.
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-crash-reporter"]
_FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
# Nothing beyond this computer is asked, whatever a page wants; and here the address at which the tests listen.
_FLAGS += ["--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


class Browser:
    """Chromium with a profile of its own, which is gone afterwards. One window."""

    def __enter__(self):
        missing = [program for program in _PROGRAMS if shutil.which(program) is None]
        if missing:
            what = f"missing: {', '.join(missing)}; tests/needs installs it (Debian: chromium chromium-driver)"
            raise RuntimeError(f"{what}, MUSUBI_TEST_BROWSER=off does without")
        self.folder = tempfile.mkdtemp(prefix="musubi-e2e-")
        self.driver = self.session = self.process = None
        atexit.register(self.close)  # A test that dies must leave no process behind.
        try:
            return self._start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def _start(self):
        home = {name: str(pathlib.Path(self.folder, name)) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
        log = pathlib.Path(self.folder, "driver.log")
        with open(log, "wb") as out:
            command = ["chromedriver", "--port=0"]
            self.driver = subprocess.Popen(command, env=os.environ | home, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.port = wait_for(lambda: _STARTED.search(log.read_text(errors="replace")), "chromedriver started")[1]
        options = {"binary": shutil.which("chromium"), "args": [*_FLAGS, f"--user-data-dir={self.folder}/profile"]}
        wanted = {"browserName": "chrome", "webauthn:virtualAuthenticators": True, "goog:chromeOptions": options}
        begun = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session, self.process = begun["sessionId"], begun["capabilities"]["goog:processID"]
        self.call("POST", "/timeouts", {"script": SECONDS * 1000, "pageLoad": SECONDS * 1000})
        return self

    def close(self):
        """Leaves nothing behind: no process, no folder."""
        if self.session:
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
                self.call("DELETE", "")
                self.process = None
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
        if self.driver:
            self.driver.kill()
            self.driver.wait()
        self.session = self.process = self.driver = None
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    # --- what a person does

    def open(self, url):
        """Goes to a page; returns when it is loaded."""
        self.call("POST", "/url", {"url": url})

    def address(self):
        """Where it is."""
        return self.call("GET", "/url")

    def run(self, script, *arguments):
        """What the script returns, once that is there: a body of a function with these arguments, in the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self):
        """What is to be read on the page; nothing as long as it is not all there."""
        return self.run("return document.readyState === 'complete' ? document.body.innerText : ''")

    def enter_frame(self):
        """`run` runs in the first frame of the page, until another page is opened."""
        self.call("POST", "/frame", {"id": 0})

    # --- what only the driver can do

    def cookies(self):
        """All cookies of all pages, by their names; also those that no page can read."""
        found = self._devtools("Storage.getCookies")["cookies"]
        return {cookie["name"]: cookie for cookie in found}

    def forget(self, *names):
        """No cookies any more: of these names, or none at all."""
        for name in names:
            self._devtools("Network.deleteCookies", name=name, domain="localhost")
        if not names:
            self._devtools("Storage.clearCookies")

    def call(self, method, path, body=None):
        """A command of WebDriver in this session."""
        return self._send(method, f"/session/{self.session}{path}", body)

    def _devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _send(self, method, path, body=None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * SECONDS)) as connection:
            # A command without anything to say has an empty object.
            sent = json.dumps(body or {}) if method == "POST" else None
            connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
        assert answer.status == 200, f"{method} {path}: {value}"
        return value


class Device:
    """What keeps passkeys: by default a phone, which finds them by itself and asks who is there.

    `with Device(browser) as device:`: it is there meanwhile, and only it.
    """

    def __init__(self, browser, **other):
        options = {"protocol": "ctap2_1", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        self.options = options | {"isUserVerified": True} | other
        self.browser = browser

    def __enter__(self):
        self.path = "/webauthn/authenticator"
        self.path += "/" + self.browser.call("POST", self.path, self.options)
        return self

    def __exit__(self, *_):
        self.browser.call("DELETE", self.path)

    def recognises(self, does):
        """Whether whoever is there turns out to be its owner."""
        self.browser.call("POST", self.path + "/uv", {"isUserVerified": does})

    def passkeys(self):
        """Its passkeys, private keys and counters included."""
        return self.browser.call("GET", self.path + "/credentials")

    def change(self, properties):
        """Changes what its one passkey says of itself."""
        self.browser.call("POST", f"{self.path}/credentials/{self.passkeys()[0]['credentialId']}/props", properties)

    def put(self, passkey):
        """A passkey from elsewhere; in the place of the one of the same id."""
        if any(own["credentialId"] == passkey["credentialId"] for own in self.passkeys()):
            self.browser.call("DELETE", f"{self.path}/credentials/{passkey['credentialId']}")
        self.browser.call("POST", self.path + "/credential", passkey)


def wait_for(attempt, what):
    """The first answer of `attempt` that is not empty."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if answer := attempt():
            return answer
        time.sleep(0.01)
    raise RuntimeError(f"not within {SECONDS} s: {what}")
