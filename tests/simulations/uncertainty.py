"""How far intervals, extrapolation and the test of two models can be trusted: simulated where the truth is known.

    python tests/simulations/uncertainty.py --replications 500

Gaussians of 400 features with variances that fall as 1/k^1.5, as those of I3D's logits do on 256 clips, and a trace
of 1000. The other side is the same, or turned in the planes of neighbouring features, widened and moved. Intervals come
from the package's own jackknife; only the trace of the matrix root is computed in a quicker way, checked at the start.
Prints the tables of docs/uncertainty.md, row by row.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack
from threadpoolctl import threadpool_limits

from vidmbench.metrics.frechet import frechet_distance
from vidmbench.metrics.infinity import fitted_line, frechet_infinity
from vidmbench.metrics.moments import Moments
from vidmbench.metrics.paired import paired_difference
from vidmbench.metrics.uncertainty import TwoSampleStatistic, jackknife_interval

WIDTH, TRACE, POWER_LAW = 400, 1000.0, 1.5
PARTS = (1, 2, 3, 4)
RESAMPLES = 40
COVERAGE = ("case", "true d²", "E d²", "sd", "s.e. / sd", "holds E d²", "too low", "holds true d²")
STUDIES = ("infinity", "resampling", "pairs", "coverage", "intervals")


@dataclass(frozen=True)
class Case:
    """What turns the real side's distribution into the other side's."""

    name: str
    turn: float
    widen: float
    shift: float

    def of(self, samples):
        """Samples of the real distribution to samples of this one."""
        even, odd = samples[:, ::2], samples[:, 1::2]
        turned = np.empty_like(samples)
        turned[:, ::2] = np.cos(self.turn) * even - np.sin(self.turn) * odd
        turned[:, 1::2] = np.sin(self.turn) * even + np.cos(self.turn) * odd
        return self.widen * turned + self.shift * MOVED


RANKS = np.arange(1, WIDTH + 1)
SPREAD = np.sqrt(TRACE * RANKS**-POWER_LAW / (RANKS**-POWER_LAW).sum())
MOVED = SPREAD[::-1] ** 0.25 / np.linalg.norm(SPREAD[::-1] ** 0.25)
CASES = (Case("equal", 0.0, 1.0, 0.0), Case("moderate", 0.3, 1.05, 6.0), Case("large", 0.8, 1.3, 20.0))


def drawn(random, count):
    return random.standard_normal((count, WIDTH)) * SPREAD


def truth(case):
    """d² of the two distributions themselves."""
    root = np.diag(SPREAD)
    other = case.of(root) - case.shift * MOVED  # rows: the images of the axes
    covariances = root.T @ root, other.T @ other
    traces = sum(float(np.trace(part)) for part in covariances)
    return case.shift**2 + traces - 2.0 * np.linalg.svd(root @ other.T, compute_uv=False).sum()


class Rows:
    """A summary for few samples: the samples themselves."""

    def __init__(self, rows):
        self.rows = rows

    def merge(self, other):
        return Rows(np.concatenate([self.rows, other.rows]))


def roots(square):
    """The sum of the roots of a symmetric matrix' eigenvalues; its lower triangle is enough, and is overwritten."""
    diagonal, side = lapack.dsytrd(square, lower=1, lwork=64 * len(square), overwrite_a=1)[1:3]
    return float(np.sqrt(np.abs(lapack.dsterf(diagonal, side)[0])).sum())


def distance(mean, trace, other_mean, other_trace, cross):
    return float(((mean - other_mean) ** 2).sum()) + trace + other_trace - 2.0 * roots(blas.dsyrk(1.0, cross, lower=1))


def from_moments(moments):
    covariance = moments.covariance("n")
    return moments.mean, float(np.trace(covariance)), lapack.dpotrf(covariance, lower=1, clean=1)[0]


def from_rows(summary):
    mean = summary.rows.mean(axis=0)
    centred = (summary.rows - mean) / np.sqrt(len(summary.rows))
    return mean, float((centred**2).sum()), centred


MANY = TwoSampleStatistic(
    Moments.of,
    from_moments,
    lambda a, b: distance(*a[:2], *b[:2], blas.dtrmm(1.0, a[2], b[2], trans_a=1, lower=1)),
)
FEW = TwoSampleStatistic(Rows, from_rows, lambda a, b: distance(*a[:2], *b[:2], a[2] @ b[2].T))


def statistic_for(count):
    return MANY if count > 1.2 * WIDTH else FEW


def quick(real, fake):
    statistic = statistic_for(min(len(real), len(fake)))
    return statistic.compare(*(statistic.prepare(statistic.summarise(side)) for side in (real, fake)))


