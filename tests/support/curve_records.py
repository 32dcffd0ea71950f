"""Records of full-reference metrics, made up for the tests of curves."""

from zlib import crc32

from support.table_samples import measured, run_of

from vidmbench.records.curve import FrameCurve

PSNR = "psnr-common-metrics"


def curve_of(values, first=5, half=1.0, better="higher"):
    """A curve of values; those that are None are infinite, and have no interval."""
    finite = [value for value in values if value is not None]
    mean = sum(finite) / len(finite) if len(finite) == len(values) else None
    ends = (values[0], values[-1])
    return FrameCurve(
        better=better,
        first_frame=first,
        values=tuple(values),
        half_widths=tuple(None if value is None else half for value in values),
        mean=(mean, None if mean is None else half),
        change=(None, None) if None in ends else (ends[1] - ends[0], half),
        interval_kind=None if half is None else "t-8-videos-95",
    )


def measured_pairs(
    values, *, protocol=PSNR, first=5, frames=None, data="d:ab", num_fake=8, half=1.0, context=4, **more
):
    """A measurement with a curve."""
    metric = protocol.partition("-")[0]
    frames = first + len(values) - 1 if frames is None else frames
    fields = [f"proto:{protocol}.1", f"t:{frames}", "real:8.all.zero", f"fake:{num_fake}.all.zero", f"data:{data}"]
    signature = " | ".join([metric, *fields, *([f"context:{context}"] if context else [])])
    better = "lower" if metric == "lpips" else "higher"
    given = {
        "value": 25.0,
        "interval": (24.0, 26.0),
        "metric": metric,
        "frames": frames,
        "protocol": protocol,
        "num_real": 8,
        "num_fake": num_fake,
        "protocol_spec": {"metric": metric, "statistics": {"context": context}},
        "signature": signature,
        "by_frame": curve_of(values, first, half, better),
    }
    return measured(f"{crc32(signature.encode()):08x}", **{**given, **more})


def run_named(model, *measurements, number=1):
    return run_of(
        *measurements, model=model, dataset="real.npy", run_id=f"2026010{number}T000000Z_{model}".replace(":", "-")
    )


def named(*runs):
    """Records as the command line hands them on."""
    return {f"{run.run_id}.json": run for run in runs}
