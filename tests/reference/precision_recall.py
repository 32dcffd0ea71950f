"""Precision, recall, density and coverage in plain loops, with exact distances: samples are lists of integers."""

import math


def squared_distance(x, y):
    return sum((int(a) - int(b)) ** 2 for a, b in zip(x, y, strict=True))


def squared_radius(samples, index, k):
    """The k-th smallest squared distance to the other samples of the side."""
    others = [squared_distance(samples[index], samples[i]) for i in range(len(samples)) if i != index]
    return sorted(others)[k - 1]


def prdc(real, fake, k):
    """The four numbers, <= for the first two and < for the others."""
    real_radii = [squared_radius(real, i, k) for i in range(len(real))]
    fake_radii = [squared_radius(fake, j, k) for j in range(len(fake))]
    precise = recalled = inside = covered = 0
    for sample in fake:
        distances = [squared_distance(centre, sample) for centre in real]
        precise += any(distance <= radius for distance, radius in zip(distances, real_radii, strict=True))
        inside += sum(distance < radius for distance, radius in zip(distances, real_radii, strict=True))
    for sample, own_radius in zip(real, real_radii, strict=True):
        distances = [squared_distance(centre, sample) for centre in fake]
        recalled += any(distance <= radius for distance, radius in zip(distances, fake_radii, strict=True))
        covered += any(distance < own_radius for distance in distances)
    return precise / len(fake), recalled / len(real), inside / (k * len(fake)), covered / len(real)


def realism(real, fake, k):
    """For each generated sample the largest radius over distance; infinite where a real sample is equal."""
    radii = [squared_radius(real, i, k) for i in range(len(real))]
    scores = []
    for sample in fake:
        distances = [squared_distance(centre, sample) for centre in real]
        ratios = [math.inf if d == 0 else math.sqrt(r / d) for d, r in zip(distances, radii, strict=True)]
        scores.append(max(ratios))
    return scores
