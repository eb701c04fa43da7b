#!/usr/bin/env python3
"""Calls the bare echo and measures what comes back; prints one JSON object.

An instrument apart from the connector's own code: plain SIP over UDP, plain RTP, the kernel's receive time stamps
(SO_TIMESTAMPNS), so that the scheduling of this process is not taken for the connector's.

  echo_calls.py --port 5060 --number 2001 --calls 1 --seconds 60
"""
import argparse
import heapq
import json
import re
import select
import socket
import struct
import time

PTIME = 0.020
SO_TIMESTAMPNS = 35
# Voiced mu-law values to recognise a packet's audio by when it returns.
VALUES = list(range(0x10, 0x70))


def now():
    """Seconds, on the clock of the kernel's time stamps."""
    return time.clock_gettime(time.CLOCK_REALTIME)


class Call:
    """One call: a SIP socket, an RTP socket, and what was seen on them."""

    def __init__(self, args, index):
        self.args, self.index = args, index
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind(("127.0.0.1", 0))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.rtp.bind(("127.0.0.1", 0))
        self.id = "%d-%d-%d" % (self.rtp.getsockname()[1], index, int(now() * 1e6))
        self.to, self.target, self.remote = "", None, None
        self.state, self.setup = "idle", None
        self.sent, self.seq, self.stamp = 0, 0, 0
        self.sent_at = {}
        self.arrivals, self.stamps, self.rtts = [], [], []
        self.expect, self.first_seq, self.last_seq, self.received = 0, None, None, 0
        self.started = self.left = 0.0

    def request(self, method, cseq, body="", branch=None):
        port = self.sip.getsockname()[1]
        uri = self.target or "sip:%s@%s:%d" % (self.args.number, self.args.host, self.args.port)
        to = self.to or "<sip:%s@%s>" % (self.args.number, self.args.host)
        lines = [
            "%s %s SIP/2.0" % (method, uri),
            "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s;rport" % (port, branch or "%s%d%s" % (method, cseq, self.id)),
            "Max-Forwards: 70", "From: <sip:soak@127.0.0.1>;tag=%s" % self.id, "To: " + to,
            "Call-ID: " + self.id, "CSeq: %d %s" % (cseq, method), "Contact: <sip:soak@127.0.0.1:%d>" % port,
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: %d" % len(body))
        message = "\r\n".join(lines) + "\r\n\r\n" + body
        self.sip.sendto(message.encode(), (self.args.host, self.args.port))

    def invite(self):
        sdp = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
               "m=audio %d RTP/AVP 0\r\na=ptime:20\r\n" % self.rtp.getsockname()[1])
        self.state, self.started = "calling", now()
        self.request("INVITE", 1, sdp)

    def on_sip(self):
        message = self.sip.recv(65535).decode("utf-8", "replace")
        status = re.match(r"SIP/2\.0 (\d+)", message)
        if status is None:
            if message.startswith("BYE "):
                self.state = "ended-by-peer"
            return
        code = int(status.group(1))
        if code < 200 or "INVITE" not in re.search(r"^CSeq:(.*)$", message, re.M).group(1):
            if code == 200 and self.state == "leaving":
                self.state = "ended"
            return
        if code != 200:
            self.state = "failed-%d" % code
            return
        if self.state == "calling":
            self.setup = now() - self.started
            self.to = re.search(r"^To:\s*(.*?)\r?$", message, re.M).group(1)
            self.target = re.search(r"^Contact:\s*<([^>]+)>", message, re.M).group(1)
            address = re.search(r"c=IN IP4 (\S+)", message).group(1)
            self.remote = (address, int(re.search(r"m=audio (\d+)", message).group(1)))
            self.state = "talking"
        self.request("ACK", 1, branch="ack" + self.id)

    def send(self):
        value = VALUES[self.sent % len(VALUES)]
        packet = struct.pack("!BBHII", 0x80, 0x80 if self.sent == 0 else 0, self.seq, self.stamp, self.index + 1)
        self.sent_at[self.sent] = now()
        self.rtp.sendto(packet + bytes([value]) * 160, self.remote)
        self.sent += 1
        self.seq = (self.seq + 1) & 0xFFFF
        self.stamp = (self.stamp + 160) & 0xFFFFFFFF

    def on_rtp(self):
        data, ancillary, _, _ = self.rtp.recvmsg(2048, 256)
        arrived = now()
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", raw[:16])
                arrived = seconds + nanoseconds / 1e9
        sequence, stamp = struct.unpack("!HI", data[2:8])
        self.received += 1
        if self.first_seq is None:
            self.first_seq = self.last_seq = sequence
        step = (sequence - self.last_seq) & 0xFFFF
        self.last_seq = sequence
        self.expect += step
        if step == 1:
            self.arrivals.append(arrived)
            self.stamps.append(stamp)
        # The audio of packet n is back when its value first appears.
        for value in dict.fromkeys(data[12:]):
            if value not in VALUES:
                continue
            newest = self.sent - 1 - ((self.sent - 1 - VALUES.index(value)) % len(VALUES))
            left = self.sent_at.pop(newest, None)
            if left is not None:
                self.rtts.append((arrived - left) * 1000)


