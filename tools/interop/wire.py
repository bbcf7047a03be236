"""What a client of the wire protocol needs, written from its description alone."""

import asyncio
import json
import urllib.error
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

SECONDS = 10
ALPHABET = set("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")


class Broken(Exception):
    """A promise that was not kept."""


def expect(truth, what, found=None):
    if not truth:
        raise Broken(f"{what}: found {found!r}")


class Client:
    """One WebSocket to the relay."""

    def __init__(self, socket):
        self.socket = socket

    async def send(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def receive(self, kind=None):
        text = await asyncio.wait_for(self.socket.recv(), SECONDS)
        expect(isinstance(text, str), "the relay sends text frames", text)
        message = json.loads(text)
        expect(message.get("proto") == "TACCV2" and message.get("ver") == 4, "proto and ver", message)
        expect(isinstance(message.get("payload"), dict), "a payload", message)
        if kind is not None:
            expect(message["type"] == kind, f"a message of type {kind}", message)
        return message["payload"]

    async def nothing_but_pong(self):
        """Nothing waits for this client: what answers its ping comes first."""
        await self.send({"type": "ping"})
        await self.receive("pong")

    async def closed(self):
        """Reads to the end and returns the close code and the last error text."""
        error = None
        try:
            while True:
                message = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
                if message["type"] == "error":
                    error = message["payload"]["error"]
        except ConnectionClosed as end:
            return (end.rcvd.code if end.rcvd else None), error

    async def leave(self):
        await self.socket.close()


class Relay:
    def __init__(self, base):
        self.base = base.rstrip("/")
        self.sockets = "ws" + self.base.removeprefix("http")

    def request(self, method, path):
        request = urllib.request.Request(self.base + path, method=method, data=b"" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def new_session(self):
        status, session = self.request("POST", "/session")
        expect(status == 200, "POST /session answers 200", status)
        return session

    async def open(self, path):
        # A server's own compression would hide what the relay says of extensions.
        return Client(await connect(self.sockets + path, compression=None, open_timeout=SECONDS, close_timeout=SECONDS))

    async def join(self, code, role):
        client = await self.open(f"/ws/{code}/{role}")
        return client, await client.receive("hello")

    async def pair(self):
        code = self.new_session()["session_code"]
        alice, _ = await self.join(code, "alice")
        bob, _ = await self.join(code, "bob")
        await alice.receive("peer_joined")
        return code, alice, bob
