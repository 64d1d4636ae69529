"""The machine in a box: switched on it fetches its script and its label from the daemon, folds itself, and tells."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

SIDES = 3
PAUSE = 0.05
_SET = re.compile(r"^set (label|events) (\S+)$", re.MULTILINE)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class BoxMachine(threading.Thread):
    """Works until its script says that it is folded, or until it is taken away: ``gone``."""

    url: str
    mac: str
    torn: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    labels: list[dict[str, str]] = field(default_factory=list)
    folded: int = 0
    """How often it folded itself."""

    def __post_init__(self) -> None:
        super().__init__(name=f"box {self.mac}", daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.gone.wait(PAUSE):
            try:
                told = dict(_SET.findall(self._ask(self.url, None)))
                if not told:
                    return
                self._fold(told)
            except (OSError, ValueError):  # it boots again
                continue

    def _fold(self, told: dict[str, str]) -> None:
        self.labels.append(json.loads(self._ask(told["label"], {"nics": [{"mac": self.mac.upper()}]})))
        events: list[dict[str, object]] = [{"note": "it unpacks itself"}]
        if self.torn:
            self._ask(told["events"], {"events": [*events, {"torn": "a corner"}]})
            return
        for side in range(1, SIDES + 1):
            self._ask(told["events"], {"events": [*events, {"folded": side, "note": f"side {side}"}]})
            events = []
        self.folded += 1

    def _ask(self, url: str, body: object) -> str:
        data = None if body is None else json.dumps(body).encode()
        with _DIRECT.open(urllib.request.Request(url, data), timeout=5) as answer:
            return str(answer.read().decode())