def check_quick():
    random = np.random.default_rng(0)
    for count in (256, 2048):
        real, fake = drawn(random, count), CASES[1].of(drawn(random, count))
        plain = frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n")
        assert abs(quick(real, fake) / plain - 1.0) < 1e-6, (count, quick(real, fake), plain)


def heading(title, header):
    print(f"\n{title}\n\n| " + " | ".join(header) + " |\n| :-- |" + " --: |" * (len(header) - 1), flush=True)


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def coverage(count, replications, seed):
    """How often the jackknife interval holds the expected value of the estimator. Ctrl-C prints what there is."""
    found = [(case, np.random.default_rng([seed, count, place]), []) for place, case in enumerate(CASES)]
    try:
        for trial in range(replications):
            for case, random, intervals in found:
                sides = drawn(random, count), case.of(drawn(random, count))
                intervals.append(jackknife_interval(*sides, statistic_for(count), seed=trial, lowest=-np.inf))
    except KeyboardInterrupt:
        replications = len(found[-1][-1])
    heading(f"Jackknife intervals at 95 %, {replications} replications", COVERAGE)
    for case, _, intervals in found:
        coverage_row(f"{case.name}, N = {count}", intervals, truth(case))


def coverage_row(label, intervals, true):
    """What the intervals of many replications hold."""
    ends = np.array([(one.low, one.high) for one in intervals])
    values = ends.mean(axis=1)
    expected, spread = values.mean(), values.std(ddof=1)
    error = np.sqrt(np.mean([one.standard_error**2 for one in intervals]))
    row(
        label,
        f"{true:.1f}",
        f"{expected:.1f}",
        f"{spread:.2f}",
        f"{error / spread:.2f}",
        f"{100 * np.mean((ends[:, 0] <= expected) & (expected <= ends[:, 1])):.1f} %",
        f"{100 * np.mean(ends[:, 1] < expected):.1f} %",
        f"{100 * np.mean((ends[:, 0] <= true) & (true <= ends[:, 1])):.0f} %",
    )


def resampling(count, replications, random):
    """What the plain bootstrap and subsets of half the size say."""
    header = ("case", "true d²", "d²", "mean of bootstrap", "bootstrap 95 % holds E d²", "subsets of N/2")
    heading(f"Bootstrap ({RESAMPLES} resamples) and half-size subsets, {replications} replications", header)
    for case in CASES:
        plain, again, halves, held = [], [], [], []
        for _ in range(replications):
            real, fake = drawn(random, count), case.of(drawn(random, count))
            plain.append(quick(real, fake))
            several = [
                quick(*(side[random.integers(0, count, count)] for side in (real, fake))) for _ in range(RESAMPLES)
            ]
            again.append(np.mean(several))
            held.append(np.quantile(several, [0.025, 0.975]))
            halves += [quick(real[part::2], fake[part::2]) for part in (0, 1)]
        expected = np.mean(plain)
        inside = sum(low <= expected <= high for low, high in held)
        row(
            f"{case.name}, N = {count}",
            f"{truth(case):.1f}",
            f"{expected:.1f} ± {np.std(plain, ddof=1):.1f}",
            f"{np.mean(again):.1f}",
            f"{inside} of {replications}",
            f"{np.mean(halves):.1f} ± {np.std(halves, ddof=1):.1f}",
        )


def with_curvature(x, values):
    """The value at 0 of a parabola through the first point, with the weights of the line."""
    run = np.array(x[1:]) - x[0]
    terms = np.stack([run, np.array(x[1:]) ** 2 - x[0] ** 2], axis=1) / np.sqrt(run)[:, None]
    slopes = np.linalg.lstsq(terms, (np.array(values[1:]) - values[0]) / np.sqrt(run), rcond=None)[0]
    return values[0] - slopes[0] * x[0] - slopes[1] * x[0] ** 2


def infinity(count, replications, seed):
    """Extrapolation against plain value, from the same samples."""
    header = ("case", "true d²", "plain: error, RMSE", "line", "with 1/n²", "line's error / plain's")
    heading(f"FVD-infinity at N = {count}, {replications} replications", header)
    x = [part / count for part in PARTS]
    shapes = []
    for place, case in enumerate(CASES):
        random, points = np.random.default_rng([seed, count, 200 + place]), []
        for _ in range(replications):
            real, fake = drawn(random, count), case.of(drawn(random, count))
            orders = [[random.permutation(count) for _ in range(2)] for _ in PARTS]
            points.append(
                [
                    np.mean([quick(real[first[i::part]], fake[second[i::part]]) for i in range(part)])
                    for part, (first, second) in zip(PARTS, orders, strict=True)
                ]
            )
        true = truth(case)
        plain = np.array([one[0] for one in points]) - true
        line = np.array([fitted_line(x, one).value for one in points]) - true
        parabola = np.array([with_curvature(x, one) for one in points]) - true
        cells = [f"{errors.mean():+.2f}, {np.sqrt((errors**2).mean()):.2f}" for errors in (plain, line, parabola)]
        noise = line.std(ddof=1) / np.sqrt(replications) / plain.mean()
        row(case.name, f"{true:.1f}", *cells, f"{abs(line.mean()) / plain.mean():.3f} ± {noise:.3f}")
        means = np.mean(points, axis=0)
        shapes.append((case.name, *(f"{(mean - true) / at:.0f}" for mean, at in zip(means, x, strict=True))))
    heading("Bias times n: constant where the law of 1/n holds", ("case", *(f"n = {count // part}" for part in PARTS)))
    for shape in shapes:
        row(*shape)


