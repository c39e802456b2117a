"""Carries Ethernet frames between two links of the switch and holds each back, to make a host's link slow.

Usage: carry_frames.py LINK LINK MILLISECONDS. The round trip grows by that time, half of it each way. Started by
lib/faults.sh only, which also makes and joins the links.
"""

import collections
import select
import socket
import sys
import time

ALL_PROTOCOLS = 0x0003
# With the virtio header, frames that are larger than the MTU or lack their checksum (veth has both) stay as they are.
SOL_PACKET, PACKET_VNET_HDR = 263, 15
LARGEST_FRAME = 1 << 17


def open_link(name):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    link.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    link.bind((name, ALL_PROTOCOLS))
    return link


def receive(link):
    """The next frame that came in by the link, or None for one that we sent ourselves."""
    frame, (_, _, direction, *_) = link.recvfrom(LARGEST_FRAME)
    return None if direction == socket.PACKET_OUTGOING else frame


def send(link, frame):
    try:
        link.send(frame)
    except OSError as error:
        # A link loses what it cannot carry, as when it is also cut.
        print(f"dropped a frame of {len(frame)} bytes: {error}", file=sys.stderr)


def seconds_until_next(waiting):
    due = [queue[0][0] for queue in waiting.values() if queue]
    return max(0, min(due) - time.monotonic()) if due else None


def carry(links, delay):
    other = {links[0]: links[1], links[1]: links[0]}
    waiting = {link: collections.deque() for link in links}
    while True:
        ready, _, _ = select.select(links, [], [], seconds_until_next(waiting))
        for link in ready:
            if frame := receive(link):
                waiting[other[link]].append((time.monotonic() + delay, frame))
        for link, queue in waiting.items():
            while queue and queue[0][0] <= time.monotonic():
                send(link, queue.popleft()[1])


if __name__ == "__main__":
    first, second, milliseconds = sys.argv[1:]
    carry([open_link(first), open_link(second)], int(milliseconds) / 2000)
