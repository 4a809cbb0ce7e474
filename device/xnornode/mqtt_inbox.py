"""What a broker sends to a node: commands to their places, and all else to nobody."""

from xnornode import mqtt_packets as packets
from xnornode.events import line
from xnornode.mqtt_places import Place

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable

    from xnornode.mqtt_client import Client

PASSED_OVER = 8  # packets, or pieces of a payload that nobody takes, in one turn
SCRATCH = 128  # bytes of such a piece
LONGEST_WORD = 32  # of a client
ID = b'"id":'


class Inbox:
    """Takes packets. readinto: as of Packets."""

    def __init__(self, client: "Client", readinto: "Callable[[memoryview], int | None]") -> None:
        self._client = client
        self._packets = packets.Packets(readinto)
        self._scratch = memoryview(bytearray(SCRATCH))
        self.restart()

    def restart(self) -> None:
        """Begin again, on a new connection."""
        self._packets.restart()
        self._taker: Place | None = None  # of the payload that is coming
        self._held = False  # whether a message waits for its place to be free

    def take_packets(self) -> None:
        """Take what has come, up to a payload that a place takes. Raises OSError, ValueError."""
        found = self._packets
        for _ in range(PASSED_OVER):
            if self._taker:
                if found.left:
                    return
                taker, self._taker = self._taker, None
                taker.ended = True
                self._confirm()
            if found.left and not self._held:
                if not found.payload(self._scratch):
                    return
                continue
            if not self._held and not found.next():
                return
            self._held = not self._do()
            if self._held:
                return

    def take(self, place: Place, buffer: bytearray) -> int:
        """Bytes of a place's payload; 0 if none has come."""
        if self._taker is not place or not self._packets.left:
            return 0
        try:
            return self._packets.payload(memoryview(buffer))
        except OSError as error:
            self._client.lost(error)
            return 0

    def _do(self) -> bool:
        """Do what a packet says; False where its place is not free yet."""
        found = self._packets
        kind = found.kind
        if kind == packets.PUBLISH:
            return self._message()
        if kind == packets.PUBACK:
            self._client.queue.confirmed(found.body[0] << 8 | found.body[1])
        elif kind == packets.CONNACK:
            self._client.answered(found.body[1])
        elif kind == packets.SUBACK and found.body[2] > 2:
            self._client.say("network", "the broker does not let this node take commands")
        return True

    def _message(self) -> bool:
        """A message: to a place, or to nobody. False where it has to wait."""
        found, client = self._packets, self._client
        start = len(client.commands)
        word = found.topic[start:]
        if found.topic[:start] != client.commands or not _is_word(word):
            pass  # of no topic that this node has asked for
        elif found.retained:
            client.say("retained", "a retained command was dropped: publish it without `retain`")
        elif not found.size:
            for place in client.places:
                if place.word == word:
                    place.leave()
        elif found.size > Place.frame:
            text = f"a command of {found.size} bytes was dropped: at most {Place.frame} are taken"
            client.say("oversize", text)
        else:
            found_place = self._place_of(word)
            if found_place and found_place.goes:
                return False
            if found_place:
                found_place.join(word)
                self._taker = found_place
                return True
            self._refuse(word)
        self._confirm()
        return True

    def _confirm(self) -> None:
        if self._packets.mid:
            self._client.queue.control(packets.puback(self._packets.mid))

    def _place_of(self, word: bytes) -> Place | None:
        """A client's place, or a free one, or one whose client has to go first."""
        places = self._client.places
        for place in places:
            if place.word == word:
                return place
        for place in places:
            if not place.word:
                return place
        for place in places:
            if place.goes or place.may_go():
                place.leave()
                return place
        return None

    def _refuse(self, word: bytes) -> None:
        """Tell a client that there is no place for it."""
        count = self._packets.payload(self._scratch)
        head = bytes(self._scratch[:count])
        number, at = None, head.find(ID)
        if at >= 0:
            digits = head[at + len(ID) : at + len(ID) + 11].replace(b"}", b",").split(b",")[0]
            number = int(digits) if digits.isdigit() else None
        text = f"all {len(self._client.places)} places for clients are taken"
        answer = line("reply", {"id": number, "error": "busy", "message": text})
        queue, mid = self._client.queue, self._client.mid()
        queue.add(self._client.reply_topic(word), mid, None, answer[:-1].encode())


def _is_word(word: bytes) -> bool:
    """Whether it may be a client's word."""
    if not 0 < len(word) <= LONGEST_WORD:
        return False
    return all([48 <= c < 58 or 65 <= c < 91 or 97 <= c < 123 for c in word])
