"""Intervals of an FVD, and what the number of videos does to it, on features of real clips resampled.

    python tests/simulations/real_features.py REAL FAKE --num-videos 1024 --replications 500

The features of two sources are taken for the whole of two distributions, from which samples are drawn with
replacement: so the truth is known, and the features are I3D's own, with whatever tails they have. Prints tables of
docs/uncertainty.md and docs/protocols.md, row by row.
"""

import argparse

import numpy as np
from threadpoolctl import threadpool_limits
from uncertainty import COVERAGE, PARTS, coverage_row, heading, quick, row, statistic_for

from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.studies.compare import prepare_compare
from vidmbench.metrics.infinity import fitted_line
from vidmbench.metrics.uncertainty import jackknife_interval

COUNTS = (64, 128, 256, 512, 1024, 2048)


def populations(real, fake, num_videos, protocol):
    """The features of both sides, (clips, features) float64."""
    choices = Choices(protocols=(protocol,), frames=(16,), num_real=num_videos, num_fake=num_videos)
    job = prepare_compare(real, fake, choices).job
    planned = job.plans[0]
    wanted = [
        FeatureJob(source, clips, planned.spec.array, "fp32")
        for source, clips in ((job.real, planned.real), (job.fake, planned.fake))
    ]
    found = features_of(wanted)
    return [np.asarray(one.features, np.float64) for one in found]


def described(rows):
    """Share of the largest variance, and the mean excess kurtosis: 0 for Gaussians."""
    values = np.linalg.eigvalsh(np.cov(rows.T))
    scaled = (rows - rows.mean(0)) / rows.std(0)
    share, kurtosis = 100 * values[-1] / values.sum(), np.mean(scaled**4) - 3
    return f"{share:.0f} % of the trace in one direction, mean excess kurtosis {kurtosis:.2f}"


def drawn(random, rows, count):
    return rows[random.integers(0, len(rows), count)]


def coverage(cases, count, replications, seed):
    """As in uncertainty.py: how often the interval holds the expected value of the estimator."""
    heading(f"Jackknife intervals at 95 %, features resampled, {replications} replications", COVERAGE)
    for place, (name, real, fake) in enumerate(cases):
        random = np.random.default_rng([seed, count, place])
        found = [
            jackknife_interval(
                drawn(random, real, count), drawn(random, fake, count), statistic_for(count), seed=trial, lowest=-np.inf
            )
            for trial in range(replications)
        ]
        coverage_row(f"{name}, N = {count}", found, quick(real, fake))


def counts(cases, replications, seed):
    """What the number of videos, and which they are, do to the value; the last columns extrapolate."""
    heading(
        f"Mean and standard deviation of FVD over {replications} draws of N videos per side",
        ("case", *(f"N = {count}" for count in COUNTS), "from 2048 to infinity", "true d²"),
    )
    for place, (name, real, fake) in enumerate(cases):
        random, cells = np.random.default_rng([seed, place]), []
        for count in COUNTS:
            values = [quick(drawn(random, real, count), drawn(random, fake, count)) for _ in range(replications)]
            cells.append(f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}")
        last, ends = COUNTS[-1], []
        for _ in range(replications):
            one, other = drawn(random, real, last), drawn(random, fake, last)
            means = [np.mean([quick(one[i::part], other[i::part]) for i in range(part)]) for part in PARTS]
            ends.append(fitted_line([part / last for part in PARTS], means).value)
        row(name, *cells, f"{np.mean(ends):.1f} ± {np.std(ends, ddof=1):.1f}", f"{quick(real, fake):.1f}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("real", metavar="REAL")
    options.add_argument("fake", metavar="FAKE")
    options.add_argument("--num-videos", type=int, help="of each source; all where left out")
    options.add_argument("--protocol", default="fvd-stylegan-v")
    options.add_argument("--replications", type=int, default=500, help="of the intervals")
    options.add_argument("--draws", type=int, default=40, help="replications of the study of counts; 0 for none")
    options.add_argument("--counts", type=int, nargs="+", default=[256, 2048], help="N of the intervals")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    real, fake = populations(given.real, given.fake, given.num_videos, given.protocol)
    for name, rows in ((given.real, real), (given.fake, fake)):
        print(f"{name}: {len(rows)} clips; {described(rows)}")
    cases = (("equal", real, real), (given.fake.rpartition(":")[2].rpartition("/")[2], real, fake))
    if given.draws:
        counts(cases, given.draws, given.seed)
    for count in given.counts:
        coverage(cases, count, given.replications, given.seed)


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):
        main()
