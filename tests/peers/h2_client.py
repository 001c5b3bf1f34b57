"""HTTP/2 of another make: many streams on one connection, small windows, trailers. Argument: the port.

The backend answers `/bytes/N` with N bytes, and everything else with its name."""

import socket
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        # Windows so small that every response must wait for them.
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000}
        )
        self.h2.initiate_connection()
        self.flush()
        self.bodies, self.statuses, self.ended, self.goaway = {}, {}, set(), None

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def ask(self, method, path, end=True, more=()):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "localhost"), (":path", path), *more]
        self.h2.send_headers(stream, fields, end_stream=end)
        self.flush()
        self.bodies[stream] = b""
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

    def take(self):
        data = self.socket.recv(65536)
        assert data, "the connection ended"
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.statuses[event.stream_id] = dict(event.headers)[":status"]
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                raise AssertionError(f"reset: {event}")
        self.flush()

    def wait(self, *streams):
        while not self.ended.issuperset(streams):
            self.take()


client = Client(int(sys.argv[1]))
sizes = {client.ask("GET", f"/bytes/{size}"): size for size in [0, 1, 999, 1000, 1001, 50_000, 200_000] * 4}
client.wait(*sizes)
for stream, size in sizes.items():
    assert (client.statuses[stream], len(client.bodies[stream])) == ("200", size), (stream, size)

upload = client.ask("POST", "/up", end=False)
client.send(upload, b"u" * 300_000)
client.h2.send_headers(upload, [("x-sum", "7")], end_stream=True)
client.flush()
client.wait(upload)
assert (client.statuses[upload], client.bodies[upload]) == ("200", b"a"), client.bodies[upload]

# One that is given up takes none of the others with it.
given_up = client.ask("GET", "/bytes/1000000")
client.h2.reset_stream(given_up)
client.flush()
honest = client.ask("GET", "/x")
client.wait(honest)
assert client.bodies[honest] == b"a"
print("ok")
