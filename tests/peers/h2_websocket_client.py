"""A WebSocket in a stream of HTTP/2 (RFC 8441), beside other streams. Argument: the port of the proxy."""

import os
import socket
import struct
import sys

import h2.config
import h2.connection
import h2.events


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        self.heads, self.data, self.ended = {}, {}, set()
        while self.h2.remote_settings.enable_connect_protocol != 1:
            self.take()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def take(self):
        data = self.socket.recv(65536)
        assert data, "the connection ended"
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.heads[event.stream_id] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.data[event.stream_id] = self.data.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                raise AssertionError(f"reset: {event}")
        self.flush()

    def open(self, path):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "localhost")]
        fields += [(":path", path), ("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")]
        self.h2.send_headers(stream, fields)
        self.flush()
        while stream not in self.heads:
            self.take()
        head = self.heads[stream]
        assert head[":status"] == "200" and head["sec-websocket-protocol"] == "chat", head
        assert not {"connection", "upgrade", "sec-websocket-accept"} & set(head), head
        return stream

    def send(self, stream, data):
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(data))
            if room == 0:
                self.take()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            self.flush()

    def read(self, stream, count):
        while len(self.data.get(stream, b"")) < count:
            assert stream not in self.ended, "it ended"
            self.take()
        data = self.data[stream]
        self.data[stream] = data[count:]
        return data[:count]

    def say(self, stream, kind, data):
        """One frame (RFC 6455, section 5.2), masked as those of clients are."""
        length = len(data)
        head = bytes([0x80 | kind])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0x80 | 126]) + struct.pack("!H", length)
        else:
            head += bytes([0x80 | 127]) + struct.pack("!Q", length)
        mask = os.urandom(4)
        self.send(stream, head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def hear(self, stream):
        kind, length = self.read(stream, 2)
        if length == 126:
            (length,) = struct.unpack("!H", self.read(stream, 2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read(stream, 8))
        return kind & 0x0F, self.read(stream, length)


TEXT, BINARY, CLOSE = 1, 2, 8
client = Client(int(sys.argv[1]))
one, other = client.open("/one"), client.open("/other")
for number in range(50):
    for stream in one, other:
        client.say(stream, TEXT, b"%d" % number)
        assert client.hear(stream) == (TEXT, b"%d" % number)
much = os.urandom(200_000)
client.say(one, BINARY, much)
echoed = b""
while len(echoed) < len(much):
    echoed += client.hear(one)[1]
assert echoed == much
client.say(one, TEXT, b"close")
kind, reason = client.hear(one)
assert (kind, reason) == (CLOSE, struct.pack("!H", 4001) + b"as asked"), reason
client.say(one, CLOSE, struct.pack("!H", 4001))
while one not in client.ended:
    client.take()
client.say(other, TEXT, b"still here")
assert client.hear(other) == (TEXT, b"still here")
client.say(other, CLOSE, struct.pack("!H", 1000))
assert client.hear(other)[0] == CLOSE
print("ok")
