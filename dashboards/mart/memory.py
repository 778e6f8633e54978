"""Answers that are kept as long as they are asked for: at most so many."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@dataclass
class Memory:
    """The answers to the questions asked last, at most so many."""

    most: int
    known: OrderedDict[object, Any] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def remembered(self, question: object, answer: Callable[[], Answer]) -> Answer:
        """Return an answer, computed the first time it is asked."""
        with self.lock:
            if question in self.known:
                self.known.move_to_end(question)
                known: Answer = self.known[question]
                return known
        found = answer()
        with self.lock:
            self.known[question] = found
            while len(self.known) > self.most:
                self.known.popitem(last=False)
        return found
