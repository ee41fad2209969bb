"""A relay before a database server that counts round trips."""

import socket
import threading
import urllib.parse


class Relay:
    """Passes bytes on both ways. A round trip begins whenever the client speaks after the server has."""

    def __init__(self, url):
        self.target = urllib.parse.urlsplit(url)
        self.listener = socket.create_server(("127.0.0.1", 0))
        user = self.target.netloc.rpartition("@")[0]
        self.url = self.target._replace(netloc=f"{user}@127.0.0.1:{self.listener.getsockname()[1]}").geturl()
        self.trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((self.target.hostname, self.target.port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            speaker = [server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink, source is client, speaker), daemon=True).start()

    def _pass(self, source, sink, of_client, speaker):
        try:
            while data := source.recv(1 << 16):
                if of_client and speaker[0] is not source:
                    self.trips += 1
                speaker[0] = source
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                end.close()
