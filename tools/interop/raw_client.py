"""A raw client, written from the description of the wire protocol alone, that holds a relay to that description.

    python raw_client.py http://127.0.0.1:8000              what any relay of the protocol does
    python raw_client.py http://127.0.0.1:8000 --rooms      and what `tacc relay` does beyond it

Prints one line per promise and ends with status 1 at the first that is not kept.
"""

import argparse
import asyncio
import base64
import string
import sys

from websockets.exceptions import ConnectionClosed, InvalidStatus

from wire import ALPHABET, Broken, Relay, expect


async def sessions(relay):
    """a session has a code, an id, a state and an end of its time"""
    session = relay.new_session()
    code = session["session_code"]
    expect(len(code) == 8 and set(code) <= ALPHABET, "eight characters of the alphabet", code)
    expect(len(base64.b64decode(session["session_id_b64"], validate=True)) == 16, "an id of 16 bytes", session)
    expect(session["proto"] == "TACCV2" and session["ver"] == 4, "proto and ver", session)
    expect(session["expires_in_s"] == 1800, "half an hour", session)
    status, state = relay.request("GET", f"/session/{code}")
    expect(status == 200 and state["session_code"] == code, "its state", state)
    expect(abs(state["expires_at"] - state["created_at"] - 1800) < 1, "its times", state)
    expect(state["present"] == {"alice": False, "bob": False}, "nobody present", state)
    status, refusal = relay.request("GET", "/session/ZZZZZZZZ")
    expect(status == 404, "an unknown session is not found", status)
    expect(refusal == {"detail": "unknown or expired session_code"}, "its words", refusal)


async def joining(relay):
    """hello, peer_joined, peer_left, and a role that is taken again"""
    session = relay.new_session()
    code = session["session_code"]
    alice, hello = await relay.join(code, "alice")
    expect(hello["session_code"] == code and hello["role"] == "alice", "alice's hello", hello)
    expect(hello["session_id_b64"] == session["session_id_b64"], "the session's id", hello)
    bob, hello = await relay.join(code, "bob")
    expect(hello["role"] == "bob", "bob's hello", hello)
    expect(await alice.receive("peer_joined") == {"role": "bob"}, "who joined")
    _, state = relay.request("GET", f"/session/{code}")
    expect(state["present"] == {"alice": True, "bob": True}, "both present", state)
    await bob.leave()
    expect(await alice.receive("peer_left") == {"role": "bob"}, "who left")
    bob, _ = await relay.join(code, "bob")
    expect(await alice.receive("peer_joined") == {"role": "bob"}, "who returned")
    await alice.leave()
    await bob.receive("peer_left")
    await bob.leave()


async def forwarding(relay):
    """messages arrive as they were sent, both ways, in order"""
    _, alice, bob = await relay.pair()
    odd = {"type": "packet", "payload": {"text": "\0 \u00e9 \U0001f600 \" \\", "list": [1, 2.5, None, True]}, "seq": 7}
    for message in (odd, {"type": "packet"}, {"type": "pong", "payload": {}}, {"type": "relay", "payload": {"from": "bob"}}):
        await alice.send(message)
        expect(await bob.receive("relay") == {"from": "alice", "msg": message}, "the message as sent")
    for number in range(500):
        await bob.send({"type": "packet", "payload": {"n": number, "data": string.ascii_letters * (number % 50)}})
    for number in range(500):
        payload = await alice.receive("relay")
        expect(payload["from"] == "bob" and payload["msg"]["payload"]["n"] == number, "in order", number)
    await alice.send({"type": "ping"})
    expect(isinstance((await alice.receive("pong"))["t"], (int, float)), "pong tells the time")
    await alice.leave()
    await bob.leave()


async def commitments(relay):
    """a commit of 32 bytes is remembered and forwarded, another is refused"""
    code, alice, bob = await relay.pair()
    commit = {"type": "commit", "payload": {"commit_b64": base64.b64encode(bytes(range(32))).decode(), "seq": 1}}
    await alice.send(commit)
    expect(await bob.receive("relay") == {"from": "alice", "msg": commit}, "the commit as sent")
    _, state = relay.request("GET", f"/session/{code}")
    expect(state["commits_present"] == {"alice": True, "bob": False}, "alice's is present", state)
    await bob.send({"type": "commit", "payload": {"commit_b64": base64.b64encode(bytes(31)).decode()}})
    expect((await bob.receive("error"))["error"], "an error text")
    await bob.nothing_but_pong()
    await alice.nothing_but_pong()
    await alice.leave()
    await bob.leave()


async def nonsense(relay):
    """what is no message is answered with an error, and the connection goes on"""
    _, alice, bob = await relay.pair()
    for text in ('{"type":"evil"}', "[1,2]", "{}", "{not json", '{"type":["packet"]}', ""):
        await alice.send(text)
        expect((await alice.receive("error"))["error"], "an error text", text)
    await alice.send({"type": "packet"})
    await bob.receive("relay")
    await alice.leave()
    await bob.leave()


