"""foreachBatch in the script's own process, as classic PySpark runs it: the function sees the script's variables, the
session and contexts it made, and prints where the script prints.

Spark Connect pickles the function and runs it in a Python process of the server. Here what is pickled is a caller
that connects to this process and names the batch; a thread of this process runs the function on it. A server on
another machine cannot connect back: there the function itself is pickled, as the stock client does it.
"""

import hmac
import json
import secrets
import socket
import sys
import threading
import traceback

LOCAL = {"localhost", "127.0.0.1", "::1", "[::1]"}


def complete_stream_writer(module):
    """pyspark.sql.connect.streaming.readwriter."""
    writer = module.DataStreamWriter
    if getattr(writer, "_firn", False):
        return
    writer._firn = True
    pickled = writer.foreachBatch

    def foreach_batch(self, func):
        if not callable(func) or not is_local(self._session):
            return pickled(self, func)
        return pickled(self, callbacks().caller_of(self._session, func))
    foreach_batch.__doc__ = pickled.__doc__
    writer.foreachBatch = foreach_batch


def is_local(session):
    builder = session.client._builder
    host = getattr(builder, "host", None) or builder.endpoint.rpartition(":")[0]
    return host in LOCAL


class Callbacks:
    """A listener on the loopback interface; each connection is one batch of one function."""

    def __init__(self):
        self._token = secrets.token_hex(16)
        self._functions = []  # (session, function), by number
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, name="foreachBatch", daemon=True).start()

    def caller_of(self, session, function):
        """What the server's Python process calls. It is carried there by value: it imports what it needs."""
        self._functions.append((session, function))
        address, token, number = self._listener.getsockname(), self._token, len(self._functions) - 1

        def call(frame, batch_id):
            import json
            import socket
            request = {"token": token, "function": number, "frame": frame._plan._relation_id, "batch": batch_id}
            with socket.create_connection(address) as channel, channel.makefile("rwb") as stream:
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline() or b'{"error": "the script has ended"}')
            if answer["error"]:
                raise RuntimeError(answer["error"])
        return call

    def _accept(self):
        while True:
            channel, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(channel,), name="foreachBatch", daemon=True).start()

    def _serve(self, channel):
        with channel, channel.makefile("rwb") as stream:
            request = json.loads(stream.readline() or b"{}")
            if not hmac.compare_digest(str(request.get("token", "")), self._token):
                return
            error = self._run(*self._functions[request["function"]], request["frame"], request["batch"])
            try:
                stream.write(json.dumps({"error": error}).encode() + b"\n")
                stream.flush()
            except OSError:  # the query was stopped meanwhile
                pass

    def _run(self, session, function, relation_id, batch_id):
        """None, or the traceback from the function's own frame on."""
        try:
            type(session)._set_default_and_active_session(session)
            function(session._create_remote_dataframe(relation_id), batch_id)
        except BaseException as error:  # SystemExit too: it ends the query, not a thread of ours
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            return "".join(traceback.format_exception(type(error), error, trace))
        finally:
            sys.stdout.flush()
        return None


_callbacks = None
_lock = threading.Lock()


def callbacks():
    global _callbacks
    with _lock:
        if _callbacks is None:
            _callbacks = Callbacks()
        return _callbacks
