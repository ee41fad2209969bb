"""A certified OpenID Connect provider, and somebody's browser there.

The provider is the npm package `oidc-provider`, as the tests of crates/adapters/oidc have it, in the same folder of the
build. `MUSUBI_TEST_NODE=off` leaves out what needs it.
"""

import fcntl
import hashlib
import html
import http.client
import os
import pathlib
import re
import subprocess
import urllib.parse

import musubi

WANTED = os.environ.get("MUSUBI_TEST_NODE") != "off"
BACK = "https://shop.example.jp/back"
SECRET = "a secret: 50% + more/less"
PERSON = {"email": "hanako@example.jp", "name": "花子"}

_SOURCES = musubi.ROOT / "crates/adapters/oidc/tests/provider"
_FILES = ("package.json", "package-lock.json", "server.js")


class Issuer:
    """The provider, on a port of its own; it sends people back to `BACK`, or to `back`."""

    def __init__(self, back=BACK):
        self.back = back

    def __enter__(self):
        command = ["node", "server.js", self.back]
        self.process = subprocess.Popen(command, cwd=_installed(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self._told("issuer ")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def settings(self, **algorithms):
        """The settings of issuers of these names, each a client whose ID tokens are signed like that."""
        found = {"MUSUBI_OIDC_REDIRECT_URIS": self.back}
        for name, algorithm in algorithms.items():
            prefix = f"MUSUBI_OIDC_{name.upper()}"
            found |= {f"{prefix}_ISSUER": self.address, f"{prefix}_CLIENT_ID": f"musubi-{algorithm}", f"{prefix}_CLIENT_SECRET": SECRET}
        return found

    def _told(self, beginning):
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise RuntimeError("the provider ended")


class Browser:
    """Keeps cookies, and stops where a person would."""

    def __init__(self):
        self.cookies = {}

    def agree(self, url, who="hanako"):
        """Says who one is, and agrees; what the issuer sends one back with."""
        consent = self._form(*self._log_in(url, who))
        return self._back(*self._open(consent, {"prompt": "consent"}))

    def give_up(self, url):
        page, text = self._open(url)
        link = re.search(r'href="([^"]*)">\[ Cancel \]', text)[1]
        return self._back(*self._open(urllib.parse.urljoin(page, html.unescape(link))))

    def _log_in(self, url, who):
        return self._open(self._form(*self._open(url)), {"prompt": "login", "login": who, "password": "whatever"})

    def _form(self, page, text):
        return urllib.parse.urljoin(page, html.unescape(re.search(r'action="([^"]*)"', text)[1]))

    def _back(self, page, _):
        assert page.startswith(BACK), f"stopped at {page}"
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))

    def _open(self, url, form=None):
        """Goes on until there is a page, or the way leads back to the shop."""
        for _ in range(10):
            if url.startswith(BACK):
                return url, ""
            location, text = self._send(url, form)
            if location is None:
                return url, text
            url, form = urllib.parse.urljoin(url, location), None
        raise AssertionError(f"led in a circle at {url}")

    def _send(self, url, form):
        address = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(address.netloc, timeout=musubi.REQUEST_SECONDS)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            path = f"{address.path}?{address.query}" if address.query else address.path
            body = urllib.parse.urlencode(form) if form else None
            connection.request("POST" if form else "GET", path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        assert answer.status < 400, f"{url}: {answer.status}: {text}"
        return (answer.headers["Location"] if answer.status >= 300 else None), text


def _installed():
    """The folder of the provider, with its packages: made once for each state of its files."""
    texts = [(_SOURCES / name).read_bytes() for name in _FILES]
    state = hashlib.sha256(b"".join(texts)).hexdigest()[:16]
    folder = pathlib.Path(musubi.ROOT, os.environ.get("CARGO_TARGET_DIR", "target"), "tmp", f"issuer-{state}")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for name, text in zip(_FILES, texts):
                (folder / name).write_bytes(text)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
            (folder / "complete").write_text("")
    return folder
