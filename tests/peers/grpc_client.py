"""Calls the service in every way. Argument: the port of the proxy."""

import os
import queue
import sys
import threading

import grpc

options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
channel = grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=options)


def method(kind, name):
    return getattr(channel, kind)(f"/test.Bytes/{name}")


def refused(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error
    raise AssertionError("it is not refused")


echo = method("unary_unary", "Echo")
for message in [b"", b"\x00\xff", os.urandom(3_000_000)]:
    answer, call = echo.with_call(message, metadata=[("x-told", "so"), ("x-bytes-bin", b"\x00\xff")], timeout=30)
    assert answer == message
    first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert (first["x-first"], first["x-bytes-bin"], last["x-last"]) == ("so", b"\x00\xff", "end"), (first, last)
    assert call.code() == grpc.StatusCode.OK
packed = echo(b"a" * 100_000, compression=grpc.Compression.Gzip, timeout=30)
assert packed == b"a" * 100_000

failed = refused(method("unary_unary", "Fail"), b"why", timeout=30)
assert failed.code() == grpc.StatusCode.FAILED_PRECONDITION, failed
assert (failed.details(), dict(failed.trailing_metadata())["x-last"]) == ("100 % ä: why", "failed"), failed
assert refused(method("unary_unary", "Nothing"), b"", timeout=30).code() == grpc.StatusCode.UNIMPLEMENTED

assert list(method("unary_stream", "Count")(b"1000", timeout=30)) == [b"%d" % number for number in range(1000)]
half = method("unary_stream", "Half")(b"", timeout=30)
assert next(half) == b"first"
assert refused(next, half).code() == grpc.StatusCode.DATA_LOSS
assert method("stream_unary", "Total")(iter([b"a" * 10_000] * 100), timeout=30) == b"1000000"

# Each word is said only when the one before was answered: nothing is held back on the way.
words = queue.Queue()
talk = method("stream_stream", "Talk")(iter(words.get, None), timeout=30)
for number in range(100):
    words.put(b"%d" % number)
    assert next(talk) == b"re: %d" % number
words.put(None)
assert list(talk) == [] and talk.code() == grpc.StatusCode.OK

slow = method("unary_unary", "Slow")
assert refused(slow, b"", timeout=0.2).code() == grpc.StatusCode.DEADLINE_EXCEEDED
given_up = slow.future(b"")
given_up.cancel()
assert given_up.cancelled()


def busy():
    for number in range(50):
        assert echo(b"%d" % number, timeout=30) == b"%d" % number


threads = [threading.Thread(target=busy) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("ok")
