"""Booking events with a known fate: what must stand in Silver, what in the quarantine, what nowhere."""

import json
import random
import uuid
from collections import Counter


class Bookings:
    """A seeded batch of events; the expectations are multisets."""

    def __init__(self, seed, count, start_second=0):
        self.random = random.Random(seed)
        self.messages, self.silver, self.quarantine = [], Counter(), 0
        sent = []
        for number in range(count):
            kind = self.random.random()
            if kind < 0.02:
                self._send(b"{not json")
                self.quarantine += 1
            elif kind < 0.04:
                self._send(self._event(number, start_second, event_id=None))
                self.quarantine += 1
            elif kind < 0.06:
                self._send(self._event(number, start_second, price=-1.0))
                self.quarantine += 1
            elif kind < 0.16:
                self._send(self._event(number, start_second, gdpr_consent=False))
            elif kind < 0.26 and sent:
                self._send(self.random.choice(sent))      # a duplicate
            else:
                event = self._event(number, start_second)
                sent.append(event)
                self._send(event)
                self.silver[json.loads(event)["event_id"]] += 1

    def _send(self, value):
        self.messages.append((self.random.randrange(4), None, value))

    def _event(self, number, start_second, **changes):
        second = start_second + number // 50
        event = {
            "event_id": str(uuid.UUID(int=self.random.getrandbits(128))),
            "user_id": f"u{self.random.randrange(100000)}",
            "occurred_at": f"2026-01-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{number % 1000:03}Z",
            "gdpr_consent": True, "listing_id": f"l{self.random.randrange(500)}", "price": self.random.randrange(100000) / 100,
            "currency": "EUR", "event_type": "booking_created", "payload": "{\"k\":1}",
        }
        event.update(changes)
        return json.dumps({key: value for key, value in event.items() if value is not None})
