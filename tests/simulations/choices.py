"""What each choice of a convention does to FVD, one at a time, and whether conventions rank videos alike.

    python tests/simulations/choices.py fields REAL FAKE          # each field of fvd-stylegan-v changed alone
    python tests/simulations/choices.py ranks REAL [FAKE ...]     # controls of REAL, and FAKEs, by every convention

REAL and FAKE are what ``vidmbench score`` takes. Prints the tables of docs/protocols.md, row by row. Features come
from the cache where they are there; otherwise a clip takes about half a second of two cores, for each
way to prepare it.
"""

import argparse

from scipy.stats import kendalltau

from vidmbench.core.progress import progress_bar
from vidmbench.evaluation.carry_out import carry_out
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.evaluation.studies.compare import prepare_compare
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.protocol import load_protocol

BASE = "fvd-stylegan-v"
CONVENTIONS = (
    BASE,
    "fvd-tf-hub",
    "fvd-digan",
    "fvd-tats",
    "fvd-cd-fvd",
    "fvd-common-metrics",
    "fvd-vidm-release",
    "kvd-digan",
    "kvd-tats",
)
SCORED = ("static", "reversed", "shuffled", "blurred", "noise", "jpeg-75", "gif")
FRAMES = 16


def printed(header, rows):
    print("| " + " | ".join(header) + " |\n| :-- |" + " --: |" * (len(header) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def changed(base):
    """The protocol with one choice made as another code makes it."""

    def array(**changes):
        return base.model_copy(update={"array": base.array.model_copy(update=changes)})

    yield "(none)", base
    yield "batch-norm eps 1e-5", array(batch_norm_eps=1e-5)
    yield "TensorFlow 1 bilinear", array(resize="bilinear-tf1")
    yield "antialiased bilinear", array(resize="bilinear-antialias")
    yield "short side, middle", array(crop="short-side-centre")
    yield "first to 128, Pillow bicubic", array(first_resize=FirstResize(size=128, resize="bicubic-pil"))
    yield "range 0..1", array(range="0..1")
    yield (
        "covariance by N-1",
        base.model_copy(update={"statistics": base.statistics.model_copy(update={"covariance": "n-1"})}),
    )


def fields(real, fake):
    job = prepare_compare(real, fake, Choices(protocols=(BASE,), frames=(FRAMES,))).job
    named = dict(changed(job.plans[0].spec))
    plans = plan(job.real, job.fake, list(named.values()))
    with progress_bar() as progress:
        found = [one.value for one in evaluate(job.real, job.fake, plans, progress=progress).measurements]
    print(f"\n{len(plans[0].real.clips)} {job.real.label} against {len(plans[0].fake.clips)} {job.fake.label}\n")
    printed(
        ("changed alone", "FVD", "change"),
        [
            (name, f"{value:.1f}", f"{100 * (value / found[0] - 1):+.2f} %")
            for name, value in zip(named, found, strict=True)
        ],
    )


def ranks(real, fakes):
    """Kendall's tau of every convention with the first one, over the same sources."""
    rows, names = {}, [*(f"control:{name}" for name in SCORED), *fakes]
    for fake in names:
        job = prepare_compare(real, fake, Choices(protocols=CONVENTIONS, frames=(FRAMES,))).job
        with progress_bar() as progress:
            rows[fake] = [one.value for one in carry_out(job, progress).measurements]
    header = [load_protocol(name).name for name in CONVENTIONS]
    print()
    printed(
        ("scored", *header),
        [(name.split("/")[-1], *(f"{value:.4g}" for value in values)) for name, values in rows.items()],
    )
    columns = list(zip(*rows.values(), strict=True))
    taus = [kendalltau(columns[0], column).statistic for column in columns]
    printed(("", *header), [("Kendall's tau with the first", *(f"{tau:.2f}" for tau in taus))])


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = options.add_subparsers(dest="what", required=True)
    for name, many in (("fields", None), ("ranks", "*")):
        one = kinds.add_parser(name)
        one.add_argument("real", metavar="REAL")
        one.add_argument("fake", metavar="FAKE", **({"nargs": many} if many else {}))
    given = options.parse_args()
    fields(given.real, given.fake) if given.what == "fields" else ranks(given.real, given.fake)


if __name__ == "__main__":
    main()
