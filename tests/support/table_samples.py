"""Layouts and records made up for the tests of tables."""

from vidmbench.records.record import Measurement, RunRecord, SideRecord
from vidmbench.reporting.tables.build import load_layout

TINY = """
name = "tiny"
title = "Tiny"
caption = "A layout for tests."
published = ["table1"]
metrics = {{ FVD = {{ better = "lower", decimals = 1 }} }}
[measured]
datasets = {{ CLEVRER = ["clevrer"] }}
[[parts]]
title = "CLEVRER"
select = {{ dataset = "CLEVRER", metric = "FVD" }}
rows = [{{ label = "16", frames = 16 }}, {{ label = "128", frames = 128 }}]
columns = [{columns}]
{rest}
"""
VIDM = '{ label = "VIDM", method = "VIDM" }'
PROTOCOLS = '[[parts.protocols]]\nmethods = ["VIDM"]\nnote = "unknown"\nsignatures = ["fvd | proto:?"]'


def layout_of(tmp_path, columns=VIDM, rest=PROTOCOLS, **replaced):
    text = TINY.format(columns=columns, rest=rest)
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return load_layout(str(path))


def measured(signature_id="aaaaaaaa", value=90.04, interval=(85.0, 99.0), frames=16, **changes):
    side = SideRecord(label="clevrer@test", digest="0" * 64, num_videos=256, num_scored=256)
    given = {
        "metric": "fvd",
        "value": value,
        "interval": interval,
        "interval_kind": "bootstrap-95" if interval else None,
        "num_real": 256,
        "num_fake": 200,
        "frames": frames,
        "stride": 1,
        "precision": "fp32",
        "engine": "torch/cpu",
        "signature": f"fvd | proto:fvd-vidm-paper.1 | t:{frames} | x:{signature_id}",
        "signature_short": "short",
        "signature_id": signature_id,
        "protocol": "fvd-vidm-paper",
        "protocol_spec": {},
        "weights": {},
        "seconds": 1.0,
        "seed": 0,
        "real": side,
        "fake": side,
    }
    return Measurement(**{**given, **changes})


def run_of(*measurements, model="vidm", dataset="clevrer", run_id="run-1", created="2026-01-01T00:00:00Z", split=None):
    return RunRecord(
        run_id=run_id,
        created=created,
        model=model,
        dataset=dataset,
        split=split,
        command=("vidmbench", "run"),
        measurements=measurements,
        environment={},
    )


def column(table, label, panel=0):
    position = table.panels[panel].columns.index(label)
    return [line[position] for line in table.panels[panel].cells]
