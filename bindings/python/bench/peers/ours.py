"""ackcast, by each of its pairs of calls."""

import ackcast
from plan import FRAME

from .base import Peer, Receiver, Sender, words


class OurSender(Sender):
    def __init__(self, name):
        self.producer = ackcast.Producer(name)
        self.finish = self.producer.finish


class OurReceiver(Receiver):
    def __init__(self, name):
        self.consumer = ackcast.Consumer(name)


class Sends(OurSender):
    def __init__(self, name):
        super().__init__(name)
        self.send = self.producer.send


class SendsBatches(OurSender):
    def __init__(self, name):
        super().__init__(name)
        self.send = self.producer.send_batch


class Loans(OurSender):
    def __init__(self, name):
        super().__init__(name)
        self.loan = self.producer.loan

    def send(self, message):
        with self.loan(len(message)) as view:
            view[:] = message

    def send_frame(self, fill):
        with self.loan(FRAME) as view:
            fill(words(view))


class Receives(OurReceiver):
    def messages(self):
        receive = self.consumer.recv
        try:
            while True:
                yield receive()
        except ackcast.Ended:
            return


class Iterates(OurReceiver):
    def messages(self):
        return iter(self.consumer)


class ReceivesBatches(OurReceiver):
    keeps_batches = False

    def messages(self):
        receive = self.consumer.recv_batch
        try:
            while True:
                yield receive()
        except ackcast.Ended:
            return


class ReceivesBatchesOneByOne(ReceivesBatches):
    def messages(self):
        for found in super().messages():
            yield from found


class Borrows(OurReceiver):
    in_place = True

    def messages(self):
        borrow = self.consumer.borrow
        try:
            while True:
                with borrow() as view:
                    yield view
        except ackcast.Ended:
            return

    def frames(self):
        borrow = self.consumer.borrow
        try:
            while True:
                with borrow() as view:
                    yield words(view)
        except ackcast.Ended:
            return


class Ours(Peer):
    package = "ackcast"
    ours = True
    sends = Sends
    receives = Receives

    def __init__(self, plan):
        super().__init__(plan)
        self.channel = ackcast.Channel.create(
            plan.token, slots=plan.slots, slot_size=plan.size, consumers=plan.consumers, producers=1
        )

    def sender(self):
        return self.sends(self.plan.token)

    def receiver(self, number):
        return self.receives(self.plan.token)

    def close(self):
        self.channel.close()


class SendRecv(Ours):
    row = "ackcast, `send`, `recv`"
    kinds = ("single", "ping-pong")
    how = "bytes to bytes"


class SendFor(Ours):
    row = "ackcast, `send`, `for`"
    kinds = ("single", "ping-pong")
    how = "`for message in consumer`"
    receives = Iterates


class SendRecvBatch(Ours):
    row = "ackcast, `send`, `recv_batch`"
    kinds = ("single",)
    how = "each message is visible when its `send` returns; the consumer takes whatever is there"
    receives = ReceivesBatchesOneByOne


class LoanBorrow(Ours):
    row = "ackcast, `loan`, `borrow`"
    kinds = ("single", "ping-pong", "stamped", "whole")
    how = "written and read in place"
    sends = Loans
    receives = Borrows


class SendBatchRecvBatch(Ours):
    row = "ackcast, `send_batch`, `recv_batch`"
    kinds = ("batch",)
    how = "lists of bytes"
    sends = SendsBatches
    receives = ReceivesBatches
