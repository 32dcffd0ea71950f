"""Videos side by side: a contact sheet as the paper's Figures 3 and 4, or a labelled mp4 or gif."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.arrays import Frames, Image, Resized
from vidmbench.core.text import printable
from vidmbench.reporting.plots.lettering import LINE, cut_to, in_full, labels_of, width_of
from vidmbench.reporting.plots.strips import strip_of
from vidmbench.reporting.plots.style import PAGE, add_caption, axes_at, new_figure, styled, text_at, text_height
from vidmbench.reporting.plots.video_inputs import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches: the column of labels, the line of frame numbers, between videos of a source, between sources.
_NAMES, _NUMBERS, _GAP, _BREAK = 1.15, 0.25, 0.03, 0.1
# Pixels of a labelled video: the least height of a tile, around it, the letters of its label.
_TILE, _BORDER, _LETTERS = 128, 6, 14
_WIDEST = 280  # pixels of a label that widens its column


@styled
def samples_figure(shown: Sequence[Shown], every: int, caption: str = "") -> "Figure":
    """Rows of frames: for each source its videos, for each video its frames from left to right.

    Args:
        shown: The sources, in the order of the rows.
        every: Shows frame 0 and every so many after it.
        caption: The text below the figure.

    Returns:
        A figure a page wide; a video an axes, pixels uncut and unsmoothed, the numbers of the frames above.
    """
    positions = range(0, max(len(video) for source in shown for video in source.videos), every)
    across = PAGE - _NAMES - 0.05
    groups = [[strip_of(video, positions) for video in source.videos] for source in shown]
    heights = [[across * strip.shape[0] / strip.shape[1] for strip in group] for group in groups]
    labels = labels_of((source.label, _NAMES - 0.1) for source in shown)
    # A group is as high as its strips, or as its label.
    blocks = [
        max(sum(sizes) + _GAP * (len(sizes) - 1), LINE * (1 + labels[source.label].count("\n")))
        for sizes, source in zip(heights, shown, strict=True)
    ]
    foot = f"{caption}{in_full(labels, caption)}" if caption else ""
    tall = _NUMBERS + sum(blocks) + _BREAK * len(blocks) + text_height(foot, PAGE)
    figure = new_figure(PAGE, tall, constrained=False)
    text_at(figure, 0.05, 0.2, "frame")
    _number(figure, positions, across)
    begin = _NUMBERS
    for source, group, sizes, block in zip(shown, groups, heights, blocks, strict=True):
        text_at(figure, 0.05, begin + block / 2, labels[source.label], va="center")
        top = begin + (block - sum(sizes) - _GAP * (len(sizes) - 1)) / 2
        for strip, height in zip(group, sizes, strict=True):
            axis = axes_at(figure, _NAMES, top, across, height)
            axis.imshow(strip, interpolation="nearest", aspect="auto")
            axis.axis("off")
            top += height + _GAP
        begin += block + _BREAK
    add_caption(figure, foot)
    return figure


def _number(figure: "Figure", positions: Sequence[int], across: float) -> None:
    """The numbers of the frames above their columns, as many as have room."""
    step = across / len(positions)
    each = math.ceil((width_of(str(positions[-1])) + 0.06) / step)
    for number, position in list(enumerate(positions))[::each]:
        text_at(figure, _NAMES + (number + 0.5) * step, 0.2, str(position), ha="center")


def samples_video(shown: Sequence[Shown]) -> Frames:
    """The same videos playing side by side: one column per source with its label on top, one row per video.

    Args:
        shown: The sources, from left to right.

    Returns:
        uint8 (frame, height, width, 3). Small videos are enlarged by whole factors, so that no pixel is smoothed; a
        video that has ended keeps its last frame.
    """
    from PIL import ImageFont

    font: Any = ImageFont.load_default(_LETTERS)
    tallest = max(_TILE, *(video.shape[1] for source in shown for video in source.videos))
    length = max(len(video) for source in shown for video in source.videos)
    columns = []
    for source in shown:
        tiles = [_enlarged(video, tallest) for video in source.videos]
        width = max(tile.shape[2] for tile in tiles) + 2 * _BORDER
        label = _label(source.label, width, font)
        bodies = [_on_white(_lasting(tile, length), tallest + 2 * _BORDER, label.shape[1]) for tile in tiles]
        columns.append(np.concatenate([np.repeat(label[None], length, 0), *bodies], axis=1))
    video: Frames = np.concatenate(columns, axis=2)
    return video


def _enlarged(video: Frames, tallest: int) -> Resized:
    factor = max(1, tallest // video.shape[1])
    larger: Resized = video.repeat(factor, axis=1).repeat(factor, axis=2)
    return larger


def _lasting(video: Frames, length: int) -> UInt8[np.ndarray, "new_length height width 3"]:
    return video[np.minimum(np.arange(length), len(video) - 1)]


def _on_white(video: Frames, height: int, width: int) -> Resized:
    """In the middle of a white tile."""
    tile = np.full((len(video), height, width, 3), 255, np.uint8)
    top, left = (height - video.shape[1]) // 2, (width - video.shape[2]) // 2
    tile[:, top : top + video.shape[1], left : left + video.shape[2]] = video
    return tile


def _label(text: str, width: int, font: Any) -> Image:
    """Black words on white, uint8 (height, width, 3); wider than asked where the words need it, up to a limit."""
    import PIL.Image
    import PIL.ImageDraw

    text = cut_to(printable(text), max(width - 2 * _BORDER, _WIDEST), font.getlength)
    wide = max(width, int(np.ceil(font.getlength(text))) + 2 * _BORDER)
    picture = PIL.Image.new("RGB", (wide, 2 * _LETTERS), "white")
    draw = PIL.ImageDraw.Draw(picture)
    draw.text((wide / 2, _LETTERS), text, fill="black", font=font, anchor="mm")
    label: Image = np.asarray(picture)
    return label
