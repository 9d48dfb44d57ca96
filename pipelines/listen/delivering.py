"""The door's side of a message: its delivery into the landing folder, once; its refusal beside the other refusals."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from pipelines import landing
from pipelines.errors import DeliveryRefused
from pipelines.lake import Lake, put_in_place, sync, write_atomically
from pipelines.listen.messages import BODY, Delivery, Message
from pipelines.locks import hold
from pipelines.settings import Settings

WORK = ".listen"
LOCK_SECONDS = 30.0
PRIVATE = 0o600


@dataclass
class Doorstep:
    """Where the messages of one feed are laid down."""

    settings: Settings
    feed: str
    _read: set[str] = field(default_factory=set)
    _ingested: set[str] = field(default_factory=set)

    def deliver(self, delivery: Delivery) -> bool:
        """Lay a delivery down durably; False where the same message was laid down before, wherever it has got to.

        The lock is held from the look to the rename: a consumer that was stopped in between, and goes on when another
        has taken its message over, cannot lay it down twice. Raises `WarehouseBusy` where it cannot be had, and `OSError`.
        """
        work = self._work_folder()
        with hold(work / "lock", f"messages of {self.feed}", LOCK_SECONDS):
            if self.knows(delivery.name):
                return False
            part = work / "part"  # a stopped consumer's is written over
            part.write_bytes(delivery.body)
            put_in_place(part, self._folder / delivery.name)
            return True

    def reject(self, message: Message, refusal: DeliveryRefused) -> str:
        """Keep a message that is no delivery: its bytes, for its owner only, then the report that names them."""
        folder = self.settings.rejected / self.feed
        stem = f"message-{message.message_id}"
        raw = message.fields.get(BODY) or b"\n".join(b"%b: %b" % one for one in message.fields.items())
        kept = folder / f"{stem}.raw"
        if message.fields:
            write_atomically(kept, raw, PRIVATE)
        report: dict[str, object] = {
            "feed": self.feed,
            "file": stem,
            "delivery_id": None,
            "sha256": hashlib.sha256(raw).hexdigest() if message.fields else None,
            "archived": f"rejected/{self.feed}/{kept.name}" if message.fields else None,
            "rule": refusal.rule,
            "message": refusal.message,
            "next_step": refusal.next_step,
            "rejected_rows": [],
        }
        path = folder / f"{stem}.json"
        write_atomically(path, json.dumps(report, indent=1).encode())
        return f"rejected/{self.feed}/{path.name}"

    @property
    def _folder(self) -> Path:
        return landing.folder(self.settings, self.feed)

    def _work_folder(self) -> Path:
        """The feed's landing folder with a place to write in; new ones survive a power cut before anything rests on them."""
        work = self._folder / WORK
        if not work.is_dir():
            work.mkdir(parents=True, exist_ok=True)
            for folder in (self._folder, self.settings.landing, self.settings.home):
                sync(folder)
        return work

    def knows(self, name: str) -> bool:
        """Whether the message's file lies here, is claimed, or is in the lake: looked for in the order in which it moves.

        At the end once more here, as a claim may be put back.
        """
        here = self._folder / name
        claimed = (claim.name for claim in landing.claims(self.settings, self.feed))
        return here.exists() or name in claimed or self._is_ingested(name) or here.exists()

    def _is_ingested(self, name: str) -> bool:
        """Whether a manifest has the name; each manifest is read once, as none ever changes its own."""
        for manifest in Lake.of(self.settings).manifests(self.feed, self._read):
            self._read.add(manifest.delivery_id)
            self._ingested.add(manifest.name)
        return name in self._ingested
