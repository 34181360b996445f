# SPDX-License-Identifier: GPL-2.0-or-later
"""What a script hands to other processes, done in this one: there the importer sees nothing."""

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.pool
from unittest import mock


@contextlib.contextmanager
def in_one_process():
    """Context in which pools and processes of the standard library call their functions here."""
    with (
        mock.patch.object(multiprocessing, "Pool", SerialPool),
        mock.patch.object(multiprocessing.pool, "Pool", SerialPool),
        mock.patch.object(multiprocessing, "Process", SerialProcess),
        mock.patch.object(concurrent.futures, "ProcessPoolExecutor", SerialExecutor),
    ):
        yield


class SerialPool:
    """A ``multiprocessing.Pool`` without processes."""

    def __init__(self, processes=None, initializer=None, initargs=(), **_):
        if initializer is not None:
            initializer(*initargs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def apply(self, function, arguments=(), keywords=None):
        """Call a function."""
        return function(*arguments, **(keywords or {}))

    def map(self, function, arguments, chunksize=None):
        """Call a function with each of several arguments."""
        return [function(one) for one in arguments]

    def starmap(self, function, arguments, chunksize=None):
        """Call a function with each of several lists of arguments."""
        return [function(*each) for each in arguments]

    def imap(self, function, arguments, chunksize=None):
        """Call a function with each of several arguments, one when the next result is wanted."""
        return map(function, arguments)

    imap_unordered = imap

    def apply_async(self, function, arguments=(), keywords=None, callback=None, **_):
        """Call a function; its result is ready at once."""
        return SerialResult(self.apply(function, arguments, keywords), callback)

    def map_async(self, function, arguments, chunksize=None, callback=None, **_):
        """Do what `map` does; the result is ready at once."""
        return SerialResult(self.map(function, arguments), callback)

    def starmap_async(self, function, arguments, chunksize=None, callback=None, **_):
        """Do what `starmap` does; the result is ready at once."""
        return SerialResult(self.starmap(function, arguments), callback)

    def close(self):
        """Do nothing: there is nothing to end."""

    terminate = join = close


class SerialResult:
    """A ``multiprocessing.pool.AsyncResult`` that is there."""

    def __init__(self, value, callback=None):
        self.value = value
        if callback is not None:
            callback(value)

    def get(self, timeout=None):
        """Give the result."""
        return self.value

    def wait(self, timeout=None):
        """Do nothing: the result is there."""

    def ready(self):
        """Whether the result is there."""
        return True

    successful = ready


class SerialProcess:
    """A ``multiprocessing.Process`` that runs when it is started."""

    exitcode = 0
    daemon = False

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, **_):
        self.target, self.name, self.arguments, self.keywords = target, name, args, kwargs or {}

    def run(self):
        """Call the function; a subclass may do something else."""
        if self.target is not None:
            self.target(*self.arguments, **self.keywords)

    def start(self):
        """Run to the end."""
        self.run()

    def join(self, timeout=None):
        """Do nothing: it has ended."""

    def is_alive(self):
        """Whether it still runs."""
        return False


class SerialExecutor(concurrent.futures.Executor):
    """A ``ProcessPoolExecutor`` without processes."""

    def __init__(self, max_workers=None, mp_context=None, initializer=None, initargs=(), **_):
        if initializer is not None:
            initializer(*initargs)

    def submit(self, function, /, *arguments, **keywords):
        """Call a function; its result is ready at once."""
        future = concurrent.futures.Future()
        future.set_result(function(*arguments, **keywords))
        return future
