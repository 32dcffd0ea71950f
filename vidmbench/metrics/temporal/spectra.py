"""STREAM's statistics of what each number of a frame's embedding does over time, on any embedding.

Kim et al. (2024, "STREAM: Spatio-TempoRal Evaluation and Analysis Metric"), as the code of v-stream 0.1.2 has it. With
S_f the Fourier transform over F frames and a_f = 2 |S_f| / (1 + F/2), f = 0 to F/2:

    mean signal = a_0,        a_f ~ A f^B (least squares of logarithms),
    skewness = sum_f f^(B+3) / (sqrt(1 / sum_f f^B) sqrt(sum_f f^(B+2))).

STREAM-T compares how skewness is distributed over the clips of both sides; STREAM-F and -D are precision and recall of
mean signals. Amplitudes do not know the direction of time.
"""

import numpy as np

#: Fewer frames give no line through two amplitudes.
MIN_FRAMES = 4
_BINS = 50


def skewness_and_mean(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What STREAM makes of clips.

    Args:
        embeddings: float32 (clip, frame, number), 4 frames or more.

    Returns:
        Skewness, float64 (clip, number), and mean signal, float32 (clip, number). As in the code, B is float32.
    """
    half = embeddings.shape[1] // 2
    spectrum = np.fft.fft(embeddings.astype(np.float32), axis=1)[:, : 1 + half]
    amplitudes = (2 * np.abs(spectrum) / np.float32(1 + half)).astype(np.float32)
    frequencies = np.arange(1, half + 1, dtype=np.float32)
    terms = np.stack([np.log(frequencies), np.ones_like(frequencies)])
    solution = (terms.T @ np.linalg.inv(terms @ terms.T))[:, 0]
    logarithms = np.log(amplitudes[:, 1:] + np.float32(1e-6))
    exponents = np.einsum("cfn,f->cn", logarithms, solution).astype(np.float64)
    sums = {power: _sum_of_powers(frequencies, exponents + power) for power in (0, 2, 3)}
    return sums[3] / (np.sqrt(1 / sums[0]) * np.sqrt(sums[2])), amplitudes[:, 0]


def _sum_of_powers(frequencies: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    total = np.zeros_like(exponents)
    for frequency in frequencies.astype(np.float64):
        total += frequency**exponents
    return total


def histogram_agreement(real: np.ndarray, fake: np.ndarray) -> float:
    """STREAM-T: the squared correlation of both sides' histograms of 50 bins, averaged over numbers.

    Args:
        real: Skewness, float64 (clip, number).
        fake: The same of the other side.

    Returns:
        0 to 1; 1 where all histograms have the same shape.
    """
    return float(np.mean([_agreement(*pair) for pair in zip(real.T, fake.T, strict=True)]))


def _agreement(real: np.ndarray, fake: np.ndarray) -> float:
    sides = real.astype(np.float32), fake.astype(np.float32)
    low = int(min(side.min() for side in sides)) - 1
    high = int(max(side.max() for side in sides)) + 1
    shares = [np.histogram(side, _BINS, (low, high))[0] / len(side) for side in sides]
    first, second = (share - share.mean() for share in shares)
    return float((first @ second / (np.sqrt(first @ first) * np.sqrt(second @ second) + 1e-12)) ** 2)
