"""The grouped jackknife in plain loops, each value computed anew from the samples that are left."""

import math


def jackknife_standard_error(real, fake, real_groups, fake_groups, value_of):
    """The standard error of ``value_of(real, fake)`` from lists of equally large groups of row numbers."""
    variance = 0.0
    for count, groups, value_without in (
        (len(real), real_groups, lambda kept: value_of(real[kept], fake)),
        (len(fake), fake_groups, lambda kept: value_of(real, fake[kept])),
    ):
        values = []
        for group in groups:
            left_out = set(group)
            values.append(value_without([row for row in range(count) if row not in left_out]))
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        size = len(groups[0])
        variance += (count - size) ** 2 / (count * size) * spread
    return math.sqrt(variance)