async def refusals(relay):
    """an unknown role and an unknown session are refused"""
    session = relay.new_session()
    stranger = await relay.open(f"/ws/{session['session_code']}/mallory")
    code, error = await stranger.closed()
    expect(code == 1008 and error, "an error, then 1008", (code, error))
    try:
        await relay.open("/ws/ZZZZZZZZ/alice")
        raise Broken("an upgrade in an unknown session succeeded")
    except InvalidStatus as refusal:
        expect(refusal.response.status_code in (403, 404), "403 or 404", refusal.response.status_code)


async def seats(relay):
    """a seat that is taken stays taken while its holder is there"""
    session, alice, bob = await relay.pair()
    code, error = await (await relay.open(f"/ws/{session}/alice")).closed()
    expect(code == 1008 and "taken" in error, "the newcomer is refused", (code, error))
    await alice.send({"type": "packet"})
    await bob.receive("relay")
    await alice.leave()
    await bob.receive("peer_left")
    await bob.leave()


async def farewell(relay):
    """bye ends a session for good, and so do two sides that left"""
    code, alice, bob = await relay.pair()
    await alice.send({"type": "bye", "payload": {}})
    expect((await bob.receive("relay"))["msg"]["type"] == "bye", "bye is forwarded")
    expect((await bob.closed())[0] == 1000 and (await alice.closed())[0] == 1000, "both are closed")
    expect(relay.request("GET", f"/session/{code}")[0] == 404, "the code is gone")
    code, alice, bob = await relay.pair()
    await alice.leave()
    await bob.receive("peer_left")
    await bob.leave()
    expect(relay.request("GET", f"/session/{code}")[0] == 404, "the code is gone")


async def limits(relay):
    """a message over 64 KiB is named too large, and closes with 1009; binary frames are refused"""
    _, alice, bob = await relay.pair()
    await alice.send(b"\0\1\2")
    expect((await alice.receive("error"))["error"], "an error for a binary frame")
    await alice.send({"type": "packet", "payload": "x" * (65536 - 40)})
    await bob.receive("relay")
    await alice.send({"type": "packet", "payload": "x" * 65536})
    code, error = await alice.closed()
    expect(code == 1009 and "messageBytes" in error, "the limit's name, then 1009", (code, error))
    await bob.receive("peer_left")
    await bob.leave()


async def rooms(relay):
    """two in a room are matched, and meet in their session"""
    first = await relay.open("/rooms/interop.room-1")
    await first.receive("waiting")
    second = await relay.open("/rooms/interop.room-1")
    await second.receive("waiting")
    matches = [await client.receive("matched") for client in (first, second)]
    expect({match["role"] for match in matches} == {"alice", "bob"}, "a role for each", matches)
    expect(len({match["session_code"] for match in matches}) == 1, "one session", matches)
    expect(len({match["session_id_b64"] for match in matches}) == 1, "one id", matches)
    expect(all(match["ticket"] for match in matches), "a ticket for each", matches)
    for client in (first, second):
        await client.leave()
    code = matches[0]["session_code"]
    alice, _ = await relay.join(code, "alice")
    bob, _ = await relay.join(code, "bob")
    await alice.receive("peer_joined")
    await alice.send({"type": "packet", "payload": 1})
    await bob.receive("relay")
    await alice.leave()
    await bob.receive("peer_left")
    await bob.leave()
    return matches


async def rematch(relay):
    """who returns with its ticket gets another partner while others wait"""
    matches = await rooms(relay)
    path = "/rooms/interop.room-1?ticket="
    first = await relay.open(path + matches[0]["ticket"])
    await first.receive("waiting")
    second = await relay.open(path + matches[1]["ticket"])
    await second.receive("waiting")
    third = await relay.open("/rooms/interop.room-1")
    await third.receive("waiting")
    # `third` came last, and still is the one that somebody gets: the two others had each other before.
    await third.receive("matched")
    for client in (first, second, third):
        await client.leave()


async def strangers(relay):
    """rooms do not hear each other, and a name that is none is refused"""
    here = await relay.open("/rooms/interop-here")
    there = await relay.open("/rooms/interop-there")
    for client in (here, there):
        await client.receive("waiting")
        await client.nothing_but_pong()
        await client.leave()
    try:
        await relay.open("/rooms/no%20name")
        raise Broken("a name with a space was a room")
    except InvalidStatus as refusal:
        expect(refusal.response.status_code == 400, "400", refusal.response.status_code)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base", help="the relay, such as http://127.0.0.1:8000")
    parser.add_argument("--rooms", action="store_true", help="also what tacc relay promises beyond the protocol")
    options = parser.parse_args()
    relay = Relay(options.base)
    promises = [sessions, joining, forwarding, commitments, nonsense, refusals]
    if options.rooms:
        promises += [seats, farewell, limits, rooms, rematch, strangers]
    for promise in promises:
        try:
            await promise(relay)
        except (Broken, ConnectionClosed, KeyError, OSError, asyncio.TimeoutError) as fault:
            sys.exit(f"raw_client: {promise.__doc__}\n  NOT SO: {type(fault).__name__} {fault}")
        print(f"raw_client: {promise.__doc__}")


asyncio.run(main())
