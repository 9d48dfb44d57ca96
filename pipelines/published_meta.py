"""What of the ledger is published, and what its columns mean."""

from __future__ import annotations

QUERIES = {
    "delivery": "select * exclude (built) from meta.delivery",
    "rejected_row": (
        "select feed, batch_id, contract, _row as line, column_name, rule, message from meta.rejected_row"
    ),
    "feed_health": "select * from meta.feed_health",
    "build": "select * from meta.recorded_build",
}

TABLES = {
    "delivery": "One row per delivery, refused and repeated ones included: what came, and how it ended.",
    "rejected_row": "One row per rejected row, with its reason. The source's text stays in the private warehouse.",
    "build": "One row per published build: of which date, with what known, made by what.",
}

COLUMNS = {
    "delivery": {
        "delivery_id": "The delivery; sorts by receipt.",
        "feed": "The feed that delivered.",
        "name": "The file's name as the sender gave it.",
        "sha256": "Hash of the file's bytes; the archive keeps them under it.",
        "size_bytes": "Size of the file in bytes.",
        "as_at": "The moment the file speaks of, where the feed reads it from the name.",
        "received_at": "When the file was taken, in UTC.",
        "status": "accepted; refused (nothing of it counts); repeat (the same bytes as the delivery before, without effect).",
        "mode": "delta: adds and corrects. snapshot: is the whole truth, and closes what it leaves out.",
        "batch_id": "The batch of rows that the delivery asserts; several deliveries may assert one.",
        "counted": "Records counted, summed over the contracts delivered.",
        "accepted": "Rows accepted; accepted + rejected + filtered = counted.",
        "rejected": "Rows rejected, each with its reason in meta.rejected_row.",
        "filtered": "Rows left out by the feed's own `where`.",
        "rule": "Of a refused delivery, the rule that it broke.",
        "message": "What is wrong with a refused delivery, or what is to be known of another.",
        "next_step": "What mends a refused delivery.",
        "override_reason": "Why a person had the feed's tolerance not applied to this attempt, this once.",
        "override_by": "Who overrode it.",
        "root_id": "The delivery of which this is an attempt: itself, unless it is a replay.",
        "placed_at": "Its place among all: what it speaks of (as_at), else the first receipt of its bytes.",
        "known_from": "Since when builds know it, in UTC: its receipt, or the first build after it that loaded it.",
        "withdrawn_at": "Since when a later attempt stands in its stead, in UTC; empty where it stands.",
    },
    "rejected_row": {
        "feed": "The feed that delivered the row.",
        "batch_id": "The batch that the row came in.",
        "contract": "The contract that it does not fit.",
        "line": "Its line in the file, or its row in the sheet.",
        "column_name": "The contract's column at fault; empty where the row as a whole is.",
        "rule": "The rule that it broke.",
        "message": "The rule in words.",
    },
    "build": {
        "seq": "Number of the build.",
        "as_of": "The business date that it reports on, end of day.",
        "known_at": "What had been received by then is in it, in UTC.",
        "recorded_at": "When it was recorded, in UTC.",
        "versions": "Versions of what made it (JSON).",
        "seconds": "Seconds that its stages took (JSON).",
        "row_counts": "Rows of each mart (JSON).",
    },
}

PROVENANCE = {
    "known_from": "Since when this row is what is known of its key, in UTC.",
    "_feed": "The feed that said it last.",
    "_batch_id": "The batch that it came in.",
    "_row": "Its line in the file.",
    "_delivery_id": "The delivery that asserted it.",
    "truncated_date": "First day of the reading's own period, by the KPI's reading_frequency.",
    "reading_status": "used, or why it is not: after_as_of, unit_mismatch, unknown_kpi, superseded_in_period.",
}
