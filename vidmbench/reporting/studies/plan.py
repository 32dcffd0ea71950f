"""What ``--dry-run`` prints: what would be scored, without scoring it."""

from typing import Any

from vidmbench.core.text import counted, printable
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.measurements import planned_engine, planned_notes, planned_signature
from vidmbench.protocols.detector import load_detector


def plan_json(job: Job) -> dict[str, Any]:
    """The plan for programs: sources, engine, notes, and a signature for each measurement."""
    choices = job.choices
    notes = [note for item in job.plans for note in planned_notes(item, job.real, job.fake)]
    engines = dict.fromkeys(
        planned_engine(choices.device, item.spec.array.detector, choices.precision) for item in job.plans
    )
    signatures = [planned_signature(item, job.real, job.fake, choices.precision) for item in job.plans]
    measurements = [
        {
            "protocol": item.spec.name,
            "frames": item.spec.clips.frames,
            "stride": item.spec.clips.stride,
            "num_real": len(item.real.clips),
            "num_fake": len(item.fake.clips),
            "signature": signature.long,
            "signature_id": signature.id,
            "protocol_spec": item.spec.model_dump(mode="json"),
        }
        for item, signature in zip(job.plans, signatures, strict=True)
    ]
    return {
        "dry_run": True,
        "model": job.model,
        "dataset": job.dataset,
        "real": f"{job.real.label} ({counted(len(job.real), 'video')})",
        "fake": f"{job.fake.label} ({counted(len(job.fake), 'video')})",
        "engine": ", ".join(engines),
        "precision": choices.precision,
        "notes": list(dict.fromkeys([*notes, *_missing_weights(job)])),
        "measurements": measurements,
    }


def plan_text(plan: dict[str, Any]) -> str:
    """The plan for people.

    Args:
        plan: From :func:`plan_json`.
    """
    lines = ["dry run: nothing was scored or written. The plan:"]
    for key, word in (("real", "real"), ("fake", "scored"), ("engine", "engine"), ("precision", "precision")):
        lines.append(f"  {word + ':':10s} {plan[key]}")
    lines += [f"  default:   {key} {each['value']}, from {each['from']}" for key, each in plan["defaults"].items()]
    lines += [f"  note: {note}" for note in plan["notes"]]
    for item in plan["measurements"]:
        lines += [
            "",
            f"  {item['protocol']}: {item['num_real']} real and {item['num_fake']} scored clips of "
            f"{item['frames']} frames, stride {item['stride']}",
            f"    {item['signature']}  #{item['signature_id']}",
        ]
    return "\n".join(map(printable, lines))


def _missing_weights(job: Job) -> list[str]:
    """Weights that the run would need, and a dry run does not load."""
    names = dict.fromkeys(item.spec.array.detector for item in job.plans)
    missing = [detector.name for detector in map(load_detector, names) if identity(detector) == "?"]
    return [
        f"the weights of {name} are not on this machine, and the run would stop (vidmbench weights status)"
        for name in missing
    ]
