"""A front end: `front_end.html`, served to a browser from hosts and ports of its own."""

import http.server
import json
import pathlib
import threading
import urllib.parse

from browser import wait_for

_PAGE = pathlib.Path(__file__).with_name("front_end.html").read_bytes()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, *_):
        pass


class FrontEnd:
    """The page at every path of `http://localhost:<port>`, which is `origin`, and of `http://127.0.0.1:<port>`, `other_site`."""

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        port = self.server.server_address[1]
        self.origin, self.other_site = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Page:
    """The front end in a browser, for the API at `localhost`; its functions are called by what they are called in it."""

    def __init__(self, browser, origin, api, token=None):
        self.browser = browser
        self.api = f"http://localhost:{api.port}"
        browser.open(self._address(origin))
        self.use(token)

    def _address(self, origin):
        return f"{origin}/?" + urllib.parse.urlencode({"api": self.api})

    def frame(self, origin):
        """The page of another origin in a frame of this one, which lends it its passkeys; from now on this is that."""
        script = """return new Promise((loaded) => {
            const frame = document.createElement("iframe");
            Object.assign(frame, { src: arguments[0], allow: "publickey-credentials-get *", onload: loaded });
            document.body.append(frame);
        }).then(() => null)"""
        self.browser.run(script, self._address(origin))
        self.browser.enter_frame()
        return self

    def use(self, token):
        """It calls with this access token from now on; None: with cookies."""
        self.browser.run("token = arguments[0]", token)

    def call(self, method, path, body=None):
        """`(status, body)` of the API's answer."""
        return _answer(self.browser.run("return call(...arguments)", method, path, body))

    def does(self, function, *arguments):
        """`(status, body)` of the API's last answer, or `("error", name)` when the browser did not get so far."""
        return _answer(self.browser.run(f"return {function}(...arguments)", *arguments))

    def send_form(self, path, body):
        """Sends JSON as any page can, by a form, and goes where that leads: the answer's body."""
        # A form writes `name=value`: the `=` gets a place where nobody minds it.
        name, value = json.dumps(body | {"padding": "="}).split("=")
        script = """const form = document.createElement("form");
            Object.assign(form, { method: "POST", enctype: "text/plain", action: arguments[0] });
            const field = document.createElement("input");
            Object.assign(field, { type: "hidden", name: arguments[1], value: arguments[2] });
            form.append(field);
            document.body.append(form);
            form.submit();"""
        self.browser.run(script, self.api + path, name, value)
        return json.loads(wait_for(lambda: self.browser.address() == self.api + path and self.browser.text(), "the form has led on"))


def _answer(found):
    return ("error", found["error"]) if "error" in found else (found["status"], found["body"])
