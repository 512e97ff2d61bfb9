"""A server of HTTP/1.1, for registries that tests play."""

import http.server
import threading


class HttpServer:
    """`with` serves until its end. `address` is HOST:PORT; who waits in an answer looks at `_over`, set at the end."""

    def __init__(self, host="127.0.0.1"):
        self._over = threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.answer(self, with_body=True)

            def do_HEAD(self):
                server.answer(self, with_body=False)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.address = f"{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def answer(self, handler, with_body):
        """Of a GET, or of a HEAD, which gets no body."""
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