def infinity_intervals(count, replications, seed):
    """How often the extrapolation's own interval holds the truth, the package's whole way. Ctrl-C as above."""
    found = [(case, np.random.default_rng([seed, count, 100 + place]), []) for place, case in enumerate(CASES)]
    try:
        for trial in range(replications):
            for case, random, several in found:
                sides = drawn(random, count), case.of(drawn(random, count))
                several.append(frechet_infinity(*sides, normalisation="n", seed=trial))
    except KeyboardInterrupt:
        replications = len(found[-1][-1])
    heading(f"Intervals of FVD-infinity, {replications} replications", ("case", "true d²", "s.e.", "holds true d²"))
    for case, _, several in found:
        true = truth(case)
        error = np.sqrt(np.mean([one.interval.standard_error**2 for one in several]))
        inside = sum(one.interval.low <= true <= one.interval.high for one in several)
        row(f"{case.name}, N = {count}", f"{true:.1f}", f"{error:.2f}", f"{inside} of {len(several)}")


def two_models(count, replications, random):
    """How often the test finds a difference: where there is none, and where there is one."""
    header = ("case", "true D", "D", "s.e. / sd", "holds E D", "p < 0.05", "median needed", "needed, from sd and E D")
    heading(f"Two models, {replications} replications", header)
    moderate = CASES[1]
    for name, other in (
        ("B as A", moderate),
        ("B a little wider", Case("", moderate.turn, moderate.widen + 0.05, moderate.shift)),
        ("B a little further", Case("", moderate.turn, moderate.widen, moderate.shift + 1.5)),
    ):
        tests = []
        for trial in range(replications):
            real = drawn(random, count)
            a, b = moderate.of(drawn(random, count)), other.of(drawn(random, count))
            tests.append(paired_difference(real, a, b, normalisation="n", seed=trial))
        differences = np.array([one.difference for one in tests])
        expected, spread = (0.0 if other is moderate else differences.mean()), differences.std(ddof=1)
        errors = np.sqrt(np.mean([one.standard_error**2 for one in tests]))
        held = np.mean([one.interval.low <= expected <= one.interval.high for one in tests])
        needed = [one.needed for one in tests if one.needed is not None]
        row(
            f"{name}, N = {count}",
            f"{truth(moderate) - truth(other):.1f}",
            f"{differences.mean():.1f} ± {spread:.1f}",
            f"{errors / spread:.2f}",
            f"{100 * held:.0f} %",
            f"{100 * np.mean([one.p_value < 0.05 for one in tests]):.0f} %",
            f"{np.median(needed):.0f}",
            "-" if other is moderate else f"{count * (2.8016 * spread / expected) ** 2:.0f}",
        )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--replications", type=int, default=500, help="of the intervals")
    options.add_argument("--infinity", type=int, default=200, help="replications of the extrapolation")
    options.add_argument("--infinity-intervals", type=int, default=3, help="replications of its intervals")
    options.add_argument("--resampled", type=int, default=5, help="replications of bootstrap and half-size subsets")
    options.add_argument("--pairs", type=int, default=40, help="replications of the test of two models")
    options.add_argument("--counts", type=int, nargs="+", default=[256, 2048])
    options.add_argument("--only", choices=STUDIES, nargs="+")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    check_quick()
    start = time.process_time()
    for place, part in enumerate(STUDIES):
        if given.only and part not in given.only:
            continue
        for count in given.counts:
            random = np.random.default_rng([given.seed, place, count])
            if part == "infinity" and count >= 2048:
                infinity(count, given.infinity, given.seed)
            elif part == "intervals" and count >= 2048:
                infinity_intervals(count, given.infinity_intervals, given.seed)
            elif part == "resampling":
                resampling(count, given.resampled, random)
            elif part == "pairs" and count == min(given.counts):
                two_models(count, given.pairs, random)
            elif part == "coverage":
                coverage(count, given.replications, given.seed)
            print(f"\n({time.process_time() - start:.0f} s of processor time so far)", flush=True)


if __name__ == "__main__":
    with threadpool_limits(limits=1, user_api="blas"):
        main()
