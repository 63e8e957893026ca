"""A receiver of Troupe's notifications: prints each authentic one once, as a line.

    TROUPE_NOTIFY_SECRET=whsec_… python receiver.py [PORT [COUNT]]

It ends after COUNT requests. A receiver of your own keeps the ids that it has seen for a day.
"""

import base64
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def is_authentic(headers, body, secret):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    is_new = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return is_new and hmac.compare_digest(mine, headers["webhook-signature"])


SEEN = set()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        authentic = is_authentic(self.headers, body, os.environ["TROUPE_NOTIFY_SECRET"])
        if authentic and self.headers["webhook-id"] not in SEEN:
            SEEN.add(self.headers["webhook-id"])
            notification = json.loads(body)
            line = "{run_id} {outcome}: {analysed} of {records} records have a row\n"
            sys.stdout.write(line.format(**notification))
            sys.stdout.flush()
        self.send_response(204 if authentic else 401)
        self.end_headers()

    def log_message(self, *_):
        """Print nothing else."""


def main(port="8787", count="1000000"):
    with HTTPServer(("127.0.0.1", int(port)), Receiver) as server:
        server.timeout = 300
        for _ in range(int(count)):
            server.handle_request()


if __name__ == "__main__":
    main(*sys.argv[1:])