def share(values, part):
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 3) if ordered else None


def drift_ppm(call):
    """Slope of arrival time over RTP time, least squares, in parts per million."""
    if len(call.arrivals) < 100:
        return None
    first, base, unwrapped, last = call.arrivals[0], call.stamps[0], [], 0
    for stamp in call.stamps:
        delta = (stamp - base) & 0xFFFFFFFF
        last = delta if delta >= last - 0x80000000 else delta + 0x100000000
        unwrapped.append(last / 8000)
    xs, ys = unwrapped, [arrived - first for arrived in call.arrivals]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return round((sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread - 1) * 1e6, 2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--number", default="2001")
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()

    calls = [Call(args, index) for index in range(args.calls)]
    poller, owners = select.epoll(), {}
    for call in calls:
        for sock, handler in ((call.sip, call.on_sip), (call.rtp, call.on_rtp)):
            poller.register(sock.fileno(), select.EPOLLIN)
            owners[sock.fileno()] = handler
    due, begin = [], now() + 0.05
    for index, call in enumerate(calls):
        heapq.heappush(due, (begin + index * 0.02, index, "invite"))
    deadline = begin + args.calls * 0.02 + args.seconds + 4
    while now() < deadline and not all(call.state.startswith(("ended", "failed")) for call in calls):
        wait = min(max(due[0][0] - now(), 0), 0.05) if due else 0.05
        for descriptor, _ in poller.poll(wait):
            owners[descriptor]()
        while due and due[0][0] <= now():
            when, index, action = heapq.heappop(due)
            call = calls[index]
            if action == "invite":
                call.invite()
                heapq.heappush(due, (when + 0.1, index, "send"))
                heapq.heappush(due, (when + args.seconds, index, "bye"))
            elif action == "send" and call.state in ("calling", "talking"):
                if call.state == "talking":
                    call.send()
                heapq.heappush(due, (when + PTIME, index, "send"))
            elif action == "bye" and call.state == "talking":
                call.state, call.left = "leaving", now()
                call.request("BYE", 2)
    gaps = [abs(b - a - PTIME) * 1000 for call in calls for a, b in zip(call.arrivals, call.arrivals[1:])]
    rtts = [rtt for call in calls for rtt in call.rtts[25:]]
    setups = [call.setup * 1000 for call in calls if call.setup is not None]
    drifts = [ppm for ppm in map(drift_ppm, calls) if ppm is not None]
    late = sum(1 for call in calls for packet, at in call.sent_at.items() if 25 < packet < call.sent - 25)
    print(json.dumps({
        "calls": len(calls), "ended": sum(call.state == "ended" for call in calls),
        "states": sorted({call.state for call in calls}),
        "inviteTo200Ms": {"p50": share(setups, .5), "p95": share(setups, .95)},
        "roundTripMs": {"p50": share(rtts, .5), "p95": share(rtts, .95), "max": share(rtts, 1)},
        "pacingDeviationMs": {"p50": share(gaps, .5), "p99": share(gaps, .99), "max": share(gaps, 1)},
        "driftPpm": {"worst": max(drifts, key=abs, default=None)},
        "packets": {"sent": sum(call.sent for call in calls), "received": sum(call.received for call in calls),
                    "sequenceGaps": sum(call.expect + 1 - call.received for call in calls if call.received),
                    "audioNeverReturned": late},
    }))


if __name__ == "__main__":
    main()
