"""A service of bytes: one answer, many, of many, and back and forth. Argument: the port."""

import sys
import time
from concurrent import futures

import grpc


def echo(request, context):
    seen = dict(context.invocation_metadata())
    context.send_initial_metadata([("x-first", seen.get("x-told", "nothing")), ("x-bytes-bin", seen.get("x-bytes-bin", b""))])
    context.set_trailing_metadata([("x-last", "end")])
    return request


def fail(request, context):
    context.set_trailing_metadata([("x-last", "failed")])
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "100 % ä: " + request.decode())


def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number


def half(request, context):
    yield b"first"
    context.abort(grpc.StatusCode.DATA_LOSS, "in the middle")


def total(requests, context):
    return b"%d" % sum(len(request) for request in requests)


def talk(requests, context):
    for request in requests:
        yield b"re: " + request


def slow(request, context):
    while context.is_active():
        time.sleep(0.01)
    return b"late"


METHODS = {
    "/test.Bytes/Echo": grpc.unary_unary_rpc_method_handler(echo),
    "/test.Bytes/Fail": grpc.unary_unary_rpc_method_handler(fail),
    "/test.Bytes/Slow": grpc.unary_unary_rpc_method_handler(slow),
    "/test.Bytes/Count": grpc.unary_stream_rpc_method_handler(count),
    "/test.Bytes/Half": grpc.unary_stream_rpc_method_handler(half),
    "/test.Bytes/Total": grpc.stream_unary_rpc_method_handler(total),
    "/test.Bytes/Talk": grpc.stream_stream_rpc_method_handler(talk),
}


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        return METHODS.get(details.method)


options = [("grpc.so_reuseport", 1), ("grpc.max_receive_message_length", -1)]
server = grpc.server(futures.ThreadPoolExecutor(16), handlers=[Service()], options=options)
assert server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
server.start()
print("ready", flush=True)
server.wait_for_termination()
