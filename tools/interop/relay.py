"""A minimal relay, written from the description of the wire protocol alone: sessions, two roles, forwarding.

It shares no code with `tacc relay`, so a client that pairs over both follows the protocol and not one implementation.
It is also what the benchmarks measure `tacc relay` against. It has no limits: for tests on this machine only.

    python relay.py --port 8000
"""

import argparse
import base64
import binascii
import json
import secrets
import time

import uvicorn
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LIFETIME = 1800
KNOWN = {"hello", "peer_joined", "peer_left", "relay", "error", "ping", "pong", "packet", "commit"}

app = FastAPI()
sessions = {}


class Session:
    def __init__(self):
        self.code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        self.id = base64.b64encode(secrets.token_bytes(16)).decode()
        self.created = time.time()
        self.expires = self.created + LIFETIME
        self.peers = {}
        self.commits = {"alice": False, "bob": False}


def message(kind, payload):
    return json.dumps({"type": kind, "proto": "TACCV2", "ver": 4, "payload": payload})


def find(code):
    session = sessions.get(code)
    if session is not None and time.time() >= session.expires:
        del sessions[code]
        session = None
    return session


@app.get("/healthz")
async def health():
    return {"status": "ok"}


@app.post("/session")
async def new_session():
    session = Session()
    sessions[session.code] = session
    return {
        "session_code": session.code,
        "session_id_b64": session.id,
        "proto": "TACCV2",
        "ver": 4,
        "expires_in_s": LIFETIME,
    }


@app.get("/session/{code}")
async def look(code: str):
    session = find(code)
    if session is None:
        raise HTTPException(404, "unknown or expired session_code")
    return {
        "session_code": session.code,
        "created_at": session.created,
        "expires_at": session.expires,
        "present": {role: role in session.peers for role in ("alice", "bob")},
        "commits_present": session.commits,
    }


@app.websocket("/ws/{code}/{role}")
async def join(socket: WebSocket, code: str, role: str):
    session = find(code)
    if session is None:
        return await socket.close()  # before it is accepted: the upgrade is refused with 403
    await socket.accept()
    if role not in ("alice", "bob"):
        await socket.send_text(message("error", {"error": "unknown role"}))
        return await socket.close(1008)
    other = "bob" if role == "alice" else "alice"
    former = session.peers.get(role)
    if former is not None:
        await former.close(1012)
    session.peers[role] = socket
    try:
        await socket.send_text(
            message(
                "hello",
                {
                    "session_code": session.code,
                    "role": role,
                    "session_id_b64": session.id,
                    "expires_at": session.expires,
                },
            )
        )
        if other in session.peers:
            await session.peers[other].send_text(message("peer_joined", {"role": role}))
        while True:
            await take(session, role, other, socket, await socket.receive_text())
    except WebSocketDisconnect:
        pass
    finally:
        if session.peers.get(role) is socket:
            del session.peers[role]
            if other in session.peers:
                try:
                    await session.peers[other].send_text(message("peer_left", {"role": role}))
                except WebSocketDisconnect:
                    pass  # it has left as well, and its own task will find out


async def take(session, role, other, socket, text):
    try:
        sent = json.loads(text)
    except ValueError:
        return await socket.send_text(message("error", {"error": "not JSON"}))
    kind = sent.get("type") if isinstance(sent, dict) else None
    if not isinstance(kind, str) or kind not in KNOWN:
        return await socket.send_text(message("error", {"error": "unknown message type"}))
    if kind == "ping":
        return await socket.send_text(message("pong", {"t": time.time()}))
    if kind == "commit":
        try:
            right = len(base64.b64decode(sent["payload"]["commit_b64"], validate=True)) == 32
        except (KeyError, TypeError, binascii.Error):
            right = False
        if not right:
            return await socket.send_text(message("error", {"error": "commit_b64 must be 32 bytes"}))
        session.commits[role] = True
    if other in session.peers:
        await session.peers[other].send_text(message("relay", {"from": role, "msg": sent}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", access_log=False)
