"""Holds two relays behind a load balancer, with the labels A and B, to what one relay promises.

    python check.py http://127.0.0.1:8000 --kill PID     also kills the relay labelled A and looks what goes on
    python check.py http://127.0.0.1:8000 --returned     waits until the relay labelled A takes sessions again
"""

import argparse
import asyncio
import os
import signal
import sys

from websockets.exceptions import ConnectionClosed, InvalidStatus

from wire import Broken, Relay, expect


async def talk(alice, bob, number):
    for sender, receiver, role in ((alice, bob, "alice"), (bob, alice, "bob")):
        await sender.send({"type": "packet", "payload": number})
        expect((await receiver.receive("relay"))["from"] == role, "the message of the other side")


async def meet_in_sessions(relay, count):
    """Opens sessions and keeps both sides of each connected; by label."""
    pairs = {"A": [], "B": []}
    for number in range(count):
        code, alice, bob = await relay.pair()
        await talk(alice, bob, number)
        status, state = relay.request("GET", f"/session/{code}")
        expect(status == 200 and state["present"] == {"alice": True, "bob": True}, "its state", state)
        pairs[code[0]].append((code, alice, bob))
    return pairs


async def meet_in_rooms(relay, count):
    """Two agents in each of several rooms are matched and meet; by label."""
    met = {"A": 0, "B": 0}
    for number in range(count):
        path = f"/rooms/board.room-{number}"
        first = await relay.open(path)
        await first.receive("waiting")
        # A query is none of the room's name.
        second = await relay.open(path + "?ticket=none")
        await second.receive("waiting")
        matches = [await client.receive("matched") for client in (first, second)]
        code = matches[0]["session_code"]
        expect(code == matches[1]["session_code"], "one session for both", matches)
        alice, _ = await relay.join(code, "alice")
        bob, _ = await relay.join(code, "bob")
        await alice.receive("peer_joined")
        await talk(alice, bob, number)
        met[code[0]] += 1
        for client in (first, second, alice, bob):
            await client.leave()
    return met


async def both(relay, count):
    pairs = await meet_in_sessions(relay, count)
    expect(pairs["A"] and pairs["B"], "sessions at both relays", {label: len(pairs[label]) for label in pairs})
    print(f"scale-out: {len(pairs['A'])} pairs met at A, {len(pairs['B'])} at B")
    rooms = await meet_in_rooms(relay, count)
    expect(rooms["A"] and rooms["B"], "rooms at both relays", rooms)
    print(f"scale-out: agents met in {rooms['A']} rooms of A, in {rooms['B']} of B")
    return pairs


async def kill(relay, count, process):
    pairs = await both(relay, count)
    os.kill(process, signal.SIGKILL)
    for code, alice, bob in pairs["A"]:
        for side in (alice, bob):
            await side.closed()
    for number, (_, alice, bob) in enumerate(pairs["B"]):
        await talk(alice, bob, number)
    print(f"scale-out: A is killed; all {len(pairs['B'])} pairs of B go on")
    living = await meet_in_sessions(relay, count)
    expect(not living["A"], "no new session at a dead relay", living)
    rooms = await meet_in_rooms(relay, count)
    expect(not rooms["A"], "no room at a dead relay", rooms)
    lost = pairs["A"][0][0]
    status, _ = relay.request("GET", f"/session/{lost}")
    expect(status == 404, "a session of the dead relay is not found", status)
    try:
        await relay.join(lost, "alice")
        raise Broken("a session of a dead relay was joined")
    except InvalidStatus as refusal:
        expect(refusal.response.status_code == 404, "404", refusal.response.status_code)
    print(f"scale-out: {count} new pairs and {count} rooms, all at B; sessions of A are not found")
    for _, alice, bob in pairs["B"] + living["B"]:
        await alice.leave()
        await bob.leave()


async def returned(relay, count):
    for _ in range(150):
        if relay.new_session()["session_code"][0] == "A":
            break
        await asyncio.sleep(0.1)
    await both(relay, count)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base", help="the balancer, such as http://127.0.0.1:8000")
    parser.add_argument("--count", type=int, default=12, help="sessions, and rooms")
    parser.add_argument("--kill", type=int, metavar="PID", help="the process of the relay labelled A")
    parser.add_argument("--returned", action="store_true", help="the relay labelled A was started again")
    options = parser.parse_args()
    relay = Relay(options.base)
    try:
        if options.returned:
            await returned(relay, options.count)
        elif options.kill:
            await kill(relay, options.count, options.kill)
        else:
            await both(relay, options.count)
    except (Broken, ConnectionClosed, InvalidStatus, KeyError, OSError, asyncio.TimeoutError) as fault:
        sys.exit(f"scale-out: NOT SO: {type(fault).__name__} {fault}")


asyncio.run(main())
