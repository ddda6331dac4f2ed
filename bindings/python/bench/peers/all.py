"""The participants, in the order of the table."""

from .exercise import SharedMemorySlot
from .fifo import FasterFifo
from .iceoryx import Iceoryx, IceoryxPolling
from .interprocess import Interprocess
from .momentum import Momentum
from .ours import LoanBorrow, SendBatchRecvBatch, SendFor, SendRecv, SendRecvBatch
from .posix import MessageQueue, SemaphoreRing
from .standard import Pipe, Queue, SimpleQueue
from .subetha_ring import SubethaRing
from .zeromq import PubSub, PushPull

PEERS = [
    SendRecv,
    SendFor,
    SendRecvBatch,
    LoanBorrow,
    SendBatchRecvBatch,
    Queue,
    SimpleQueue,
    Pipe,
    SharedMemorySlot,
    MessageQueue,
    SemaphoreRing,
    Iceoryx,
    IceoryxPolling,
    Momentum,
    PushPull,
    PubSub,
    FasterFifo,
    Interprocess,
    SubethaRing,
]
