"""Sends images over many connections at once, each with two or three calls of the system for a piece.

A sender is a thread with an epoll of its own: whichever of its connections takes more gets the next piece. A thread
that its disk holds up in the middle of a piece is left behind, and a new one goes on with its other transfers.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections import deque
from threading import Lock, Thread, get_native_id

from pxe.transfer import Transfer, TransferCut

SENDERS = 2
"""Threads that send: two keep a network full, and leave the interpreter to the answers."""
BEHIND = 9
"""So many steps of niceness the threads that send stand behind the one that answers: with sixteen machines that fetch
images, a thousand boot scripts come twice as soon, and the images as fast."""
DISK = "its disk does not answer"
MOST_HELD_UP = 8
"""So many threads are left behind at most, each until its disk answers; then every transfer ends that one holds up."""


class _Sender:
    """One thread. ``at_work`` is the transfer of which it sends a piece now, ``pieces`` counts them; ``lock`` guards
    both, and ``abandoned``, after which it sends nothing more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lock = Lock()
        self.at_work: Transfer | None = None
        self.pieces = 0
        self.abandoned = False
        self._loop = loop
        self._inbox: deque[Transfer] = deque()
        self._epoll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._by_number: dict[int, Transfer] = {}
        Thread(target=self._run, name="image-sender", daemon=True).start()

    def add(self, transfer: Transfer) -> None:
        """Send this one too."""
        self._inbox.append(transfer)
        os.eventfd_write(self._bell, 1)

    def abandon(self) -> None:
        """Send nothing more; the thread ends when it comes back."""
        with self.lock:
            self.abandoned = True
            if self.at_work is None:
                os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        thread = get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + BEHIND)
        try:
            while True:
                for number, _ in self._epoll.poll():
                    if number == self._bell:
                        os.eventfd_read(self._bell)
                        self._take_in()
                    elif not self._send(number):
                        return
                with self.lock:
                    if self.abandoned:
                        return
        finally:
            self._epoll.close()
            os.close(self._bell)

    def _take_in(self) -> None:
        while self._inbox:
            transfer = self._inbox.popleft()
            self._by_number[transfer.number] = transfer
            self._epoll.register(transfer.number, select.EPOLLOUT)

    def _send(self, number: int) -> bool:
        """One piece of the transfer over this connection; whether this thread goes on."""
        transfer = self._by_number[number]
        with self.lock:
            if self.abandoned:
                return False
            self.at_work = transfer
            self.pieces += 1
        error: BaseException | None = None
        over = True
        try:
            over = transfer.send()
        except BaseException as raised:
            error = raised
        with self.lock:
            self.at_work = None
            transfer.over = over = over or transfer.unwanted
        if over:
            self._epoll.unregister(number)
            del self._by_number[number]
            transfer.close()
            self._tell(transfer, error)
        return True

    def _tell(self, transfer: Transfer, error: BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(_end, transfer, error)
        except RuntimeError:
            return  # the loop is over


def _end(transfer: Transfer, error: BaseException | None) -> None:
    assert transfer.done is not None
    if transfer.done.done():
        return
    if error is not None and not transfer.unwanted:
        transfer.done.set_exception(error)
    else:
        transfer.done.set_result(None)


class Senders:
    """Sends transfers by a few threads, and watches over them. ``disk`` is for how many seconds a piece may take, and
    ``stalled`` for how many a machine may take nothing."""

    def __init__(self, disk: float, stalled: float) -> None:
        self._disk, self._stalled = disk, stalled
        self._threads: list[_Sender] = []
        self._held_up: list[_Sender] = []
        self._of: dict[Transfer, _Sender] = {}

    async def send(self, transfer: Transfer) -> None:
        """Send everything, while everybody else goes on, and let go of it. Raises TransferCut, ConnectionError."""
        transfer.done = asyncio.get_running_loop().create_future()
        transfer.done.add_done_callback(lambda _: self._of.pop(transfer))
        self._give(transfer)
        try:
            await self._watch(transfer, transfer.done)
        finally:
            if not transfer.done.done():
                transfer.unwanted = True
                transfer.end_connection()  # which its thread sees

    def close(self) -> None:
        """End the threads, and whatever they send."""
        for sender in list(self._threads):
            for transfer in self._left_by(sender):
                _cut(transfer, "nxd ends")

    def _give(self, transfer: Transfer) -> None:
        if len(self._threads) < SENDERS:
            self._threads.append(_Sender(asyncio.get_running_loop()))
        counts = dict.fromkeys(self._threads, 0)
        for sender in self._of.values():
            if sender in counts:
                counts[sender] += 1
        self._of[transfer] = least = min(counts, key=counts.__getitem__)
        least.add(transfer)

    async def _watch(self, transfer: Transfer, done: asyncio.Future[None]) -> None:
        """Until it is over, looking now and then whether it comes on."""
        look = min(self._disk, self._stalled)
        quiet = held_up = 0.0
        while True:
            sender, at = self._of[transfer], transfer.at
            pieces = sender.pieces
            await asyncio.wait((done,), timeout=look)
            if done.done():
                return done.result()
            if sender.at_work is not None and sender.pieces == pieces:
                held_up += look
            else:
                held_up, quiet = 0.0, quiet + look if transfer.at == at else 0.0
            if held_up >= self._disk and sender is self._of[transfer]:
                self._leave_behind(sender)
                held_up = 0.0
            elif quiet >= self._stalled:
                raise TransferCut("the machine takes nothing")

    def _leave_behind(self, sender: _Sender) -> None:
        """Its disk does not answer: end the transfer that it is at, and let others go on with the rest."""
        self._held_up = [one for one in self._held_up if one.at_work is not None]
        others = self._left_by(sender)
        if sender.at_work is not None:
            self._held_up.append(sender)
        for transfer in others:
            if len(self._held_up) < MOST_HELD_UP:
                self._give(transfer)
            else:
                _cut(transfer, DISK)

    def _left_by(self, sender: _Sender) -> list[Transfer]:
        """The transfers that nobody sends once this thread is abandoned; the one that it is at is cut."""
        sender.abandon()
        self._threads.remove(sender)
        held_up = sender.at_work
        left = [one for one, its in self._of.items() if its is sender and not one.over and one is not held_up]
        if held_up is not None:
            _end(held_up, TransferCut(DISK))
            held_up.unwanted = True
        return left


def _cut(transfer: Transfer, why: str) -> None:
    """End one that no thread has."""
    transfer.over = True
    transfer.close()
    _end(transfer, TransferCut(why))
