"""Records of two own models on one folder of clips, as the quickstart would write them."""

from support.table_samples import measured, run_of

from vidmbench.records.record import SideRecord

SIGNATURE = (
    "fvd | proto:fvd-vidm-paper.1 | det:i3d-k400:af5c50f0 | eps:1e-3 | t:{t} | s:1 | real:{n}.rand.rand | "
    "fake:{n}.rand.zero | crop:none | rs:bilinear-hp | range:pm1 | cov:n | prec:fp32 | data:MyClips:6916d09c | "
    "seed:0 | fakes:{fakes} | v:0.1.0"
)


def own(model, value, half, *, count=24, fakes="aaaaaaaa", frames=16, signature_id="68ff4267", **changes):
    """A record of one number."""
    side = SideRecord(label="MyClips", digest="0" * 64, num_videos=count, num_scored=count, size=(64, 64))
    given = {
        "signature": SIGNATURE.format(t=frames, n=count, fakes=fakes),
        "num_real": count,
        "num_fake": count,
        "real": side,
        "interval_kind": "jackknife-20x20-95" if half else None,
        "protocol_spec": {"metric": "frechet"},
    }
    interval = (value - half, value + half) if half else None
    number = measured(signature_id, value, interval, frames, **{**given, **changes})
    return run_of(
        number, model=model, dataset="folder:/data/MyClips", run_id=f"{model.replace(':', '-')}-{frames}-{signature_id}"
    )


def two_models():
    """Two models whose intervals overlap, scored with one signature."""
    return [own("model-a", 2437.2, 1059.0), own("model-b", 3357.3, 1151.0, fakes="bbbbbbbb")]
