"""The Inception Score as its definition reads, sample by sample and class by class, exactly summed."""

import math


def score(rows, eps=0.0):
    """exp of the mean divergence of each row from the mean row; 0 log 0 is 0."""
    count, num_classes = len(rows), len(rows[0])
    marginal = [math.fsum(float(row[label]) for row in rows) / count for label in range(num_classes)]
    terms = []
    for row in rows:
        for label in range(num_classes):
            probability = float(row[label])
            if probability > 0.0:
                ratio = math.log(probability + eps) - math.log(marginal[label] + eps)
                terms.append(probability * ratio)
    return math.exp(math.fsum(terms) / count)


def scores_of_splits(rows, splits, eps=0.0):
    """The score of consecutive parts, cut as the codes in use cut them."""
    count = len(rows)
    return [score(rows[i * count // splits : (i + 1) * count // splits], eps) for i in range(splits)]


def softmax(row):
    """One row of probabilities, with the largest logit taken off first."""
    largest = max(float(value) for value in row)
    powers = [math.exp(float(value) - largest) for value in row]
    return [power / math.fsum(powers) for power in powers]


def jackknife_standard_error(rows, groups, value_of):
    """The standard error of ``value_of(rows)`` from equally large groups of row numbers."""
    values = []
    for group in groups:
        left_out = set(group)
        values.append(value_of([row for number, row in enumerate(rows) if number not in left_out]))
    mean = math.fsum(values) / len(values)
    spread = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    count, size = len(rows), len(groups[0])
    return math.sqrt((count - size) ** 2 / (count * size) * spread)
